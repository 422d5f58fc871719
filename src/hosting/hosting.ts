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

/** Until when whoever makes them mends them, by major version (postgresql.org/support/versioning, nodejs.org/about/previous-releases). */
const POSTGRES_MENDED: Readonly<Record<string, string>> = {
  ...{ '15': '2027-11-11', '16': '2028-11-09', '17': '2029-11-08', '18': '2030-11-14' },
};
const NODE_MENDED: Readonly<Record<string, string>> = { '22': '2027-04-30', '24': '2028-04-30' };

/** How everything is, in the order in which an operator should look; pure. */
export function findings(health: Health, program: Program, now: Date): Finding[] {
  return [
    {
      what: 'Database',
      says: `Answers. ${inWords(Number(health.size))} in all.`,
      wrong: false,
    },
    registersFinding(health.unplacedSince, now),
    schemaFinding(health.migrations, program.migrations),
    roomFinding(program.room),
    versionFinding('PostgreSQL', health.postgres, POSTGRES_MENDED, now),
    versionFinding('Node', program.node, NODE_MENDED, now),
    { what: 'Letterbox', says: `Version ${program.version}.`, wrong: false },
  ];
}

function registersFinding(unplacedSince: Date | null, now: Date): Finding {
  const what = 'Registers';
  const waits = unplacedSince ? now.getTime() - unplacedSince.getTime() : 0;
  if (waits <= PLACED_WITHIN)
    return { what, says: 'Every entry has its place, or gets it in a moment.', wrong: false };
  const minutes = Math.round(waits / MINUTE);
  const says = `Entries have waited for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}. Check that “letterbox register” runs.`;
  return { what, says, wrong: true };
}

function schemaFinding(applied: readonly string[], known: readonly string[]): Finding {
  const what = 'Schema';
  const missing = known.filter((file) => !applied.includes(file));
  const newer = applied.filter((file) => !known.includes(file));
  if (missing.length > 0)
    return {
      ...{ what, wrong: true },
      says: `Not brought to the present: ${missing.join(', ')}. Run “letterbox migrate”.`,
    };
  if (newer.length > 0)
    return {
      ...{ what, wrong: true },
      says: `A newer Letterbox has used this database (${newer.join(', ')}). Start that one instead of this.`,
    };
  return { what, says: `As this version wants it (${known.at(-1) ?? 'none'}).`, wrong: false };
}

/** A version that is not in the table may be newer than this program: nothing is said against it. */
function versionFinding(
  what: string,
  version: string,
  mended: Readonly<Record<string, string>>,
  now: Date,
): Finding {
  const until = mended[version.split('.')[0] ?? ''];
  if (until === undefined || now.toISOString().slice(0, 10) <= until)
    return { what, says: `Version ${version}.`, wrong: false };
  return {
    what,
    says: `Version ${version} has not been mended since ${until}. Take a newer one.`,
    wrong: true,
  };
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
