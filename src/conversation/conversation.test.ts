/** The conversation through both sites' doors, and the wall behind the public one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { releasedShape } from '../cases/case.ts';
import { aBody, aCase, aDesk, aPerson, aReader, type Body, entries, grantTo } from '../cases/testing.ts';
import { parseAddress } from '../post/address.ts';
import { openRelay, parseRelay, type Relay } from '../post/post.ts';
import { openPostbox } from '../post/testing.ts';
import { startSequencer } from '../register/jobs.ts';
import { parseVerifier } from '../register/note.ts';
import { parseCaseProof, verifyProof } from '../register/proof.ts';
import { parseEntry } from '../register/register.ts';
import { toBase64url } from '../sealing/encoding.ts';
import { newId, objectId, type PersonId, personId } from '../sealing/place.ts';
import {
  newReceiptCode,
  parseReceiptCode,
  type ReceiptCode,
  receiptAuthenticator,
} from '../sealing/receipt.ts';
import type { CaseDraft } from '../sealing/submission.ts';
import { sealMessage } from '../sealing/submission.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { type Actor, createSite } from '../web/server.ts';
import { LONGEST_MESSAGE, openedBy, renewedReceipt, returnedShape } from './conversation.ts';
import { conversationRoutes } from './desk-routes.ts';
import { openMessages, openReturned } from './opening.ts';
import { returnRoutes } from './return-routes.ts';

async function aSlot(db: TestDatabase, clock = () => new Date()): Promise<FastifyInstance> {
  const app = await createSite({
    ...{ site: 'slot', assets: testAssets(), ready: async () => true, demonstration: () => false },
  });
  await app.register(returnRoutes({ database: db.slot, clock }));
  onTestFinished(() => app.close());
  return app;
}

async function aSite(
  db: TestDatabase,
  actors: readonly Actor[],
  relay: Relay | null = null,
): Promise<FastifyInstance> {
  const app = await aDesk(db, actors);
  const mail = { relay, publicUrl: 'https://letters.example' };
  await app.register(conversationRoutes({ desk: db.desk, ...mail }));
  onTestFinished(() => app.close());
  return app;
}

const asProgram = async (app: FastifyInstance, url: string, code: ReceiptCode, more = {}) =>
  app.inject({ method: 'POST', url, payload: { authenticator: await receiptAuthenticator(code), ...more } });

/** What a browser without JavaScript sends. */
const asForm = (app: FastifyInstance, url: string, fields: Record<string, string>) =>
  app.inject({
    ...{ method: 'POST', url, payload: new URLSearchParams(fields).toString() },
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
  });

async function sealed(draft: CaseDraft, text: string, by: PersonId | null = null, id = newId()) {
  const made = { id: objectId(id), text, by, now: new Date() };
  const message = await sealMessage(draft, draft.caseRecipient, made);
  return { id: message.id, sealed: toBase64url(message.sealed) };
}

const post = (app: FastifyInstance, { person }: Actor, url: string, payload = {}) =>
  app.inject({ method: 'POST', url, payload, headers: { cookie: `who=${person}` } });

type World = {
  db: TestDatabase;
  body: Body;
  reader: Actor;
  draft: CaseDraft;
  slot: FastifyInstance;
  desk: FastifyInstance;
};

async function aWorld(more: (db: TestDatabase, body: Body) => Promise<readonly Actor[]> = async () => []) {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const { draft } = await aCase(db, body);
  const others = await more(db, body);
  const desk = await aSite(db, [reader, ...others]);
  return { db, body, reader, others, draft, slot: await aSlot(db), desk };
}

const messagesAtDesk = async ({ desk, reader, draft }: World) => {
  const released = releasedShape.parse((await post(desk, reader, `/cases/${draft.case}/release`)).json());
  return openMessages(draft.caseIdentity, draft, released.messages);
};

