/**
 * The proof by model: no sequence of acts lets anybody read, or have the keys of, what two others did not let them
 * (docs/proof.md). The worlds are explored exhaustively; each guard taken away is found by the shortest attack without it.
 */
import { describe, expect, test } from 'vitest';
import { type Account, type Cast, GUARDS, type Guard, type World } from './world.testing.ts';
import { explore, keyOf, type Node } from './world-search.testing.ts';

const someone = (name: string, human: number, ...capacities: string[]): Account => ({
  ...{ name, human, capacities },
  email: `${name.toLowerCase().replaceAll(' ', '.')}@example.com`,
});
const ADA = someone('Ada One', 0, 'manager');
const BOB = someone('Bob Two', 1, 'manager');
const CLEO = someone('Cleo Three', 2, 'caseworker');
const DAN = someone('Dan Four', 3, 'manager');

/** Ada again, as a caseworker of another address. */
const ADAS = { ...someone('Ada One', 0, 'caseworker'), email: 'ada@elsewhere.example' };

const castOf = (accounts: readonly Account[], more: Partial<Cast> = {}): Cast => ({
  ...{ accounts, confirmed: accounts.length, forms: 1, cases: 3, alike: [] },
  ...more,
});
const NONE: ReadonlySet<Guard> = new Set();
/** Ada and Bob are interchangeable until one of them is named. */
const THREE = castOf([ADA, BOB, CLEO], { alike: [[0, 1]] });
const WHOLE = { ...THREE, forms: 2 };
/** How deep the whole world is searched here; the figures in docs/proof.md are those of 8. */
const DEPTH = Number(process.env.LETTERBOX_MODEL_DEPTH ?? 6);
const MINUTES = 60_000;

describe('three people, two forms, three cases', () => {
  test(`nobody reads without two signatures, ${DEPTH} acts long`, { timeout: 60 * MINUTES }, () => {
    const found = explore({ cast: WHOLE, off: NONE, together: true }, DEPTH);
    expect(found.violation).toBeNull();
    expect(found.states).toBeGreaterThan(DEPTH < 6 ? 1000 : 30_000);
    console.log(`model: ${found.states} states, ${found.steps} acts tried, ${found.refused} refused`);
  });

  test('nor 8 acts long, seen from one form', { timeout: 10 * MINUTES }, () => {
    const found = explore({ cast: THREE, off: NONE, together: true }, 8);
    expect(found.violation).toBeNull();
    expect(found.states).toBeGreaterThan(60_000);
    console.log(
      `model, one form: ${found.states} states, ${found.steps} acts tried, ${found.refused} refused`,
    );
  });

  test('nor where proposals lie about while other things happen', { timeout: 10 * MINUTES }, () => {
    const found = explore({ cast: WHOLE, off: NONE }, 4);
    expect(found.violation).toBeNull();
    expect(found.states).toBeGreaterThan(4000);
  });
});

describe('what the search leaves out', () => {
  /** All worlds with nothing waiting, called by what `seen` makes of them. */
  function worlds(cast: Cast, depth: number, together: boolean, seen: (node: Node) => Node): Set<string> {
    const all = new Set<string>();
    explore({ cast, off: NONE, together }, depth, (node) => all.add(keyOf(seen(node))));
    return all;
  }
  const withoutOffers = (node: Node): Node => ({
    ...node,
    world: { ...node.world, offers: [] },
    past: { ...node.past, wishes: [] },
    named: [],
  });

  test('proposals that lie about lead nowhere that a proposal made at once does not', {
    timeout: 10 * MINUTES,
  }, () => {
    const everyone = { ...THREE, alike: [] };
    const whole = worlds(everyone, 5, false, withoutOffers);
    const together = worlds(everyone, 5, true, withoutOffers);
    expect([...whole].filter((world) => !together.has(world))).toEqual([]);
    expect(whole.size).toBeGreaterThan(1000);
  });

  /** What one form’s part of a world is: its keys, its lines, its cases and whoever holds what of it. */
  function partOf({ world, past, way }: Node, form: number): Node {
    const own = world.cases.flatMap((each, i) => (each.form === form ? [i] : []));
    const bits = (of: number) => own.reduce((sum, i, at) => sum | ((of >> i) & 1 ? 1 << at : 0), 0);
    const renamed = <T extends { readonly form: number; readonly case: number | null }>(
      lines: readonly T[],
    ): T[] =>
      lines
        .filter((line) => line.form === form)
        .map((line) => ({ ...line, form: 0, case: line.case === null ? null : own.indexOf(line.case) }));
    const reach = [...past.reach].flatMap(([name, newest]): [string, number][] => {
      const [person, of, single, from] = name.split(' ');
      const at = single === 'null' ? null : own.indexOf(Number(single));
      return Number(of) === form ? [[`${person} 0 ${at} ${from}`, newest]] : [];
    });
    const part: World = {
      ...world,
      offers: [],
      lines: renamed(world.lines),
      keys: [world.keys[form] ?? []],
      cases: own.map((i) => ({ form: 0, generation: world.cases[i]?.generation ?? 0 })),
      envelopes: world.envelopes.map((of) => [of[form] ?? 0]),
      caseKeys: world.caseKeys.map(bits),
    };
    const cases = own.map((i) => ({ form: 0, generation: past.posted[i]?.generation ?? 0 }));
    return {
      world: part,
      past: {
        ...{ ...past, wishes: [], rights: renamed(past.rights), inside: [past.inside[form] ?? []] },
        ...{ posted: cases, reach: new Map(reach) },
      },
      ...{ named: [], way },
    };
  }

  test('what happens to one form is what can happen to it alone', { timeout: 10 * MINUTES }, () => {
    const everyone = { ...THREE, alike: [] };
    const alone = worlds(everyone, 4, true, withoutOffers);
    for (const form of [0, 1]) {
      const parts = worlds({ ...everyone, forms: 2 }, 4, true, (node) => partOf(node, form));
      expect([...parts].filter((world) => !alone.has(world))).toEqual([]);
      expect(parts.size).toBeGreaterThan(300);
    }
  });
});

