/**
 * Every world that can be reached in so many acts, each looked at once; and the shortest way to one that breaks the law.
 *
 * Searched *together*, a proposal and its approval are one act of twice the length, and proposals are no part of the
 * world. That loses nothing as long as an approval asks everything anew: it counts only where nothing has moved since, so
 * the same could be proposed at that moment, with the days it would have had then (docs/proof.md; `world.test.ts` checks
 * it against the search that leaves nothing out).
 */
import { beginning, type Cast, mayRead, opens, plainOf, type Rules, type World } from './world.testing.ts';
import { type Act, attempt, lineName, offerName } from './world-acts.testing.ts';
import { keyed, mayBeShown, mayHaveKeys, noPast, type Past, remembered } from './world-oracle.testing.ts';
import { actsIn, approvals } from './world-tries.testing.ts';

export type Way = { readonly act: Act; readonly before: Way | null };
export type Node = {
  readonly world: World;
  readonly past: Past;
  /** How many of each class of interchangeable accounts, and of the forms, were ever named. */
  readonly named: readonly number[];
  readonly way: Way | null;
};
export type Found = {
  readonly states: number;
  readonly steps: number;
  readonly refused: number;
  readonly violation: string | null;
};
type Step = { readonly node: Node; readonly length: number };

export const start = (cast: Cast): Node => ({
  ...{ world: beginning(cast), past: noPast(cast), way: null },
  named: [...cast.alike.map(() => 0), 0],
});

/** The node after an act, or null where it is refused. */
export function after(rules: Rules, node: Node, act: Act): Node | null {
  const world = attempt(rules, node.world, act);
  if (!world) return null;
  let past = remembered(rules.cast, node.past, act);
  world.keys.forEach((keys, form) => {
    const counting = keys.filter(({ counts }) => counts);
    past = keyed(
      past,
      form,
      counting.map((_, i) => plainOf(world, form, i + 1)),
    );
  });
  return { world, past, named: node.named, way: { act, before: node.way } };
}

/** What is wrong in this world, by the oracle; null where nothing is. */
export function violation(rules: Rules, { world, past }: Node): string | null {
  for (let of = 0; of < world.cases.length; of++) {
    for (let account = 0; account < rules.cast.accounts.length; account++) {
      const able = opens(rules, world, account, of);
      if (able && !mayHaveKeys(past, account, of)) return `${account} has keys that open case ${of}`;
      const form = world.cases[of]?.form ?? 0;
      const honest = world.lines.every(({ forged }) => !forged);
      if ((able || honest) && !mayBeShown(past, account, of) && mayRead(rules, world, account, form, of)) {
        if (honest || !mayHaveKeys(past, account, of)) return `${account} is shown case ${of}`;
      }
    }
  }
  return null;
}

/** Counts what is tried. `visit` sees each node once, the shortest ways first. */
class Search {
  readonly seen = new Set<string>();
  steps = 0;
  refused = 0;
  readonly rules: Rules;

  constructor(rules: Rules) {
    this.rules = rules;
  }

  /** Everything one act leads to; together with its approval where that is how it is searched. */
  *from(node: Node): Generator<Step> {
    for (const { act, named } of actsIn(this.rules, node)) {
      const next = this.#tried({ ...node, named }, act);
      if (!next) continue;
      if (!this.rules.together || act.do !== 'propose') yield { node: next, length: 1 };
      else for (const approved of this.#approvals(next, offerName(act))) yield { node: approved, length: 2 };
    }
  }

  *#approvals(proposed: Node, offer: string): Generator<Node> {
    for (const act of approvals(this.rules, proposed.world, offer)) {
      const approved = this.#tried(proposed, act);
      if (approved) yield approved;
    }
  }

  #tried(node: Node, act: Act): Node | null {
    this.steps += 1;
    const next = after(this.rules, node, act);
    if (!next) this.refused += 1;
    return next && tidied(this.rules, next);
  }
}