test('both sides write, each reads both, and the register has an entry of each message and each return', async () => {
  const world = await aWorld();
  const { db, reader, draft, slot, desk } = world;
  const reply = await asProgram(
    slot,
    '/receipt/messages',
    draft.receiptCode,
    await sealed(draft, 'Is it there?'),
  );
  expect(reply.statusCode).toBe(201);
  const answer = await sealed(draft, 'It is.', personId(reader.person));
  expect((await post(desk, reader, `/cases/${draft.case}/messages`, answer)).statusCode).toBe(201);

  expect(await messagesAtDesk(world)).toMatchObject([
    { from: 'submitter', text: 'Is it there?', arrival: 'browser' },
    { from: 'body', text: 'It is.', name: reader.name },
  ]);
  const back = returnedShape.parse((await asProgram(slot, '/receipt', draft.receiptCode)).json());
  const { messages } = await openReturned(draft.receiptCode, back);
  expect(messages.map(({ text, from, name }) => [text, from, name])).toEqual([
    ['Is it there?', 'submitter', null],
    ['It is.', 'body', null],
  ]);
  expect(openedBy(back.openings)).toMatchObject([{ who: 'A caseworker', times: 1 }]);
  expect((await entries(db, 'message')).map(({ actor }) => actor)).toEqual([null, reader.person]);
  expect(await entries(db, 'return')).toHaveLength(1);
});

test('without JavaScript the code comes with each page, and what is sealed and opened here is the same', async () => {
  const world = await aWorld();
  const { reader, draft, slot, desk } = world;
  const typed = draft.receiptCode.toLowerCase().replaceAll('-', ' ');
  await post(
    desk,
    reader,
    `/cases/${draft.case}/messages`,
    await sealed(draft, 'Which day?', personId(reader.person)),
  );
  const page = await asForm(slot, '/receipt', { code: typed });
  expect(page.body).toContain('Which day?');
  const id = /name="id" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
  const text = 'On <b>Monday</b>,\r\nin the morning';
  const sent = await asForm(slot, '/receipt/messages', { code: typed, id, text });
  expect(sent.body).toContain('Your message was sent.');
  expect(sent.body).toContain('On &lt;b&gt;Monday&lt;/b&gt;,\nin the morning');
  expect((await asForm(slot, '/receipt/messages', { code: typed, id, text })).body).toContain('was sent');
  expect(await messagesAtDesk(world)).toMatchObject([
    { from: 'body', text: 'Which day?' },
    { from: 'submitter', text: 'On <b>Monday</b>,\nin the morning', arrival: 'server' },
  ]);
});

test('nothing that was typed is lost where a message cannot be sent', async () => {
  const { draft, slot } = await aWorld();
  const send = (text: string, id = newId()) =>
    asForm(slot, '/receipt/messages', { code: draft.receiptCode, id, text });
  const empty = await send('  \r\n ');
  expect([empty.statusCode, empty.body.includes('Enter your message')]).toEqual([422, true]);
  const long = 'x'.repeat(10_001);
  const tooLong = await send(long);
  expect(tooLong.body).toContain('10,000 characters or fewer. It is 1 too long');
  expect(tooLong.body).toContain(long);
  const id = newId();
  await send('first', id);
  const other = await send('second, by the button Back', id);
  expect(other.statusCode).toBe(422);
  expect(other.body).toContain('You have sent a message from this page before');
  expect(other.body).toContain('>second, by the button Back</textarea>');
});

test('the same message may come again and is there once; another one under its id is refused', async () => {
  const { db, reader, draft, slot, desk } = await aWorld();
  const message = await sealed(draft, 'once');
  const send = (what: object) => asProgram(slot, '/receipt/messages', draft.receiptCode, what);
  expect([(await send(message)).statusCode, (await send(message)).statusCode]).toEqual([201, 200]);
  expect((await send(await sealed(draft, 'other', null, message.id))).statusCode).toBe(409);
  const url = `/cases/${draft.case}/messages`;
  expect((await post(desk, reader, url, message)).statusCode, 'nor by somebody else').toBe(409);
  expect(await entries(db, 'message')).toHaveLength(1);
  expect((await send({ id: newId(), sealed: 'AAAA' })).statusCode, 'what is not sealed').toBe(400);
});

