import type { FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { newId, objectId } from '../sealing/place.ts';
import { postContentType } from '../sealing/post.ts';
import { referenceOf } from '../sealing/receipt.ts';
import { headerLength } from '../sealing/seal.ts';
import { encodePost, newCase, type SealedPost, sealSubmission } from '../sealing/submission.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { refuse } from '../web/refusal.ts';
import { createSite } from '../web/server.ts';
import { postCases } from './acts.ts';
import { type Intake, openIntake } from './intake.ts';
import { submissionsRoutes } from './routes.ts';
import { openForm, someContent, somePost } from './testing.ts';

async function site(db: TestDatabase, intake?: Intake): Promise<FastifyInstance> {
  const app = await createSite({
    ...{ site: 'slot', assets: testAssets(), ready: async () => true, demonstration: () => false },
  });
  const take = openIntake((batch) => postCases(db.slot, batch));
  await app.register(submissionsRoutes({ database: db.slot, intake: intake ?? take }));
  return app;
}

const sendPost = (app: FastifyInstance, post: SealedPost, path = '/exampleshire/report/cases') =>
  app.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': postContentType },
    payload: Buffer.from(encodePost(post)),
  });

const count = z.object({ n: z.bigint() });
const cases = 'select count(*) as n from letterbox.cases';

test('a sealed post is acknowledged with its reference, and the same again with the same', async () => {
  const db = await testDatabase();
  const { target } = await openForm(db.admin);
  const app = await site(db);
  const { post } = await somePost(target);
  const first = await sendPost(app, post);
  const second = await sendPost(app, post);
  expect([first.statusCode, second.statusCode]).toEqual([201, 200]);
  expect(second.json()).toEqual(first.json());
  expect(first.json()).toMatchObject({ case: post.case, reference: await referenceOf(post.case) });
  expect(first.json().receivedAt).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(await db.admin.one(count, cases)).toEqual({ n: 1n });
});

test('many posts at once, the same and others, are each acknowledged and each stored once', async () => {
  const db = await testDatabase();
  const { target } = await openForm(db.admin);
  const app = await site(db);
  const posts = await Promise.all(Array.from({ length: 10 }, async () => (await somePost(target)).post));
  const answers = await Promise.all([...posts, ...posts, ...posts].map((post) => sendPost(app, post)));
  expect(answers.every(({ statusCode }) => statusCode === 201 || statusCode === 200)).toBe(true);
  expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(10);
  expect(await db.admin.one(count, cases)).toEqual({ n: 10n });
});

