/**
 * # Note: the host
 *
 * Whoever runs the site is another organisation than the bodies on it: in law their processor. Its operators let bodies
 * be founded and watch whether everything works. They have no form key and no grant, and none can be written for them:
 * what belongs to a body refuses the host's organisation by a foreign key, and every function about submissions asks for
 * somebody of a body first (docs/decisions/0014). At the doors of a body an operator finds nothing, and nobody of a body
 * finds anything at theirs.
 */

/** A body on this site, or, while `founded` is null, a link that is open for founding one until `openUntil`. */
export type Body = {
  readonly slug: string;
  readonly name: string | null;
  readonly founded: Date | null;
  readonly openUntil: Date | null;
};

/** What all bodies share. Numbers of theirs are not in it. */
export type Health = {
  readonly postgres: string;
  /** Of the whole database, in bytes. */
  readonly size: bigint;
  /** Since when the oldest entry of any register waits for its place; null where none does. */
  readonly unplacedSince: Date | null;
  /** The migrations that were applied. */
  readonly migrations: readonly string[];
};

/** What this program knows of itself. */
export type Program = {
  readonly version: string;
  readonly node: string;
  readonly migrations: readonly string[];
  /** Room left where the data lies, in bytes; null where that cannot be told. */
  readonly room: number | null;
};

export type Finding = { readonly what: string; readonly says: string; readonly wrong: boolean };

const MINUTE = 60 * 1000;
const GIGABYTE = 1_000_000_000;
/** Entries get their places within seconds; a sequencer that takes longer is not running. */
const PLACED_WITHIN = MINUTE;
const LEAST_ROOM = 2 * GIGABYTE;

/** How everything is, in the order in which an operator should look; pure. */
export function findings(health: Health, program: Program, now: Date): Finding[] {
  const { unplacedSince } = health;
  const waits = unplacedSince ? now.getTime() - unplacedSince.getTime() : 0;
  const missing = program.migrations.filter((file) => !health.migrations.includes(file));
  return [
    {
      what: 'Database',
      says: `Answers. PostgreSQL ${health.postgres}, ${inWords(Number(health.size))}.`,
      wrong: false,
    },
    waits > PLACED_WITHIN
      ? {
          what: 'Registers',
          says: `Entries wait for ${Math.round(waits / MINUTE)} minutes. Check that “letterbox register” runs.`,
          wrong: true,
        }
      : { what: 'Registers', says: 'Every entry has its place, or gets it in a moment.', wrong: false },
    missing.length > 0
      ? {
          what: 'Schema',
          says: `Not brought to the present: ${missing.join(', ')}. Run “letterbox migrate”.`,
          wrong: true,
        }
      : {
          what: 'Schema',
          says: `As this version wants it (${program.migrations.at(-1) ?? 'none'}).`,
          wrong: false,
        },
    roomFinding(program.room),
    { what: 'Program', says: `Letterbox ${program.version} on Node ${program.node}.`, wrong: false },
  ];
}

function roomFinding(room: number | null): Finding {
  const what = 'Disk';
  if (room === null) return { what, says: 'How much room is left cannot be told from here.', wrong: false };
  const says = `${inWords(room)} left where this program keeps its data.`;
  if (room >= LEAST_ROOM) return { what, says, wrong: false };
  return { what, says: `${says} Make room: when it is full, nothing more can be sent.`, wrong: true };
}

const inWords = (bytes: number): string =>
  bytes < GIGABYTE ? `${Math.ceil(bytes / 1_000_000)} MB` : `${(bytes / GIGABYTE).toFixed(1)} GB`;
