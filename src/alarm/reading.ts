/** Reads what was opened since the last look, judges it, and has the database tell what was odd. */
import { z } from 'zod';
import type { Database } from '../store/store.ts';
import { MEMORY_DAYS } from './habits.ts';
import { openRules, type Signal } from './odd-reading.ts';

const BATCH = 5000;
const DAY = 86_400_000;
/** What is older was told when it happened, or its time is over. */
const TOLD_FOR_MS = DAY;

const row = z.object({
  ...{ xid: z.string(), id: z.bigint(), person: z.string(), name: z.string(), form: z.string() },
  ...{ case_id: z.string(), received_at: z.date(), at: z.date() },
});
const organisationRow = z.object({ organisation: z.string(), kind: z.string() });

type Reading = {
  readonly rules: ReturnType<typeof openRules>;
  xid: string;
  id: bigint;
  waiting: Map<string, Signal>;
};

/** One look after the other: the first learns the last 60 days, each later one reads what came since. */
export function openReading(database: Database, clock = () => new Date()): { look(): Promise<void> } {
  const bodies = new Map<string, Reading>();
  return {
    look: async () => {
      const all = await database.rows(
        organisationRow,
        'select organisation, kind from letterbox.alarm_organisations()',
      );
      for (const { organisation } of all.filter(({ kind }) => kind === 'controller')) {
        const reading = bodies.get(organisation) ?? {
          rules: openRules(),
          xid: '0',
          id: 0n,
          waiting: new Map(),
        };
        bodies.set(organisation, reading);
        while (await readOn(database, organisation, reading, clock()));
        await tell(database, organisation, reading);
      }
    },
  };
}

/** Judges the next openings; whether there are more. */
async function readOn(
  database: Database,
  organisation: string,
  reading: Reading,
  now: Date,
): Promise<boolean> {
  const since = new Date(now.getTime() - (MEMORY_DAYS + 7) * DAY);
  const rows = await database.rows(
    row,
    'select xid::text, id, person, name, form, case_id, received_at, at from letterbox.openings_since($1, $2::xid8, $3, $4, $5)',
    [organisation, reading.xid, reading.id, since, BATCH],
  );
  for (const { xid, id, case_id, received_at, ...rest } of rows) {
    for (const signal of reading.rules.judge({ ...rest, case: case_id, receivedAt: received_at }))
      if (now.getTime() - signal.at.getTime() < TOLD_FOR_MS) reading.waiting.set(signal.key, signal);
    Object.assign(reading, { xid, id });
  }
  return rows.length === BATCH;
}

/** Tells what waits. A signal that grew since it was told is not told again. */
async function tell(database: Database, organisation: string, { waiting }: Reading): Promise<void> {
  const signals = [...waiting.values()].map(({ key, form, seen }) => ({
    key: key.slice(0, 300),
    form,
    seen: seen.slice(0, 1000),
  }));
  await database.run('select letterbox.odd_reading($1, $2)', [organisation, JSON.stringify(signals)]);
  waiting.clear();
}