test('what cannot be taken is refused with its status, in JSON to programs and as a page to people', async () => {
  const db = await testDatabase();
  const { target } = await openForm(db.admin);
  const app = await site(db);
  const { post } = await somePost(target);
  await sendPost(app, post);
  const { post: other } = await somePost(target);
  const answers = [
    await sendPost(app, { ...other, case: post.case }),
    await sendPost(app, { ...other, version: 2 }),
    await sendPost(app, { ...other, generation: 2 }),
    await sendPost(app, {
      ...other,
      attachments: [{ id: objectId(newId()), size: 1, chunks: 1, sha256: '00'.repeat(32) }],
    }),
    await sendPost(app, other, '/elsewhere/report/cases'),
    await sendPost(app, other, '/exampleshire/other/cases'),
    await sendPost(app, { ...other, arrival: 'server' }),
  ];
  expect(answers.map((answer) => [answer.statusCode, answer.json().refusal])).toEqual([
    ...[
      [409, 'taken'],
      [409, 'stale-version'],
      [409, 'stale-generation'],
      [409, 'incomplete'],
    ],
    ...[
      [404, 'closed'],
      [400, 'status-400'],
      [400, 'status-400'],
    ],
  ]);
  const page = await app.inject({
    ...{ method: 'POST', url: '/elsewhere/report/cases', payload: Buffer.from(encodePost(other)) },
    headers: { 'content-type': postContentType, accept: 'text/html' },
  });
  expect([page.statusCode, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  expect(await db.admin.one(count, cases)).toEqual({ n: 1n });
});

test('only the sealed content type, only whole posts, and none over 256 KiB', async () => {
  const db = await testDatabase();
  const { target } = await openForm(db.admin);
  const app = await site(db);
  const payload = Buffer.from(encodePost((await somePost(target)).post));
  const send = async (type: string, body: Buffer) => {
    const headers = { 'content-type': type };
    return (await app.inject({ method: 'POST', url: '/exampleshire/report/cases', headers, payload: body }))
      .statusCode;
  };
  const types = [
    'application/json',
    'text/plain',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    '',
  ];
  for (const type of types) expect([type, await send(type, payload)]).toEqual([type, 415]);
  expect(await send('multipart/form-data; boundary=x', payload)).toBe(415);
  expect(await send(postContentType, payload.subarray(0, -1))).toBe(400);
  expect(await send(postContentType, Buffer.concat([payload, Buffer.alloc(1)]))).toBe(400);
  expect(await send(postContentType, Buffer.alloc(0))).toBe(400);
  expect(await send(postContentType, Buffer.alloc(256 * 1024))).toBe(400);
  expect(await send(postContentType, Buffer.alloc(256 * 1024 + 1))).toBe(413);
  expect(await send(postContentType, payload)).toBe(201);
});

test('when too many wait, a post is sent away with a time to come again', async () => {
  const db = await testDatabase();
  const { target } = await openForm(db.admin);
  const full: Intake = { waiting: () => 2000, post: async () => refuse('busy', 'busy', 'Full.') };
  const answer = await sendPost(await site(db, full), (await somePost(target)).post);
  expect(answer.statusCode).toBe(503);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
});

test('chunks: kept, kept again, and refused where they do not fit', async () => {
  const db = await testDatabase();
  const { target } = await openForm(db.admin);
  const app = await site(db);
  const draft = await newCase(target, new Date());
  const put = async (
    attachment: string,
    n: number | string,
    bytes: Buffer,
    form = 'report',
    type = 'application/octet-stream',
  ) => {
    const url = `/exampleshire/${form}/cases/${draft.case}/attachments/${attachment}/${n}`;
    return (await app.inject({ method: 'PUT', url, headers: { 'content-type': type }, payload: bytes }))
      .statusCode;
  };
  const [a, b] = [objectId(newId()), objectId(newId())];
  const header = (await somePost(target)).post.answers.subarray(0, headerLength);
  const mebibyte = Buffer.concat([header, Buffer.alloc(1024 * 1024 - header.length, 7)]);
  const other = Buffer.concat([header, Buffer.alloc(1024 * 1024 - header.length, 8)]);
  expect(await put(a, 0, mebibyte)).toBe(204);
  expect(await put(a, 0, mebibyte)).toBe(204);
  expect(await put(a, 0, other)).toBe(409);
  expect(await put(b, 0, Buffer.from('%PDF-1.7 in the clear'))).toBe(400);
  expect(await put(a, 1, Buffer.alloc(1024 * 1024 + 1))).toBe(413);
  expect(await put(a, 1, Buffer.alloc(0))).toBe(400);
  expect(await put(a, 1, Buffer.from('x'), 'no-such-form')).toBe(404);
  expect(await put(a, 1, Buffer.from('x'), 'report', postContentType)).toBe(415);
  expect(await put(a, 1, Buffer.from('x'), 'report', 'text/plain')).toBe(415);
  expect(await put(a, '01', Buffer.from('x'))).toBe(400);
  expect(await put(a, -1, Buffer.from('x'))).toBe(400);
  expect(await put(a, 22, Buffer.from('x'))).toBe(413);
  expect(await put(a.toUpperCase(), 1, Buffer.from('x'))).toBe(400);
  expect(await put(a, 21, Buffer.from('x'))).toBe(204);
  expect(await put(b, 0, mebibyte)).toBe(204);
  const attachments = [{ id: b, size: mebibyte.length, chunks: 1, sha256: '00'.repeat(32) }];
  expect((await sendPost(app, await sealSubmission(draft, someContent, attachments))).statusCode).toBe(201);
  expect(await put(b, 0, mebibyte)).toBe(409);
  expect(await put(b, 1, Buffer.from('b'))).toBe(409);
  expect(await put(objectId(newId()), 0, mebibyte)).toBe(409);
});

test('no more than twenty files wait for one case', async () => {
  const db = await testDatabase();
  const { target } = await openForm(db.admin);
  const app = await site(db);
  const draft = await newCase(target, new Date());
  const put = async (attachment: string, n = 1) => {
    const url = `/exampleshire/report/cases/${draft.case}/attachments/${attachment}/${n}`;
    const headers = { 'content-type': 'application/octet-stream' };
    return (await app.inject({ method: 'PUT', url, headers, payload: Buffer.from('x') })).statusCode;
  };
  const ids = Array.from({ length: 20 }, () => newId());
  const statuses = await Promise.all(ids.map((id) => put(id)));
  expect(new Set(statuses)).toEqual(new Set([204]));
  expect(await put(newId())).toBe(413);
  expect(await put(ids[0] ?? '', 2)).toBe(204);
});
