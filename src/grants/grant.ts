/**
 * # Note: grants
 *
 * Who may read is decided here, in one function (`readersOf`), from grants alone. A grant names one
 * person, and one form or one case of it; there is no value for everyone, a group, a role or a link.
 * Nothing is readable where no grant says so: an empty list denies.
 *
 * A proposal gives the same terms to some people at once. The preview that two people sign is computed
 * by the function that decides: the readers before, and the readers after the proposal is applied.
 * What they sign is the hash of that effect and of the state it was computed from. If the state moved
 * in between, the approval is void.
 *
 * The same code runs in the browser, for the preview on the server, and in tests against the
 * database's own opinion (`may_read`).
 */
import { canonicalJson } from '../sealing/encoding.ts';

/** All that decides who reads some forms. Instants are ISO 8601 with milliseconds and `Z`. */
export type AccessState = {
  readonly organisation: string;
  readonly forms: readonly FormState[];
  /** Those whom the grants name, those a proposal is for, and whoever's name is close to theirs. */
  readonly people: readonly Member[];
  /** Approved, not ended, not over: in force or to come. */
  readonly grants: readonly Standing[];
  /** The single cases that grants or a proposal name. */
  readonly cases: readonly CaseState[];
};

export type FormState = {
  readonly form: string;
  readonly title: string;
  readonly purposes: readonly string[];
  /** The newest generation of the form's key that counts; 0 before there is one. */
  readonly generation: number;
  readonly holdings: readonly Held[];
};

/** The submissions that a plain generation's secret opens (those sealed around it included). */
export type Held = Holdings & { readonly generation: number };
export type Holdings = {
  readonly count: number;
  readonly oldest: string | null;
  readonly newest: string | null;
  readonly attachments: number;
};

/** One case; `generation` is the plain generation whose secret opens it. */
export type CaseState = {
  readonly case: string;
  readonly form: string;
  readonly generation: number;
  readonly receivedAt: string;
  readonly attachments: number;
};

export type Member = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly capacities: readonly string[];
  /** The organisation they really belong to, where that is not this one. */
  readonly outside: string | null;
  /** Hash of the document by which they gave their keys; null before they enrolled. */
  readonly enrolment: string | null;
  /** Confirmed, not left, not suspended. */
  readonly stands: boolean;
  /** Until when their data-protection training is in date; null where it is not. */
  readonly trainedUntil: string | null;
  /** The last day of a leave that is on or begins within a fortnight. */
  readonly awayUntil: string | null;
  /** Whether this address was ever given access before. */
  readonly grantedBefore: boolean;
};

/** What a grant covers: a form from a generation on, or one case of it. */
export type Coverage = {
  readonly form: string;
  readonly case: string | null;
  readonly fromGeneration: number;
};

/** One line of a grant as it stands: one person, one form or case. */
export type Standing = Coverage & {
  readonly id: string;
  readonly document: string;
  readonly person: string;
  readonly from: string;
  readonly until: string;
  /** Unless somebody confirms that it is still needed, it ends then. */
  readonly reviewBy: string;
};

export type Scope = Coverage & { readonly purpose: string };
export type Proposal = {
  readonly id: string;
  readonly people: readonly string[];
  readonly scopes: readonly Scope[];
  readonly from: string;
  readonly until: string;
};

export type ScopeEffect = Scope & {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly submissions: Holdings;
};
export type Effect = {
  readonly people: readonly string[];
  readonly scopes: readonly ScopeEffect[];
  /** How many different people will be able to read any of it, and how many of them are from outside. */
  readonly readers: number;
  readonly outside: number;
  readonly from: string;
  readonly until: string;
};

/**
 * THE decision: the ids of those who may, at `at`, read at least one submission that is covered, of those
 * that are there or are still to come; sorted.
 */
export function readersOf(state: AccessState, covered: Coverage, at: string): string[] {
  const standing = new Set(state.people.filter(({ stands }) => stands).map(({ id }) => id));
  const readers = state.grants
    .filter((grant) => isInForce(grant, at) && standing.has(grant.person) && meet(state, grant, covered))
    .map(({ person }) => person);
  return [...new Set(readers)].sort();
}

export function isInForce(grant: Standing, at: string): boolean {
  return grant.from <= at && isLive(grant, at);
}

/** In force, or to come: nothing but the calendar keeps it from being read by. */
export function isLive(grant: Standing, at: string): boolean {
  return grant.until > at && grant.reviewBy > at;
}

/** Whether some submission, there already or still to come, is covered by both. */
function meet(state: AccessState, one: Coverage, other: Coverage): boolean {
  if (one.form !== other.form) return false;
  if (one.case === null && other.case === null) return true;
  if (one.case !== null && other.case !== null) return one.case === other.case;
  const [narrow, wide] = one.case === null ? [other, one] : [one, other];
  const found = state.cases.find((each) => each.case === narrow.case);
  return found !== undefined && found.form === wide.form && found.generation >= wide.fromGeneration;
}

