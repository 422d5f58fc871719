/**
 * # Note: the world
 *
 * A small model of everybody and everything that decides who reads: people and their accounts, forms and the generations
 * of their keys, cases, proposals, grants, and rows forged past every function. A world is a value; `attempt`
 * (world-acts.testing.ts) gives the world after an operation, or null where it is refused. Where shipped code decides, the
 * model asks it (`readersOf`, `objectionTo`, `objectionToApprover`, `isSamePerson`, `stateText`, `reviewAfter`).
 *
 * Each rule that keeps somebody from reading is a *guard* and can be taken away by its name; a guard inside shipped code is
 * taken away by blinding it: the function is asked about the same thing with what the guard looks at put right.
 *
 * Everybody is as bad as can be: who holds a key keeps it, the database has leaked, and whoever can hand a key over in
 * accordance with the rules does so at once. So `holds` is all that somebody could ever have had by then.
 */
import { type AccessState, DAY, type Member, readersOf, type Standing } from './grant.ts';

/** An account; `human` says whose it really is, which the rules cannot see. */
export type Account = {
  readonly name: string;
  readonly email: string;
  readonly capacities: readonly string[];
  readonly human: number;
  /** The organisation they really belong to, where that is another one. */
  readonly outside?: string;
};
/** Who and what there is, and which accounts are interchangeable at the start. */
export type Cast = {
  readonly accounts: readonly Account[];
  /** Accounts after the first so many are not confirmed at the start. */
  readonly confirmed: number;
  readonly forms: number;
  readonly cases: number;
  readonly alike: readonly (readonly number[])[];
  /** Whether each form is open at the start, with a key that nobody of these holds and one case. */
  readonly opened?: boolean;
  /** Acts that nobody does, so that one attack is found sooner. */
  readonly without?: readonly string[];
};

export type PersonNow = {
  readonly standing: 'waiting' | 'in' | 'suspended' | 'left';
  readonly trained: boolean;
  /** Who has signed so far for confirming them or for lifting their suspension. */
  readonly signed: readonly number[];
};
export type Covers = { readonly form: number; readonly case: number | null; readonly from: number };
export type Span = { readonly starts: number; readonly until: number };
export type Line = Covers &
  Span & {
    readonly person: number;
    readonly reviewBy: number;
    readonly ended: boolean;
    readonly forged: boolean;
  };
export type Offer = Span & {
  readonly by: number;
  readonly people: readonly number[];
  readonly covers: readonly Covers[];
  /** The text of the state it was computed from. */
  readonly seen: string;
  readonly status: 'open' | 'approved' | 'withdrawn';
};
/** `around`: the plain generation it was made around, or 0; `maker`: who knows the secret without an envelope, or -1. */
export type Key = { readonly around: number; readonly maker: number; readonly counts: boolean };
export type World = {
  /** Days since the beginning. */
  readonly day: number;
  readonly people: readonly PersonNow[];
  readonly offers: readonly Offer[];
  readonly lines: readonly Line[];
  readonly keys: readonly (readonly Key[])[];
  readonly cases: readonly { readonly form: number; readonly generation: number }[];
  /** The generations of each form's key that each account was sealed an envelope of, as bits. */
  readonly envelopes: readonly (readonly number[])[];
  /** The single cases whose key each account was sealed, as bits. */
  readonly caseKeys: readonly number[];
};

