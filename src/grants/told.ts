/** Whether the server's story is the one the signed documents prove; pure, asked by a browser before it signs. */
import type { Directory } from '../people/person.ts';
import { type AccessState, isLive, type Proposal, type Standing } from './grant.ts';
import { type Proven, type ProvenGrant, provenLive } from './verify.ts';

/**
 * True when the state shows the very grants that are proven and not over, on their signed terms, each person with the
 * name, address and organisation they enrolled with, and the newest proven key of each form. False for a reader the
 * server hides, one it invents, or somebody under another's name. LIMIT: how many submissions there are is the server's word.
 */
export function isToldTruly(state: AccessState, directory: Directory, proven: Proven, at: string): boolean {
  const forms = new Set(state.forms.map(({ form }) => form));
  const stands = new Set(state.people.filter((person) => person.stands).map(({ id }) => id));
  const told = state.grants.filter((grant) => isLive(grant, at) && stands.has(grant.person));
  const shown = provenLive(proven, at).filter(({ form }) => forms.has(form));
  return (
    state.people.every((person) => isNamedSo(person, directory)) &&
    told.length === shown.length &&
    shown.every((grant) => told.some((row) => isSameLine(row, grant))) &&
    state.forms.every(({ form, generation }) => generation === newestProven(proven, form))
  );
}

/** The newest generation of a form's key that counts; 0 where none does. */
export function newestProven(proven: Proven, form: string): number {
  return Math.max(0, ...proven.keys.filter(({ key }) => key.form === form).map(({ key }) => key.generation));
}

function isNamedSo(person: AccessState['people'][number], directory: Directory): boolean {
  const known = directory.people.get(person.id);
  if (!person.stands) return !known;
  return known?.name === person.name && known.email === person.email && known.outside === person.outside;
}

function isSameLine(row: Standing, line: ProvenGrant): boolean {
  const terms = ({ id, document, person, form, case: of, fromGeneration, from, until, reviewBy }: Standing) =>
    [id, document, person, form, of, fromGeneration, from, until, reviewBy].join();
  return terms(row) === terms(line);
}

/** The terms of a proposal as its proposer signed them; null where nothing proves them. */
export function proposedBy(
  proven: Proven,
  document: string,
): (Proposal & { readonly document: string }) | null {
  const signed = proven.proposals.find(({ hash }) => hash === document)?.grant;
  if (!signed) return null;
  const { id, people, scopes, from, until } = signed;
  return { id, people: people.map(({ person }) => person), scopes, from, until, document };
}
