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
import type { MembershipDocument } from './documents.ts';
import { makeEnrolment, makeFounding, type Signed, signMembership } from './enrolment.ts';
import { type Directory, type SignedDocument, verifyPeople } from './person.ts';
import { freshSecret, invitationFor, signedDocuments } from './store.ts';

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
  return { founder: await signIn(db, called.name, made.staff), recovery: made.recovery };
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
): Promise<Enrolled> {
  const colleague: NewColleague = { name, email: emailOf(name), capacities };
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
export async function confirm(db: TestDatabase, by: SignedIn, whom: Enrolled, capacities: Capacities) {
  const after = await newestIn(db, by);
  const about = { person: whom.staff.person, enrolment: whom.enrolment, after, capacities };
  return confirmPerson(db.desk, by.session, await signMembership(by.staff, about, new Date()));
}

/** The newest membership that somebody's browser knows of. */
export async function newestIn(db: TestDatabase, { session, staff }: SignedIn): Promise<string> {
  const documents = settled(await act(db.desk, session, signedDocuments));
  return (await verifyPeople(documents, staff.founding)).newest;
}

/** Invited, enrolled and confirmed by these managers. */
export async function join(
  db: TestDatabase,
  inviter: SignedIn,
  name: string,
  capacities: Capacities,
  managers: readonly SignedIn[],
): Promise<Enrolled> {
  const enrolled = await enrol(db, inviter, name, capacities);
  for (const manager of managers) settled(await confirm(db, manager, enrolled, capacities));
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