export const GUARDS = [
  'the proposer is a manager',
  'the proposer is trained',
  'the proposer is nobody it is for',
  'the proposer has no second account among those it is for',
  'the proposer still stands at the approval',
  'the grantee stands',
  'the grantee is trained',
  'the approver is a manager',
  'the approver stands',
  'the approver is trained',
  'the approver is not the proposer',
  'the approver is nobody it is for',
  'the approver is nobody’s second account',
  'the state has not moved',
  'what is withdrawn is not approved',
  'an approval counts once',
  'an approval counts for its own proposal',
  'a colleague is confirmed by two managers',
  'a suspension is lifted by two others',
  'until',
  'from',
  'a review in time',
  'what has lapsed is not reviewed back',
  'the reviewer is not the reader',
  'the reviewer is not the reader’s second account',
  'ended',
  'left',
  'suspended',
  'a grant is for its form',
  'a grant of one case is for that case',
  'from a generation on',
  'whoever hands keys over verifies two signatures',
  'a turn leaves out who lost access',
  'a turn around needs both keys',
  'a turn around is not made by who held the inner key',
  'a plain turn is made by a reader',
  'a turn counts only where its maker’s grant is proven',
  'a first key is made by a reader',
  'a first key is countersigned',
  'whoever countersigns verifies the maker’s grant',
] as const;
export type Guard = (typeof GUARDS)[number];
export type Rules = {
  readonly cast: Cast;
  readonly off: ReadonlySet<Guard>;
  /** Whether a proposal and its approval are searched as one act (world-search.testing.ts). */
  readonly together?: boolean;
};

/** Between two steps of the calendar: half of the time after which a grant must have been reviewed. */
export const STEP = 46;
const BEGINNING = Date.parse('2026-11-02T09:00:00.000Z');
const instants = new Map<number, string>();
export function instant(day: number): string {
  const known = instants.get(day) ?? new Date(BEGINNING + day * DAY).toISOString();
  instants.set(day, known);
  return known;
}
export const dayOf = (at: string): number => Math.round((Date.parse(at) - BEGINNING) / DAY);
export const FAR = 100_000;
export const formName = (form: number): string => `f${form}`;
export const personName = (account: number): string => `p${account}`;
export const caseName = (of: number): string => `c${of}`;

export function beginning(cast: Cast): World {
  return {
    day: 0,
    people: cast.accounts.map((_, i) => ({
      ...{ standing: i < cast.confirmed ? 'in' : 'waiting', trained: true, signed: [] },
    })),
    offers: [],
    lines: [],
    keys: Array.from({ length: cast.forms }, () =>
      cast.opened ? [{ around: 0, maker: -1, counts: true }] : [],
    ),
    cases: cast.opened ? Array.from({ length: cast.forms }, (_, form) => ({ form, generation: 1 })) : [],
    envelopes: cast.accounts.map(() => Array.from({ length: cast.forms }, () => 0)),
    caseKeys: cast.accounts.map(() => 0),
  };
}

/** The newest generation of a form's key that counts, or 0. */
export function newest(world: World, form: number): number {
  const keys = world.keys[form] ?? [];
  return keys[keys.length - 1]?.counts ? keys.length : keys.length - (keys.length > 0 ? 1 : 0);
}
export function plainOf(world: World, form: number, generation: number): number {
  return world.keys[form]?.[generation - 1]?.around || generation;
}

/** A member as the rules see them. */
export function memberOf({ cast }: Rules, world: World, account: number): Member {
  const known = cast.accounts[account];
  const now = world.people[account];
  if (!known || !now) throw new Error(`There is no account ${account}.`);
  return {
    ...{ id: personName(account), name: known.name, email: known.email, capacities: known.capacities },
    ...{
      outside: known.outside ?? null,
      enrolment: 'e',
      stands: now.standing === 'in',
      awayUntil: null,
      grantedBefore: true,
    },
    trainedUntil: now.trained ? instant(FAR) : null,
  };
}

/** The line as `readersOf` gets to see it, with the guards that are gone blinded. */
function shown({ off }: Rules, line: Line): Standing {
  const { person, form, case: of, from, starts, until, reviewBy, ended, forged } = line;
  const id = `${person}.${form}.${of}.${from}.${starts}.${until}.${forged}.${ended}`;
  return {
    ...{ id, document: '', person: personName(person), form: formName(form) },
    case: of === null || off.has('a grant of one case is for that case') ? null : caseName(of),
    fromGeneration: off.has('from a generation on') ? 1 : from,
    from: off.has('from') ? '' : instant(starts),
    until: instant(off.has('until') ? FAR : until),
    reviewBy: instant(off.has('a review in time') ? FAR : reviewBy),
  };
}

