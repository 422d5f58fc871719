/** The desk's routes about cases, as a browser or a program asks them. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { expect, onTestFinished, test, vi } from 'vitest';
import { fromBase64url } from '../sealing/encoding.ts';
import { openSubmission } from '../sealing/open.ts';
import { newId } from '../sealing/place.ts';
import { testDatabase } from '../store/testing.ts';
import type { Actor } from '../web/server.ts';
import { listedShape, releasedShape } from './case.ts';
import { aBody, aCase, aDesk, aPerson, aReader, content, endGrant, entries, grantTo } from './testing.ts';

type Method = 'GET' | 'POST';

const asks = (app: FastifyInstance, { person }: Actor, method: Method, url: string, accept = '*/*') =>
  app.inject({
    ...{ method, url },
    headers: { cookie: `who=${person}`, accept },
    ...(method === 'POST' ? { payload: {} } : {}),
  });

test('a reader finds the form, its list and the case, and opens in the browser what was released', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const { post, attachment } = await aCase(db, body);
  const app = await aDesk(db, [reader]);

  expect((await asks(app, reader, 'GET', '/', 'text/html')).statusCode).toBe(200);
  const page = await asks(app, reader, 'GET', '/forms/review/cases', 'text/html');
  const [, carried = ''] = /<script type="application\/json">(.*?)<\/script>/s.exec(page.body) ?? [];
  expect(listedShape.parse(JSON.parse(carried).cases[0])).toMatchObject({ id: post.case, attachments: 1 });
  expect((await asks(app, reader, 'GET', `/cases/${post.case}`, 'text/html')).statusCode).toBe(200);
  expect(await entries(db, 'release'), 'the page alone releases nothing').toEqual([]);

  const answer = await asks(app, reader, 'POST', `/cases/${post.case}/release`);
  const released = releasedShape.parse(answer.json());
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(released.files).toMatchObject([{ id: attachment.id }]);
  const bytes = (text: string) => fromBase64url(text) ?? new Uint8Array();
  const opened = await openSubmission(body.identity, post, {
    answers: bytes(released.answers),
    summary: bytes(released.summary ?? ''),
    caseKey: bytes(released.caseKey),
  });
  expect(opened).toMatchObject({ answers: content.answers, summary: content.summary });

  const file = await asks(app, reader, 'GET', `/cases/${post.case}/attachments/${attachment.id}`);
  expect(file.rawPayload.length).toBe(attachment.size);
  expect(file.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment',
  });
  const openings = await asks(app, reader, 'GET', `/cases/${post.case}/openings`);
  expect(openings.json().map(({ kind }: { kind: string }) => kind)).toEqual([
    'attachment-release',
    'release',
  ]);
});

test("another organisation's case, one of a lower generation and an absent one look alike", async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const later = await aPerson(db, body.target.organisation);
  await grantTo(db, body, later, 2);
  const lower = await aCase(db, body);
  const foreign = await aCase(db, await aBody(db, 'elsewhere'));
  const app = await aDesk(db, [later]);
  const absent = { post: { case: newId() }, attachment: { id: newId() } };
  for (const accept of ['text/html', 'application/json']) {
    const answers = await Promise.all(
      [lower, foreign, absent].map(async ({ post, attachment }) => {
        const doors: [Method, string][] = [
          ['GET', `/cases/${post.case}`],
          ['POST', `/cases/${post.case}/release`],
          ['GET', `/cases/${post.case}/openings`],
          ['GET', `/cases/${post.case}/attachments/${attachment.id}`],
        ];
        const found = [];
        for (const [method, url] of doors) found.push(await asks(app, later, method, url, accept));
        return found.map(({ statusCode, body: text, headers }) => [
          statusCode,
          text,
          headers['content-type'],
        ]);
      }),
    );
    expect(answers[0]?.map(([status]) => status)).toEqual([404, 404, 404, 404]);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  }
  expect(await entries(db, 'release', 'attachment-release', 'list')).toEqual([]);
});

test('what is not an id or a form is absent, never a defect', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const { post } = await aCase(db, body);
  const app = await aDesk(db, [reader]);
  const odd = [
    '1',
    '%00',
    "'",
    'x'.repeat(60),
    post.case.toUpperCase(),
    `${post.case}%20`,
    '..%2f',
    '%F0%9F',
  ];
  for (const word of odd) {
    const urls: [Method, string][] = [
      ['GET', `/cases/${word}`],
      ['POST', `/cases/${word}/release`],
      ['GET', `/cases/${word}/openings`],
      ['GET', `/cases/${word}/attachments/${word}`],
      ['GET', `/cases/${post.case}/attachments/${word}`],
      ['GET', `/forms/${word}/cases`],
    ];
    for (const [method, url] of urls) {
      const { statusCode } = await asks(app, reader, method, url);
      expect(statusCode === 404 || statusCode === 400, `${url} ${statusCode}`).toBe(true);
    }
    const { statusCode } = await asks(app, reader, 'GET', `/forms/review/cases?before=${word}`);
    expect([200, 400]).toContain(statusCode);
  }
});

test('without an actor there is no door, and a form of no grant is absent', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const person = await aPerson(db, body.target.organisation);
  const { post, attachment } = await aCase(db, body);
  const app = await aDesk(db, [person]);
  const nobody = { ...person, person: newId() };
  const file = `/cases/${post.case}/attachments/${attachment.id}`;
  for (const url of ['/', '/forms/review/cases', `/cases/${post.case}`, file]) {
    expect((await asks(app, nobody, 'GET', url)).statusCode).toBe(401);
  }
  expect((await asks(app, nobody, 'POST', `/cases/${post.case}/release`)).statusCode).toBe(401);
  expect((await asks(app, person, 'GET', '/forms/review/cases')).statusCode).toBe(404);
  expect((await asks(app, person, 'GET', '/forms/nothing/cases')).json()).toEqual(
    (await asks(app, person, 'GET', '/forms/review/cases')).json(),
  );
});

test('a HEAD request registers nothing', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const { post, attachment } = await aCase(db, body);
  const app = await aDesk(db, [reader]);
  const url = `/cases/${post.case}/attachments/${attachment.id}`;
  const answer = await app.inject({ method: 'HEAD', url, headers: { cookie: `who=${reader.person}` } });
  expect(answer.statusCode).toBe(404);
  expect(await entries(db, 'attachment-release')).toEqual([]);
});

test('over the wire a download ends with a broken connection when the grant ends, never as if it were whole', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const { post, attachment } = await aCase(db, body, randomBytes(3 * 1024 * 1024));
  const app = await aDesk(db, [reader]);
  onTestFinished(() => app.close());
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const connect = db.desk.pool.connect.bind(db.desk.pool);
  // The first connection is for the release, the second for the first chunk.
  let connections = 0;
  vi.spyOn(db.desk.pool, 'connect').mockImplementation(async () => {
    connections += 1;
    if (connections === 3) await endGrant(db, reader.grant);
    return connect();
  });
  const response = await fetch(`${address}/cases/${post.case}/attachments/${attachment.id}`, {
    headers: { cookie: `who=${reader.person}` },
  });
  expect(response.status).toBe(200);
  await expect(response.arrayBuffer()).rejects.toThrow();
  expect(connections).toBe(3);
  expect((await fetch(`${address}/healthz`)).status, 'the site goes on').toBe(200);
});
