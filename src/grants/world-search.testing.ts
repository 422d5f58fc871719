/** Every world that can be reached in so many acts, each looked at once; and the shortest way to one that breaks the law. */

import { beginning, type Cast, mayRead, opens, plainOf, type Rules, type World } from './world.testing.ts';
import { type Act, attempt, lineName, offerName } from './world-acts.testing.ts';
import { keyed, mayBeShown, mayHaveKeys, noPast, type Past, remembered } from './world-oracle.testing.ts';
import { actsIn, type Try } from './world-tries.testing.ts';

export type Way = { readonly act: Act; readonly but: Try['but']; readonly before: Way | null };
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
  readonly perDepth: readonly number[];
  readonly violation: string | null;
};

export const start = (cast: Cast): Node => ({
  ...{ world: beginning(cast), past: noPast(cast), way: null },
  named: [...cast.alike.map(() => 0), 0],
});

/** The node after an act, or null where it is refused. `but`: how one of those who act was then, seen through a window. */
export function after(rules: Rules, node: Node, act: Act, but: Try['but'] = null): Node | null {
  const { cast } = rules;
  const tried = but
    ? {
        ...node.world,
        people: node.world.people.map((now, i) => (i === but.whom ? { ...now, ...but.now } : now)),
      }
    : node.world;
  const done = attempt(rules, tried, act);
  if (!done) return null;
  const world = but ? { ...done, people: node.world.people } : done;
  const was = but
    ? { ...node.past, who: node.past.who.map((now, i) => (i === but.whom ? { ...now, ...but.now } : now)) }
    : node.past;
  let past = remembered(cast, was, act);
  if (but) past = { ...past, who: node.past.who };
  world.keys.forEach((keys, form) => {
    const counting = keys.filter(({ counts }) => counts);
    past = keyed(
      past,
      form,
      counting.map((_, i) => plainOf(world, form, i + 1)),
    );
  });
  const way = { act, but, before: node.way };
  return { world, past, named: node.named, way };
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

/** Breadth first to this depth; with `stop`, only until the law is broken. */
export function explore(rules: Rules, depth: number, from: readonly Node[] = [start(rules.cast)]): Found {
  const seen = new Set(from.map((node) => keyOf(node)));
  let [frontier, steps, refused] = [[...from], 0, 0];
  const perDepth = [seen.size];
  for (let at = 1; at <= depth; at++) {
    const next: Node[] = [];
    for (const node of frontier) {
      for (const tried of actsIn(rules, node)) {
        const found = after(rules, node, tried.act, tried.but);
        steps += 1;
        if (!found) {
          refused += 1;
          continue;
        }
        const tidy = tidied(rules, { ...found, named: unnamed(rules, found.world, tried.named) });
        if (waiting(tidy.world) > depth - at) continue;
        const key = keyOf(tidy);
        if (seen.has(key)) continue;
        seen.add(key);
        const wrong = violation(rules, tidy);
        if (wrong) return { states: seen.size, steps, refused, perDepth, violation: told(tidy.way, wrong) };
        next.push(tidy);
      }
    }
    perDepth.push(next.length);
    frontier = next;
  }
  return { states: seen.size, steps, refused, perDepth, violation: null };
}

/** Through a window, those who signed are interchangeable again once nothing waits for another signature. */
function unnamed({ cast }: Rules, { offers, people }: World, named: readonly number[]): readonly number[] {
  const waits = offers.length > 0 || people.some(({ signed }) => signed.length > 0);
  return cast.window === undefined || waits ? named : named.map((n, i) => (i < cast.alike.length ? 0 : n));
}

/** A proposal that is never approved changes nothing: where too few acts are left for all, a shorter way leads here. */
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
function keyOf({ world, past, named }: Node): string {
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
  for (let at = way; at; at = at.before)
    acts.unshift(`${inWords(at.act)}${at.but ? ` while ${JSON.stringify(at.but)}` : ''}`);
  return [...acts.map((act, i) => `${i + 1}. ${act}`), `→ ${wrong}`].join('\n');
}

export function inWords(act: Act): string {
  const { do: what, ...rest } = act;
  if (act.do === 'propose') return `propose ${offerName(act)}`;
  const words = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return `${what} ${words.join(', ')}`;
}
