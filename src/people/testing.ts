/** For tests: a body founded in Node through the very acts that browsers cause, with two managers and two caseworkers. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Identity, recipientOf } from '../sealing/keys.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { type StaffIdentity, sealStaff } from '../sealing/staff.ts';
import { act, type SessionSecret } from '../store/store.ts';
import type { TestDatabase } from '../store/testing.ts';
import { isRefusal, type Refusal } from '../web/refusal.ts';
import { confirmPerson, invitePerson, type Method, type NewColleague, openSession, takeIn } from './acts.ts';
import { type MembershipDocument, parsePeopleDocument } from './documents.ts';
import { makeEnrolment, makeFounding, makeHostFounding, type Signed, signMembership } from './enrolment.ts';
import { type Directory, type SignedDocument, verifyPeople } from './person.ts';
import { actOnStanding, tellAway } from './standing-acts.ts';
import {
  signCourse,
  signCourseElsewhere,
  signLeaving,
  signResumption,
  signSuspension,
} from './standing-documents.ts';
import { freshSecret, invitationFor, signedDocuments } from './store.ts';
import { QUESTIONS } from './training.ts';

export type SignedIn = {
  readonly name: string;
  readonly staff: StaffIdentity;
  readonly session: SessionSecret;
};
export type TestBody = {
  readonly db: TestDatabase;
  readonly founder: SignedIn;
  readonly second: SignedIn;
  readonly ana: SignedIn;
  readonly ben: SignedIn;
  readonly recovery: Identity;
};
type Capacities = MembershipDocument['capacities'];

/** How somebody joins, where it is not as usual: from outside, or without their training. */
export type Joining = { readonly outside?: string | null; readonly untrained?: boolean };

/** What an act gave, or a thrown refusal: for acts a test takes for granted. */
export function settled<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw new Error(`Refused: ${result.refusal}. ${result.message}`);
  return result;
}

/** The code of the refusal an act ended with, or 'no refusal'. */
export const refusalOf = (result: unknown): string => (isRefusal(result) ? result.refusal : 'no refusal');

export async function aFoundedBody(db: TestDatabase, slug = 'exampleshire'): Promise<TestBody> {
  const { founder, recovery } = await found(db, slug);
  const second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
  const ana = await join(db, founder, 'Ana Caseworker', ['caseworker'], [founder, second]);
  const ben = await join(db, founder, 'Ben Caseworker', ['caseworker'], [founder, second]);
  const body = { db, founder, second, ana, ben, recovery };
  await publish(body, 'review');
  return body;
}

export async function found(db: TestDatabase, slug: string) {
  const { secret, hash } = freshSecret();
  await db.admin.run('select letterbox.invite_body($1, $2)', [slug, hash]);
  const called = { name: 'First Manager', email: `first@${slug}.example` };
  const made = await makeFounding('Exampleshire', called, new Date());
  settled(await takeIn(db.signin, 'found', secret, made, await aMethod(made.staff)));
  const founder = await signIn(db, called.name, made.staff);
  await train(db, founder);
  return { founder, recovery: made.recovery };
}

/** The host of the site, with its first operator. */
export async function foundHost(db: TestDatabase, name = 'First Operator'): Promise<SignedIn> {
  const { secret, hash } = freshSecret();
  await db.admin.run('select letterbox.invite_host($1)', [hash]);
  const made = await makeHostFounding('Exampleshire Council', { name, email: emailOf(name) }, new Date());
  settled(await takeIn(db.signin, 'found', secret, made, await aMethod(made.staff)));
  return signIn(db, name, made.staff);
}

/** A second device of the same person: another session. */
export async function signIn(db: TestDatabase, name: string, staff: StaffIdentity): Promise<SignedIn> {
  return { name, staff, session: await openSession(db.signin, staff.organisation, staff.person, 'passkey') };
}

