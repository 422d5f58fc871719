/** What the database knows of people, invitations and sessions; rows are parsed on their way in. */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Database, type SessionSecret, type Statements, sessionSecret } from '../store/store.ts';
import type { Actor } from '../web/server.ts';
import { ORGANISATION_KINDS } from './documents.ts';
import type { SignedDocument } from './person.ts';

const bytes = z.instanceof(Uint8Array);

/** A fresh secret for a session or an invitation, and the hash the database keeps of it. */
export function freshSecret(): { secret: SessionSecret; hash: Buffer } {
  const secret = sessionSecret(randomBytes(32).toString('hex'));
  if (!secret) throw new Error('A fresh secret was not well-formed.');
  return { secret, hash: hashOf(secret) };
}

export function hashOf(secret: SessionSecret): Buffer {
  return createHash('sha256').update(Buffer.from(secret, 'hex')).digest();
}

const invitationShape = z.object({
  organisation: z.string().nullable(),
  organisation_name: z.string().nullable(),
  founding: z.string().nullable(),
  person: z.string().nullable(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  slug: z.string().nullable(),
  kind: z.enum(ORGANISATION_KINDS),
});
export type Invitation = z.infer<typeof invitationShape>;

/** What an invitation is for, or null when it is unknown, used or too old. */
export async function invitationFor(signin: Statements, text: string): Promise<Invitation | null> {
  const secret = sessionSecret(text);
  return (
    secret && signin.maybe(invitationShape, 'select * from letterbox.invitation_for($1)', [hashOf(secret)])
  );
}

const passkeyShape = z.object({
  organisation: z.string(),
  person: z.string(),
  public_key: bytes,
  counter: z.bigint(),
  transports: z.array(z.string()),
  sealed_identity: bytes.nullable(),
  kind: z.enum(ORGANISATION_KINDS),
});
export function passkeyFor(
  signin: Statements,
  credential: string,
): Promise<z.infer<typeof passkeyShape> | null> {
  return signin.maybe(passkeyShape, 'select * from letterbox.passkey_for($1)', [credential]);
}

const passphraseShape = z.object({
  organisation: z.string(),
  person: z.string(),
  opaque_record: z.string(),
  totp_secret: z.string(),
  locked: z.boolean(),
  sealed_identity: bytes,
  kind: z.enum(ORGANISATION_KINDS),
});
export type PassphraseRow = z.infer<typeof passphraseShape>;
export function passphraseFor(signin: Statements, email: string): Promise<PassphraseRow | null> {
  return signin.maybe(passphraseShape, 'select * from letterbox.passphrase_for($1)', [email]);
}

const sessionShape = z.object({
  organisation: z.string(),
  organisation_name: z.string(),
  demonstration: z.boolean(),
  person: z.string(),
  name: z.string(),
  capacities: z.array(z.string()),
  confirmed: z.boolean(),
  recovery_since: z.date().nullable(),
  kind: z.enum(ORGANISATION_KINDS),
  alarms: z.bigint().transform(Number),
  watch_silent_since: z.date().nullable(),
  regulator_due: z.date().nullable(),
});

/** Who holds this session, as the database finds out from its secret; null when it is over. */
export async function findActor(
  desk: Database,
  cookies: Readonly<Record<string, string | undefined>>,
): Promise<Actor | null> {
  const session = sessionSecret(cookies['__Host-letterbox'] ?? cookies.letterbox ?? '');
  if (!session) return null;
  const row = await desk.maybe(sessionShape, 'select * from letterbox.session_of($1)', [session]);
  if (row === null) return null;
  const { organisation_name, recovery_since, watch_silent_since, regulator_due, ...actor } = row;
  return {
    ...actor,
    organisationName: organisation_name,
    recoverySince: recovery_since,
    watchSilentSince: watch_silent_since,
    regulatorDue: regulator_due,
    session,
  };
}

const documentShape = z.object({
  kind: z.string(),
  hash: z.string(),
  signer: z.string(),
  text: z.string(),
  signature: z.string(),
  position: z.bigint().transform(Number),
});

/** Everything ever signed in the actor's organisation, in order. */
export function signedDocuments(on: Statements): Promise<SignedDocument[]> {
  return on.rows(documentShape, 'select * from letterbox.documents()');
}

/** What proves who is who, and who can read what from now on; of grants that are over, nothing. */
export function documentsInForce(on: Statements): Promise<SignedDocument[]> {
  return on.rows(documentShape, 'select * from letterbox.documents_in_force()');
}

/** What proves who is who. */
export function peopleDocuments(on: Statements): Promise<SignedDocument[]> {
  return on.rows(documentShape, 'select * from letterbox.people_documents()');
}

const personShape = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  capacities: z.array(z.string()),
  invited_at: z.date(),
  enrolled_at: z.date().nullable(),
  confirmed_at: z.date().nullable(),
  left_at: z.date().nullable(),
  signatures: z.number(),
  signed_by_me: z.boolean(),
  outside: z.string().nullable(),
  /** Hash of the document by which they are suspended, with how many have signed for lifting it. */
  suspension: z.string().nullable(),
  lifting: z.number(),
  lifted_by_me: z.boolean(),
  trained_until: z.date().nullable(),
  away: z.array(z.object({ id: z.string(), first: z.string(), last: z.string() })),
});
export type PersonRow = z.infer<typeof personShape>;

/** The actor's colleagues. */
export function people(on: Statements): Promise<PersonRow[]> {
  return on.rows(personShape, 'select * from letterbox.people()');
}

/** The half of the unlocked identity that the session holds. */
export async function keptIdentity(on: Statements): Promise<Uint8Array | null> {
  const row = await on.one(z.object({ kept: bytes.nullable() }), 'select letterbox.kept_identity() as kept');
  return row.kept;
}

/** Until when the actor's own training is in date; null where it is not. */
export async function ownTraining(on: Statements): Promise<Date | null> {
  const row = await on.one(
    z.object({ until: z.date().nullable() }),
    'select letterbox.own_training() as until',
  );
  return row.until;
}
