/**
 * Who may read, told from what happened alone: a specification, written without looking at any rule of the product. It
 * keeps no grants, only what people did, and asks of each approval whether three different human beings, all of them
 * confirmed by others, in standing and in date with their training, wanted the very same thing of the very same state.
 */

import { type Cast, type Covers, FAR, STEP } from './world.testing.ts';
import { type Act, lineName, offerName, type Terms } from './world-acts.testing.ts';

type Who = { readonly standing: string; readonly trained: boolean; readonly vouched: readonly number[] };
type Wish = Terms & { readonly by: number; readonly of: string; readonly state: string };
type Right = Covers & {
  readonly person: number;
  readonly starts: number;
  readonly until: number;
  readonly lapses: number;
};
export type Past = {
  readonly day: number;
  readonly who: readonly Who[];
  readonly wishes: readonly Wish[];
  readonly rights: readonly Right[];
  /** For each form: the generation whose secret lies inside each generation's. */
  readonly inside: readonly (readonly number[])[];
  readonly posted: readonly { readonly form: number; readonly generation: number }[];
  /** The newest generation there was while somebody rightly had (or was promised) this: "person form case from". */
  readonly reach: ReadonlyMap<string, number>;
};

const QUARTER = 92;

export function noPast(cast: Cast): Past {
  return {
    day: 0,
    who: cast.accounts.map((_, i) => ({
      ...{ standing: i < cast.confirmed ? 'in' : 'waiting', trained: true, vouched: [] },
    })),
    wishes: [],
    rights: [],
    inside: Array.from({ length: cast.forms }, () => (cast.opened ? [1] : [])),
    posted: cast.opened ? Array.from({ length: cast.forms }, (_, form) => ({ form, generation: 1 })) : [],
    reach: new Map(),
  };
}

const human = (cast: Cast, account: number): number => cast.accounts[account]?.human ?? -1;
const isIn = (past: Past, account: number): boolean => past.who[account]?.standing === 'in';
const isInDate = (past: Past, account: number): boolean =>
  isIn(past, account) && past.who[account]?.trained === true;
const isManager = (cast: Cast, past: Past, account: number): boolean =>
  isIn(past, account) && cast.accounts[account]?.capacities.includes('manager') === true;
const holds = (past: Past, right: Right): boolean =>
  isIn(past, right.person) && past.day < right.until && past.day < right.lapses;

/** Everything about these forms that a proposal's state must be the same in. */
function stateFor(past: Past, { covers, people }: Terms): string {
  const forms = new Set(covers.map(({ form }) => form));
  return JSON.stringify([
    [...forms].map((form) => [form, past.inside[form]?.length]),
    people.map((person) => isIn(past, person)),
    past.rights
      .filter((right) => forms.has(right.form) && holds(past, right))
      .map(rightName)
      .sort(),
  ]);
}
const rightName = (right: Right): string => `${lineName({ ...right, forged: false })} ${right.lapses}`;

/** The past after an act that happened. */
export function remembered(cast: Cast, past: Past, act: Act): Past {
  return reached(forgot(after(cast, past, act)));
}

function after(cast: Cast, past: Past, act: Act): Past {
  switch (act.do) {
    case 'propose':
      return wished(cast, past, act);
    case 'approve':
      return agreed(cast, past, act.by, act.offer);
    case 'withdraw':
      return { ...past, wishes: past.wishes.filter(({ of }) => of !== act.offer) };
    case 'end':
      return {
        ...past,
        rights: past.rights.filter((right) => lineName({ ...right, forged: false }) !== act.line),
      };
    case 'review':
      return confirmedAgain(cast, past, act.by, act.line);
    case 'wait':
      return { ...past, day: past.day + STEP };
    case 'confirm':
    case 'resume':
      return vouched(cast, past, act.by, act.whom);
    case 'suspend':
    case 'leave':
      return put(past, act.whom, { standing: act.do === 'leave' ? 'left' : 'suspended', vouched: [] });
    case 'train':
    case 'lapse':
      return put(past, act.whom, { trained: act.do === 'train' });
    case 'submit':
      return {
        ...past,
        posted: [...past.posted, { form: act.form, generation: past.inside[act.form]?.length ?? 0 }],
      };
    default:
      // A key is a fact (`keyed`); a forged row and an approval moved elsewhere give nobody any right.
      return past;
  }
}

/** A new generation of a form's key is in use, with that generation's secret inside (itself, or an older one's). */
export function keyed(past: Past, form: number, inside: readonly number[]): Past {
  if (past.inside[form]?.length === inside.length) return past;
  return reached({ ...past, inside: past.inside.map((each, i) => (i === form ? inside : each)) });
}