/** A passkey by its shape: how somebody unlocks plays no part in these rooms' SQL. */
async function aMethod(staff: StaffIdentity): Promise<Method> {
  const sealed = await sealStaff(staff.recipient, staff, new Date());
  const credential = randomBytes(16).toString('base64url');
  return { kind: 'passkey', credential, publicKey: randomBytes(32), counter: 0, transports: [], sealed };
}

export type Enrolled = SignedIn & { readonly enrolment: string; readonly signed: Signed };

/** Invites somebody and lets them enrol; nobody has confirmed them yet. */
export async function enrol(
  db: TestDatabase,
  inviter: SignedIn,
  name: string,
  capacities: Capacities,
  { outside = null }: Joining = {},
): Promise<Enrolled> {
  const colleague: NewColleague = { name, email: emailOf(name), capacities, outside };
  const { secret } = settled(await invitePerson(db.desk, inviter.session, colleague));
  const { signed, staff } = await enrolmentFor(db, secret);
  settled(await takeIn(db.signin, 'enrol', secret, signed, await aMethod(staff)));
  return { ...(await signIn(db, name, staff)), enrolment: await sha256Hex(signed.text), signed };
}

export const emailOf = (name: string): string => `${name.toLowerCase().replaceAll(' ', '.')}@example.com`;

/** What an invited person's browser makes of their link. */
export async function enrolmentFor(db: TestDatabase, secret: string) {
  const about = await invitationFor(db.signin, secret);
  if (!about?.organisation || !about.person || !about.founding || !about.name || !about.email)
    throw new Error('The invitation is not there.');
  const { organisation, person, founding, name, email } = about;
  const made = await makeEnrolment({ organisation, person, founding, name, email }, new Date());
  return { signed: { text: made.text, signature: made.signature }, staff: made.staff };
}

/** A manager's word about somebody enrolled, as their browser posts it. */
export async function confirm(
  db: TestDatabase,
  by: SignedIn,
  whom: Enrolled,
  capacities: Capacities,
  { outside = null }: Joining = {},
) {
  const after = await newestIn(db, by);
  const about = { person: whom.staff.person, enrolment: whom.enrolment, after, capacities, outside };
  return confirmPerson(db.desk, by.session, await signMembership(by.staff, about, new Date()));
}

/** The newest membership that somebody's browser knows of. */
export async function newestIn(db: TestDatabase, { session, staff }: SignedIn): Promise<string> {
  const documents = settled(await act(db.desk, session, signedDocuments));
  return (await verifyPeople(documents, staff.founding)).newest;
}

/** Somebody takes the built-in course. */
export async function train(db: TestDatabase, who: SignedIn): Promise<void> {
  const answers = QUESTIONS.map(({ right }) => right);
  settled(
    await actOnStanding(db.desk, who.session, 'training', await signCourse(who.staff, answers, new Date())),
  );
}
/** A manager lets somebody go. */
export async function leave(db: TestDatabase, by: SignedIn, { staff }: SignedIn) {
  return actOnStanding(
    db.desk,
    by.session,
    'leaving',
    await signLeaving(by.staff, staff.person, 'Moved on', new Date()),
  );
}
export async function suspend(db: TestDatabase, by: SignedIn, { staff }: SignedIn) {
  const signed = await signSuspension(by.staff, staff.person, 'To be cleared', new Date());
  return actOnStanding(db.desk, by.session, 'suspension', signed);
}
/** One of the two signatures that lift somebody's newest suspension. */
export async function resume(db: TestDatabase, by: SignedIn, { staff }: SignedIn) {
  const isTheirs = ({ text }: SignedDocument) => {
    const document = parsePeopleDocument(text);
    return document?.kind === 'suspension' && document.person === staff.person;
  };
  const { hash } = (await documentsIn(db, staff)).findLast(isTheirs) ?? { hash: '0'.repeat(64) };
  const signed = await signResumption(by.staff, staff.person, hash, new Date());
  return actOnStanding(db.desk, by.session, 'resumption', signed);
}

