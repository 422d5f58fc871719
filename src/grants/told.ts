/** Whether the server's story is the one the signed documents prove; pure, asked by a browser before it signs. */
import type { Directory } from '../people/person.ts';
import type { GrantDocument } from './documents.ts';
import { type AccessState, isInForce, type Standing } from './grant.ts';
import { type Proven, provenInForce } from './verify.ts';

/**
 * True when the state shows the very grants in force that are proven, on their signed terms, and each
 * person with the name and address they enrolled with. False for a reader the server hides, one it
 * invents, or somebody under another's name. LIMIT: how many submissions there are is the server's word.
 */
export function isToldTruly(state: AccessState, directory: Directory, proven: Proven, at: string): boolean {
  const told = state.grants.filter((grant) => isInForce(grant, at));
  const shown = provenInForce(proven, at).filter(({ grant }) => grant.form === state.form);
  const named = state.people.every((person) => {
    const known = directory.people.get(person.id);
    return person.confirmed ? known?.name === person.name && known.email === person.email : !known;
  });
  const granted = shown.every(({ hash, grant }) =>
    told.some((row) => row.document === hash && sameTerms(row, grant)),
  );
  const members = new Set(state.people.map(({ id }) => id));
  const present = shown.every(({ grant }) => members.has(grant.person));
  return named && granted && present && told.length === shown.length;
}

/** True when a proposal's signed document is about this form and says what the row shown says. */
export function isProposedSo(form: string, row: Standing, proven: Proven): boolean {
  const signed = proven.proposals.find(({ hash }) => hash === row.document)?.grant;
  return signed?.form === form && sameTerms(row, signed);
}

function sameTerms(row: Standing, signed: GrantDocument): boolean {
  return (
    signed.id === row.id &&
    signed.person === row.person &&
    signed.fromGeneration === row.fromGeneration &&
    signed.until === row.until &&
    signed.purpose === row.purpose &&
    signed.signer === row.proposer
  );
}
