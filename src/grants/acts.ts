/**
 * What a person may cause about grants and form keys. Each act is one SQL function that decides,
 * changes and appends to the register together; a refusal is registered in a transaction of its own.
 * What is signed is parsed and its signature verified before the database sees it.
 */
import { z } from 'zod';
import { MISMATCH, objectionToSignature } from '../people/directory.ts';
import { act, type Database, type SessionSecret, type Tx } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { type GrantsDocument, parseDocument, type Signed } from './documents.ts';
import type { Turn } from './form-key.ts';
import type { HandedKey } from './handing.ts';

type About = { readonly form?: string };

async function attempt<T>(
  desk: Database,
  session: SessionSecret,
  name: string,
  about: About,
  work: (tx: Tx) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const result = await act<T | Refusal>(desk, session, work);
  if (!isRefusal(result)) return result;
  await act(desk, session, (tx) =>
    tx.run('select letterbox.register_refusal($1, $2, null, $3)', [name, result.refusal, about.form ?? null]),
  );
  return inWords(result);
}

/** Why this text is not a document of that kind, signed by its signer, or null. */
async function objection(tx: Tx, kind: GrantsDocument['kind'], signed: Signed): Promise<Refusal | null> {
  const document = parseDocument(signed.text);
  if (document?.kind !== kind) return MISMATCH;
  return objectionToSignature(tx, document.signer, signed);
}

const WORDS: Record<string, string> = {
  'state-moved':
    'Who can read this has changed since the proposal was made, so it no longer counts. Nobody was given access. Make a new proposal.',
  'own-proposal': 'You made this proposal, so somebody else has to approve it.',
  'own-grant': 'Nobody can propose, approve or confirm access for themselves.',
  'same-person':
    'Two of the people of this proposal have the same name or address, as one person with two accounts would. A manager who is nobody else has to sign.',
  'not-trained': 'Your data-protection training is not in date. Take the short course first, then come back.',
  'grantee-not-trained':
    'The data-protection training of one of them is not in date. They take the course first.',
  'people-count':
    'The number you typed is not the number of people who will be able to read. Look at the list again.',
  'approved-already': 'This has been approved already.',
  'ended-already': 'This has ended already.',
  'not-a-reader': 'Only somebody who can read this form can do this.',
  'key-made-already': 'The key of this form was made a moment ago by somebody else.',
  'held-the-key':
    'You could read this form before, so a key that you make now would not lock you out. Another manager, or a reader, has to turn it.',
  'not-due': 'The key of this form need not be turned.',
  'maker-gone': 'Whoever made this key may no longer read this form. Another reader makes a new key.',
  'proposer-gone':
    'Whoever proposed this is no longer a manager here, so it no longer counts. Make a new proposal.',
  expired: 'The last day of this proposal is over. Make a new proposal.',
  'not-in-force': 'This access is not in force, so no key was handed over.',
  generations: 'The keys handed over are not the ones this access covers. Reload the page and try again.',
  'own-key': 'You made this key, so another manager has to countersign it.',
  clock:
    'The clock of this computer is more than ten minutes wrong, so what you sign would carry a wrong time. Set it right and sign again.',
};

function inWords(refusal: Refusal): Refusal {
  return refuse(refusal.refusal, refusal.kind, WORDS[refusal.refusal] ?? refusal.message);
}

const idRow = z.object({ id: z.string() });
const documents = {
  propose: ['propose_grant', 'grant'],
  approve: ['approve_grant', 'approval'],
  withdraw: ['withdraw_proposal', 'withdrawal'],
} as const;
export type ProposalAct = keyof typeof documents;

/** Proposes, approves or withdraws by a signed document; gives the proposal's id. */
export async function actOnProposal(
  desk: Database,
  session: SessionSecret,
  what: ProposalAct,
  signed: Signed,
): Promise<{ id: string } | Refusal> {
  const [name, kind] = documents[what];
  return attempt(
    desk,
    session,
    `${what}-grant`,
    {},
    async (tx) =>
      (await objection(tx, kind, signed)) ??
      tx.one(idRow, `select letterbox.${name}($1, $2) as id`, [signed.text, signed.signature]),
  );
}

/** Says that these lines are still needed. */
export async function reviewGrants(
  desk: Database,
  session: SessionSecret,
  signed: Signed,
): Promise<number | Refusal> {
  return attempt(
    desk,
    session,
    'review-grants',
    {},
    async (tx) =>
      (await objection(tx, 'review', signed)) ??
      tx.run('select letterbox.review_grants($1, $2)', [signed.text, signed.signature]),
  );
}

/**
 * Ends these lines, and turns the form keys that go with them in the same transaction: what is posted after it
 * cannot be opened by whoever lost access.
 */
export async function endGrants(
  desk: Database,
  session: SessionSecret,
  signed: Signed,
  turns: readonly Turn[],
): Promise<number | Refusal> {
  return attempt(desk, session, 'end-grants', {}, async (tx) => {
    const whys = await Promise.all([
      objection(tx, 'grant-end', signed),
      ...turns.map((turn) => objection(tx, 'form-key', turn)),
    ]);
    const why = whys.find((each) => each !== null);
    if (why) return why;
    const ended = await tx.run('select letterbox.end_grants($1, $2)', [signed.text, signed.signature]);
    for (const turn of turns) await turnInside(tx, turn);
    return ended;
  });
}

/** Turns a form's key to its next generation. */
export async function turnKey(desk: Database, session: SessionSecret, turn: Turn): Promise<number | Refusal> {
  return attempt(
    desk,
    session,
    'turn-form-key',
    {},
    async (tx) => (await objection(tx, 'form-key', turn)) ?? turnInside(tx, turn),
  );
}

function turnInside(tx: Tx, { text, signature, envelopes }: Turn): Promise<number> {
  return tx.run('select letterbox.turn_form_key($1, $2, $3)', [text, signature, JSON.stringify(envelopes)]);
}

/** Makes a form's key: its document, its envelope to the maker, and one to the recovery recipient. */
export async function makeFormKey(
  desk: Database,
  session: SessionSecret,
  key: Signed & { readonly own: Uint8Array; readonly recovery: Uint8Array },
  about: About = {},
): Promise<number | Refusal> {
  const sql = 'select letterbox.make_form_key($1, $2, $3, $4)';
  return attempt(
    desk,
    session,
    'make-form-key',
    about,
    async (tx) =>
      (await objection(tx, 'form-key', key)) ?? tx.run(sql, [key.text, key.signature, key.own, key.recovery]),
  );
}

/** Countersigns a form's key: from now on the public form is open. */
export async function approveFormKey(
  desk: Database,
  session: SessionSecret,
  signed: Signed,
  about: About = {},
): Promise<number | Refusal> {
  return attempt(
    desk,
    session,
    'approve-form-key',
    about,
    async (tx) =>
      (await objection(tx, 'form-key-approval', signed)) ??
      tx.run('select letterbox.approve_form_key($1, $2)', [signed.text, signed.signature]),
  );
}

/** Hands keys over to grantees: all that each of these lines covers. */
export async function fulfilGrants(
  desk: Database,
  session: SessionSecret,
  keys: readonly HandedKey[],
): Promise<number | Refusal> {
  return attempt(desk, session, 'fulfil-grants', {}, (tx) =>
    tx.run('select letterbox.fulfil_grants($1)', [JSON.stringify(keys)]),
  );
}
