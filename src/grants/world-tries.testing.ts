/** What is tried in a world: everything anybody could do but for what the rules refuse at first sight, each way once. */

import { type Covers, newest, type Rules, type Span, STEP, type World } from './world.testing.ts';
import { type Act, lineName, offerName } from './world-acts.testing.ts';
import type { Node } from './world-search.testing.ts';

export type Try = { readonly act: Act; readonly named: readonly number[] };

const LONG = 365;
const SHORT = 40;

/**
 * Accounts (and forms) that nobody has named yet are interchangeable: only the first of them is named next. Who ends,
 * withdraws, suspends or trains leaves no trace in the world, so one who can stands for all.
 */
export function actsIn(rules: Rules, node: Node): Try[] {
  return allActs(rules, node.world).flatMap((act) => {
    if (rules.cast.without?.includes(act.do)) return [];
    const named = naming(rules, node.named, act);
    return named ? [{ act, named }] : [];
  });
}

/** With the names this act names, or null where one that is named later would do. */
function naming({ cast }: Rules, named: readonly number[], act: Act): readonly number[] | null {
  // Without interchangeable accounts nothing is: every way is tried.
  if (cast.alike.length === 0) return named;
  const now = [...named];
  for (const account of accountsIn(act)) {
    for (let of = 0; of < cast.alike.length; of++) {
      const place = cast.alike[of]?.indexOf(account) ?? -1;
      const before = now[of] ?? 0;
      if (place > before) return null;
      if (place === before) now[of] = before + 1;
    }
  }
  for (const form of formsIn(act)) {
    const before = now[cast.alike.length] ?? 0;
    if (form > before) return null;
    if (form === before) now[cast.alike.length] = before + 1;
  }
  return now;
}

function accountsIn(act: Act): readonly number[] {
  switch (act.do) {
    case 'propose':
      return [act.by, ...act.people];
    case 'confirm':
    case 'resume':
      return [act.whom, act.by];
    case 'suspend':
    case 'leave':
    case 'train':
    case 'lapse':
    case 'forge':
      return [act.whom];
    case 'make':
    case 'turn':
    case 'turn around':
      return [act.by];
    default:
      return [];
  }
}
function formsIn(act: Act): readonly number[] {
  if (act.do === 'propose') return act.covers.map(({ form }) => form);
  if (act.do === 'make' || act.do === 'countersign' || act.do === 'submit') return [act.form];
  if (act.do === 'turn' || act.do === 'turn around') return [act.form];
  return act.do === 'forge' ? [act.covers.form] : [];
}

const indexes = (all: readonly unknown[]): number[] => all.map((_, i) => i);

function allActs(rules: Rules, world: World): Act[] {
  const { cast } = rules;
  const accounts = indexes(cast.accounts).filter((i) => world.people[i]?.standing !== 'waiting');
  const forms = indexes(world.keys);
  const lines = [...new Set(world.lines.filter(({ ended }) => !ended).map(lineName))];
  return [
    ...accounts.flatMap((by) => offersBy(rules, world, by)),
    ...world.offers.flatMap((each) => onOffer(rules, world, offerName(each), accounts, each.status)),
    ...lines.flatMap((line): Act[] => [
      ...one(accounts.filter((by) => isManager(rules, world, by))).map(
        (by): Act => ({ do: 'end', by, line }),
      ),
      ...reviewers(rules, world, accounts).map((by): Act => ({ do: 'review', by, line })),
    ]),
    { do: 'wait' },
    ...indexes(cast.accounts).flatMap((whom) => aboutPerson(rules, world, whom, accounts)),
    ...forms.flatMap((form) => onKey(rules, world, form, accounts)),
    ...forms.map((form): Act => ({ do: 'submit', form })),
    ...forgeries(rules, world),
  ];
}

const one = <T>(all: readonly T[]): T[] => all.slice(0, 1);
const isManager = ({ cast }: Rules, world: World, account: number): boolean =>
  world.people[account]?.standing === 'in' && cast.accounts[account]?.capacities.includes('manager') === true;

/** Every manager tries: which of them is refused depends on whom the line is for. */
const reviewers = (rules: Rules, world: World, accounts: readonly number[]): number[] =>
  accounts.filter((by) => isManager(rules, world, by));

