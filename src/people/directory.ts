/**
 * The organisation's people as its signed documents prove them, on the server. A courtesy to whoever
 * signs: browsers decide by signatures whatever the server thinks, so a document that no browser will
 * believe is refused before it changes anything here.
 */
import { verifyText } from '../sealing/signature.ts';
import type { Statements } from '../store/store.ts';
import { type Refusal, refuse } from '../web/refusal.ts';
import type { Signed } from './enrolment.ts';
import { type Directory, verifyPeople } from './person.ts';
import { peopleDocuments } from './store.ts';

/** Verified by the code that browsers use, from the organisation's founding document down. */
export async function provenDirectory(on: Statements): Promise<Directory> {
  const documents = await peopleDocuments(on);
  const founding = documents.find(({ kind }) => kind === 'founding');
  return verifyPeople(documents, founding?.hash ?? '');
}

/** Why this text does not carry the signature of its signer, or null. */
export async function objectionToSignature(
  on: Statements,
  signer: string,
  signed: Signed,
): Promise<Refusal | null> {
  const known = (await provenDirectory(on)).people.get(signer);
  if (!known)
    return refuse('not-confirmed', 'forbidden', 'Your colleagues have not confirmed who signed this yet.');
  if (await verifyText(known.verifyKey, signed.text, signed.signature)) return null;
  return refuse('bad-signature', 'invalid', 'The signature is not that of its signer. Nothing was changed.');
}

export const MISMATCH: Refusal = refuse(
  'document-mismatch',
  'invalid',
  'What was signed does not fit this. Reload the page and try again. Nothing was changed.',
);
