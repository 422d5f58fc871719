/** Making one mistake, looking at what comes of it, mending it, and taking the wall down for its control. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Database } from '../src/store/store.ts';
import type { Case, Made } from './case.ts';
import { type Judged, judge } from './probes.ts';
import type { World } from './world.ts';

export type Noticed = {
  readonly kind: string;
  readonly seen: string;
  readonly seconds: number;
  readonly quarantined: boolean;
};

export type Outcome = {
  readonly n: number;
  readonly passed: boolean;
  /** Why it did not pass, or what stood against the mistake. */
  readonly says: string;
  readonly out: Judged;
  readonly noticed: Noticed | null;
  /** Entries that the register got meanwhile. */
  readonly entries: number;
  readonly control: Judged | null;
  readonly seconds: number;
};

const MOST_SECONDS = 60;

/** As `attempt`; a case that could not be made at all has failed, and says why. */
export async function run(world: World, one: Case): Promise<Outcome> {
  const began = performance.now();
  try {
    return await attempt(world, one);
  } catch (error) {
    const says = `It could not be made: ${error instanceof Error ? error.message : String(error)}`;
    const nothing = { asked: 0, readable: 0, loose: 0, who: [] };
    const seconds = (performance.now() - began) / 1000;
    return { n: one.n, passed: false, says, out: nothing, noticed: null, entries: 0, control: null, seconds };
  }
}

async function attempt(world: World, one: Case): Promise<Outcome> {
  const [began, since] = [performance.now(), await databaseTime(world)];
  const before = await entries(world);
  const made = await one.make(world);
  let out: Judged;
  let noticed: Noticed | null = null;
  try {
    out = await judge(world, await made.out());
    if (typeof one.expects === 'object' && 'noticed' in one.expects)
      noticed = await alarmOf(made.alarms ?? world.db.admin, one.expects.noticed, since);
  } finally {
    await made.undo();
  }
  const written = (await entries(world)) - before;
  const control = await judge(world, await one.control.out(world));
  // A lifting without signatures would be an alarm of the inspection’s.
  await world.db.admin.run('delete from letterbox.quarantine');
  const failed = objection(one, made, { out, noticed, control });
  return {
    ...{ n: one.n, passed: failed === null, says: failed ?? inWords(one, made, out), out, noticed, control },
    ...{ entries: written, seconds: (performance.now() - began) / 1000 },
  };
}

/** Why a case has not passed, or null. */
function objection(
  one: Case,
  made: Made,
  { out, noticed, control }: Pick<Outcome, 'out' | 'noticed'> & { control: Judged },
): string | null {
  if (out.readable > 0) return `READABLE: ${out.who.slice(0, 3).join('; ')}`;
  if (control.readable + control.loose === 0)
    return 'THE CASE PROVES NOTHING: with the wall down, nothing of a submission was seen either.';
  if (one.expects === 'refused') {
    if (made.refused === null || made.refused === '') return 'It was not refused.';
    return out.loose > 0
      ? `Ciphertext came out although it was refused: ${out.who.slice(0, 3).join('; ')}`
      : null;
  }
  if ('unseen' in one.expects) return null;
  if (!noticed) return `It was not noticed within ${MOST_SECONDS} seconds.`;
  if (one.expects.quarantines && !noticed.quarantined)
    return 'It was noticed, and the form was not put in quarantine.';
  return null;
}

function inWords(one: Case, made: Made, { loose }: Judged): string {
  if (made.refused) return made.refused;
  const harmless =
    loose > 0
      ? `Harmless: what came out is ciphertext (${loose} answers).`
      : 'Harmless: nothing of a submission came out.';
  return typeof one.expects === 'object' && 'unseen' in one.expects
    ? `${harmless} ${one.expects.unseen}`
    : harmless;
}

const now = z.object({ now: z.date() });
const databaseTime = async ({ db }: World): Promise<Date> =>
  (await db.admin.one(now, 'select now() as now')).now;

const count = z.object({ n: z.bigint() });
/** Entries of the register, without those that Watch and people who sign in write anyway. */
async function entries({ db }: World): Promise<number> {
  const sql = `select count(*) as n from letterbox.register_entry where kind not in ('sign-in', 'sign-out', 'watched', 'canaries')`;
  return Number((await db.admin.one(count, sql)).n);
}

const alarmRow = z.object({ kind: z.string(), seen: z.string(), at: z.date(), done: z.string() });

/** The first alarm of any kind whose kind and words match and that was raised, or seen again, since then. */
async function alarmOf(database: Database, matching: RegExp, since: Date): Promise<Noticed | null> {
  for (const until = Date.now() + MOST_SECONDS * 1000; Date.now() < until; await wait(250)) {
    const rows = await database.rows(
      alarmRow,
      'select kind, seen, first_seen as at, done from letterbox.alarm where first_seen >= $1 order by first_seen',
      [since],
    );
    const found = rows.find(({ kind, seen }) => matching.test(`${kind} ${seen}`));
    if (!found) continue;
    const { kind, seen, at, done } = found;
    return {
      kind,
      seen,
      seconds: (at.getTime() - since.getTime()) / 1000,
      quarantined: done === 'quarantined',
    };
  }
  return null;
}