test('the longest message goes through, in the most bytes that characters can take', async () => {
  const world = await aWorld();
  const { draft, slot } = world;
  for (const sign of ['x', '語', '\u0001']) {
    const message = await sealed(draft, sign.repeat(LONGEST_MESSAGE));
    expect((await asProgram(slot, '/receipt/messages', draft.receiptCode, message)).statusCode).toBe(201);
  }
  const long = await sealed(draft, 'x'.repeat(70_000));
  expect((await asProgram(slot, '/receipt/messages', draft.receiptCode, long)).statusCode).toBe(400);
  const [first] = await messagesAtDesk(world);
  expect(first?.text).toHaveLength(LONGEST_MESSAGE);
});

test('twenty messages in an hour, and the next is told to wait', async () => {
  const { draft, slot } = await aWorld();
  const code = draft.receiptCode;
  for (let n = 0; n < 20; n += 1)
    expect((await asProgram(slot, '/receipt/messages', code, await sealed(draft, `${n}`))).statusCode).toBe(
      201,
    );
  const more = await asProgram(slot, '/receipt/messages', code, await sealed(draft, 'more'));
  expect([more.statusCode, more.json().refusal]).toEqual([409, 'too-many']);
});

test('a row that somebody writes into the database, or moves to another person, is no message that opens', async () => {
  const world = await aWorld();
  const { db, reader, draft, slot } = world;
  const mine = await sealed(draft, 'mine');
  await asProgram(slot, '/receipt/messages', draft.receiptCode, mine);
  expect((await messagesAtDesk(world))[0]?.text).toBe('mine');
  await db.admin.run('update letterbox.message set person = $1', [reader.person]);
  expect((await messagesAtDesk(world))[0]?.text).toBeNull();
});

test('who may not read neither reads nor writes, nor renews a receipt; each refusal is registered', async () => {
  const { db, draft, desk, others } = await aWorld(async (at, body) => [
    await aPerson(at, body.target.organisation),
    await aPerson(at, (await aBody(at, 'elsewhere')).target.organisation),
  ]);
  const { authenticator, receiptKey } = await renewedReceipt(draft, draft.caseIdentity, new Date());
  const renewal = { authenticator, receiptKey: toBase64url(receiptKey) };
  for (const other of others) {
    const message = await sealed(draft, 'hello', personId(other.person));
    expect((await post(desk, other, `/cases/${draft.case}/messages`, message)).statusCode).toBe(404);
    expect((await post(desk, other, `/cases/${draft.case}/receipt`, renewal)).statusCode).toBe(404);
  }
  expect(await entries(db, 'refusal')).toHaveLength(4);
  expect(await entries(db, 'message', 'receipt-renewed')).toEqual([]);
});

test('somebody who may read that one case only takes part in its conversation', async () => {
  const { db, body, draft, desk, others } = await aWorld(async (at, of) => [
    await aPerson(at, of.target.organisation),
  ]);
  const [one] = others;
  if (!one) throw new Error('Nobody.');
  await grantTo(db, body, one, 1, draft.case);
  const message = await sealed(draft, 'hello', personId(one.person));
  expect((await post(desk, one, `/cases/${draft.case}/messages`, message)).statusCode).toBe(201);
});

