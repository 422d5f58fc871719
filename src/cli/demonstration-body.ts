/** Founds a body and its host in Node through the acts that browsers cause: two managers, a first reader, open forms. */
import * as opaque from '@serenity-kit/opaque';
import { actOnProposal, approveFormKey, makeFormKey } from '../grants/acts.ts';
import { newFormKey, sign } from '../grants/form-key.ts';
import { endOfDayAfter, type Proposal } from '../grants/grant.ts';
import { signApproval, signProposal } from '../grants/proposal.ts';
import { accessState, formKeys, ownFormTitles, proposalFound } from '../grants/store.ts';
import { termsOf } from '../grants/views.ts';
import { confirmPerson, endSession, invitePerson, type Method, openSession, takeIn } from '../people/acts.ts';
import { WATCH } from '../people/documents.ts';
import {
  makeEnrolment,
  makeFounding,
  makeHostFounding,
  type Signed,
  signMembership,
} from '../people/enrolment.ts';
import { verifyPeople } from '../people/person.ts';
import { actOnStanding } from '../people/standing-acts.ts';
import { signCourse } from '../people/standing-documents.ts';
import { invitationFor, signedDocuments } from '../people/store.ts';
import { QUESTIONS } from '../people/training.ts';
import { generateIdentity, identityFromSecret, type Recipient, recipientOf } from '../sealing/keys.ts';
import { formId, newId } from '../sealing/place.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { type StaffIdentity, sealStaff } from '../sealing/staff.ts';
import { administer } from '../store/admin.ts';
import { act, type Database, type SessionSecret } from '../store/store.ts';
import type { Account } from '../watch/account.ts';
import { coseKey, newPasskey } from '../watch/passkey.ts';
import { isRefusal, type Refusal } from '../web/refusal.ts';
import type { DemonstrationPerson } from './demonstration.ts';
import { foundingLink } from './invite-body.ts';
import { hostLink } from './invite-host.ts';
import { publishShippedForms } from './shipped-forms.ts';

/** Where the demonstration lives. */
export type Deployment = {
  readonly adminUrl: string;
  readonly desk: Database;
  readonly signin: Database;
  readonly opaqueSetup: string;
  readonly deskUrl: string;
  readonly slug: string;
};

type SignedIn = { readonly staff: StaffIdentity; readonly session: SessionSecret };

const NAME = 'Exampleshire Office for Policing';
const HOST_NAME = 'Exampleshire Digital';

/** The first two people are managers, the third reads every form, the rest are colleagues. */
export async function foundBody(on: Deployment, people: readonly DemonstrationPerson[]): Promise<Account> {
  const [founder, second, reader, ...rest] = people;
  if (!founder || !second || !reader) throw new Error('A demonstration body needs three people.');
  const { manager, recovery } = await found(on, founder);
  await train(on, manager);
  await publishShippedForms(on.desk, manager.session);
  const other = await join(on, manager, second, [manager]);
  const reads = await join(on, manager, reader, [manager, other]);
  const colleagues = await Promise.all(rest.map((each) => join(on, manager, each, [manager, other])));
  for (const each of [other, reads, ...colleagues]) await train(on, each);
  const forms = (await inside(on, manager, ownFormTitles)).map(({ form }) => form);
  await letRead(on, manager, other, reads.staff, forms);
  for (const form of forms) await openForm(on, reads, other, form, recovery);
  const watch = await letWatchIn(on, manager, [manager, other]);
  for (const { session } of [manager, other, reads, ...colleagues]) await endSession(on.desk, session);
  return watch;
}

/** The host that runs the site, with its operator and their Watch; null where the database has one. */
export async function foundHost(on: Deployment, operator: DemonstrationPerson): Promise<Account | null> {
  if (await isHosted(on)) return null;
  const secret = (await hostLink(on.adminUrl, on.deskUrl)).split('/').at(-1) ?? '';
  const made = await makeHostFounding(HOST_NAME, operator, new Date());
  const method = await passphraseOf(on, operator, made.staff);
  settled(await takeIn(on.signin, 'found', secret, made, method));
  await markDemonstration({ ...on, slug: 'host' });
  const { organisation, person } = made.staff;
  const session = await openSession(on.signin, organisation, person, 'passphrase');
  const runs = { staff: made.staff, session };
  const watch = await letWatchIn(on, runs, [runs]);
  await endSession(on.desk, session);
  return watch;
}