/** How many days a world's lines are kept after nobody could read by them: the database forgets none, the rules skip them. */
function isShown({ off }: Rules, world: World, line: Line): boolean {
  return (
    (!line.ended || off.has('ended')) &&
    (line.until > world.day || off.has('until')) &&
    (line.reviewBy > world.day || off.has('a review in time'))
  );
}

const states = new WeakMap<World, AccessState>();
/** What decides who reads, as the database tells it: forged rows and all. */
export function stateOf(rules: Rules, world: World): AccessState {
  const known = states.get(world);
  if (known) return known;
  const made: AccessState = {
    organisation: 'o',
    forms: world.keys.map((_, form) => ({
      ...{ form: formName(form), title: formName(form), purposes: ['Work'], holdings: [] },
      generation: newest(world, form),
    })),
    people: world.people.map((_, account) => memberOf(rules, world, account)),
    grants: world.lines.filter((line) => isShown(rules, world, line)).map((line) => shown(rules, line)),
    cases: world.cases.map(({ form, generation }, i) => ({
      ...{ case: caseName(i), form: formName(form), receivedAt: instant(0), attachments: 0 },
      generation: plainOf(world, form, generation),
    })),
  };
  states.set(world, made);
  return made;
}

/** The state as reading sees it: where a guard is gone, it forgets who has left or is suspended, or which form it was. */
function readingState(rules: Rules, world: World, form: number): AccessState {
  const { off } = rules;
  const state = stateOf(rules, world);
  if (!(off.has('left') || off.has('suspended') || off.has('a grant is for its form'))) return state;
  return {
    ...state,
    people: state.people.map((person, i) => {
      const standing = world.people[i]?.standing;
      const forgets = (standing === 'left' || standing === 'suspended') && off.has(standing);
      return forgets ? { ...person, stands: true } : person;
    }),
    grants: off.has('a grant is for its form')
      ? state.grants.map((grant) => ({ ...grant, form: formName(form) }))
      : state.grants,
  };
}

/** Who the database lets read a submission of this plain generation, or this one case. */
export function readers(rules: Rules, world: World, form: number, of: number | { plain: number }): string[] {
  const state = readingState(rules, world, form);
  const at = instant(world.day);
  if (typeof of === 'number')
    return readersOf(state, { form: formName(form), case: caseName(of), fromGeneration: 1 }, at);
  const next = { case: 'next', form: formName(form), generation: of.plain, receivedAt: at, attachments: 0 };
  return readersOf(
    { ...state, cases: [next] },
    { form: formName(form), case: 'next', fromGeneration: 1 },
    at,
  );
}
export function mayRead(
  rules: Rules,
  world: World,
  account: number,
  form: number,
  of: number | { plain: number },
) {
  if (world.lines.length === 0) return false;
  return readers(rules, world, form, of).includes(personName(account));
}

/** Whether somebody ever had the secret of one generation of a form's key. */
export function knows(world: World, account: number, form: number, generation: number): boolean {
  const bit = 1 << generation;
  return (
    ((world.envelopes[account]?.[form] ?? 0) & bit) !== 0 ||
    world.keys[form]?.[generation - 1]?.maker === account
  );
}

/** Whether all that somebody ever had opens this case. */
export function opens({ off }: Rules, world: World, account: number, of: number): boolean {
  if (((world.caseKeys[account] ?? 0) & (1 << of)) !== 0) return true;
  const found = world.cases[of];
  if (!found || !world.keys[found.form]?.[found.generation - 1]?.counts) return false;
  if (!knows(world, account, found.form, found.generation)) return false;
  const plain = plainOf(world, found.form, found.generation);
  return off.has('a turn around needs both keys') || knows(world, account, found.form, plain);
}

/** A line's own view of what it covers, for handing keys over. */
export function covering({ off }: Rules, line: Line): Covers {
  return {
    form: line.form,
    case: off.has('a grant of one case is for that case') ? null : line.case,
    from: off.has('from a generation on') ? 1 : line.from,
  };
}
