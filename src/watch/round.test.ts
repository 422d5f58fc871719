/** A round over a real site: what is long is looked into to its end. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { openAsking } from './asking.ts';
import type { Question } from './census.ts';
import { newMark } from './mark.ts';
import { needlesOf } from './needles.ts';
import { ask } from './round.ts';

const MB = 1024 * 1024;
const LINE = 'Nothing in this line is of interest to anybody at all.\n';
const MEGABYTE = Buffer.from(LINE.repeat(Math.ceil(MB / LINE.length)).slice(0, MB));
const MARK = newMark();

let site: Server | null = null;
afterEach(() => site?.close());

/** `megabytes` of nothing, with `text` so many bytes from the beginning. */
function* long(megabytes: number, text = '', at = 0): Generator<Buffer> {
  for (let n = 0; n < megabytes; n += 1) {
    const part = Buffer.from(MEGABYTE);
    const here = Buffer.from(text);
    if (at + here.length > n * MB && at < (n + 1) * MB)
      if (at < n * MB) here.copy(part, 0, n * MB - at);
      else here.copy(part, at - n * MB);
    yield part;
  }
}

async function round(listener: RequestListener) {
  site = createServer(listener);
  await new Promise<void>((resolve) => site?.listen(0, '127.0.0.1', resolve));
  const { port } = site.address() as AddressInfo;
  const asking = openAsking(2, { piece: 2 * MB, pieces: 4 });
  const question: Question = {
    ...{ base: `http://127.0.0.1:${port}`, path: '/long', method: 'GET', name: 'GET /long' },
    ...{ stranger: 'open', every: 1 },
  };
  const source = { canary: 'one', form: 'review', part: 'answer why' };
  const { found } = await ask(
    {
      ...{ asking, rate: 100, goingEvery: 60, clean: new Set(), stop: new AbortController().signal },
      ...{ needles: needlesOf([{ ...source, mark: MARK }], []), organisationOf: () => 'body' },
      ...{
        onFound: async () => undefined,
        onRehearsed: async () => undefined,
        onGoing: async () => undefined,
      },
    },
    [{ question, persona: { id: 'stranger', to: () => 'a stranger', session: null } }],
  );
  asking.close();
  return [...found.values()].map(({ kind, seen }) => ({ kind, seen }));
}

test.each([
  ['in the third piece', 5 * MB],
  ['where one piece ends', 2 * MB - 10],
  ['across a part of the text that is read in other ways', MB - 10],
])('a mark in a long answer is found: %s', async (_name, at) => {
  const hidden = Buffer.from(MARK).toString('base64');
  const answer: RequestListener = (_request, reply) => Readable.from(long(6, ` ${hidden} `, at)).pipe(reply);
  expect(await round(answer)).toMatchObject([{ kind: 'readable' }]);
});

test('a long answer without one is nothing to tell of', async () => {
  expect(await round((_request, reply) => Readable.from(long(6)).pipe(reply))).toEqual([]);
});

test('an answer that never ends, is broken off, or is long and packed, is told as not looked into', async () => {
  const told = [{ kind: 'blind', seen: expect.stringContaining('longer than is looked at') }];
  expect(await round((_request, reply) => Readable.from(long(20), { highWaterMark: 1 }).pipe(reply))).toEqual(
    told,
  );
  const broken: RequestListener = (_request, reply) => {
    reply.writeHead(200, { 'content-length': '1000' });
    reply.write('a beginning', () => reply.destroy());
  };
  expect(await round(broken)).toEqual(told);
  const packed = gzipSync(Buffer.concat([...long(3)]), { level: 0 });
  const gzipped: RequestListener = (_request, reply) =>
    reply.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
  expect(await round(gzipped)).toMatchObject([{ kind: 'blind' }]);
});