test('a lost code is replaced by a new one; the old one is as any that never was', async () => {
  const world = await aWorld();
  const { db, reader, draft, slot, desk } = world;
  await asProgram(slot, '/receipt/messages', draft.receiptCode, await sealed(draft, 'before'));
  for (let turn = 0; turn < 2; turn += 1) {
    const { code, authenticator, receiptKey } = await renewedReceipt(draft, draft.caseIdentity, new Date());
    const url = `/cases/${draft.case}/receipt`;
    const renewed = await post(desk, reader, url, { authenticator, receiptKey: toBase64url(receiptKey) });
    expect(renewed.statusCode).toBe(201);
    const back = returnedShape.parse((await asProgram(slot, '/receipt', code)).json());
    expect(back.renewedAt).not.toBeNull();
    expect((await openReturned(code, back)).messages[0]?.text).toBe('before');
    expect((await asProgram(slot, '/receipt', draft.receiptCode)).statusCode).toBe(404);
  }
  expect(await entries(db, 'receipt-renewed')).toHaveLength(2);
});

test('a quarantine closes the conversation to both sides, and says so in plain words', async () => {
  const { db, body, reader, draft, slot, desk } = await aWorld();
  await db.admin.run(
    `insert into letterbox.quarantine (organisation, form, since, reason) values ($1, $2, now(), 'a test')`,
    [body.target.organisation, body.target.form],
  );
  const back = await asProgram(slot, '/receipt', draft.receiptCode);
  expect([back.statusCode, back.json().message]).toEqual([409, expect.stringMatching(/is being checked/)]);
  expect(back.body).not.toContain('receiptKey');
  const send = await asProgram(slot, '/receipt/messages', draft.receiptCode, await sealed(draft, 'hello'));
  expect(send.statusCode).toBe(409);
  const message = await sealed(draft, 'hello', personId(reader.person));
  expect((await post(desk, reader, `/cases/${draft.case}/messages`, message)).statusCode).toBe(409);
  expect(await entries(db, 'return', 'message')).toEqual([]);
});

test('a thousand wrong codes are answered alike, whatever they are near to', async () => {
  const { db, draft } = await aWorld();
  let now = 0;
  const slot = await aSlot(db, () => {
    now += 1000;
    return new Date(now);
  });
  const near = [...draft.receiptCode].map(
    (letter, at) =>
      draft.receiptCode.slice(0, at) + (letter === '7' ? '8' : '7') + draft.receiptCode.slice(at + 1),
  );
  const codes = [
    ...near.filter((code) => parseReceiptCode(code)),
    ...Array.from({ length: 1000 }, newReceiptCode),
  ];
  const answers = new Set<string>();
  for (const code of codes.slice(0, 1000)) {
    const parsed = parseReceiptCode(code);
    if (!parsed || parsed === draft.receiptCode) continue;
    const { statusCode, body } = await asProgram(slot, '/receipt', parsed);
    answers.add(`${statusCode} ${body}`);
  }
  expect([...answers]).toEqual([expect.stringMatching(/^404 .*Nothing has arrived with this receipt code/)]);
  expect((await asProgram(slot, '/receipt', draft.receiptCode)).statusCode, 'control: the right one').toBe(
    200,
  );
}, 120_000);

test('receipt codes can be tried only so often on one listener', async () => {
  const { db } = await aWorld();
  let now = 0;
  const slot = await aSlot(db, () => new Date(now));
  const ask = async () => (await asForm(slot, '/receipt', { code: 'hello' })).statusCode;
  for (let n = 0; n < 60; n += 1) expect(await ask()).toBe(422);
  expect(await ask()).toBe(429);
  now = 1000;
  expect([await ask(), await ask()]).toEqual([422, 429]);
});

test('a code that is none is kept in its field; one that stands for nothing says so', async () => {
  const { slot } = await aWorld();
  const nonsense = await asForm(slot, '/receipt', { code: 'hello' });
  expect([nonsense.statusCode, nonsense.body.includes('value="hello"')]).toEqual([422, true]);
  const wrong = await asForm(slot, '/receipt', { code: newReceiptCode() });
  expect([wrong.statusCode, wrong.body.includes('Check each letter and figure')]).toEqual([404, true]);
});

const WAITING = `select count(*) as n from letterbox.register_entry e
  where not exists (select from letterbox.register_leaf l where l.entry = e.id)`;

