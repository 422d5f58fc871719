/** For tests: what browsers do about grants and form keys, done in Node by the people of a founded body. */

import {
  directoryOf,
  documentsOf,
  recoveryOf,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import type { Recipient } from '../sealing/keys.ts';
import { openEnvelope } from '../sealing/open.ts';
import { type FormId, formId, formKeyPlace, newId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import type { Refusal } from '../web/refusal.ts';
import { actOnGrant, approveFormKey, fulfilGrant, type HandedKey, makeFormKey } from './acts.ts';
import type { Signed } from './documents.ts';
import { newFormKey, type OwnKey, sealFormKey, sign } from './form-key.ts';
import { type AccessState, effectOf, endOfDayAfter, type Proposal, type Standing } from './grant.ts';
import { signApproval, signEnd, signProposal } from './proposal.ts';
import { accessState, formKeys, myFormKeys } from './store.ts';
import { type Proven, verifyGrants } from './verify.ts';

export async function stateOf(body: TestBody, form = 'review', as = body.founder): Promise<AccessState> {
  return settled(await act(body.db.desk, as.session, (tx) => accessState(tx, form)));
}

export async function standing(body: TestBody, id: string, form = 'review'): Promise<Standing> {
  const found = (await stateOf(body, form)).grants.find((each) => each.id === id);
  if (!found) throw new Error('There is no such grant.');
  return found;
}

type Terms = Partial<Proposal> & { readonly form?: string };

/** A signed proposal, not posted yet. */
export async function proposal(body: TestBody, by: SignedIn, grantee: SignedIn, terms: Terms = {}) {
  const { form = 'review', ...rest } = terms;
  const now = new Date();
  const made: Proposal = {
    ...{ id: newId(), person: grantee.staff.person, fromGeneration: 1, purpose: 'Review cases' },
    ...{ until: endOfDayAfter(now.toISOString(), 90), ...rest },
  };
  const known = (await directoryOf(body)).people.get(made.person);
  if (!known) throw new Error('Nothing proves who this is.');
  const signed = await signProposal(by.staff, await stateOf(body, form), made, known, now);
  return { id: made.id, signed };
}

export const post = (body: TestBody, by: SignedIn, what: 'propose' | 'approve' | 'end', signed: Signed) =>
  actOnGrant(body.db.desk, by.session, what, signed);

/** Proposes and gives the grant's id. */
export async function propose(body: TestBody, by: SignedIn, grantee: SignedIn, terms?: Terms) {
  const made = await proposal(body, by, grantee, terms);
  settled(await post(body, by, 'propose', made.signed));
  return made.id;
}

/** A signed approval of the state as it is now, with the right number of people. */
export async function approval(body: TestBody, by: SignedIn, id: string, form = 'review'): Promise<Signed> {
  const [state, grant, now] = [await stateOf(body, form), await standing(body, id, form), new Date()];
  const people = effectOf(state, grant, now.toISOString()).after.length;
  return signApproval(by.staff, state, grant, Math.max(1, people), now);
}

export async function approve(body: TestBody, by: SignedIn, id: string, form?: string) {
  return post(body, by, 'approve', await approval(body, by, id, form));
}

export async function end(body: TestBody, by: SignedIn, id: string, form?: string) {
  const { document } = await standing(body, id, form);
  return post(body, by, 'end', await signEnd(by.staff, document, 'No longer needed', new Date()));
}

/** Access as it comes to be: proposed by the founder, approved by the second manager. */
export async function letRead(body: TestBody, grantee: SignedIn, terms: Terms = {}): Promise<string> {
  const id = await propose(body, body.founder, grantee, terms);
  settled(await approve(body, body.second, id, terms.form));
  return id;
}

export const ofForm = (body: TestBody, form: string, generation: number) => ({
  ...{ organisation: body.founder.staff.organisation, form: idOfForm(form), generation },
});
const idOfForm = (form: string): FormId => formId(form);

export async function makeKey(body: TestBody, by: SignedIn, generation = 1, form = 'review') {
  const recovery: Recipient = await recoveryOf(body);
  const key = await newFormKey(by.staff, ofForm(body, form, generation), recovery, new Date());
  return makeFormKey(body.db.desk, by.session, key);
}

/** Countersigns the newest key. */
export async function approveKey(body: TestBody, by: SignedIn, form = 'review'): Promise<number | Refusal> {
  const [key] = settled(await act(body.db.desk, by.session, (tx) => formKeys(tx, form)));
  if (!key) throw new Error('There is no key to countersign.');
  const { organisation, person: signer } = by.staff;
  const about = { kind: 'form-key-approval', organisation, formKey: key.document, signer } as const;
  const signed = await sign(by.staff, { ...about, at: new Date().toISOString() });
  return approveFormKey(body.db.desk, by.session, signed);
}

/** The form gets its next key, made by a reader and countersigned by the founder. */
export async function openForm(body: TestBody, reader: SignedIn, generation = 1): Promise<void> {
  settled(await makeKey(body, reader, generation));
  settled(await approveKey(body, body.founder));
}

/** The form keys somebody holds, opened. */
export async function keysOf(body: TestBody, who: SignedIn): Promise<OwnKey[]> {
  const rows = settled(await act(body.db.desk, who.session, myFormKeys));
  return Promise.all(
    rows.map(async ({ form, generation, sealed }) => {
      const place = formKeyPlace(ofForm(body, form, generation), who.staff.person);
      return { form, generation, identity: await openEnvelope(who.staff.identity, sealed, place) };
    }),
  );
}

/** Seals these keys to somebody, as the hand-over posts them. */
export async function sealedTo(body: TestBody, keys: readonly OwnKey[], to: SignedIn): Promise<HandedKey[]> {
  return Promise.all(
    keys.map(async ({ form, generation, identity }) => {
      const of = ofForm(body, form, generation);
      const sealed = await sealFormKey(of, identity, to.staff.person, to.staff.recipient, new Date());
      return { generation, sealed: Buffer.from(sealed).toString('hex') };
    }),
  );
}

/** Hands over every key `by` holds. */
export async function handOver(body: TestBody, by: SignedIn, grant: string, to: SignedIn) {
  return fulfilGrant(body.db.desk, by.session, grant, await sealedTo(body, await keysOf(body, by), to));
}

/** What a browser of this body proves of all documents there are. */
export async function provenIn(body: TestBody): Promise<Proven> {
  return verifyGrants(await documentsOf(body), await directoryOf(body));
}