/** A manager records a course that was held elsewhere; it counts for as many days. */
export async function trainElsewhere(db: TestDatabase, by: SignedIn, { staff }: SignedIn, days = 700) {
  const now = new Date();
  const until = new Date(now.getTime() + days * 24 * 60 * 60 * 1000).toISOString();
  const signed = await signCourseElsewhere(by.staff, staff.person, 'A day at a college', until, now);
  return actOnStanding(db.desk, by.session, 'training', signed);
}
/** Tells that somebody is away, by days from today. */
export async function away(db: TestDatabase, by: SignedIn, { staff }: SignedIn, first: number, last: number) {
  const day = (days: number) =>
    new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString().slice(0, '2026-11-02'.length);
  return tellAway(db.desk, by.session, staff.person, { first: day(first), last: day(last) });
}

/** Every signed document of somebody's organisation, as whoever owns the database reads it. */
export function documentsIn(db: TestDatabase, { organisation }: StaffIdentity): Promise<SignedDocument[]> {
  const sql = `select kind, encode(hash, 'hex') as hash, signer, text, signature, position
    from letterbox.signed_document where organisation = $1 order by position`;
  return db.admin.rows(documentShape, sql, [organisation]);
}
const documentShape = z.object({
  ...{ kind: z.string(), hash: z.string(), signer: z.string(), text: z.string(), signature: z.string() },
  position: z.bigint().transform(Number),
});

/** Invited, enrolled and confirmed by these managers, and in date with their training. */
export async function join(
  db: TestDatabase,
  inviter: SignedIn,
  name: string,
  capacities: Capacities,
  managers: readonly SignedIn[],
  joining: Joining = {},
): Promise<Enrolled> {
  const enrolled = await enrol(db, inviter, name, capacities, joining);
  for (const manager of managers) settled(await confirm(db, manager, enrolled, capacities, joining));
  if (!joining.untrained) await train(db, enrolled);
  return enrolled;
}

/** Publishes a form that asks nothing: who may read it is all that matters here. */
export async function publish({ db, founder }: TestBody, form: string): Promise<void> {
  const definition = JSON.stringify({ title: `About ${form}`, purposes: ['Review cases', 'Supervise'] });
  settled(
    await act(db.desk, founder.session, (tx) =>
      tx.run('select letterbox.publish_form($1, 1, $2)', [form, definition]),
    ),
  );
}

export async function documentsOf({ db, founder }: TestBody): Promise<SignedDocument[]> {
  return settled(await act(db.desk, founder.session, signedDocuments));
}

/** Whom a browser of this body believes, by all documents or by those given. */
export async function directoryOf(body: TestBody, documents?: readonly SignedDocument[]): Promise<Directory> {
  return verifyPeople(documents ?? (await documentsOf(body)), body.founder.staff.founding);
}

/** A document put into the table by whoever owns the database, past every function. */
export async function forge(db: TestDatabase, signed: Signed): Promise<string> {
  const shape = z.object({ kind: z.string(), organisation: z.string(), signer: z.string() });
  const { kind, organisation, signer } = shape.parse(JSON.parse(signed.text));
  await db.admin.run(
    `insert into letterbox.signed_document (organisation, hash, kind, signer, text, signature, at)
     values ($1, sha256(convert_to($2, 'UTF8')), $3, $4, $2, $5, now())`,
    [organisation, signed.text, kind, signer, signed.signature],
  );
  return sha256Hex(signed.text);
}

export const recoveryOf = ({ recovery }: TestBody) => recipientOf(recovery);

const entryShape = z.object({ kind: z.string(), actor: z.string().nullable(), body: z.string() });

/** The register's entries that `work` left, in order. */
export async function entriesOf(db: TestDatabase, work: () => Promise<unknown>) {
  const count = 'select coalesce(max(id), 0) as id from letterbox.register_entry';
  const { id } = await db.admin.one(z.object({ id: z.bigint() }), count);
  await work();
  const sql = 'select kind, actor, body from letterbox.register_entry where id > $1 order by id';
  return db.admin.rows(entryShape, sql, [id]);
}
