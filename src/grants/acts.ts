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
    'Who can read this form has changed since the proposal was made, so it no longer counts. Nobody was given access. Make a new proposal.',
  'own-proposal': 'You made this proposal, so somebody else has to approve it.',
  'own-grant': 'Nobody can propose or approve access for themselves.',
  'people-count':
    'The number you typed is not the number of people who will be able to read. Look at the list again.',
  'approved-already': 'This has been approved already.',
  'ended-already': 'This has ended already.',
  'not-a-reader': 'Only somebody who can read this form can do this.',
  'key-made-already': 'The key of this form was made a moment ago by somebody else.',
  'maker-gone': 'Whoever made this key may no longer read this form. Another reader makes a new key.',
  'proposer-gone':
    'Whoever proposed this is no longer a manager here, so it no longer counts. Make a new proposal.',
  'not-in-force': 'This access is not in force, so no key was handed over.',
  generations: 'The keys handed over are not the ones this access covers. Reload the page and try again.',
  'own-key': 'You made this key, so another manager has to countersign it.',
};

function inWords(refusal: Refusal): Refusal {
  return refuse(refusal.refusal, refusal.kind, WORDS[refusal.refusal] ?? refusal.message);
}

const idRow = z.object({ id: z.string() });
const documents = [
  ['propose', 'propose_grant', 'grant'],
  ['approve', 'approve_grant', 'approval'],
  ['end', 'end_grant', 'grant-end'],
] as const;
export type GrantAct = (typeof documents)[number][0];

/** Proposes, approves or ends by a signed document; gives the grant's id. */
export async function actOnGrant(
  desk: Database,
  session: SessionSecret,
  what: GrantAct,
  signed: Signed,
  about: About = {},
): Promise<{ id: string } | Refusal> {
  const [, name, kind] = documents.find(([each]) => each === what) ?? documents[0];
  return attempt(
    desk,
    session,
    `${what}-grant`,
    about,
    async (tx) =>
      (await objection(tx, kind, signed)) ??
      tx.one(idRow, `select letterbox.${name}($1, $2) as id`, [signed.text, signed.signature]),
  );
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

/** One generation's secret, sealed to the grantee, in hex. */
export type HandedKey = { readonly generation: number; readonly sealed: string };

/** Hands the form key over to a grantee. */
export async function fulfilGrant(
  desk: Database,
  session: SessionSecret,
  grant: string,
  keys: readonly HandedKey[],
): Promise<number | Refusal> {
  return attempt(desk, session, 'fulfil-grant', {}, (tx) =>
    tx.run('select letterbox.fulfil_grant($1, $2)', [grant, JSON.stringify(keys)]),
  );
}