test('the submitter can prove each opening of their case from the register', async () => {
  const world = await aWorld();
  const { db, draft, slot } = world;
  await messagesAtDesk(world);
  const folder = mkdtempSync(join(tmpdir(), 'letterbox-conversation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const sequencer = startSequencer({ database: db.register, dataDir: folder, everyMs: 3_600_000 });
  do await sequencer.tick();
  while ((await db.admin.one(z.object({ n: z.bigint() }), WAITING)).n > 0n);
  await sequencer.stop();
  const file = await asForm(slot, '/receipt/proof', { code: draft.receiptCode });
  expect(file.headers['content-disposition']).toContain(`case-${draft.case}.proof.txt`);
  const { proofs, vkey } = parseCaseProof(file.body);
  expect(proofs.map(({ entry }) => parseEntry(entry)?.kind)).toEqual(['submission', 'release']);
  for (const proof of proofs) await verifyProof(proof, parseVerifier(vkey));
});

test('whose message waits for an answer is told to whoever may read the case', async () => {
  const world = await aWorld();
  const { reader, draft, slot, desk } = world;
  const home = async () =>
    (await desk.inject({ url: '/', headers: { cookie: `who=${reader.person}`, accept: 'text/html' } })).body;
  expect(await home()).not.toContain('Waiting for an answer');
  await asProgram(slot, '/receipt/messages', draft.receiptCode, await sealed(draft, 'hello?'));
  expect(await home()).toContain('Waiting for an answer');
  await post(
    desk,
    reader,
    `/cases/${draft.case}/messages`,
    await sealed(draft, 'yes', personId(reader.person)),
  );
  expect(await home()).not.toContain('Waiting for an answer');
});

test('whoever chose e-mail is told that there is a message, and nothing else; once in ten minutes', async () => {
  const { db, reader, draft } = await aWorld();
  const postbox = await openPostbox();
  const from = parseAddress('letterbox@body.example');
  const address = parseRelay(postbox.url);
  if (!address || !from) throw new Error('There is no relay.');
  const relay = openRelay(address, from);
  const desk = await aSite(db, [reader], relay);
  const tell = (to: string) => post(desk, reader, `/cases/${draft.case}/messages/told`, { to });
  expect((await tell('ana@people.example')).json().refusal, 'before anybody wrote').toBe('nothing-to-tell');
  const said = 'Sergeant Thistledown has it.';
  const message = await sealed(draft, said, personId(reader.person));
  await post(desk, reader, `/cases/${draft.case}/messages`, message);
  expect((await tell('nobody')).json().refusal).toBe('bad-address');
  expect((await tell('ana@people.example')).statusCode).toBe(201);
  expect((await tell('ana@people.example')).json().message).toContain('less than ten minutes ago');
  const [mail, ...more] = postbox.mails();
  expect([mail?.to, more]).toEqual([['ana@people.example'], []]);
  expect(mail?.raw).toContain('https://letters.example/receipt');
  for (const not of [said, draft.case, draft.receiptCode, reader.name, 'review'])
    expect(mail?.raw).not.toContain(not);
  expect((await entries(db, 'message-told')).map(({ body }) => body.includes('people.example'))).toEqual([
    false,
  ]);
  relay.close();
  await postbox.close();
});

test('who comes back is told when somebody last did, so that a code in wrong hands shows', async () => {
  const { db, draft, slot } = await aWorld();
  const back = async () => returnedShape.parse((await asProgram(slot, '/receipt', draft.receiptCode)).json());
  expect((await back()).returnedAt).toBeNull();
  expect((await back()).returnedAt, 'a moment ago').toBeNull();
  await db.admin.run('alter table letterbox.register_entry disable trigger append_only');
  await db.admin.run(
    `update letterbox.register_entry set at = at - interval '2 hours' where kind = 'return'`,
  );
  expect((await back()).returnedAt).not.toBeNull();
  const page = await asForm(slot, '/receipt', { code: draft.receiptCode });
  expect(page.body).toContain('This was last opened with your receipt code on');
});
