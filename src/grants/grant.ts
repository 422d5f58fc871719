/**
 * # Note: grants
 *
 * Who may read a form's cases is decided here, in one function (`readersOf`), from grants alone. A
 * grant names one person; there is no value for everyone, a group, a role or a link. Nothing is
 * readable where no grant says so: an empty list denies.
 *
 * The preview that two people sign is computed by the same function: the readers before, and the
 * readers after the proposal is applied. What they sign is the hash of that effect and of the state
 * it was computed from. If the state moved in between, the approval is void.
 *
 * The same code runs in the browser, for the preview on the server, and in tests against the
 * database's own opinion (`may_read`).
 */
import { canonicalJson } from '../sealing/encoding.ts';
import { type Refusal, refuse } from '../web/refusal.ts';

export type AccessState = {
  readonly organisation: string;
  readonly form: string;
  readonly title: string;
  readonly purposes: readonly string[];
  /** The newest generation of the form's key that is in use; 0 before there is one. */
  readonly generation: number;
  readonly people: readonly Member[];
  readonly grants: readonly Standing[];
  readonly submissions: Holdings;
};

/** A person of the organisation. `enrolment`: hash of the document by which they gave their keys. */
export type Member = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly capacities: readonly string[];
  readonly enrolment: string | null;
  readonly confirmed: boolean;
};

/** A grant as it stands. Instants are ISO 8601 with milliseconds and `Z`. */
export type Standing = {
  readonly id: string;
  readonly document: string;
  readonly person: string;
  readonly fromGeneration: number;
  readonly until: string;
  readonly purpose: string;
  readonly proposer: string;
  readonly proposedAt: string;
  readonly state: string;
  readonly approver: string | null;
  readonly approvedAt: string | null;
  readonly fulfilledAt: string | null;
  readonly endedAt: string | null;
};

export type Holdings = {
  readonly count: number;
  readonly oldest: string | null;
  readonly newest: string | null;
  readonly attachments: number;
};

export type Proposal = {
  readonly id: string;
  readonly person: string;
  readonly fromGeneration: number;
  readonly until: string;
  readonly purpose: string;
};

export type Effect = {
  readonly form: string;
  readonly person: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Of those after, how many do not belong to the organisation. */
  readonly outside: number;
  readonly submissions: Holdings;
  readonly until: string;
};

/** THE decision: the ids of the people who may read this form at `at`, sorted. */
export function readersOf(state: AccessState, at: string): string[] {
  const inForce = state.grants.filter((grant) => isInForce(grant, at));
  const readers = state.people.filter(
    (person) => person.confirmed && inForce.some((grant) => grant.person === person.id),
  );
  return readers.map((person) => person.id).sort();
}

/** Approved by a second person, not ended, not expired. */
export function isInForce(grant: Standing, at: string): boolean {
  return grant.approvedAt !== null && grant.endedAt === null && grant.until > at;
}

/** What a proposal changes: the decision before, and the decision with the proposal applied. */
export function effectOf(state: AccessState, proposal: Proposal, at: string): Effect {
  const applied: AccessState = {
    ...state,
    grants: [...state.grants.filter(({ id }) => id !== proposal.id), granted(proposal, at)],
  };
  const after = readersOf(applied, at);
  const members = new Set(state.people.map((person) => person.id));
  return {
    form: state.form,
    person: proposal.person,
    before: readersOf(state, at),
    after,
    outside: after.filter((person) => !members.has(person)).length,
    submissions: state.submissions,
    until: proposal.until,
  };
}

function granted(proposal: Proposal, at: string): Standing {
  const signed = { document: '', state: '', proposer: '', proposedAt: at, approver: '', approvedAt: at };
  return { ...proposal, ...signed, fulfilledAt: null, endedAt: null };
}

/** The exact text whose SHA-256 is signed as `effect`. */
export function effectText(effect: Effect): string {
  return `letterbox effect 1\n${canonicalJson(effect)}\n`;
}

/**
 * What decides who reads, as lines; its SHA-256 is signed as `state`. The database builds the same
 * text by itself (`access_state_text`) and refuses an approval whose hash differs:
 *
 *     letterbox access state 1
 *     organisation 0190…
 *     form review
 *     generation 1
 *     grantee 0190… 77ab…
 *     grant 0190… 0190… 1 2027-01-31T23:59:59.000Z
 */
export function stateText(state: AccessState, person: string, at: string): string {
  const grantee = state.people.find(({ id }) => id === person);
  const grants = state.grants
    .filter(
      (grant) =>
        isInForce(grant, at) && state.people.some((each) => each.id === grant.person && each.confirmed),
    )
    .map((grant) => `grant ${grant.id} ${grant.person} ${grant.fromGeneration} ${grant.until}`)
    .sort();
  const lines = [
    'letterbox access state 1',
    `organisation ${state.organisation}`,
    `form ${state.form}`,
    `generation ${state.generation}`,
    `grantee ${person} ${grantee?.confirmed ? (grantee.enrolment ?? '-') : '-'}`,
    ...grants,
  ];
  return `${lines.join('\n')}\n`;
}

const DAY = 24 * 60 * 60 * 1000;
export const DEFAULT_DAYS = 90;
export const LONGEST_DAYS = 365;

/** Why this proposal may not be made, or null. `proposer` is whoever would sign it first. */
export function objectionTo(
  state: AccessState,
  proposal: Proposal,
  proposer: string,
  at: string,
): Refusal | null {
  const person = state.people.find(({ id }) => id === proposal.person);
  const length = Date.parse(proposal.until) - Date.parse(at);
  if (proposal.person === proposer)
    return refuse('own-grant', 'forbidden', 'You cannot propose access for yourself. Ask another manager.');
  if (!person) return refuse('not-a-member', 'invalid', 'Choose one person of your organisation.');
  if (!person.confirmed)
    return refuse(
      'not-confirmed',
      'invalid',
      `${person.name} has not been confirmed yet. Two managers compare their words first.`,
    );
  if (!(length > 0)) return refuse('until-past', 'invalid', 'The last day must be in the future.');
  if (length > (LONGEST_DAYS + 1) * DAY)
    return refuse('until-too-late', 'invalid', `Access can last ${LONGEST_DAYS} days at most.`);
  if (!state.purposes.includes(proposal.purpose))
    return refuse('purpose', 'invalid', 'Choose what the access is for from the list.');
  return null;
}

/** What looks odd about an effect, in plain words; nothing here stops anybody. */
export function oddities(state: AccessState, effect: Effect): string[] {
  const person = state.people.find(({ id }) => id === effect.person);
  const alike = state.people.filter(
    (each) => each.id !== effect.person && person && looksLike(each.name, person.name),
  );
  return [
    ...(effect.before.includes(effect.person) ? [`${person?.name} can read this form already.`] : []),
    ...alike.map((each) => `The name is close to another's: ${each.name}, ${each.email}.`),
    ...(effect.outside > 0 ? [`${effect.outside} of them do not belong to your organisation.`] : []),
  ];
}

/** Same last word and same first letter: J. Smith and John Smith. */
function looksLike(one: string, other: string): boolean {
  const parts = (name: string) => name.toLowerCase().split(/\s+/);
  const [a, b] = [parts(one), parts(other)];
  return a.at(-1) === b.at(-1) && a[0]?.[0] === b[0]?.[0];
}

/** The end of the day `days` days after `at`, the shape a grant's `until` has. */
export function endOfDayAfter(at: string, days: number): string {
  return `${new Date(Date.parse(at) + days * DAY).toISOString().slice(0, 10)}T23:59:59.000Z`;
}
