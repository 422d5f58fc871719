/** For tests: what browsers do about grants and form keys, done in Node by the people of a founded body. */

import {
  directoryOf,
  documentsOf,
  recoveryOf,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import { openEnvelope } from '../sealing/open.ts';
import { type FormId, formId, formKeyPlace, newId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import type { Refusal } from '../web/refusal.ts';
import {
  actOnProposal,
  approveFormKey,
  endGrants,
  fulfilGrants,
  makeFormKey,
  type ProposalAct,
  reviewGrants,
  turnKey,
} from './acts.ts';
import { grantIdOf, type Signed } from './documents.ts';
import { newFormKey, type OwnKey, sign, type Turn, turnFormKey } from './form-key.ts';
import { type AccessState, effectOf, endOfDayAfter, type Proposal, type Scope } from './grant.ts';
import { formKeysFor, type HandedKey } from './handing.ts';
import { signApproval, signEnd, signProposal, signReview, signWithdrawal } from './proposal.ts';
import { accessState, formKeys, myFormKeys, proposalFound } from './store.ts';
import { type Proven, type ProvenGrant, verifyGrants } from './verify.ts';
import { termsOf } from './views.ts';

export async function stateOf(body: TestBody, form = 'review', as = body.founder): Promise<AccessState> {
  return settled(await act(body.db.desk, as.session, (tx) => accessState(tx, { forms: [form] })));
}

/** The state that a preview of these terms is computed from. */
export async function stateFor(body: TestBody, { scopes }: Pick<Proposal, 'scopes'>, as = body.founder) {
  const forms = [...new Set(scopes.map(({ form }) => form))].sort();
  const cases = scopes.flatMap((scope) => scope.case ?? []);
  return settled(await act(body.db.desk, as.session, (tx) => accessState(tx, { forms, cases })));
}

export type Terms = Partial<Omit<Proposal, 'people'>> & { readonly form?: string };

/** A whole form by its name, from the first generation on. */
export const whole = (form: string, fromGeneration = 1): Scope => ({
  ...{ form, case: null, fromGeneration, purpose: 'Review cases' },
});

/** A signed proposal, not posted yet. */
export async function proposal(
  body: TestBody,
  by: SignedIn,
  grantees: SignedIn | readonly SignedIn[],
  terms: Terms = {},
) {
  const { form = 'review', ...rest } = terms;
  const now = new Date();
  const at = now.toISOString();
  const people = [grantees].flat();
  const made: Proposal = {
    ...{ id: newId(), people: people.map(({ staff }) => staff.person), scopes: [whole(form)] },
    ...{ from: at, until: endOfDayAfter(at, 90), ...rest },
  };
  const { everyone } = await directoryOf(body);
  const known = made.people.flatMap((id) => everyone.get(id) ?? []);
  const signed = await signProposal(by.staff, await stateFor(body, made), made, known, now);
  return { id: made.id, signed, made };
}

export const post = (body: TestBody, by: SignedIn, what: ProposalAct, signed: Signed) =>
  actOnProposal(body.db.desk, by.session, what, signed);

/** Proposes and gives the proposal's id. */
export async function propose(
  body: TestBody,
  by: SignedIn,
  grantees: SignedIn | readonly SignedIn[],
  terms?: Terms,
) {
  const made = await proposal(body, by, grantees, terms);
  settled(await post(body, by, 'propose', made.signed));
  return made.id;
}

/** The terms of a proposal, as its signed document has them. */
export async function termsFound(body: TestBody, id: string) {
  const row = settled(await act(body.db.desk, body.founder.session, (tx) => proposalFound(tx, id)));
  const terms = row && termsOf(row);
  if (!row || !terms) throw new Error('There is no such proposal.');
  return terms;
}

/** A signed approval of the state as it is now, with the right number of people. */
export async function approval(body: TestBody, by: SignedIn, id: string): Promise<Signed> {
  const terms = await termsFound(body, id);
  const [state, now] = [await stateFor(body, terms), new Date()];
  const people = effectOf(state, terms, now.toISOString()).readers;
  return signApproval(by.staff, state, terms, Math.max(1, people), now);
}

export async function approve(body: TestBody, by: SignedIn, id: string) {
  return post(body, by, 'approve', await approval(body, by, id));
}

export async function withdraw(body: TestBody, by: SignedIn, id: string) {
  const { document } = await termsFound(body, id);
  return post(body, by, 'withdraw', await signWithdrawal(by.staff, document, 'Not needed', new Date()));
}

/** The ids of a proposal's lines. */
export async function linesOf(body: TestBody, id: string): Promise<string[]> {
  const { document, people, scopes } = await termsFound(body, id);
  return Promise.all(people.flatMap((person) => scopes.map((scope) => grantIdOf(document, person, scope))));
}

/** Ends all lines of a proposal; with `turning`, the keys they came with are turned by the same request. */
export async function end(body: TestBody, by: SignedIn, id: string, turning = false) {
  const lines = await linesOf(body, id);
  const { scopes } = await termsFound(body, id);
  const forms = turning
    ? [...new Set(scopes.filter((scope) => scope.case === null).map(({ form }) => form))]
    : [];
  const turns: Turn[] = [];
  for (const form of forms) turns.push(await turnOf(body, by, form, new Set(lines)));
  const signed = await signEnd(by.staff, lines, 'No longer needed', new Date());
  return endGrants(body.db.desk, by.session, signed, turns);
}

export async function review(body: TestBody, by: SignedIn, lines: readonly string[]) {
  return reviewGrants(body.db.desk, by.session, await signReview(by.staff, lines, new Date()));
}

/** Access as it comes to be: proposed by the founder, approved by the second manager. */
export async function letRead(
  body: TestBody,
  grantees: SignedIn | readonly SignedIn[],
  terms: Terms = {},
): Promise<string> {
  const id = await propose(body, body.founder, grantees, terms);
  settled(await approve(body, body.second, id));
  return id;
}

export const ofForm = (body: TestBody, form: string, generation: number) => ({
  ...{ organisation: body.founder.staff.organisation, form: idOfForm(form), generation },
});
const idOfForm = (form: string): FormId => formId(form);

/** Makes a form's first key. */
export async function makeKey(body: TestBody, by: SignedIn, form = 'review') {
  const recovery = await recoveryOf(body);
  const key = await newFormKey(by.staff, ofForm(body, form, 1), recovery, new Date());
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

/** The form gets its first key, made by a reader and countersigned by the founder. */
export async function openForm(body: TestBody, reader: SignedIn, form = 'review'): Promise<void> {
  settled(await makeKey(body, reader, form));
  settled(await approveKey(body, body.founder, form));
}

/** The next generation of a form's key, not posted yet. */
export async function turnOf(
  body: TestBody,
  by: SignedIn,
  form = 'review',
  without: ReadonlySet<string> = new Set(),
): Promise<Turn> {
  const recovery = await recoveryOf(body);
  const turn = await turnFormKey(
    by.staff,
    await provenIn(body),
    idOfForm(form),
    recovery,
    new Date(),
    without,
  );
  if (!turn) throw new Error('No key of this form is proven.');
  return turn;
}

export async function turn(body: TestBody, by: SignedIn, form = 'review') {
  return turnKey(body.db.desk, by.session, await turnOf(body, by, form));
}

/** The form keys somebody holds, opened. */
export async function keysOf(body: TestBody, who: SignedIn): Promise<OwnKey[]> {
  const rows = settled(await act(body.db.desk, who.session, myFormKeys));
  return Promise.all(
    rows.map(async ({ form, generation, around, sealed }) => {
      const place = formKeyPlace(ofForm(body, form, generation), who.staff.person);
      return { form, generation, around, identity: await openEnvelope(who.staff.identity, sealed, place) };
    }),
  );
}

/** What `by` hands over for these lines, not posted yet; throws where they do not hold every key. */
export async function handed(
  body: TestBody,
  by: SignedIn,
  lines: readonly ProvenGrant[],
): Promise<HandedKey[]> {
  const [own, proven] = [await keysOf(body, by), await provenIn(body)];
  const keys = await Promise.all(
    lines.map((line) => formKeysFor(by.staff.organisation, line, own, proven, new Date())),
  );
  if (keys.includes(null)) throw new Error('Not every key is at hand.');
  return keys.flatMap((each) => each ?? []);
}

/** Hands over every key that the lines of a proposal cover. */
export async function handOver(body: TestBody, by: SignedIn, id: string) {
  const ids = await linesOf(body, id);
  const lines = (await provenIn(body)).grants.filter((line) => ids.includes(line.id));
  return fulfilGrants(body.db.desk, by.session, await handed(body, by, lines));
}

/** What a browser of this body proves of all documents there are. */
export async function provenIn(body: TestBody): Promise<Proven> {
  return verifyGrants(await documentsOf(body), await directoryOf(body));
}