/** All that can be reached in `depth` acts, until the law is broken. `visit` sees every node. */
export function explore(rules: Rules, depth: number, visit: (node: Node) => void = () => undefined): Found {
  const search = new Search(rules);
  const levels: Node[][] = Array.from({ length: depth + 3 }, () => []);
  const first = start(rules.cast);
  levels[0]?.push(first);
  search.seen.add(keyOf(first));
  const found = (wrong: string | null): Found => ({
    ...{ states: search.seen.size, steps: search.steps, refused: search.refused, violation: wrong },
  });
  for (let at = 0; at <= depth; at++) {
    for (const node of levels[at] ?? []) {
      visit(node);
      if (at === depth) continue;
      for (const { node: next, length } of search.from(node)) {
        // Where too few acts are left to approve all that waits, a shorter way leads to the same.
        if (at + length + waiting(next.world) > depth) continue;
        const key = keyOf(next);
        if (search.seen.has(key)) continue;
        search.seen.add(key);
        const wrong = violation(rules, next);
        if (wrong) return found(told(next.way, wrong));
        levels[at + length]?.push(next);
      }
    }
    levels[at] = [];
  }
  return found(null);
}

/** Open proposals: one that is never approved changes nothing. */
const waiting = (world: World): number => world.offers.filter(({ status }) => status === 'open').length;

/** Without what no act can touch any more. */
function tidied({ off }: Rules, node: Node): Node {
  const { world, past } = node;
  const keepsApproved =
    off.has('an approval counts once') || off.has('an approval counts for its own proposal');
  const offers = world.offers.filter(
    ({ status, until }) =>
      (status === 'open' && until > world.day) ||
      (status === 'approved' && keepsApproved) ||
      (status === 'withdrawn' && off.has('what is withdrawn is not approved')),
  );
  const lines = world.lines.filter(
    (line) =>
      (!line.ended || off.has('ended')) &&
      (line.until > world.day || off.has('until')) &&
      (line.reviewBy > world.day ||
        off.has('a review in time') ||
        off.has('what has lapsed is not reviewed back')) &&
      (world.people[line.person]?.standing !== 'left' || off.has('left')),
  );
  if (offers.length === world.offers.length && lines.length === world.lines.length) return node;
  const named = new Set(offers.map(offerName));
  const wishes = past.wishes.filter(({ of }) => named.has(of));
  return { ...node, world: { ...world, offers, lines }, past: { ...past, wishes } };
}

/** Equal for nodes that nothing tells apart. */
export function keyOf({ world, past, named }: Node): string {
  const offers = world.offers.map((each) => `${offerName(each)}${each.status}${each.seen}`).sort();
  const lines = world.lines.map((each) => `${lineName(each)} ${each.reviewBy}${each.ended}`).sort();
  const people = world.people.map((each) => `${each.standing[0]}${each.trained ? 1 : 0}${each.signed}`);
  const keys = world.keys.map((of) => of.map((key) => `${key.around}.${key.maker}.${key.counts ? 1 : 0}`));
  const model = `${world.day};${people};${offers};${lines};${keys.join('/')};${world.cases
    .map((each) => `${each.form}.${each.generation}`)
    .join()};${world.envelopes.join('/')};${world.caseKeys};${named}`;
  const wishes = past.wishes.map((each) => each.of + each.state).sort();
  const rights = past.rights.map((each) => `${lineName({ ...each, forged: false })} ${each.lapses}`).sort();
  const who = past.who.map((each) => `${each.standing[0]}${each.vouched}`);
  return `${model}|${wishes};${rights};${who};${[...past.reach].sort().join()}`;
}

export function told(way: Way | null, wrong: string): string {
  const acts: string[] = [];
  for (let at = way; at; at = at.before) acts.unshift(inWords(at.act));
  return [...acts.map((act, i) => `${i + 1}. ${act}`), `→ ${wrong}`].join('\n');
}

export function inWords(act: Act): string {
  const { do: what, ...rest } = act;
  if (act.do === 'propose') return `propose ${offerName(act)}`;
  const words = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return `${what} ${words.join(', ')}`;
}
