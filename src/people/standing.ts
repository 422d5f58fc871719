/**
 * Who stands, as signed documents say it: confirmed, and neither gone nor suspended. One manager is enough to let
 * somebody go or to suspend them, two others lift a suspension; two managers always remain (two-managers.ts).
 */
import {
  type EnrolmentDocument,
  type LeavingDocument,
  leads,
  type OrganisationKind,
  type ResumptionDocument,
  type SuspensionDocument,
  type TrainingDocument,
} from './documents.ts';
import type { PersonInDirectory, SignedDocument, Span } from './person.ts';
import { objectionToTraining } from './training.ts';
import { canDoWithout, mayLift } from './two-managers.ts';

/** What is known after some of the documents, in their order. */
export type Growing = {
  organisation: string;
  as: OrganisationKind;
  readonly anchor: string;
  /** The founding and the memberships that count so far, in order. */
  readonly chain: Set<string>;
  readonly everyone: Map<string, PersonInDirectory>;
  readonly standing: Map<string, Span[]>;
  readonly enrolments: Map<string, EnrolmentDocument>;
  readonly signers: Map<string, Set<string>>;
  readonly gone: Set<string>;
  /** Suspensions that are not lifted: whose, by the document's hash; with those who have signed for lifting it. */
  readonly suspensions: Map<string, { readonly person: string; readonly lifters: Set<string> }>;
  readonly ignored: { hash: string; why: string }[];
};

export function beginning(anchor: string): Growing {
  return {
    organisation: '',
    as: 'controller',
    anchor,
    chain: new Set(),
    everyone: new Map(),
    standing: new Map(),
    enrolments: new Map(),
    signers: new Map(),
    gone: new Set(),
    suspensions: new Map(),
    ignored: [],
  };
}

/** Takes a person in, from the document at that position on. */
export function confirm(growing: Growing, person: PersonInDirectory, position: number): void {
  growing.everyone.set(person.id, person);
  growing.standing.set(person.id, [{ from: position, to: null }]);
}

/** Whether somebody is in good standing, after the documents so far. */
export function stands(growing: Growing, person: string): boolean {
  const isSuspended = [...growing.suspensions.values()].some((each) => each.person === person);
  return growing.everyone.has(person) && !growing.gone.has(person) && !isSuspended;
}

/** Takes a training record in; why it does not count, or null. */
export function takeTraining(
  growing: Growing,
  hash: string,
  document: TrainingDocument,
  signer: PersonInDirectory,
): string | null {
  const person = growing.everyone.get(document.person);
  if (!person || growing.gone.has(person.id)) return 'It is about nobody who is confirmed.';
  const why = objectionToTraining(document, signer.capacities.includes('manager'));
  if (why !== null) return why;
  const record = { document: hash, since: document.at, until: document.until };
  growing.everyone.set(person.id, { ...person, training: [...person.training, record] });
  return null;
}

/** Takes a leaving, a suspension or a signature for lifting one in; why it does not count, or null. */
export function takeStanding(
  growing: Growing,
  signed: SignedDocument,
  document: LeavingDocument | SuspensionDocument | ResumptionDocument,
  signer: PersonInDirectory,
): string | null {
  if (!leads(signer) && !(document.kind === 'leaving' && document.signer === document.person))
    return `Its signer is not ${growing.as === 'host' ? 'an operator' : 'a manager'}.`;
  if (document.kind === 'resumption') return takeResumption(growing, signed, document);
  const person = growing.everyone.get(document.person);
  if (!person || growing.gone.has(person.id)) return 'It is about nobody who is confirmed.';
  const standing = [...growing.everyone.values()].filter(({ id }) => stands(growing, id));
  if (!canDoWithout(standing, person)) return 'Fewer than two who let people in would remain.';
  if (document.kind === 'suspension' && document.signer === document.person)
    return 'Nobody suspends themselves.';
  close(growing, document.person, signed.position);
  if (document.kind === 'leaving') growing.gone.add(document.person);
  else growing.suspensions.set(signed.hash, { person: document.person, lifters: new Set() });
  return null;
}

function takeResumption(
  growing: Growing,
  signed: SignedDocument,
  document: ResumptionDocument,
): string | null {
  const suspension = growing.suspensions.get(document.suspension);
  if (suspension?.person !== document.person) return 'It names no suspension of this person.';
  if (document.signer === document.person) return 'Nobody lifts their own suspension.';
  suspension.lifters.add(document.signer);
  if (!mayLift(suspension.lifters)) return null;
  growing.suspensions.delete(document.suspension);
  if (stands(growing, document.person))
    growing.standing.get(document.person)?.push({ from: signed.position, to: null });
  return null;
}

function close(growing: Growing, person: string, position: number): void {
  const spans = growing.standing.get(person) ?? [];
  growing.standing.set(
    person,
    spans.map((span) => (span.to === null ? { from: span.from, to: position } : span)),
  );
}
