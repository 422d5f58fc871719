/** Files of this machine: keys that others may read, the age of the newest backup, and a door into this program. */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { url as debuggerUrl } from 'node:inspector';
import { basename, dirname, join } from 'node:path';
import type { Finding, Subject } from '../inspection.ts';

const finding = (key: string, address: string, seen: string): Finding => ({
  ...{ key, colour: 'amber', whom: 'site', address, seen },
});

/** Everything in the data folder that holds a key or a password; folders are looked into. */
const SECRETS = [...['database-secrets.json', 'opaque-server-setup', 'register', 'watch']] as const;

/** The data folder's keys: for the account that runs Letterbox alone. */
export function secretsSubject(data: string): Subject {
  return {
    name: `The data folder (${data})`,
    patience: 1,
    look: async () => {
      // Other systems have no modes.
      if (process.platform === 'win32') return [];
      const found = SECRETS.flatMap((name) => filesIn(join(data, name)))
        .filter(({ stats }) => (stats.mode & 0o077) !== 0)
        .map(({ path, stats }) => readable(path, stats.mode));
      const folder = statSync(data, { throwIfNoEntry: false });
      if (folder && (folder.mode & 0o022) !== 0) found.push(writable(data));
      const database = statSync(join(data, 'postgres'), { throwIfNoEntry: false });
      if (database && (database.mode & 0o007) !== 0)
        found.push(readable(join(data, 'postgres'), database.mode));
      return found;
    },
  };
}

type Found = { readonly path: string; readonly stats: Stats };

/** The file, or the files in the folder, whose own name may be anything; none where there is nothing. */
function filesIn(path: string): Found[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  if (stats.isFile()) return [{ path, stats }];
  if (!stats.isDirectory()) return [];
  return readdirSync(path).flatMap((name) => {
    const file = join(path, name);
    const inside = statSync(file, { throwIfNoEntry: false });
    return inside?.isFile() ? [{ path: file, stats: inside }] : [];
  });
}

const readable = (path: string, mode: number): Finding =>
  finding(
    `mode ${path}`,
    path,
    `Others than the account that runs Letterbox may use ${basename(path)}, which holds keys or passwords (its mode is ${(mode & 0o777).toString(8)}). Take that away: chmod -R go= ${path}. If others could sign in to this machine, or the folder was shared, change what it holds.`,
  );

const writable = (data: string): Finding =>
  finding(
    `mode ${data}`,
    data,
    `Others than the account that runs Letterbox may put files into its data folder, or take them away. Take that away: chmod go-w ${data}.`,
  );

const HOUR = 60 * 60 * 1000;

export type Backups = {
  /** A file that the backup's job touches, or a folder whose newest file counts; null: nobody said. */
  readonly stamp: string | null;
  /** Hours. */
  readonly maxAge: number;
  /** Whether it is a finding that nobody said: not where all is on loopback. */
  readonly expected: boolean;
};

export function backupSubject({ stamp, maxAge, expected }: Backups, now: () => Date): Subject {
  return {
    name: 'The age of the backup',
    patience: 1,
    look: async () => {
      if (stamp === null) return expected ? [UNSAID] : [];
      const newest = newestIn(stamp);
      const hours = newest === null ? null : (now().getTime() - newest) / HOUR;
      if (hours !== null && hours <= maxAge) return [];
      const age =
        hours === null ? 'There is no backup' : `The newest backup is ${Math.floor(hours)} hours old`;
      return [
        finding(
          'backup',
          stamp,
          `${age}, and it should be ${maxAge} at most. See why the backup did not run, and run it. LETTERBOX_BACKUP_STAMP says where its age is looked up.`,
        ),
      ];
    },
  };
}

const UNSAID = finding(
  'backup',
  'LETTERBOX_BACKUP_STAMP',
  'Nobody has said where the age of the backups can be seen, so nobody notices when they stop. Set LETTERBOX_BACKUP_STAMP to a file that the backup’s job touches, or to the folder that it writes into.',
);

function newestIn(path: string): number | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return null;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const times = readdirSync(path).flatMap(
    (name) => statSync(join(path, name), { throwIfNoEntry: false })?.mtimeMs ?? [],
  );
  return times.length === 0 ? null : Math.max(...times);
}

/** A debugger can read everything this program holds, and needs no password. `open`: its address, or undefined. */
export function debuggerSubject(open: () => string | undefined = debuggerUrl): Subject {
  return {
    name: 'This program',
    patience: 1,
    look: async () => {
      const address = open();
      if (address === undefined) return [];
      return [
        finding(
          'debugger',
          dirname(address),
          'Letterbox runs with a debugger open, by which anybody who reaches its port can read and change what the program holds. Start it again without --inspect.',
        ),
      ];
    },
  };
}
