/**
 * `npm run drill`: makes the catalogue of single mistakes on a temporary deployment, and shows what each lets out.
 *
 *     npm run drill                          all of them, with a report in drill/report.html
 *     npm run drill -- --only 1,43           these
 *     npm run drill -- --list                what there is, and what is not drilled and why
 *     npm run drill -- --report FILE         the report elsewhere
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { CASES } from './cases.ts';
import { CATALOGUE } from './catalogue.ts';
import { HEAD, line, notDrilled, page, type Report, summary } from './report.ts';
import { type Outcome, run } from './running.ts';
import { aWorld } from './world.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    report: { type: 'string', default: new URL('./report.html', import.meta.url).pathname },
  },
});

function chosen(): typeof CASES {
  if (values.only === undefined) return CASES;
  const numbers = values.only.split(',').map(Number);
  const unknown = numbers.find((n) => !CASES.some((one) => one.n === n));
  if (unknown !== undefined)
    throw new Error(`There is no case ${unknown}. npm run drill -- --list says which there are.`);
  return CASES.filter(({ n }) => numbers.includes(n));
}

function list(): number {
  for (const { n, mistake, notDrilled: why } of CATALOGUE)
    console.log(`${String(n).padStart(3)} ${mistake}${why ? ` (not drilled: ${why})` : ''}`);
  return 0;
}

async function drill(): Promise<number> {
  const cases = chosen();
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));
  const [at, began] = [new Date(), performance.now()];
  console.error('Starting a temporary deployment …');
  const world = await aWorld((said) => console.error(said));
  const outcomes: Outcome[] = [];
  try {
    console.log(HEAD);
    for (const one of cases) {
      console.error(`Making mistake ${one.n} (${outcomes.length + 1} of ${cases.length}) …`);
      outcomes.push(await run(world, one));
      const last = outcomes.at(-1);
      if (last) console.log(line(last));
    }
  } finally {
    await world.close();
  }
  const report: Report = { ...{ version, at, outcomes, cases }, seconds: (performance.now() - began) / 1000 };
  writeFileSync(values.report, page(report));
  for (const { n, mistake, notDrilled: why } of notDrilled())
    console.log(`${String(n).padStart(3)} ${mistake}: not drilled. ${why}`);
  console.log(`\n${summary(report)}\nThe report: ${values.report}`);
  return outcomes.every(({ passed }) => passed) ? 0 : 1;
}

process.exitCode = values.list ? list() : await drill();
