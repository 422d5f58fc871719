/** Signing that somebody leaves, is suspended or may come back, and that a course was taken; pure, in the browser of whoever signs. */
import { signText } from '../sealing/signature.ts';
import type { StaffIdentity } from '../sealing/staff.ts';
import { type PeopleDocument, peopleText } from './documents.ts';
import type { Signed } from './enrolment.ts';
import { COURSE, COURSE_DAYS, COURSE_VERSION } from './training.ts';

const DAY = 24 * 60 * 60 * 1000;

async function sign(staff: StaffIdentity, document: PeopleDocument): Promise<Signed> {
  const text = peopleText(document);
  return { text, signature: await signText(staff.signingKey, text) };
}

const by = ({ organisation, person: signer }: StaffIdentity, now: Date) => ({
  ...{ organisation, signer, at: now.toISOString() },
});

/** That somebody has left; one manager, or they themselves. */
export function signLeaving(
  staff: StaffIdentity,
  person: string,
  reason: string,
  now: Date,
): Promise<Signed> {
  return sign(staff, { kind: 'leaving', person, reason, ...by(staff, now) });
}

/** That somebody can do nothing until two others lift it; one manager. */
export function signSuspension(
  staff: StaffIdentity,
  person: string,
  reason: string,
  now: Date,
): Promise<Signed> {
  return sign(staff, { kind: 'suspension', person, reason, ...by(staff, now) });
}

/** One of the two signatures that lift a suspension (`suspension` is its document's hash). */
export function signResumption(
  staff: StaffIdentity,
  person: string,
  suspension: string,
  now: Date,
): Promise<Signed> {
  return sign(staff, { kind: 'resumption', person, suspension, ...by(staff, now) });
}

/** That its signer took the built-in course, with these answers. */
export function signCourse(staff: StaffIdentity, answers: readonly number[], now: Date): Promise<Signed> {
  const until = new Date(now.getTime() + COURSE_DAYS * DAY).toISOString();
  const course = { course: COURSE, version: COURSE_VERSION, answers: [...answers], until };
  return sign(staff, { kind: 'training', person: staff.person, ...course, ...by(staff, now) });
}

/** That somebody else took a course elsewhere; a manager. `until`: ISO 8601. */
export function signCourseElsewhere(
  staff: StaffIdentity,
  person: string,
  course: string,
  until: string,
  now: Date,
): Promise<Signed> {
  return sign(staff, {
    kind: 'training',
    person,
    course,
    version: 1,
    answers: null,
    until,
    ...by(staff, now),
  });
}
