/** The clock of this machine against the database's, against what the register holds, and against itself. */
import { z } from 'zod';
import type { Database } from '../../store/store.ts';
import type { Finding, Subject } from '../inspection.ts';

/** `wall`: milliseconds since 1970, as this machine has it; `steady`: since some moment, and never set back. */
export type Clock = { wall(): number; steady(): number };

export const MACHINE_CLOCK: Clock = { wall: () => Date.now(), steady: () => performance.now() };

const MINUTE = 60_000;
/** How long it is told that the clock was set back. */
const TOLD_FOR = 60 * MINUTE;

const row = z.object({ there: z.date(), newest_entry: z.date().nullable() });
const SQL = 'select clock_timestamp() as there, newest_entry from letterbox.inspection()';

export function clockSubject(database: Database, clock: Clock = MACHINE_CLOCK): Subject {
  // How far the wall clock is ahead of the steady one: a machine that slept makes that grow, never shrink.
  let ahead = clock.wall() - clock.steady();
  let setBack: { readonly by: number; readonly at: number } | null = null;
  return {
    name: 'The clock',
    patience: 1,
    look: async () => {
      const before = clock.wall();
      const { there, newest_entry: newest } = await database.one(row, SQL);
      const after = clock.wall();
      const now = clock.wall() - clock.steady();
      if (ahead - now > MINUTE) setBack = { by: ahead - now, at: clock.steady() };
      ahead = now;
      if (setBack && clock.steady() - setBack.at > TOLD_FOR) setBack = null;
      return [
        ...apart(before, after, there),
        ...(newest ? future(newest, there) : []),
        ...(setBack ? [wasSetBack(setBack.by)] : []),
      ];
    },
  };
}

const finding = (key: string, address: string, seen: string): Finding => ({
  ...{ key, colour: 'amber', whom: 'site', address, seen },
});

function apart(before: number, after: number, there: Date): Finding[] {
  const off = Math.max(before - there.getTime(), there.getTime() - after);
  if (off <= MINUTE) return [];
  return [
    finding(
      'clock database',
      'the clock of the database server',
      `The clocks of this machine and of the database are ${inWords(off)} apart, so access ends too early or too late, and signatures are refused. Let both follow the same time servers (NTP).`,
    ),
  ];
}

function future(newest: Date, there: Date): Finding[] {
  const off = newest.getTime() - there.getTime();
  if (off <= MINUTE) return [];
  return [
    finding(
      'clock register',
      'the clock of the database server',
      `The register’s newest entries are dated ${inWords(off)} from now: the clock is wrong, or was when they were written. Set it right, and note the time between for whoever audits the register.`,
    ),
  ];
}

const wasSetBack = (by: number): Finding =>
  finding(
    'clock set back',
    'the clock of this machine',
    `The clock of this machine was set back by ${inWords(by)} within the last hour. Let it follow a time server (NTP), and note the time between for whoever audits the register.`,
  );

function inWords(ms: number): string {
  const units = [
    [365 * 24 * 60 * MINUTE, 'year'],
    [24 * 60 * MINUTE, 'day'],
    [60 * MINUTE, 'hour'],
    [MINUTE, 'minute'],
  ] as const;
  const [size, name] = units.find(([each]) => ms >= each) ?? [MINUTE, 'minute'];
  const n = Math.round(ms / size);
  return `${n} ${name}${n === 1 ? '' : 's'}`;
}
