/**
 * The signed documents about people, as texts and back:
 *
 *     {"kind":"enrolment","organisation":"0190…","signer":"0190…","name":"…","email":"…","recipient":"age1pq1…",
 *      "verifyKey":"…","founding":"…64 hex…","at":"2026-11-02T09:00:00.000Z"}
 *
 * Parsers refuse unknown keys, anything that is not of its exact shape, and any other spelling of it than
 * canonical JSON (RFC 8785); they judge no signature.
 */
import { z } from 'zod';
import { canonicalJson } from '../sealing/encoding.ts';
import { isHostId } from '../sealing/place.ts';
import { count, instant, words } from './holdable.ts';

/** What people of a body may be asked to do, and what people of the host are, all of them. */
export const CAPACITIES = ['manager', 'caseworker', 'data-protection-officer', 'keyholder'] as const;
export const HOST_CAPACITIES = ['operator'] as const;
/** Of an account that Watch signs in with, of a body or of the host: a program, which is asked nothing else. */
export const WATCH = 'watch';
/** Every capacity there is. */
export const ALL_CAPACITIES = [...CAPACITIES, ...HOST_CAPACITIES, WATCH] as const;
/** In law: the body whose data it is, and who runs the site for it. */
export const ORGANISATION_KINDS = ['controller', 'host'] as const;
export type OrganisationKind = (typeof ORGANISATION_KINDS)[number];
/** Whether somebody of that kind of organisation can have these capacities. */
export function mayHave(kind: OrganisationKind, capacities: readonly string[]): boolean {
  if (capacities.length === 1 && capacities[0] === WATCH) return true;
  const known: readonly string[] = kind === 'host' ? HOST_CAPACITIES : CAPACITIES;
  return (
    capacities.every((each) => known.includes(each)) && (kind !== 'host' || capacities.includes('operator'))
  );
}
/** Who lets colleagues in and out: a body's managers, the host's operators. */
export const LEADS = { controller: 'manager', host: 'operator' } as const;
export const leads = ({ capacities }: { readonly capacities: readonly string[] }): boolean =>
  capacities.includes(LEADS.controller) || capacities.includes(LEADS.host);

const id = z.uuid().lowercase();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const recipient = z.string().regex(/^age1pq1[0-9a-z]+$/);
const verifyKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const name = words(200);
const email = z.email().max(254).lowercase();
const signed = { organisation: id, signer: id, at: instant };

const foundingShape = z
  .strictObject({
    kind: z.literal('founding'),
    ...signed,
    as: z.enum(ORGANISATION_KINDS),
    name,
    person: z.strictObject({ id, name, email }),
    recipient,
    verifyKey,
    /** Null for a host: it has no form keys that could be lost. */
    recovery: z
      .strictObject({ recipient, k: z.number().int().min(2), n: z.number().int().max(20) })
      .nullable(),
  })
  .refine(({ as, recovery }) => (as === 'host') === (recovery === null))
  .refine(({ as, organisation }) => (as === 'host') === isHostId(organisation));
const enrolmentShape = z.strictObject({
  kind: z.literal('enrolment'),
  ...signed,
  name,
  email,
  recipient,
  verifyKey,
  founding: hash,
});
const membershipShape = z.strictObject({
  kind: z.literal('membership'),
  ...signed,
  person: id,
  enrolment: hash,
  /** The newest founding or membership that its signer knew of: who hides that one loses this one too. */
  after: hash,
  capacities: z.array(z.enum(ALL_CAPACITIES)).max(CAPACITIES.length),
  /** The organisation they really belong to, where that is not this one; nobody from outside manages. */
  outside: name.nullable(),
});
const reason = words(500);
const leavingShape = z.strictObject({ kind: z.literal('leaving'), ...signed, person: id, reason });
const suspensionShape = z.strictObject({ kind: z.literal('suspension'), ...signed, person: id, reason });
const resumptionShape = z.strictObject({
  kind: z.literal('resumption'),
  ...signed,
  person: id,
  suspension: hash,
});
const trainingShape = z.strictObject({
  kind: z.literal('training'),
  ...signed,
  person: id,
  course: words(100),
  version: count,
  until: instant,
  /** Of the built-in course: what was answered, by question; null for a course held elsewhere. */
  answers: z.array(z.number().int().nonnegative()).max(50).nullable(),
});
const anyShape = z.discriminatedUnion('kind', [
  foundingShape,
  enrolmentShape,
  membershipShape,
  leavingShape,
  suspensionShape,
  resumptionShape,
  trainingShape,
]);

export type FoundingDocument = z.infer<typeof foundingShape>;
export type EnrolmentDocument = z.infer<typeof enrolmentShape>;
export type MembershipDocument = z.infer<typeof membershipShape>;
export type LeavingDocument = z.infer<typeof leavingShape>;
export type SuspensionDocument = z.infer<typeof suspensionShape>;
export type ResumptionDocument = z.infer<typeof resumptionShape>;
export type TrainingDocument = z.infer<typeof trainingShape>;
export type PeopleDocument = z.infer<typeof anyShape>;

/** The text that gets signed. */
export function peopleText(document: PeopleDocument): string {
  return canonicalJson(anyShape.parse(document));
}

/** A document about people from its text, or null for anything else. */
export function parsePeopleDocument(text: string): PeopleDocument | null {
  try {
    const parsed = anyShape.safeParse(JSON.parse(text));
    return parsed.success && canonicalJson(parsed.data) === text ? parsed.data : null;
  } catch {
    return null;
  }
}