async function isHosted({ adminUrl }: Deployment): Promise<boolean> {
  const sql = "select from letterbox.organisation where kind = 'host'";
  return (await administer(adminUrl, (client) => client.query(sql))).rowCount === 1;
}

async function found(
  on: Deployment,
  founder: DemonstrationPerson,
): Promise<{ manager: SignedIn; recovery: Recipient }> {
  const link = await foundingLink(on.adminUrl, on.deskUrl, on.slug);
  const made = await makeFounding(NAME, founder, new Date());
  const invitation = link.split('/').at(-1) ?? '';
  const person = settled(
    await takeIn(on.signin, 'found', invitation, made, await passphraseOf(on, founder, made.staff)),
  );
  await markDemonstration(on);
  const session = await openSession(on.signin, made.staff.organisation, person.id, 'passphrase');
  return { manager: { staff: made.staff, session }, recovery: await recipientOf(made.recovery) };
}

/** Pages of this body say that its keys are public. */
async function markDemonstration({ adminUrl, slug }: Deployment): Promise<void> {
  await administer(adminUrl, (client) =>
    client.query('update letterbox.organisation set demonstration = true where slug = $1', [slug]),
  );
}

async function join(
  on: Deployment,
  inviter: SignedIn,
  person: DemonstrationPerson,
  managers: readonly SignedIn[],
): Promise<SignedIn> {
  const staff = await enrol(on, inviter, person, managers, (made) => passphraseOf(on, person, made));
  return { staff, session: await openSession(on.signin, staff.organisation, staff.person, 'passphrase') };
}

/** A Watch, which signs in by a passkey of its own. Its keys open nothing: nobody has what they are sealed to. */
async function letWatchIn(
  on: Deployment,
  inviter: SignedIn,
  managers: readonly SignedIn[],
): Promise<Account> {
  const passkey = newPasskey();
  const { recipient: nobody } = await generateIdentity();
  const host = managers.length === 1;
  const email = `watch@${host ? 'host' : 'body'}.watch.invalid`;
  const watch: Colleague = { name: 'Watch', email, capacities: [WATCH] };
  const { organisation, person } = await enrol(on, inviter, watch, managers, async (staff) => ({
    ...{ kind: 'passkey', credential: passkey.credential, publicKey: coseKey(passkey), counter: 0 },
    ...{ transports: [], sealed: await sealStaff(nobody, staff, new Date()) },
  }));
  return { ...passkey, organisation, organisationName: host ? HOST_NAME : NAME, host, person };
}

type Colleague = Pick<DemonstrationPerson, 'name' | 'email' | 'capacities'>;

async function enrol(
  on: Deployment,
  inviter: SignedIn,
  { name, email, capacities }: Colleague,
  managers: readonly SignedIn[],
  methodOf: (staff: StaffIdentity) => Promise<Method>,
): Promise<StaffIdentity> {
  const { secret } = settled(await invitePerson(on.desk, inviter.session, { name, email, capacities }));
  const invited = await invitationFor(on.signin, secret);
  if (!invited?.person || !invited.organisation || !invited.founding)
    throw new Error('The invitation is not there.');
  const { organisation, person, founding } = invited;
  const made = await makeEnrolment({ name, email, organisation, person, founding }, new Date());
  settled(await takeIn(on.signin, 'enrol', secret, made, await methodOf(made.staff)));
  const enrolment = await sha256Hex(made.text);
  for (const manager of managers) {
    const documents = await inside(on, manager, signedDocuments);
    const { newest: after } = await verifyPeople(documents, manager.staff.founding);
    const signed = await signMembership(manager.staff, { person, enrolment, after, capacities }, new Date());
    settled(await confirmPerson(on.desk, manager.session, signed));
  }
  return made.staff;
}

