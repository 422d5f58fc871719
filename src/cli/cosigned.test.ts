/** Registers under two witnesses, each a process of its own with a folder of its own: what they cosign and what they refuse. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { ownAlarms } from '../alarm/store.ts';
import { listCases, releaseCase } from '../cases/store.ts';
import { aCase } from '../cases/testing.ts';
import { keysOf, letRead, openForm } from '../grants/testing.ts';
import { aFoundedBody, refusalOf, settled, type TestBody } from '../people/testing.ts';
import { parseWitnesses, type Witness } from '../register/asking.ts';
import { startCosigning } from '../register/cosigning.ts';
import { startSequencer } from '../register/jobs.ts';
import { recipientOf } from '../sealing/keys.ts';
import { formId, organisationId } from '../sealing/place.ts';
import type { Repeating } from '../store/repeating.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { deskOf } from './forged.testing.ts';
import { main as verify } from './verify.ts';
import { main as witnessMain } from './witness.ts';

const LETTERBOX = join(import.meta.dirname, 'letterbox.ts');
const NEVER = 3_600_000;
let db: TestDatabase;
let body: TestBody;
let folder: string;
let closing: (() => Promise<unknown> | undefined)[];
beforeEach(async () => {
  [db, folder, closing] = [await testDatabase(), mkdtempSync(join(tmpdir(), 'letterbox-cosigned-')), []];
  body = await aFoundedBody(db);
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

const opened = <T extends { stop(): Promise<void> }>(part: T): T => {
  closing.push(() => part.stop());
  return part;
};
const sequencer = (): Repeating =>
  opened(startSequencer({ database: db.register, dataDir: folder, everyMs: NEVER }));
const cosigning = (witnesses: readonly Witness[], clock?: () => Date): Repeating =>
  opened(startCosigning({ database: db.register, witnesses, everyMs: NEVER, ...(clock ? { clock } : {}) }));

const one = async <T>(shape: z.ZodType<T>, sql: string): Promise<T> =>
  (await db.admin.one(z.object({ value: shape }), sql)).value;
const vkey = () => one(z.string(), 'select vkey as value from letterbox.register_log');

/** Until every entry has its place and the newest checkpoint is signed. */
async function signAll({ tick }: Repeating): Promise<bigint> {
  const waiting = `select exists (select from letterbox.register_entry e
    where not exists (select from letterbox.register_leaf l where l.entry = e.id)) as value`;
  do await tick();
  while (await one(z.boolean(), waiting));
  return one(z.bigint(), 'select max(size) as value from letterbox.register_checkpoint');
}

const append = (count: number) =>
  db.admin.run(
    `select letterbox.register_append($1, 'publication', null, null, '{}') from generate_series(1, $2::integer)`,
    [body.founder.staff.organisation, count],
  );

type Apart = { readonly witness: Witness; stop(): Promise<void>; start(): Promise<void> };