function put(past: Past, account: number, changed: Partial<Who>): Past {
  return { ...past, who: past.who.map((each, i) => (i === account ? { ...each, ...changed } : each)) };
}

function wished(cast: Cast, past: Past, act: Terms & { readonly by: number }): Past {
  const { by, people, covers, starts, until } = act;
  const of = offerName(act);
  const others = past.wishes.filter((each) => each.of !== of);
  if (!isManager(cast, past, by) || !isInDate(past, by)) return { ...past, wishes: others };
  const wish = { by, people, covers, starts, until, of, state: stateFor(past, act) };
  return { ...past, wishes: [...others, wish] };
}

function agreed(cast: Cast, past: Past, by: number, of: string): Past {
  const wish = past.wishes.find((each) => each.of === of);
  if (!wish) return past;
  const others = past.wishes.filter((each) => each !== wish);
  const humans = new Set([wish.by, by].map((account) => human(cast, account)));
  const good =
    humans.size === 2 &&
    [wish.by, by].every((each) => isManager(cast, past, each) && isInDate(past, each)) &&
    wish.people.every((each) => isInDate(past, each) && !humans.has(human(cast, each))) &&
    past.day < wish.until &&
    stateFor(past, wish) === wish.state;
  if (!good) return past;
  const { starts, until } = wish;
  const given = wish.people.flatMap((person) =>
    wish.covers.map((covers) => ({ ...covers, person, starts, until, lapses: past.day + QUARTER })),
  );
  const names = new Set(given.map((each) => lineName({ ...each, forged: false })));
  const kept = past.rights.filter((each) => !names.has(lineName({ ...each, forged: false })));
  return { ...past, wishes: others, rights: [...kept, ...given] };
}

function confirmedAgain(cast: Cast, past: Past, by: number, line: string): Past {
  const rights = past.rights.map((right) => {
    const isIt = lineName({ ...right, forged: false }) === line && past.day < right.lapses;
    const other = human(cast, by) !== human(cast, right.person) && isManager(cast, past, by);
    return isIt && other ? { ...right, lapses: Math.max(right.lapses, past.day + QUARTER) } : right;
  });
  return { ...past, rights };
}

/** Confirmed, or back from a suspension, by the word of two human beings who are somebody else. */
function vouched(cast: Cast, past: Past, by: number, whom: number): Past {
  const vouchers = new Set(past.who[whom]?.vouched);
  if (isManager(cast, past, by)) vouchers.add(human(cast, by));
  const others = [...vouchers].sort();
  return put(past, whom, others.length < 2 ? { vouched: others } : { standing: 'in', vouched: [] });
}

/** Rights that are over for good are rights no more. */
function forgot(past: Past): Past {
  const rights = past.rights.filter(
    (right) =>
      past.day < right.until && past.day < right.lapses && past.who[right.person]?.standing !== 'left',
  );
  return rights.length === past.rights.length ? past : { ...past, rights };
}

/** Up to which generation each right let its person have the keys. */
function reached(past: Past): Past {
  let reach: Map<string, number> | null = null;
  for (const right of past.rights) {
    if (!holds(past, right)) continue;
    const name = `${right.person} ${right.form} ${right.case} ${right.from}`;
    const newest = past.inside[right.form]?.length ?? 0;
    if ((past.reach.get(name) ?? -1) >= newest) continue;
    reach ??= new Map(past.reach);
    reach.set(name, newest);
  }
  return reach ? { ...past, reach } : past;
}

/** Whether somebody may be shown this case now. */
export function mayBeShown(past: Past, account: number, of: number): boolean {
  return past.rights.some(
    (right) =>
      right.person === account && right.starts <= past.day && holds(past, right) && covers(past, right, of),
  );
}

/** Whether somebody may have the keys that open this case: they had a right to it while its key was in use, or since. */
export function mayHaveKeys(past: Past, account: number, of: number): boolean {
  const found = past.posted[of];
  if (!found) return false;
  for (const [name, newest] of past.reach) {
    const [person, form, single, from] = name.split(' ');
    if (Number(person) !== account || Number(form) !== found.form) continue;
    const covered = { form: found.form, case: single === 'null' ? null : Number(single), from: Number(from) };
    if (covered.case !== null ? covered.case === of : covers(past, covered, of) && newest >= found.generation)
      return true;
  }
  return false;
}

function covers(past: Past, right: Covers, of: number): boolean {
  const found = past.posted[of];
  if (!found || found.form !== right.form) return false;
  if (right.case !== null) return right.case === of;
  return (past.inside[found.form]?.[found.generation - 1] ?? FAR) >= right.from;
}
