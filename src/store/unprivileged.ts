/**
 * Who the embedded PostgreSQL runs as. It refuses to run as root, and should: when the program is
 * started by root, the server gets an account that owns nothing but its own data.
 */

import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export type Account = { readonly uid: number; readonly gid: number };

const CANDIDATES = ['letterbox', 'postgres', '_postgres', 'nobody'];
const SHARED_HOME = '/var/lib/letterbox';

/**
 * The account to drop to, or null when the program is not run by root. A database that is there stays with the
 * account that made it, whichever accounts there are by now.
 */
export function unprivilegedAccount(folder: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  const version = join(folder, 'PG_VERSION');
  if (existsSync(version)) {
    const { uid, gid } = statSync(version);
    if (uid !== 0) return { uid, gid };
  }
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of CANDIDATES) {
    const found = lines.find((fields) => fields[0] === name);
    if (found) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error(
    `PostgreSQL must not run as root, and none of the accounts ${CANDIDATES.join(', ')} exists. ` +
      'Create one (useradd --system letterbox) or start Letterbox as an ordinary user.',
  );
}

/** Whether an account that owns nothing can walk to `path`. */
function reachable(path: string, account: Account): boolean {
  for (let at = path; ; at = dirname(at)) {
    const { mode, uid } = statSync(at);
    if (!(mode & 0o001) && !(uid === account.uid && mode & 0o100)) return false;
    if (at === dirname(at)) return true;
  }
}

/**
 * The folder of PostgreSQL's programs, copied to a place the account can reach when the checkout
 * lies somewhere private (a home folder of mode 700, say).
 */
export function reachablePrograms(folder: string, account: Account | null): string {
  if (!account || reachable(folder, account)) return folder;
  const version = createHash('sha256')
    .update(readFileSync(join(folder, 'bin', 'postgres')))
    .digest('hex')
    .slice(0, 12);
  const copy = join(SHARED_HOME, `postgres-${version}`);
  if (existsSync(copy)) return copy;
  mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
  const partial = `${copy}.${process.pid}`;
  cpSync(folder, partial, { recursive: true, verbatimSymlinks: true });
  chmodSync(partial, 0o755);
  try {
    renameSync(partial, copy);
  } catch (error) {
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

/**
 * Makes `folder` for the account and returns the path to use. Where the account cannot reach it,
 * the data lies under /var/lib/letterbox and `folder` is a link to it.
 */
export function dataFolder(folder: string, account: Account | null): string {
  const link = lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (link && !existsSync(folder)) {
    throw new Error(
      `The database is not where ${folder} points to: ${readlinkSync(folder)}. Bring it back (is its disk mounted?), ` +
        'or delete this link to begin with an empty one.',
    );
  }
  if (!account) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
  mkdirSync(dirname(folder), { recursive: true, mode: 0o711 });
  if (link) return owned(realpathSync(folder), account);
  if (existsSync(folder)) return owned(folder, account);
  if (reachable(dirname(folder), account)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return owned(folder, account);
  }
  // Only the link finds it again: a folder deleted and made anew must not meet the old database and its old password.
  const elsewhere = join(SHARED_HOME, `${basename(dirname(folder))}-${randomBytes(6).toString('hex')}`);
  mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
  mkdirSync(elsewhere, { mode: 0o700 });
  symlinkSync(elsewhere, folder);
  return owned(elsewhere, account);
}

function owned(folder: string, account: Account): string {
  chownSync(folder, account.uid, account.gid);
  return folder;
}
