/** What goes wrong at the start: one line that says what to do, exit code 1, and nothing left running. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const LETTERBOX = join(import.meta.dirname, 'letterbox.ts');

let home: string;
let taken: Server;
let takenPort: number;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'letterbox-trouble-'));
  chmodSync(home, 0o711);
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  takenPort = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => {
  taken.close();
  rmSync(home, { recursive: true, force: true });
});

type Ending = { readonly code: number | null; readonly said: string };

function start(environment: Record<string, string>, args: readonly string[] = ['--empty']): Promise<Ending> {
  const child = spawn(process.execPath, [LETTERBOX, 'start', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DATABASE_URL: '', LETTERBOX_DATA: join(home, 'data'), ...environment },
  });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said: said.join('') })));
}

const DEAD = 'postgres://boss:secret@127.0.0.1:9/letterbox';
const CASES: readonly (readonly [what: string, environment: Record<string, string>, line: string])[] = [
  ['a port that is none', { LETTERBOX_PUBLIC_PORT: 'abc' }, 'LETTERBOX_PUBLIC_PORT cannot be "abc"'],
  ['a port beyond all', { LETTERBOX_DESK_PORT: '70000' }, 'a whole number from 1 to 65535'],
  ['one port for both', { LETTERBOX_PUBLIC_PORT: '4000', LETTERBOX_DESK_PORT: '4000' }, 'a port of its own'],
  ['an address with a path', { LETTERBOX_PUBLIC_URL: 'https://x.example/a' }, 'LETTERBOX_PUBLIC_URL'],
  ['a maybe', { LETTERBOX_TRUST_PROXY: 'maybe' }, 'it must be true or false'],
  ['a day', { LETTERBOX_BACKUP_MAX_AGE: 'a day' }, 'it must be a whole number of hours from 1 to 9999'],
  ['another kind of database', { DATABASE_URL: 'mysql://u:secret@h/d' }, 'postgres://user:password@host'],
  [
    'a database that is not there',
    { DATABASE_URL: DEAD },
    'No PostgreSQL answers at 127.0.0.1:9 (DATABASE_URL)',
  ],
  ['a data folder that is none', { LETTERBOX_DATA: LETTERBOX }, 'is not a folder'],
];

for (const [what, environment, line] of CASES)
  test(`${what} ends in one line`, async () => {
    const { code, said } = await start(environment);
    expect(said).toMatch(/^letterbox: [^\n]+\n$/);
    expect(said).toContain(line);
    expect(said).not.toContain('secret');
    expect(code).toBe(1);
  });

test('an unknown word ends in one line', async () => {
  const { code, said } = await start({}, ['--emtpy']);
  expect(said).toMatch(/^letterbox: npm start does not know --emtpy[^\n]*\n$/);
  expect(code).toBe(1);
});

test('a port that is taken ends in one line, and PostgreSQL is stopped again', async () => {
  const data = join(home, 'taken');
  const { code, said } = await start({
    LETTERBOX_DATA: data,
    LETTERBOX_PUBLIC_PORT: String(takenPort),
    LETTERBOX_DESK_PORT: '1',
  });
  expect(said).toMatch(/^letterbox: Port \d+ [^\n]+ set LETTERBOX_PUBLIC_PORT to [^\n]+\n$/);
  expect(code).toBe(1);
  const left = [...readdirSync(data), ...readdirSync(join(data, 'postgres'))];
  expect(left.filter((name) => name.endsWith('.pid'))).toEqual([]);
});

test('a database of another PostgreSQL ends in one line', async () => {
  const data = join(home, 'newer');
  mkdirSync(join(data, 'postgres'), { recursive: true });
  writeFileSync(join(data, 'postgres', 'PG_VERSION'), '99\n');
  const { code, said } = await start({ LETTERBOX_DATA: data });
  expect(said).toMatch(/^letterbox: The database in \S+ was made by PostgreSQL 99[^\n]+\n$/);
  expect(code).toBe(1);
});