/** What the browser does with a passphrase: OPAQUE registration, and the identity sealed to its export key. */
async function passphraseOf(
  { opaqueSetup }: Deployment,
  person: DemonstrationPerson,
  staff: StaffIdentity,
): Promise<Method> {
  const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({
    password: person.passphrase,
  });
  const { registrationResponse } = opaque.server.createRegistrationResponse({
    serverSetup: opaqueSetup,
    userIdentifier: person.email,
    registrationRequest,
  });
  const { registrationRecord, exportKey } = opaque.client.finishRegistration({
    clientRegistrationState,
    registrationResponse,
    password: person.passphrase,
  });
  const unlock = await identityFromSecret(new TextEncoder().encode(exportKey), 'letterbox unlock passphrase');
  return {
    kind: 'passphrase',
    record: registrationRecord,
    totp: person.totp,
    step: 0,
    sealed: await sealStaff(await recipientOf(unlock), staff, new Date()),
  };
}

/** Takes the built-in course, so that they may propose, approve and be given access. */
async function train(on: Deployment, who: SignedIn): Promise<void> {
  const answers = QUESTIONS.map(({ right }) => right);
  settled(
    await actOnStanding(on.desk, who.session, 'training', await signCourse(who.staff, answers, new Date())),
  );
}

async function letRead(
  on: Deployment,
  proposer: SignedIn,
  approver: SignedIn,
  reader: StaffIdentity,
  forms: readonly string[],
): Promise<void> {
  const now = new Date();
  const at = now.toISOString();
  const state = await inside(on, proposer, (tx) => accessState(tx, { forms }));
  const documents = await inside(on, proposer, signedDocuments);
  const grantee = (await verifyPeople(documents, proposer.staff.founding)).people.get(reader.person);
  if (!grantee) throw new Error('The demonstration’s first reader cannot be given access.');
  const proposal: Proposal = {
    id: newId(),
    people: [reader.person],
    scopes: state.forms.map(({ form, purposes }) => ({
      ...{ form, case: null, fromGeneration: 1, purpose: purposes[0] ?? '' },
    })),
    from: at,
    until: endOfDayAfter(at, 364),
  };
  const proposed = await signProposal(proposer.staff, state, proposal, [grantee], now);
  settled(await actOnProposal(on.desk, proposer.session, 'propose', proposed));
  const row = await inside(on, approver, (tx) => proposalFound(tx, proposal.id));
  const terms = row && termsOf(row);
  if (!terms) throw new Error('The demonstration’s proposal is not there.');
  const approved = await signApproval(approver.staff, state, terms, 1, new Date());
  settled(await actOnProposal(on.desk, approver.session, 'approve', approved));
}

async function openForm(
  on: Deployment,
  reader: SignedIn,
  manager: SignedIn,
  form: string,
  recovery: Recipient,
): Promise<void> {
  const of = { organisation: reader.staff.organisation, form: formId(form) };
  settled(
    await makeFormKey(on.desk, reader.session, await newFormKey(reader.staff, of, recovery, new Date())),
  );
  const [key] = await inside(on, manager, (tx) => formKeys(tx, form));
  if (!key) throw new Error('The demonstration’s form key is not there.');
  const { organisation, person: signer } = manager.staff;
  const approval: Signed = await sign(manager.staff, {
    kind: 'form-key-approval',
    organisation,
    formKey: key.document,
    signer,
    at: new Date().toISOString(),
  });
  settled(await approveFormKey(on.desk, manager.session, approval));
}

async function inside<T>(on: Deployment, who: SignedIn, work: Parameters<typeof act<T>>[2]): Promise<T> {
  return settled(await act(on.desk, who.session, work));
}

/** A refusal here is a defect of the demonstration, not somebody's mistake. */
function settled<T>(result: T | Refusal): T {
  if (isRefusal(result))
    throw new Error(`The demonstration was refused: ${result.refusal}. ${result.message}`);
  return result;
}
