/** Programs as they run in production, each a process of its own, on a database that is thrown away afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { openCluster } from '../src/store/cluster.ts';
import { type Body, makeBody } from './body.ts';

export type Program = {
  readonly pid: number;
  /** What it said last, for when it fails. */
  readonly said: () => string;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

const LETTERBOX = new URL('../src/cli/letterbox.ts', import.meta.url).pathname;

/** Starts `letterbox …`. */
export function startProgram(args: readonly string[], environment: Record<string, string>): Program {
  const child = spawn(process.execPath, [...startFlags(), LETTERBOX, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      lines.push(text);
      if (lines.length > 40) lines.shift();
    });
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { pid: pidOf(child), said: () => lines.join(''), ended, stop: () => stopped(child, ended) };
}

/** What `npm start`, and `./letterbox` too, tell Node before the program's name. */
export function startFlags(): string[] {
  const shape = z.object({ scripts: z.object({ start: z.string() }) });
  const { scripts } = shape.parse(
    JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')),
  );
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('A program did not start.');
  return pid;
}

async function stopped(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await ended;
}

/** Resolves when `check` does; throws with the program's last words when it ends first or takes over a minute. */
export async function until(check: () => Promise<boolean>, program: Program, what: string): Promise<void> {
  let over = false;
  void program.ended.then(() => {
    over = true;
  });
  for (const since = Date.now(); !(await check().catch(() => false)); await wait(20)) {
    if (over || Date.now() - since > 60_000) throw new Error(`${what} did not come up: ${program.said()}`);
  }
}

export const healthy = async (url: string): Promise<boolean> => (await fetch(`${url}/healthz`)).ok;

/** A free port on loopback; taken by nobody else as long as nobody else looks for one at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('There is no free port on loopback.');
  return address.port;
}

/** One that PostgreSQL's account can enter, so that all of it lies inside and goes with it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'letterbox-bench-'));
  chmodSync(path, 0o711);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export type Site = {
  readonly publicUrl: string;
  readonly publicPort: number;
  readonly deskUrl: string;
  readonly adminUrl: string;
  readonly body: Body;
  /** By what they are called: `slot`, `register`, … */
  readonly programs: Readonly<Record<string, Program>>;
  close(): Promise<void>;
};

type Ports = { readonly publicPort: number; readonly deskPort: number };

function environment(data: string, { publicPort, deskPort }: Ports): Record<string, string> {
  return {
    LETTERBOX_DATA: data,
    LETTERBOX_HOST: '127.0.0.1',
    LETTERBOX_WATCH: 'false',
    LETTERBOX_PUBLIC_PORT: String(publicPort),
    LETTERBOX_DESK_PORT: String(deskPort),
    LETTERBOX_PUBLIC_URL: `http://127.0.0.1:${publicPort}`,
    LETTERBOX_DESK_URL: `http://localhost:${deskPort}`,
  };
}

const addresses = ({ publicPort, deskPort }: Ports) => ({
  publicPort,
  publicUrl: `http://127.0.0.1:${publicPort}`,
  deskUrl: `http://127.0.0.1:${deskPort}`,
});

/** The public side by itself, and beside it, if wanted, the register's sequencer; each with its own role only. */
export async function startApart(which: readonly ('slot' | 'register')[]): Promise<Site> {
  const folder = temporaryFolder();
  const cluster = await openCluster(folder.path, null, {});
  const programs: Record<string, Program> = {};
  const close = async () => {
    await Promise.all(Object.values(programs).map((program) => program.stop()));
    await cluster.stop();
    folder.remove();
  };
  try {
    const body = await makeBody(cluster.adminUrl);
    const ports = { publicPort: await freePort(), deskPort: await freePort() };
    for (const name of which) {
      const own = { [`DATABASE_URL_${name.toUpperCase()}`]: cluster.urls[name] };
      const program = startProgram([name], { ...environment(folder.path, ports), ...own });
      programs[name] = program;
      await until(async () => program.said().includes('Serving'), program, `letterbox ${name}`);
    }
    return { ...addresses(ports), adminUrl: cluster.adminUrl, body, programs, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Everything in one process beside the database: what `npm start -- --empty` is. */
export async function startTogether(data: string): Promise<Omit<Site, 'body'>> {
  const ports = { publicPort: await freePort(), deskPort: await freePort() };
  const start = startProgram(['start', '--empty'], environment(data, ports));
  const { publicUrl, deskUrl } = addresses(ports);
  await until(async () => (await healthy(publicUrl)) && (await healthy(deskUrl)), start, 'Letterbox');
  return { ...addresses(ports), adminUrl: adminUrlIn(data), programs: { start }, close: start.stop };
}

/** The address of the embedded database's administrator, from what it keeps in the data folder. */
export function adminUrlIn(data: string): string {
  const secrets = z.object({ admin: z.string() });
  const { admin } = secrets.parse(JSON.parse(readFileSync(join(data, 'database-secrets.json'), 'utf8')));
  const [, , , port] = readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
  return `postgres://postgres:${admin}@127.0.0.1:${port}/letterbox`;
}

/** Resident memory of one process in MB. LIMIT: Linux only, by /proc. */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}
