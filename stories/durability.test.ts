/**
 * Everything is killed at random moments while people send: the program, PostgreSQL and each of its processes, by
 * kill -9. What was acknowledged must be there afterwards, once, and the register must go on as if nothing had been.
 *
 * `npm test` kills five times; LETTERBOX_KILLS=50, or `npm run bench -- --kills 50`, is the bar.
 *
 * LIMIT: the machine itself stays up, so this shows nothing about a disk that lies when it is asked to flush.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Body, makeBody } from '../bench/body.ts';
import { makeMoulds } from '../bench/moulds.ts';
import { cast, type Mould } from '../bench/posts.ts';
import { adminUrlIn } from '../bench/site.ts';
import { main as verify } from '../src/cli/verify.ts';
import { type Deployment, deploy } from './deployment.ts';

const KILLS = Number(process.env.LETTERBOX_KILLS ?? 5);
const LANES = 24;

let letterbox: Deployment;
let body: Body;
let moulds: Mould[];
/** Cases that their sender was told have arrived; and posts whose sender never got an answer. */
const acknowledged = new Set<string>();
const unanswered = new Map<string, { path: string; bytes: Buffer<ArrayBuffer> }>();

beforeAll(async () => {
  letterbox = await deploy(['--empty']);
  body = await makeBody(adminUrlIn(letterbox.data));
  moulds = await makeMoulds(letterbox.publicUrl, body.slug, 12);
});
afterAll(() => letterbox.close());

test(
  `no acknowledged case is lost and none is there twice after ${KILLS} kills of everything under load`,
  async () => {
    const checkpoints: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const load = sendUntilItBreaks();
      await load.reaches(Math.ceil(Math.random() * 500));
      await slay(letterbox);
      await load.over;
      await letterbox.restart();
      await sendAgain();
      checkpoints.push(await checkpointOf(acknowledged.size));
      expect(await objections(), `after kill ${kill + 1}`).toEqual([]);
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS);

    const register = await download();
    for (const [nth, note] of checkpoints.entries()) {
      const since = join(letterbox.data, `checkpoint-${nth}`);
      writeFileSync(since, note);
      const said: string[] = [];
      expect(await verify([register, '--since', since], (line) => said.push(line)), said.join('\n')).toBe(0);
    }
  },
  60_000 + KILLS * 40_000,
);

test('negative control: a lost case and a doubled entry are seen', async () => {
  const [id] = acknowledged;
  await administer(`insert into letterbox.register_entry (organisation, at, kind, case_id, body)
    select organisation, now(), 'submission', id, '{}' from letterbox.cases where id = '${id}'`);
  expect(await objections()).toEqual([`${id} has 2 entries`]);
  await administer(`delete from letterbox.cases where id = '${id}'`);
  expect(await objections()).toEqual([`${id} is lost`]);
});

/** Many senders at once, each with one post after the other, until nobody answers. */
function sendUntilItBreaks(): { reaches: (count: number) => Promise<void>; over: Promise<unknown> } {
  const before = acknowledged.size;
  let broken = false;
  const lane = async () => {
    while (!broken) {
      const mould = moulds[Math.floor(Math.random() * moulds.length)];
      if (!mould) throw new Error('There are no posts to send.');
      const { id, bytes } = cast(mould);
      const post = { path: mould.path, bytes: Buffer.from(bytes) };
      unanswered.set(id, post);
      broken = !(await send(id, post)) || broken;
    }
  };
  const over = Promise.all(Array.from({ length: LANES }, lane));
  const reaches = async (count: number) => {
    while (acknowledged.size - before < count) {
      if (broken) throw new Error(`Letterbox stopped answering by itself: ${letterbox.said()}`);
      await wait(1);
    }
  };
  return { reaches, over };
}

/** Whether it was acknowledged; an answer that is no acknowledgement is a failure of the test. */
async function send(
  id: string,
  { path, bytes }: { path: string; bytes: Buffer<ArrayBuffer> },
): Promise<boolean> {
  const headers = { 'content-type': 'application/vnd.letterbox.sealed', accept: 'application/json' };
  try {
    const answer = await fetch(`${letterbox.publicUrl}${path}`, { method: 'POST', headers, body: bytes });
    const told = await answer.text();
    // The database may be gone a moment before the program is.
    if (answer.status >= 500) return false;
    expect([200, 201], told).toContain(answer.status);
    acknowledged.add(id);
    unanswered.delete(id);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false; // fetch says so when the connection broke
    throw error;
  }
}

/** Whoever got no answer sends the same again: half of these may have arrived the first time. */
async function sendAgain(): Promise<void> {
  for (const [id, post] of [...unanswered])
    expect(await send(id, post), 'a second try was not acknowledged').toBe(true);
}

/** Stops the program and every process of its database where they stand, then kills them all. */
async function slay({ pid, data }: Deployment): Promise<void> {
  const postmaster = Number(readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  // Stopped first, so that none of them sees another die or starts a new one. Backends lead groups of their own.
  for (const each of [pid, postmaster]) process.kill(each, 'SIGSTOP');
  const all = [pid, postmaster, ...childrenOf(postmaster)];
  for (const each of all) signal(each, 'SIGKILL');
  while (all.some((each) => signal(each, 0) && !isZombie(each))) await wait(5);
}

function childrenOf(parent: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.filter((name) => statOf(name)[1] === String(parent)).map(Number);
}

/** State and parent, the first of what /proc/…/stat tells after the name. */
function statOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

const isZombie = (pid: number) => statOf(String(pid))[0] === 'Z';

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

async function administer(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: adminUrlIn(letterbox.data) });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** What is wrong with what the database holds, in words. */
async function objections(): Promise<string[]> {
  const cases = await administer(`select c.id, count(e.id)::integer as entries from letterbox.cases c
    left join letterbox.register_entry e on e.case_id = c.id and e.kind = 'submission' group by c.id`);
  const entries = new Map(cases.map(({ id, entries }) => [String(id), Number(entries)]));
  const lost = [...acknowledged].filter((id) => !entries.has(id)).map((id) => `${id} is lost`);
  const wrong = [...entries]
    .filter(([, count]) => count !== 1)
    .map(([id, count]) => `${id} has ${count} entries`);
  return [...lost, ...wrong];
}

/** The newest checkpoint, once it signs at least so many entries. */
async function checkpointOf(least: number): Promise<string> {
  for (;;) {
    const [newest] = await administer(
      'select size, note from letterbox.register_checkpoint order by size desc limit 1',
    );
    if (newest && Number(newest.size) >= least) return String(newest.note);
    await wait(20);
  }
}

/** The whole register, as an auditor gets it. */
async function download(): Promise<string> {
  const answer = await fetch(`${letterbox.deskUrl}/register/download`, {
    headers: { cookie: `letterbox=${body.session}` },
  });
  expect(answer.status).toBe(200);
  const file = join(letterbox.data, 'register.tar');
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  return file;
}
