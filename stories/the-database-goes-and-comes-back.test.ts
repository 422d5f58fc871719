/**
 * PostgreSQL is killed under a running Letterbox: whoever asks is told to wait, and the same post gets through
 * afterwards, without anybody starting Letterbox again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBody } from '../bench/body.ts';
import { makeMoulds } from '../bench/moulds.ts';
import { cast, type Mould } from '../bench/posts.ts';
import { adminUrlIn } from '../bench/site.ts';
import { type Deployment, deploy } from './deployment.ts';

let letterbox: Deployment;
let mould: Mould;

beforeAll(async () => {
  letterbox = await deploy(['--empty']);
  const body = await makeBody(adminUrlIn(letterbox.data));
  const [made] = await makeMoulds(letterbox.publicUrl, body.slug, 1);
  if (!made) throw new Error('There is no post to send.');
  mould = made;
});
afterAll(() => letterbox.close());

test('while PostgreSQL is away everybody is told 503; then all works again and nothing is lost', async () => {
  const before = newPost();
  const meanwhile = newPost();
  expect(await send(before)).toBe(201);

  // PostgreSQL does not start while a process of the killed one lives: a stopped one keeps it away for as long as we like.
  const postmaster = postmasterOf(letterbox);
  const [held = 0] = childrenOf(postmaster);
  process.kill(held, 'SIGSTOP');
  process.kill(postmaster, 'SIGKILL');
  try {
    await until(async () => (await health()).every((status) => status === 503));
    expect(await send(meanwhile)).toBe(503);
    const page = await fetch(letterbox.publicUrl, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(503);
    expect(await page.text()).toContain('Please wait a moment');
  } finally {
    process.kill(held, 'SIGKILL');
  }

  await until(async () => (await health()).every((status) => status === 200));
  expect(await send(meanwhile)).toBe(201);
  expect(await send(before), 'a case that was acknowledged before is there').toBe(200);
  expect((await fetch(letterbox.publicUrl)).status).toBe(200);
  expect(letterbox.said()).toContain('PostgreSQL is back.');
});

test('a kill while many send breaks their connections only, not the program', async () => {
  const pid = letterbox.pid;
  const postmaster = postmasterOf(letterbox);
  const sending = Promise.all(Array.from({ length: 50 }, () => send(newPost())));
  process.kill(postmaster, 'SIGKILL');
  for (const status of await sending) expect([201, 503]).toContain(status);
  await until(
    async () => postmasterOf(letterbox) !== postmaster && (await health()).every((each) => each === 200),
  );
  expect(letterbox.pid).toBe(pid);
  expect(await send(newPost())).toBe(201);
});

type Post = { readonly bytes: Buffer<ArrayBuffer> };

const newPost = (): Post => ({ bytes: Buffer.from(cast(mould).bytes) });

async function send({ bytes }: Post): Promise<number> {
  const headers = { 'content-type': 'application/vnd.letterbox.sealed', accept: 'application/json' };
  const answer = await fetch(`${letterbox.publicUrl}${mould.path}`, { method: 'POST', headers, body: bytes });
  await answer.arrayBuffer();
  return answer.status;
}

/** What both listeners say of themselves. */
async function health(): Promise<number[]> {
  const { publicUrl, deskUrl } = letterbox;
  return Promise.all([publicUrl, deskUrl].map(async (url) => (await fetch(`${url}/healthz`)).status));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const since = Date.now(); !(await holds()); await wait(20)) {
    if (Date.now() - since > 30_000) throw new Error(`It did not come to that: ${letterbox.said()}`);
  }
}

function postmasterOf({ data }: Deployment): number {
  try {
    return Number(readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return 0; // between two of them
  }
}

function childrenOf(parent: number): number[] {
  const parentOf = (pid: string): string => {
    try {
      return (
        readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')[1] ?? ''
      );
    } catch {
      return ''; // gone since it was listed
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === String(parent))
    .map(Number);
}