describe('each guard taken away', () => {
  const OPEN = { ...THREE, cases: 2, opened: true };
  const CLOSED = { ...OPEN, opened: false };
  const SIGNED = [
    'train',
    'lapse',
    'resume',
    'forge',
    'submit',
    'wait',
    'review',
    'end',
    'turn',
    'turn around',
  ];
  const FOUR = castOf([ADA, BOB, CLEO, DAN], { alike: [[0, 1]], cases: 1, opened: true, without: SIGNED });
  const NEWCOMER = { ...OPEN, confirmed: 2 };
  const TWICE = castOf([ADA, BOB, ADAS], { cases: 2, opened: true });
  const REVIEWED = ['train', 'lapse', 'suspend', 'leave', 'resume', 'forge', 'submit', 'turn', 'turn around'];
  const MANAGERS = castOf([ADA, BOB, DAN], { alike: [[0, 1, 2]], cases: 2, opened: true });
  /** In which world, how long, and whether with proposals that lie about. */
  type Control = readonly [cast: Cast, depth: number, lie?: 'lie about'];
  const CONTROLS: Readonly<Record<Guard, Control>> = {
    'the proposer is a manager': [OPEN, 3],
    'the proposer is trained': [OPEN, 3],
    'the proposer is nobody it is for': [OPEN, 3],
    'the proposer has no second account among those it is for': [TWICE, 4],
    'the proposer still stands at the approval': [FOUR, 4, 'lie about'],
    'the grantee stands': [NEWCOMER, 4],
    'the grantee is trained': [OPEN, 3],
    'the approver is a manager': [OPEN, 3],
    'the approver stands': [FOUR, 4],
    'the approver is trained': [OPEN, 3],
    'the approver is not the proposer': [OPEN, 3],
    'the approver is nobody it is for': [OPEN, 3],
    'the approver is nobody’s second account': [TWICE, 4],
    'the state has not moved': [OPEN, 4, 'lie about'],
    'what is withdrawn is not approved': [OPEN, 3, 'lie about'],
    'an approval counts once': [OPEN, 4, 'lie about'],
    'an approval counts for its own proposal': [OPEN, 4, 'lie about'],
    'a colleague is confirmed by two managers': [NEWCOMER, 4],
    'a suspension is lifted by two others': [OPEN, 4],
    until: [OPEN, 3],
    from: [OPEN, 3],
    'a review in time': [OPEN, 4],
    'what has lapsed is not reviewed back': [{ ...OPEN, without: REVIEWED }, 5],
    'the reviewer is not the reader': [{ ...MANAGERS, without: REVIEWED }, 5],
    'the reviewer is not the reader’s second account': [
      castOf([ADA, BOB, DAN, ADAS], { alike: [[1, 2]], cases: 1, opened: true, without: REVIEWED }),
      5,
    ],
    ended: [OPEN, 3],
    left: [OPEN, 3],
    suspended: [OPEN, 3],
    'a grant is for its form': [{ ...OPEN, forms: 2 }, 3],
    'a grant of one case is for that case': [OPEN, 3],
    'from a generation on': [OPEN, 3],
    'whoever hands keys over verifies two signatures': [OPEN, 3],
    'a turn leaves out who lost access': [OPEN, 5],
    'a turn around needs both keys': [OPEN, 5],
    'a turn around is not made by who held the inner key': [
      {
        ...MANAGERS,
        without: ['train', 'lapse', 'suspend', 'leave', 'resume', 'forge', 'wait', 'review', 'turn'],
      },
      5,
    ],
    'a plain turn is made by a reader': [OPEN, 3],
    'a turn counts only where its maker’s grant is proven': [OPEN, 3],
    'a first key is made by a reader': [CLOSED, 4],
    'a first key is countersigned': [CLOSED, 4],
    'whoever countersigns verifies the maker’s grant': [CLOSED, 4],
  };

  test.each(GUARDS)('%s', { timeout: 5 * MINUTES }, (guard) => {
    const [cast, depth, lie] = CONTROLS[guard];
    const rules = { cast, together: lie === undefined };
    expect(explore({ ...rules, off: NONE }, Math.min(depth, 4)).violation, 'with all guards').toBeNull();
    const { violation } = explore({ ...rules, off: new Set([guard]) }, depth);
    expect(violation, 'the attack').not.toBeNull();
    if (process.env.LETTERBOX_MODEL_SAYS) console.log(`${guard}\n${violation}`);
  });
});