/** What a proposal changes, on the day it begins: the decision before, and with the proposal applied. */
export function effectOf(state: AccessState, proposal: Proposal, at: string): Effect {
  const when = proposal.from > at ? proposal.from : at;
  const applied: AccessState = { ...state, grants: [...state.grants, ...granted(proposal, when)] };
  const scopes = proposal.scopes.map((scope) => ({
    ...{ form: scope.form, case: scope.case, fromGeneration: scope.fromGeneration, purpose: scope.purpose },
    before: readersOf(state, scope, when),
    after: readersOf(applied, scope, when),
    submissions: holdingsOf(state, scope),
  }));
  const readers = new Set(scopes.flatMap(({ after }) => after));
  const outside = state.people.filter((person) => person.outside !== null && readers.has(person.id));
  return {
    people: [...proposal.people].sort(),
    scopes,
    readers: readers.size,
    outside: outside.length,
    from: proposal.from,
    until: proposal.until,
  };
}

function granted({ people, scopes, until }: Proposal, from: string): Standing[] {
  return people.flatMap((person) =>
    scopes.map(({ form, case: of, fromGeneration }) => ({
      ...{ id: '', document: '', person, form, case: of, fromGeneration, from, until, reviewBy: until },
    })),
  );
}

/** How many of the submissions that are there are covered, the oldest and the newest of them, and their attachments. */
export function holdingsOf(state: AccessState, covered: Coverage): Holdings {
  if (covered.case !== null) {
    const found = state.cases.find((each) => each.case === covered.case && each.form === covered.form);
    if (!found) return NONE;
    return { count: 1, oldest: found.receivedAt, newest: found.receivedAt, attachments: found.attachments };
  }
  const held = state.forms.find(({ form }) => form === covered.form)?.holdings ?? [];
  return held.filter(({ generation }) => generation >= covered.fromGeneration).reduce(together, NONE);
}

const NONE: Holdings = { count: 0, oldest: null, newest: null, attachments: 0 };

function together(one: Holdings, other: Holdings): Holdings {
  const days = [one.oldest, one.newest, other.oldest, other.newest].filter((day) => day !== null).sort();
  return {
    count: one.count + other.count,
    oldest: days[0] ?? null,
    newest: days.at(-1) ?? null,
    attachments: one.attachments + other.attachments,
  };
}

/** The exact text whose SHA-256 is signed as `effect`. */
export function effectText(effect: Effect): string {
  return `letterbox effect 2\n${canonicalJson(effect)}\n`;
}

/**
 * What decides who reads, as lines; its SHA-256 is signed as `state`. The database builds the same
 * text by itself (`access_state_text`) and refuses an approval whose hash differs:
 *
 *     letterbox access state 2
 *     organisation 0190…
 *     form review 1
 *     case 0190… review 1
 *     grantee 0190… 77ab…
 *     grant 0190… 0190… review - 1 2026-11-02T09:00:00.000Z 2027-01-31T23:59:59.000Z 2027-02-02T09:00:00.000Z
 */
export function stateText(state: AccessState, proposal: Proposal, at: string): string {
  const forms = new Set(proposal.scopes.map(({ form }) => form));
  const cases = new Set(proposal.scopes.map((scope) => scope.case));
  const standing = new Map(state.people.map((person) => [person.id, person]));
  const grants = state.grants.filter(
    (grant) => forms.has(grant.form) && isLive(grant, at) && standing.get(grant.person)?.stands,
  );
  const lines = [
    ...state.forms
      .filter(({ form }) => forms.has(form))
      .map((each) => `form ${each.form} ${each.generation}`),
    ...state.cases
      .filter((each) => cases.has(each.case))
      .map((each) => `case ${each.case} ${each.form} ${each.generation}`),
    ...proposal.people.map((id) => {
      const person = standing.get(id);
      return `grantee ${id} ${person?.stands ? (person.enrolment ?? '-') : '-'}`;
    }),
    ...grants.map(
      (grant) =>
        `grant ${grant.id} ${grant.person} ${grant.form} ${grant.case ?? '-'} ${grant.fromGeneration} ${grant.from} ${grant.until} ${grant.reviewBy}`,
    ),
  ].sort();
  return ['letterbox access state 2', `organisation ${state.organisation}`, ...lines, ''].join('\n');
}

export const DAY = 24 * 60 * 60 * 1000;
export const DEFAULT_DAYS = 90;
export const LONGEST_DAYS = 365;
/** A quarter: how long a grant stands before somebody must say that it is still needed. */
export const REVIEW_DAYS = 92;

/** The end of the day `days` days after `at`, the shape a grant's `until` has. */
export function endOfDayAfter(at: string, days: number): string {
  return `${new Date(Date.parse(at) + days * DAY).toISOString().slice(0, 10)}T23:59:59.000Z`;
}

/** When a grant that was approved or reviewed at `at` lapses unless somebody reviews it again. */
export function reviewAfter(at: string): string {
  return new Date(Date.parse(at) + REVIEW_DAYS * DAY).toISOString();
}
