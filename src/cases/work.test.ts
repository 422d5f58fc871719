/** The work on a case through the desk's doors: its state, what is due, and who looks after it. */
import type { FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { stateFor, writeMessage } from '../conversation/store.ts';
import { dayOf, daysAfter } from '../forms/day.ts';
import { newId, objectId, personId } from '../sealing/place.ts';
import { receiptAuthenticator, referenceOf } from '../sealing/receipt.ts';
import { sealMessage } from '../sealing/submission.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import type { Actor } from '../web/server.ts';
import {
  aBody,
  aCase,
  aDesk,
  aPerson,
  aReader,
  type Body,
  entries,
  grantTo,
  type Posted,
} from './testing.ts';

const get = (app: FastifyInstance, { person }: Actor, url: string) =>
  app.inject({ url, headers: { cookie: `who=${person}`, accept: 'text/html' } });
const post = (app: FastifyInstance, { person }: Actor, url: string, fields: Record<string, string> = {}) =>
  app.inject({
    ...{ method: 'POST', url, payload: new URLSearchParams(fields).toString() },
    headers: {
      ...{ cookie: `who=${person}`, accept: 'text/html' },
      'content-type': 'application/x-www-form-urlencoded',
    },
  });

type World = {
  readonly db: TestDatabase;
  readonly body: Body;
  readonly reader: Actor;
  readonly colleague: Actor;
  readonly app: FastifyInstance;
  readonly posted: Posted;
  readonly at: string;
};

async function aWorld(): Promise<World> {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const colleague = await aPerson(db, body.target.organisation);
  const app = await aDesk(db, [reader, colleague]);
  onTestFinished(() => app.close());
  const posted = await aCase(db, body);
  return { ...{ db, body, reader, colleague, app, posted }, at: `/cases/${posted.post.case}` };
}

/** As if the case had come in so many days ago. */
const aged = (db: TestDatabase, days: number) =>
  db.admin.run(`update letterbox.cases set received_at = received_at - make_interval(days => $1)`, [days]);

test('a state is kept with what came of it, shown to the submitter in the form’s words, and is an entry', async () => {
  const { db, reader, app, posted, at } = await aWorld();
  const authenticator = await receiptAuthenticator(posted.draft.receiptCode);
  expect(await stateFor(db.slot, authenticator)).toBeNull();
  const moved = await post(app, reader, `${at}/state`, { state: 'decided', outcome: 'upheld' });
  expect([moved.statusCode, moved.headers.location]).toEqual([303, `${at}#work`]);
  await post(app, reader, `${at}/state`, { state: 'decided', outcome: 'upheld' });
  const page = (await get(app, reader, at)).body;
  expect(page).toContain(`Decided: Upheld, by ${reader.name}`);
  expect(page).toMatch(/<option value="decided" selected>/);
  expect(await stateFor(db.slot, authenticator)).toMatchObject({ label: 'Decided' });
  expect(await entries(db, 'case-state'), 'once, however often it was sent').toHaveLength(1);
});

test('a state or an outcome that the form does not have is refused in words, and changes nothing', async () => {
  const { db, reader, app, at } = await aWorld();
  for (const fields of [{ state: 'deleted' }, { state: '' }, {}, { state: 'decided', outcome: 'sold' }]) {
    const refused = await post(app, reader, `${at}/state`, fields);
    expect([refused.statusCode, refused.body.includes('no such state or outcome')]).toEqual([422, true]);
  }
  expect(await entries(db, 'case-state')).toEqual([]);
});

test('a case is given to somebody who may read it, and to nobody else', async () => {
  const { db, body, reader, colleague, app, at } = await aWorld();
  const refused = await post(app, reader, `${at}/assignment`, { person: colleague.person });
  expect([refused.statusCode, refused.body.includes('may not read this case')]).toEqual([422, true]);
  await grantTo(db, body, colleague);
  expect((await post(app, reader, `${at}/assignment`, { person: colleague.person })).statusCode).toBe(303);
  expect((await get(app, reader, at)).body).toContain(`Given to ${colleague.name}, by ${reader.name}`);
  expect((await post(app, reader, `${at}/assignment`, { person: '' })).statusCode).toBe(303);
  expect((await get(app, reader, at)).body).toContain('Given to nobody in particular');
  expect(await entries(db, 'case-assigned')).toHaveLength(2);
});

test('who may not read a case neither sees nor moves it; each try is registered', async () => {
  const { db, colleague, app, at } = await aWorld();
  expect((await get(app, colleague, at)).statusCode).toBe(404);
  expect((await post(app, colleague, `${at}/state`, { state: 'closed' })).statusCode).toBe(404);
  expect((await post(app, colleague, `${at}/assignment`, { person: '' })).statusCode).toBe(404);
  expect((await get(app, colleague, '/due')).body).toContain('Nothing is late');
  expect(await entries(db, 'refusal')).toHaveLength(3);
});

test('what is late is on a list until it is done, and so is what is due within a week', async () => {
  const { db, reader, app, posted, at } = await aWorld();
  const reference = await referenceOf(posted.draft.case);
  const due = async (whose = '') => (await get(app, reader, `/due${whose}`)).body;
  expect(await due(), 'to be acknowledged').toMatch(new RegExp(`${reference}[\\s\\S]*Acknowledge`));
  expect(await due()).not.toContain('>\n  Late\n<');
  await aged(db, 30);
  expect(await due()).toContain('Late');
  expect((await get(app, reader, at)).body).toContain('Late');
  expect(await due('?whose=mine')).not.toContain(reference);
  await post(app, reader, `${at}/assignment`, { person: reader.person });
  expect(await due('?whose=mine')).toContain(reference);
  await post(app, reader, `${at}/state`, { state: 'closed' });
  expect(await due()).not.toContain(reference);
});

test('an update is due four weeks after somebody last wrote', async () => {
  const { db, reader, app, posted, at } = await aWorld();
  await aged(db, 40);
  await post(app, reader, `${at}/state`, { state: 'acknowledged' });
  await db.admin.run(`update letterbox.case_step set at = at - interval '30 days'`);
  expect((await get(app, reader, '/due')).body).toContain('Update the submitter');
  const made = { id: objectId(newId()), text: 'Still at it.', by: personId(reader.person), now: new Date() };
  const message = await sealMessage(posted.draft, posted.draft.caseRecipient, made);
  await act(db.desk, reader.session, (tx) => writeMessage(tx, posted.draft.case, message));
  expect((await get(app, reader, '/due')).body).not.toContain('Update the submitter');
  const page = (await get(app, reader, at)).body;
  const [year, month, day] = daysAfter(dayOf(new Date()), 28).split('-').map(Number);
  expect(page).toContain(
    `${day} ${new Date(Date.UTC(2000, (month ?? 1) - 1)).toLocaleString('en-GB', { month: 'long' })} ${year}`,
  );
});

test('canaries have no work', async () => {
  const { db, body, reader, app, posted } = await aWorld();
  await db.admin.run(
    `insert into letterbox.canary (organisation, case_id, form, announced_by, announced_at)
     values ($1, $2, 'review', $3, now())`,
    [body.target.organisation, posted.post.case, reader.person],
  );
  await aged(db, 30);
  expect((await get(app, reader, '/due')).body).toContain('Nothing is late');
});
