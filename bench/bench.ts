/**
 * `npm run bench`: the figures of this machine, each beside its bar. Ratios are measured in one run, in turn.
 *
 *     npm run bench                       everything; some ten minutes
 *     npm run bench -- --quick            everything, in short; some two minutes, and less to be trusted
 *     npm run bench -- --json             one JSON object of named figures
 *     npm run bench -- --only throughput  or memory, browsing, access, detection, census, odd-reading, notices, quiet (an hour)
 *     npm run bench -- --kills 50         the durability story with so many kills, instead
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureAccess } from './access.ts';
import { measureBrowsing } from './browsing.ts';
import { measureCensus } from './census.ts';
import { measureDetection } from './detection.ts';
import { type Figure, json, meets, table } from './figures.ts';
import { measureMemory } from './memory.ts';
import { measureNotices } from './notices.ts';
import { measureOddReading } from './odd-reading.ts';
import { measureQuiet } from './quiet.ts';
import { measureThroughput } from './throughput.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    kills: { type: 'string' },
  },
});
const { quick } = values;
const say = (line: string) => process.stderr.write(`${line}\n`);

const MEASURES: Record<string, () => Promise<Figure[]>> = {
  browsing: () => measureBrowsing(394),
  access: () => measureAccess({ people: 2_000, grants: 100_000, rounds: quick ? 20 : 100 }, say),
  detection: () => measureDetection({ turns: quick ? 1 : 8 }, say),
  census: () => measureCensus({ rounds: quick ? 1 : 2 }, say),
  'odd-reading': async () =>
    measureOddReading(
      Array.from({ length: quick ? 2 : 10 }, (_, n) => `reported ${n}`),
      quick ? 5 : 10,
    ),
  notices: () => measureNotices({ people: quick ? 2_000 : 10_000 }, say),
  quiet: () => measureQuiet({ minutes: quick ? 3 : 60 }, say),
  throughput: () =>
    measureThroughput(quick ? { rounds: 3, milliseconds: 1500 } : { rounds: 30, milliseconds: 900 }, say),
  memory: () =>
    measureMemory(quick ? { posts: 20_000, releases: 200 } : { posts: 100_000, releases: 1_000 }, say),
};

/** Runs the durability story; vitest knows how to tell it. */
function kills(count: string): number {
  const vitest = new URL('../node_modules/vitest/vitest.mjs', import.meta.url).pathname;
  const told = spawnSync(process.execPath, [vitest, 'run', 'stories/durability.test.ts'], {
    cwd: new URL('..', import.meta.url).pathname,
    env: { ...process.env, LETTERBOX_KILLS: count },
    stdio: 'inherit',
  });
  return told.status ?? 1;
}

async function measure(): Promise<number> {
  // The hour of ordinary use is asked for by name.
  const chosen = values.only ? [values.only] : Object.keys(MEASURES).filter((name) => name !== 'quiet');
  const figures: Figure[] = [];
  for (const name of chosen) {
    const run = MEASURES[name];
    if (!run) throw new Error(`The bench measures ${Object.keys(MEASURES).join(', ')}; not ${name}.`);
    say(`Measuring ${name} …`);
    figures.push(...(await run()));
  }
  const [{ model } = { model: 'unknown' }] = cpus();
  if (!values.json)
    console.log(`\n${cpus().length} × ${model}, Node ${process.version}${quick ? ', quick' : ''}\n`);
  console.log(values.json ? json(figures) : table(figures));
  return figures.some((figure) => meets(figure) === false) ? 1 : 0;
}

process.exitCode = values.kills === undefined ? await measure() : kills(values.kills);
