/** What is tried in a world: everything anybody could do but for what the rules refuse at first sight, each way once. */

import {
  type Covers,
  newest,
  OTHERS,
  type PersonNow,
  type Rules,
  STEP,
  type World,
} from './world.testing.ts';
import { type Act, lineName, offerName } from './world-acts.testing.ts';
import type { Node } from './world-search.testing.ts';

export type Try = {
  readonly act: Act;
  readonly named: readonly number[];
  readonly but: { readonly whom: number; readonly now: Partial<PersonNow> } | null;
};

const LONG = 365;
const SHORT = 40;

/**
 * Accounts (and forms) that nobody has named yet are interchangeable: only the first of them is named next. Who ends,
 * withdraws, suspends or trains leaves no trace in the world, so one who can stands for all.
 */
export function actsIn(rules: Rules, node: Node): Try[] {
  const { without } = rules.cast;
  return allActs(rules, node.world).flatMap((act) => {
    if (without?.has(act.do)) return [];
    const named = naming(rules, node.named, act);
    return named ? ways(rules, node.world, act).map((but) => ({ act, named, but })) : [];
  });
}

const HOW: readonly Partial<PersonNow>[] = [{ trained: false }, { standing: 'suspended' }];

/**
 * Through a window, the training of everybody and the standing of all others are no part of the world: whoever signs or is
 * proposed for is tried as they might be then.
 */
function ways({ cast }: Rules, world: World, act: Act): Try['but'][] {
  if (cast.window === undefined) return [null];
  const offer = act.do === 'approve' ? world.offers.find((each) => offerName(each) === act.offer) : undefined;
  const signing =
    act.do === 'propose' || act.do === 'approve' || act.do === 'review'
      ? [act.by, ...(offer ? [offer.by] : []), cast.window]
      : [];
  return [
    null,
    ...[...new Set(signing)].flatMap((whom) =>
      HOW.filter(({ trained }) => whom !== cast.window || trained === false).map((now) => ({ whom, now })),
    ),
  ];
}

/** With the names this act names, or null where one that is named later would do. */
function naming({ cast }: Rules, named: readonly number[], act: Act): readonly number[] | null {
  const now = [...named];
  for (const account of accountsIn(act)) {
    const of = cast.alike.findIndex((each) => each.includes(account));
    const place = cast.alike[of]?.indexOf(account) ?? -1;
    const known = now[of] ?? 0;
    if (of < 0 || place < known) continue;
    if (place > known) return null;
    now[of] = known + 1;
  }
  for (const form of formsIn(act)) {
    const known = now[cast.alike.length] ?? 0;
    if (form > known) return null;
    if (form === known) now[cast.alike.length] = known + 1;
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
    case 'review':
      return [];
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
    ...(world.lines.length + world.offers.length > 0 ? [{ do: 'wait' } as const] : []),
    ...indexes(cast.accounts).flatMap((whom) => aboutPerson(rules, world, whom, accounts)),
    ...forms.flatMap((form) => onKey(rules, world, form, accounts)),
    ...forms.map((form): Act => ({ do: 'submit', form })),
    ...forgeries(rules, world),
  ];
}

/** Those whose own access is looked at. */
const whomever = ({ cast }: Rules): number[] =>
  cast.window === undefined ? indexes(cast.accounts) : [cast.window];
const one = <T>(all: readonly T[]): T[] => all.slice(0, 1);
const isManager = ({ cast }: Rules, world: World, account: number): boolean =>
  world.people[account]?.standing === 'in' && cast.accounts[account]?.capacities.includes('manager') === true;

/** Every manager tries: which of them is refused depends on whom the line is for. */
const reviewers = (rules: Rules, world: World, accounts: readonly number[]): number[] =>
  accounts.filter((by) => isManager(rules, world, by));

function offersBy(rules: Rules, world: World, by: number): Act[] {
  const self = rules.off.has('the proposer is nobody it is for');
  if (world.people[by]?.standing !== 'in') return [];
  const people = whomever(rules).filter((i) => i !== by || self);
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

function spans({ cast }: Rules, { day }: World) {
  const long = { starts: day, until: day + LONG };
  if (cast.without?.has('wait')) return [long];
  return [long, { starts: day, until: day + SHORT }, { starts: day + STEP, until: day + LONG }];
}

function onOffer(
  { off }: Rules,
  world: World,
  offer: string,
  accounts: readonly number[],
  status: string,
): Act[] {
  const approvers = accounts.filter(
    (by) => world.people[by]?.standing === 'in' || off.has('the approver stands'),
  );
  const given = world.offers.filter((each) => each.status === 'approved').map(offerName);
  return [
    ...approvers.map((by): Act => ({ do: 'approve', by, offer })),
    ...given.map((of): Act => ({ do: 'move an approval', of, offer })),
    ...(status === 'open' && off.has('what is withdrawn is not approved')
      ? one(accounts).map((by): Act => ({ do: 'withdraw', by, offer }))
      : []),
  ];
}

function aboutPerson(rules: Rules, world: World, whom: number, accounts: readonly number[]): Act[] {
  const { cast } = rules;
  const now = world.people[whom];
  if (!now) return [];
  const managers = accounts.filter((by) => isManager(rules, world, by));
  if (now.standing === 'waiting') return managers.map((by): Act => ({ do: 'confirm', by, whom }));
  if (now.standing === 'left' || (cast.window !== undefined && cast.window !== whom)) return [];
  const others = managers.filter((by) => by !== whom);
  return [
    ...(cast.window === undefined ? [{ do: now.trained ? 'lapse' : 'train', whom } as const] : []),
    ...one(others).flatMap((by): Act[] => [
      { do: 'leave', by, whom },
      { do: 'suspend', by, whom },
    ]),
    ...others.map((by): Act => ({ do: 'resume', by, whom })),
  ];
}

function onKey(rules: Rules, world: World, form: number, accounts: readonly number[]): Act[] {
  const key = world.keys[form]?.[0];
  const { window } = rules.cast;
  const makers = window === undefined ? accounts : [OTHERS, window];
  if (!key) return makers.map((by): Act => ({ do: 'make', by, form }));
  if (!key.counts)
    return [
      ...makers.map((by): Act => ({ do: 'make', by, form })),
      ...one(accounts.filter((by) => isManager(rules, world, by) && by !== key.maker)).map(
        (by): Act => ({ do: 'countersign', by, form }),
      ),
    ];
  return makers.flatMap((by): Act[] => [
    { do: 'turn', by, form },
    { do: 'turn around', by, form },
  ]);
}

/** One forged row, for anybody: more of them give no more. */
function forgeries(rules: Rules, world: World): Act[] {
  if (world.lines.some(({ forged }) => forged)) return [];
  return whomever(rules).flatMap((whom) =>
    world.keys.map((_, form): Act => ({ do: 'forge', whom, covers: { form, case: null, from: 1 } })),
  );
}