function offersBy(rules: Rules, world: World, by: number): Act[] {
  const self = rules.off.has('the proposer is nobody it is for');
  if (world.people[by]?.standing !== 'in') return [];
  const people = indexes(rules.cast.accounts).filter((i) => i !== by || self);
  const scopes = scopesIn(world);
  return people.flatMap((person) =>
    scopes.flatMap((covers) =>
      spans(rules, world).map((span): Act => ({ do: 'propose', by, people: [person], covers, ...span })),
    ),
  );
}

function scopesIn(world: World): Covers[][] {
  return [
    ...world.keys.flatMap((_, form): Covers[][] => {
      const next = newest(world, form) + 1;
      const whole = [{ form, case: null, from: 1 }];
      return next > 1 ? [whole, [{ form, case: null, from: next }]] : [whole];
    }),
    ...world.cases.map(({ form }, i) => [{ form, case: i, from: 1 }]),
    ...(world.keys.length > 1 ? [world.keys.map((_, form) => ({ form, case: null, from: 1 }))] : []),
  ];
}

const known = new Map<string, Span[]>();
/** From when until when somebody proposes today; searched together, or has proposed on an earlier day. */
function spans({ together = false }: Rules, { day }: World): Span[] {
  const found = known.get(`${together} ${day}`) ?? spansOn(day, together);
  known.set(`${together} ${day}`, found);
  return found;
}

function spansOn(day: number, together: boolean): Span[] {
  const days = together ? Array.from({ length: day / STEP + 1 }, (_, i) => day - i * STEP) : [day];
  const all = days.flatMap((from) => [
    { starts: from, until: from + LONG },
    { starts: from, until: from + SHORT },
    { starts: from + STEP, until: from + LONG },
  ]);
  const live = all.filter(({ until }) => until > day);
  return live.filter(
    ({ starts, until }, i) => live.findIndex((one) => one.starts === starts && one.until === until) === i,
  );
}

/** Everybody who could sign as the second; who it is leaves no trace. */
export function approvals({ off }: Rules, world: World, offer: string): Act[] {
  const signs = ({ standing }: World['people'][number]) =>
    standing === 'in' || (standing !== 'waiting' && off.has('the approver stands'));
  return world.people.flatMap((now, by): Act[] => (signs(now) ? [{ do: 'approve', by, offer }] : []));
}

function onOffer(
  rules: Rules,
  world: World,
  offer: string,
  accounts: readonly number[],
  status: string,
): Act[] {
  const { off } = rules;
  const given = world.offers.filter((each) => each.status === 'approved').map(offerName);
  return [
    ...approvals(rules, world, offer),
    ...given.map((of): Act => ({ do: 'move an approval', of, offer })),
    ...(status === 'open' && off.has('what is withdrawn is not approved')
      ? one(accounts).map((by): Act => ({ do: 'withdraw', by, offer }))
      : []),
  ];
}

function aboutPerson(rules: Rules, world: World, whom: number, accounts: readonly number[]): Act[] {
  const now = world.people[whom];
  if (!now) return [];
  const managers = accounts.filter((by) => isManager(rules, world, by));
  if (now.standing === 'waiting') return managers.map((by): Act => ({ do: 'confirm', by, whom }));
  if (now.standing === 'left') return [];
  const others = managers.filter((by) => by !== whom);
  return [
    { do: now.trained ? 'lapse' : 'train', whom } as const,
    ...one(others).flatMap((by): Act[] => [
      { do: 'leave', by, whom },
      { do: 'suspend', by, whom },
    ]),
    ...others.map((by): Act => ({ do: 'resume', by, whom })),
  ];
}

function onKey(rules: Rules, world: World, form: number, accounts: readonly number[]): Act[] {
  const key = world.keys[form]?.[0];
  if (!key) return accounts.map((by): Act => ({ do: 'make', by, form }));
  if (!key.counts)
    return [
      ...accounts.map((by): Act => ({ do: 'make', by, form })),
      ...one(accounts.filter((by) => isManager(rules, world, by) && by !== key.maker)).map(
        (by): Act => ({ do: 'countersign', by, form }),
      ),
    ];
  return accounts.flatMap((by): Act[] => [
    { do: 'turn', by, form },
    { do: 'turn around', by, form },
  ]);
}

/** One forged row, for anybody: more of them give no more. */
function forgeries(rules: Rules, world: World): Act[] {
  if (world.lines.some(({ forged }) => forged)) return [];
  return indexes(rules.cast.accounts).flatMap((whom) =>
    world.keys.map((_, form): Act => ({ do: 'forge', whom, covers: { form, case: null, from: 1 } })),
  );
}
