/**
 * The preview against the truth: whatever was done before, what the screen says a proposal will change is what comes true,
 * counted by hand from what people did (world-oracle.testing.ts) and from each submission there is or may still come.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AccessState, type Effect, effectOf, type Holdings } from './grant.ts';
import {
  type Account,
  type Cast,
  instant,
  newest,
  personName,
  plainOf,
  type Rules,
  STEP,
  stateOf,
  type World,
} from './world.testing.ts';
import { type Act, lineName, offerName, type Terms, termsOf } from './world-acts.testing.ts';
import type { Past } from './world-oracle.testing.ts';
import { after, type Node, start } from './world-search.testing.ts';

const SEQUENCES = 10_000;
const SEED = Number(process.env.LETTERBOX_SEED ?? 20_261_102);

const someone = (name: string, human: number, ...capacities: string[]): Account => ({
  ...{ name, human, capacities },
  email: `${name.toLowerCase().replaceAll(' ', '.')}@example.com`,
});
const CAST: Cast = {
  accounts: [
    ...[
      someone('Ada One', 0, 'manager'),
      someone('Bob Two', 1, 'manager'),
      someone('Dan Three', 2, 'manager'),
    ],
    ...[someone('Cleo Four', 3, 'caseworker'), someone('Eve Five', 4, 'caseworker')],
    { ...someone('Noel Six', 5), outside: 'Finch & Lane' },
  ],
  ...{ confirmed: 5, forms: 3, cases: 6, alike: [], opened: true },
};
const RULES: Rules = { cast: CAST, off: new Set() };

/** How something is tried: numbers that stand for whichever of those there are. */
type Dice = readonly [kind: number, a: number, b: number, c: number, d: number];
const face = fc.nat(719);
const sequences = fc.array(fc.tuple(fc.nat(20), face, face, face, face), { minLength: 6, maxLength: 30 });

/** What these dice try in a world, or null where there is nothing to try it on. */
function actOf(world: World, [kind, a, b, c, d]: Dice): Act | null {
  const people = CAST.accounts.length;
  const [by, whom, form] = [a % people, b % people, c % CAST.forms];
  const offer = world.offers[b % Math.max(1, world.offers.length)];
  const line = world.lines[b % Math.max(1, world.lines.length)];
  const onOffer: Act[] = offer ? [{ do: 'approve', by: a % 3, offer: offerName(offer) }] : [];
  const acts: Act[] = [
    ...Array.from({ length: 6 }, (): Act => ({ do: 'propose', by: a % 3, ...termsBy(world, b, c, d) })),
    ...Array.from({ length: 5 }, () => onOffer).flat(),
    ...(offer ? [{ do: 'withdraw', by: a % 3, offer: offerName(offer) } as const] : []),
    ...(line
      ? (['end', 'review'] as const).map((what): Act => ({ do: what, by: a % 3, line: lineName(line) }))
      : []),
    { do: 'wait' },
    { do: d % 2 === 0 ? 'suspend' : 'leave', by, whom },
    { do: 'resume', by: a % 3, whom },
    { do: 'confirm', by: a % 3, whom },
    { do: d % 2 === 0 ? 'train' : 'lapse', whom },
    { do: d % 2 === 0 ? 'turn' : 'turn around', by, form },
    { do: 'submit', form },
  ];
  return acts[kind] ?? null;
}

const DAYS = [40, 90, 365];

function termsBy(world: World, b: number, c: number, d: number): Terms {
  const people = [...new Set([b % 6, Math.floor(b / 6) % 6])];
  const form = c % CAST.forms;
  const whole = { form, case: null, from: c % 2 === 0 ? 1 : newest(world, form) + 1 };
  const other = { form: (form + 1) % CAST.forms, case: null, from: 1 };
  const own = world.cases.flatMap((each, i) => (each.form === form ? [{ form, case: i, from: 1 }] : []));
  const single = own[d % Math.max(1, own.length)] ?? whole;
  const covers = [[whole], [whole, other], [single]][Math.floor(c / 6) % 3] ?? [whole];
  const starts = world.day + (d % 3 === 0 ? STEP : 0);
  return { people, covers, starts, until: starts + (DAYS[Math.floor(d / 3) % 3] ?? 365) };
}

/** A submission's day and files, by its number: what the screen counts. */
const received = (of: number): string => instant(of * 3);
const files = (of: number): number => (of * 7) % 4;

/** The state as the screen gets it, with what there is to be counted. */
function stateFor(world: World): AccessState {
  const state = stateOf(RULES, world);
  const plain = world.cases.map(({ form, generation }) => plainOf(world, form, generation));
  const held = (form: number) => {
    const generations = new Set(plain.filter((_, of) => world.cases[of]?.form === form));
    return [...generations].sort().map((generation) => ({
      generation,
      ...counted(world, (of) => world.cases[of]?.form === form && plain[of] === generation),
    }));
  };
  return {
    ...state,
    forms: state.forms.map((each, form) => ({ ...each, holdings: held(form) })),
    cases: state.cases.map((each, i) => ({ ...each, receivedAt: received(i), attachments: files(i) })),
  };
}