/** A witness in a process of its own, that looks after the register. */
async function witnessApart(name: string): Promise<Apart> {
  const own = join(folder, name);
  await witnessMain(['init', `${name}.example.org`, '--folder', own], () => undefined);
  await witnessMain(['add', await vkey(), '--folder', own], () => undefined);
  let port = '0';
  let address = '';
  let key = '';
  let stop: () => Promise<void> = async () => undefined;
  const start = async () => {
    const child = spawn(process.execPath, [LETTERBOX, 'witness', '--folder', own, '--port', port], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    stop = async () => {
      child.kill('SIGTERM');
      await ended;
    };
    for await (const line of createInterface(child.stdout)) {
      const said = /^Cosigns at (http:\/\/[^/]+:(\d+))\/add-checkpoint as (\S+)$/.exec(line);
      if (!said) continue;
      [, address = '', port = '', key = ''] = said;
      return;
    }
    throw new Error(`The witness ${name} did not start.`);
  };
  await start();
  closing.push(() => stop());
  const [witness] = parseWitnesses(`${address}#${key}`) ?? [];
  if (!witness) throw new Error('This is no witness.');
  return { witness, stop: () => stop(), start };
}

const alarms = async () =>
  settled(await act(db.desk, body.founder.session, (tx) => ownAlarms(tx)))
    .filter(({ kind }) => kind === 'register')
    .map(({ colour, seen, goneAt }) => ({ colour, seen, gone: goneAt !== null }));

async function download(): Promise<string> {
  const ask = await deskOf(body);
  const file = join(folder, 'register.tar');
  writeFileSync(file, (await ask(body.founder, '/register/download')).rawPayload);
  return file;
}

async function run(...args: string[]) {
  const lines: string[] = [];
  const code = await verify(args, (line) => lines.push(line));
  return { code, said: lines.join('\n') };
}

/** An older copy of the database is put back: all that came after the first `size` entries is gone, also what was cosigned. */
async function putBack(size: bigint): Promise<void> {
  const client = await db.admin.pool.connect();
  try {
    await client.query('begin; set local session_replication_role = replica');
    await client.query(`create temporary table later on commit drop as
      select entry from letterbox.register_leaf where index >= ${size}`);
    await client.query(`delete from letterbox.register_cosignature where size > ${size}`);
    await client.query(`delete from letterbox.register_checkpoint where size > ${size}`);
    await client.query(`delete from letterbox.register_leaf where index >= ${size}`);
    await client.query('delete from letterbox.register_entry where id in (select entry from later)');
    await client.query('commit');
  } finally {
    client.release();
  }
}

test('two witnesses apart cosign; the page, the download and the program say how far', async () => {
  const sequence = sequencer();
  const first = await signAll(sequence);
  const [anna, otto] = [await witnessApart('anna'), await witnessApart('otto')];
  const ask = await deskOf(body);
  expect((await ask(body.founder, '/register')).body).toContain(
    'No witness elsewhere cosigns this register yet',
  );
  const asking = cosigning([anna.witness, otto.witness]);
  await asking.tick();
  await otto.stop();
  await append(300);
  const second = await signAll(sequence);
  await asking.tick();

  const page = (await ask(body.founder, '/register')).body;
  expect(page).toMatch(new RegExp(`anna\\.example\\.org</th><td[^>]*>${second}</td>`));
  expect(page).toMatch(new RegExp(`otto\\.example\\.org</th><td[^>]*>${first}</td>`));
  const file = await download();
  const { code, said } = await run(file, '--witness', anna.witness.vkey, '--witness', otto.witness.vkey);
  expect(said).toContain(`anna.example.org cosigned all ${second} entries`);
  expect(said).toContain(`otto.example.org cosigned the first ${first} entries`);
  expect(said).toContain(`It has not cosigned the newest ${second - first} yet.`);
  expect(code).toBe(0);

  await otto.start();
  await asking.tick();
  const after = await run(await download(), '--witness', otto.witness.vkey);
  expect(after.said).toContain(`otto.example.org cosigned all ${second} entries`);
  expect(await alarms()).toEqual([]);
}, 60_000);

test('negative control: a witness that cosigned nothing proves nothing', async () => {
  await signAll(sequencer());
  const anna = await witnessApart('anna');
  const { code, said } = await run(await download(), '--witness', anna.witness.vkey);
  expect(said).toContain('NOT PROVEN: The witness anna.example.org has cosigned none of this.');
  expect(code).toBe(1);
}, 60_000);

test('an older copy that was put back is told of, and so is the other history that grows from it', async () => {
  const first = await signAll(sequencer());
  const [anna, otto] = [await witnessApart('anna'), await witnessApart('otto')];
  const before = cosigning([anna.witness, otto.witness]);
  await before.tick();
  await append(10);
  const second = await signAll(sequencer());
  await before.tick();
  await putBack(first);

  // Even before anything new is written: what was cosigned already is shown to them again.
  const after = cosigning([anna.witness, otto.witness]);
  await after.tick();
  const ahead = await alarms();
  expect(ahead).toHaveLength(2);
  for (const { colour, seen } of ahead) {
    expect(colour).toBe('red');
    expect(seen).toContain(`has cosigned ${second} entries of this register, and here there are ${first}`);
  }
  await append(20);
  await signAll(sequencer());
  await after.tick();
  const forked = await alarms();
  expect(forked).toHaveLength(2);
  const again = await run(await download(), '--witness', anna.witness.vkey);
  expect(again.said).toContain(`anna.example.org cosigned the first ${first} entries`);
  expect(await one(z.bigint(), 'select max(size) as value from letterbox.register_cosignature')).toBe(first);
}, 60_000);

test('a rewritten entry is refused as another history; negative control: without witnesses nobody notices', async () => {
  await signAll(sequencer());
  const anna = await witnessApart('anna');
  await cosigning([anna.witness]).tick();
  const last = await one(z.bigint(), 'select max(size) - 1 as value from letterbox.register_checkpoint');
  await putBack(last);
  await append(5);
  await signAll(sequencer());
  await cosigning([]).tick();
  expect(await alarms()).toEqual([]);
  const told = cosigning([anna.witness]);
  await told.tick();
  expect(await alarms()).toEqual([
    { colour: 'red', gone: false, seen: expect.stringContaining('has not grown from') },
  ]);
  // A witness that gives no answer takes nothing back.
  await anna.stop();
  await told.tick();
  expect((await alarms())[0]?.gone).toBe(false);
}, 60_000);

/** As if the database were started again, or a copy of it. */
const startedAgain = () => db.admin.run(`update letterbox.register_vouching set start = 'before'`);

test('after a start nothing is released until a witness has vouched, and nothing while one objects', async () => {
  await letRead(body, body.ana, {});
  await openForm(body, body.ana, 'review');
  const [key] = await keysOf(body, body.ana);
  if (!key) throw new Error('Nobody holds the key.');
  const { post } = await aCase(db, {
    slug: 'exampleshire',
    target: {
      ...{ organisation: organisationId(body.founder.staff.organisation), form: formId('review') },
      ...{ version: 1, generation: 1, recipient: await recipientOf(key.identity) },
    },
  });
  const released = async () =>
    refusalOf(await act(db.desk, body.ana.session, (tx) => releaseCase(tx, post.case)));
  const listed = async () =>
    refusalOf(await act(db.desk, body.ana.session, (tx) => listCases(tx, 'review', null)));
  const first = await signAll(sequencer());
  const [anna, otto] = [await witnessApart('anna'), await witnessApart('otto')];
  await startedAgain();
  expect(await released(), 'a register that nobody cosigned waits for nobody').toBe('no refusal');

  const asking = cosigning([anna.witness, otto.witness]);
  await asking.tick();
  expect(await released()).toBe('no refusal');
  await startedAgain();
  expect([await released(), await listed()]).toEqual(['unvouched', 'unvouched']);
  await Promise.all([anna.stop(), otto.stop()]);
  await asking.tick();
  expect(await released(), 'no answer vouches for nothing').toBe('unvouched');
  await anna.start();
  await asking.tick();
  expect([await released(), await listed()], 'one is enough').toEqual(['no refusal', 'no refusal']);

  await signAll(sequencer());
  await asking.tick();
  await putBack(first);
  await startedAgain();
  const after = cosigning([anna.witness, otto.witness]);
  await after.tick();
  expect([await released(), await listed()]).toEqual(['disputed', 'disputed']);
  await otto.start();
  await after.tick();
  expect(await released(), 'one that objects is enough, too').toBe('disputed');
  // Whoever runs the site has cleared it up, and names the other only, or none.
  await cosigning([otto.witness]).tick();
  expect(await released()).toBe('no refusal');
  await startedAgain();
  await cosigning([]).tick();
  expect(await released()).toBe('no refusal');
}, 60_000);

test('a witness that is silent for over an hour is told of, until it is back', async () => {
  const sequence = sequencer();
  await signAll(sequence);
  const anna = await witnessApart('anna');
  let now = new Date('2026-11-02T09:00:00Z');
  const asking = cosigning([anna.witness], () => now);
  await asking.tick();
  await anna.stop();
  await append(1);
  await signAll(sequence);
  await asking.tick();
  now = new Date('2026-11-02T09:59:00Z');
  await asking.tick();
  expect(await alarms()).toEqual([]);
  now = new Date('2026-11-02T10:00:01Z');
  await asking.tick();
  expect(await alarms()).toEqual([
    { colour: 'amber', gone: false, seen: expect.stringContaining('It does not answer.') },
  ]);
  await anna.start();
  await asking.tick();
  expect((await alarms())[0]?.gone).toBe(true);
}, 60_000);

test('witnesses are named by address and key, each once, over TLS unless on this machine', () => {
  const key = 'w.example.org+4b2a0e7d+BPkEqQ2JrTzyyLNNPvFCPZ2kFTNQ0sJqaZ8uwlDTcgZl';
  for (const text of [
    '',
    'https://w.example.org',
    `http://w.example.org#${key}`,
    `https://w.example.org#x`,
    `ftp://localhost#${key}`,
  ])
    expect(parseWitnesses(text), text).toBeNull();
});
