/** Makes the folder of a new embedded database, so that a start cut short at any moment leaves nothing half-made. */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inShort } from './postgres-words.ts';
import { writePrivate } from './private-file.ts';
import type { Account } from './unprivileged.ts';

/**
 * Makes a database in `data` where there is none. `version` is the major version of the programs.
 *
 * If the power fails here: the file with the first password lies beside the folder until initdb is through. While it
 * is there the folder never held anything, and is emptied and made anew.
 * @throws one line when the folder was made by another version, or cannot be made
 */
export function makeDatabase(
  initdb: string,
  version: string,
  data: string,
  password: string,
  account: Account | null,
): void {
  const unfinished = `${data}.unfinished`;
  if (existsSync(unfinished)) empty(data);
  const made = join(data, 'PG_VERSION');
  if (existsSync(made)) {
    const by = readFileSync(made, 'utf8').trim();
    if (by === version) return;
    throw new Error(
      `The database in ${data} was made by PostgreSQL ${by}, and this Letterbox brings PostgreSQL ${version}. ` +
        `Start it with the Letterbox that made it, or with DATABASE_URL and a PostgreSQL ${by} of your own.`,
    );
  }
  writePrivate(unfinished, password);
  if (account) chownSync(unfinished, account.uid, account.gid);
  const problem = run(initdb, data, unfinished, account);
  if (problem !== null) empty(data);
  rmSync(unfinished);
  if (problem !== null) throw new Error(`PostgreSQL could not make its data folder ${data}: ${problem}`);
}

const LOCALE = ['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin'];

/** Null when all went well. */
function run(initdb: string, data: string, passwordFile: string, account: Account | null): string | null {
  const login = ['--username', 'postgres', '--auth', 'scram-sha-256', '--pwfile', passwordFile];
  const flags = [...login, ...LOCALE, '--builtin-locale', 'C.UTF-8', '--data-checksums'];
  const done = spawnSync(initdb, ['--pgdata', data, ...flags], {
    ...(account ?? {}),
    encoding: 'utf8',
    cwd: '/',
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
  });
  if (done.status === 0) return null;
  return inShort(done.stderr || done.error?.message || `it was ended by ${done.signal}`);
}

function empty(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}