function counted(world: World, is: (of: number) => boolean): Holdings {
  const all = world.cases.flatMap((_, i) => (is(i) ? [i] : []));
  const days = all.map(received).sort();
  return {
    ...{ count: all.length, oldest: days[0] ?? null, newest: days.at(-1) ?? null },
    attachments: all.reduce((sum, of) => sum + files(of), 0),
  };
}

/** The truth about a proposal, submission by submission: those there are, and one still to come of each form. */
function truthOf({ world, past }: Node, terms: Terms) {
  const when = Math.max(terms.starts, past.day);
  const given = terms.people.flatMap((person) =>
    terms.covers.map((covers) => ({
      ...covers,
      person,
      ...{ starts: when, until: terms.until, lapses: terms.until },
    })),
  );
  const scopes = terms.covers.map((scope) => {
    const before = peopleWho(past, world, past.rights, scope, when);
    const reads = peopleWho(past, world, [...past.rights, ...given], scope, when);
    const submissions = counted(world, (of) => isOf(world, scope, of));
    return { before, after: reads, submissions };
  });
  const readers = new Set(scopes.flatMap((scope) => scope.after));
  const outside = [...readers].filter((id) => CAST.accounts[Number(id.slice(1))]?.outside);
  return { scopes, readers: readers.size, outside: outside.length };
}

const isOf = (world: World, scope: Terms['covers'][number], of: number): boolean => {
  const found = world.cases[of];
  if (found?.form !== scope.form) return false;
  return scope.case === null ? plainOf(world, found.form, found.generation) >= scope.from : scope.case === of;
};

/** Who could read one of these submissions, of those there and one that may still come. */
function peopleWho(
  past: Past,
  world: World,
  rights: Past['rights'],
  scope: Terms['covers'][number],
  when: number,
): string[] {
  const there = world.cases.flatMap((_, of) => (isOf(world, scope, of) ? [of] : []));
  const reads = (right: Past['rights'][number]) =>
    past.who[right.person]?.standing === 'in' &&
    right.starts <= when &&
    when < Math.min(right.until, right.lapses) &&
    (there.some((of) => isOf(world, right, of)) ||
      (scope.case === null && right.case === null && right.form === scope.form));
  return [...new Set(rights.filter(reads).map(({ person }) => personName(person)))].sort();
}

const said = ({ scopes, readers, outside }: Effect) => ({
  scopes: scopes.map(({ before, after: reads, submissions }) => ({ before, after: reads, submissions })),
  ...{ readers, outside },
});

type Preview = (state: AccessState, terms: Terms, at: string) => Effect;
const shipped: Preview = (state, terms, at) => effectOf(state, termsOf(terms), at);

/** Plays a sequence; gives how many previews were compared, or throws at the first that is not the truth. */
function play(dice: readonly Dice[], preview: Preview): number {
  let node = start(CAST);
  let compared = 0;
  for (const each of dice) {
    const act = actOf(node.world, each);
    if (!act) continue;
    if (act.do === 'propose') {
      expect(said(preview(stateFor(node.world), act, instant(node.world.day)))).toEqual(truthOf(node, act));
      compared += 1;
    }
    node = after(RULES, node, act) ?? node;
  }
  return compared;
}

const SOME = { seed: SEED, verbose: 1 } as const;

test(`${SEQUENCES} random sequences: what the preview says is what comes true`, { timeout: 600_000 }, () => {
  let [compared, accepted] = [0, 0];
  fc.assert(
    fc.property(sequences, (dice) => {
      compared += play(dice, shipped);
      accepted += 1;
    }),
    { ...SOME, numRuns: SEQUENCES },
  );
  expect(accepted).toBe(SEQUENCES);
  expect(compared).toBeGreaterThan(SEQUENCES);
  console.log(`preview: ${compared} previews in ${accepted} sequences, seed ${SEED}`);
});

const blind =
  (change: (state: AccessState) => AccessState): Preview =>
  (state, terms, at) =>
    shipped(change(state), terms, at);
const BLIND: Readonly<Record<string, Preview>> = {
  'who is suspended or has left': blind((state) => ({
    ...state,
    people: state.people.map((each) => ({ ...each, stands: true })),
  })),
  'when access begins': blind((state) => ({
    ...state,
    grants: state.grants.map((each) => ({ ...each, from: '' })),
  })),
  'from which submissions on': blind((state) => ({
    ...state,
    grants: state.grants.map((each) => ({ ...each, fromGeneration: 1 })),
  })),
  'which case it was for': blind((state) => ({
    ...state,
    grants: state.grants.map((each) => ({ ...each, case: null })),
  })),
  'who reads already': blind((state) => ({ ...state, grants: [] })),
  'that silence ends it': blind((state) => ({
    ...state,
    grants: state.grants.map((each) => ({ ...each, reviewBy: each.until })),
  })),
  'the newest submission': blind((state) => ({
    ...state,
    forms: state.forms.map((each) => ({ ...each, holdings: each.holdings.slice(1) })),
  })),
};

test.each(Object.keys(BLIND))(
  'negative control: a preview that forgets %s is found out',
  { timeout: 120_000 },
  (what) => {
    const preview = BLIND[what] ?? shipped;
    expect(() =>
      fc.assert(
        fc.property(sequences, (dice) => {
          play(dice, preview);
        }),
        { ...SOME, numRuns: 2000, endOnFailure: true },
      ),
    ).toThrow();
  },
);
