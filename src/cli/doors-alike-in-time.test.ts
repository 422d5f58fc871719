/**
 * Forbidden and absent are alike in time too. The two are asked in turns, in either order, and compared by rank: how often
 * does the one take longer than the other? Alike, it is half of the time, whatever else the machine is busy with, since
 * both are held up by it. With 200 of each, chance alone leaves 0.35 to 0.65 once in some millions of times (5 standard
 * errors of 0.029), and what is outside is measured once more before it is believed.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { testDatabase } from '../store/testing.ts';
import { DOORS } from '../web/doors.ts';
import { type Ask, asksOf, openSites, type Sites, sessionOf, spelt } from './matrix-asking.testing.ts';
import type { Who } from './matrix-cast.testing.ts';
import { principal, withWallDown } from './matrix-judging.testing.ts';
import { verdictOn } from './matrix-oracle.testing.ts';
import { aMatrix, type Matrix } from './matrix-world.testing.ts';

// Where the machine is busy with much else.
vi.setConfig({ testTimeout: 240_000 });

const PAIRS = 200;
let matrix: Matrix;
let sites: Sites;
beforeAll(async () => {
  matrix = await aMatrix(await testDatabase());
  sites = await openSites(matrix);
}, 120_000);
afterAll(async () => {
  await sites?.close();
  await matrix?.db.close();
});

/** For each kind of object: who asks, at which door, about what exists and what does not. */
type Kind = readonly [who: Who, door: string, forbidden: string, absent: string];
const KINDS: readonly [Kind, ...Kind[]] = [
  ['a colleague without a grant', 'POST desk /cases/:case/release', 'the case', 'no case'],
  ['a reader whose grant ended', 'GET desk /cases/:case/proof', 'the case that came later', 'no case'],
  [
    'an adviser of one case',
    'GET desk /cases/:case/attachments/:attachment',
    'the case, the file of the case',
    'no case, no attachment',
  ],
  ['a reader of the form', 'GET desk /forms/:form/cases', 'the form victims of exampleshire', 'no form'],
  ['a manager without a grant', 'GET desk /proposals/:proposal', 'a proposal of elsewhere', 'no proposal'],
  ['a manager without a grant', 'GET desk /grants/end', "their reader's grant", 'no grant'],
  ['a manager without a grant', 'GET desk /people/:person/leaving', 'a colleague of elsewhere', 'no person'],
  ['a manager without a grant', 'GET desk /recovery/:recovery', 'the recovery of elsewhere', 'no recovery'],
  ['a colleague without a grant', 'POST desk /away/:away/forget', 'a leave of exampleshire', 'no away'],
];

function askOf(door: string, things: string): Ask {
  const found = DOORS.filter((each) => spelt(each) === door)
    .flatMap((each) => asksOf(each, matrix.things))
    .find(
      ({ about, sent }) =>
        sent === 'nothing' &&
        Object.values(about)
          .map((thing) => thing?.name)
          .join(', ') === things,
    );
  if (!found) throw new Error(`Nothing is asked at ${door} about ${things}.`);
  return found;
}

async function timeOf(ask: Ask, session: string | null): Promise<number> {
  const before = performance.now();
  await sites.ask(ask, session);
  return performance.now() - before;
}

type Times = { readonly there: readonly number[]; readonly gone: readonly number[] };

/** Both asked in turns, as many times each, in either order. */
async function timesOf([who, door, forbidden, absent]: Kind, pairs: number): Promise<Times> {
  const [it, nothing, session] = [
    askOf(door, forbidden),
    askOf(door, absent),
    sessionOf(matrix, principal(who)),
  ];
  const [there, gone]: [number[], number[]] = [[], []];
  for (let i = 0; i < 10; i += 1) await Promise.all([timeOf(it, session), timeOf(nothing, session)]);
  for (let i = 0; i < pairs; i += 1) {
    const first = Math.random() < 0.5;
    if (first) there.push(await timeOf(it, session));
    gone.push(await timeOf(nothing, session));
    if (!first) there.push(await timeOf(it, session));
  }
  return { there, gone };
}

/** How often what is there took longer than what is not: Mann and Whitney's U, as a share of all pairs. */
function shareLonger({ there, gone }: Times): number {
  const longer = there.reduce((sum, a) => sum + gone.filter((b) => a > b).length, 0);
  return longer / (there.length * gone.length);
}
const isHalf = (share: number): boolean => share > 0.35 && share < 0.65;

/** Between the quarter that was fastest and the quarter that was slowest: how much the machine adds by itself. */
function noiseIn({ gone }: Times): number {
  const sorted = gone.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  return at(0.75) - at(0.25);
}

test.each(KINDS)('%s, %s, %s: takes as long as what is absent', async (...kind) => {
  const [who, door, forbidden, absent] = kind;
  for (const things of [forbidden, absent]) {
    const { about, name } = askOf(door, things);
    expect(['absent', 'no']).toContain(verdictOn(name, principal(who), about, 'nothing'));
  }
  const share = shareLonger(await timesOf(kind, PAIRS));
  expect(isHalf(share) || isHalf(shareLonger(await timesOf(kind, 2 * PAIRS)))).toBe(true);
});

test('negative control: a difference of two milliseconds, or of what the machine adds where that is more, is found', async () => {
  const [kind] = KINDS;
  const was = 'if c.id is null or allowed is null then';
  const shares: number[] = [];
  while (shares.length < 3 && !shares.some((share) => share > 0.65)) {
    const seconds = Math.max(2, noiseIn(await timesOf(kind, 50))) / 1000;
    const slow = `if c.id is not null and allowed is null then perform pg_sleep(${seconds}); end if; ${was}`;
    const times = await withWallDown(matrix.db, 'release_case', was, slow, () => timesOf(kind, PAIRS));
    shares.push(shareLonger(times));
  }
  expect(shares.at(-1)).toBeGreaterThan(0.65);
});
