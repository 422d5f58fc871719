/** The page and the file about a moment: what is asked is answered, and what is wrong is said without losing anything. */
import { expect, test } from 'vitest';
import { aBody, aCase, aPerson, aReader } from '../cases/testing.ts';
import { testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { type Actor, createSite } from '../web/server.ts';
import { grantsRoutes } from './routes.ts';

async function aStage() {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const posted = await aCase(db, body);
  const officer = await aPerson(db, body.target.organisation, ['data-protection-officer']);
  const app = await createSite({
    site: 'desk',
    assets: testAssets(),
    ready: async () => true,
    demonstration: () => false,
    whoIs: async ({ who }) => [reader, officer].find(({ person }) => person === who) ?? null,
  });
  await app.register(grantsRoutes({ desk: db.desk }));
  const get = async (who: Actor, query: Record<string, string> = {}, path = '/access/history') => {
    const url = `${path}?${new URLSearchParams(query)}`;
    return app.inject({ url, cookies: { who: who.person }, headers: { accept: 'text/html' } });
  };
  return { db, reader, officer, get, case: posted.post.case };
}

test('an officer asks about a form, a case and a person, and gets a statement', async () => {
  const { get, officer, reader, case: id } = await aStage();
  const { body, statusCode } = await get(officer, {
    form: 'review',
    person: reader.person,
    case: ` /cases/${id} `,
  });
  expect(statusCode).toBe(200);
  expect(body).toContain('1 person');
  expect(body).toContain(reader.name);
  expect(body).toContain('It does not show what a reader did with what they were given');
  const before = await get(officer, {
    'at-day': '2',
    'at-month': '11',
    'at-year': '2024',
    'at-time': '2.30pm',
  });
  expect(before.body).toContain('2 November 2024 at 14:30');
  expect(before.body).toContain('Nobody');
});

test('what is wrong is said in words, and nothing that was typed is lost', async () => {
  const { get, officer } = await aStage();
  const now = new Date();
  const wrong: [Record<string, string>, string][] = [
    [{ 'at-day': '31', 'at-month': '2', 'at-year': '2026' }, 'Enter a real day and time'],
    [{ 'at-day': '31' }, 'Enter a day, a month and a year'],
    [{ 'at-time': '14:30' }, 'Enter a day, a month and a year'],
    [{ 'at-day': '1', 'at-month': '2', 'at-year': '2026', 'at-time': 'noon' }, 'Enter the time like 14:30'],
    [{ 'at-day': '1', 'at-month': '2', 'at-year': String(now.getFullYear() + 1) }, 'must be in the past'],
    [{ case: 'the one from Tuesday' }, 'Enter the case’s number'],
    [{ case: '01919191-0000-7000-8000-000000000000' }, 'There is no such case for you'],
    [{ form: 'nothing' }, 'Choose one of your organisation’s forms'],
    [{ person: 'nobody' }, 'Choose somebody from the list'],
    [{ at: 'yesterday' }, 'Enter a real day and time'],
  ];
  for (const [query, message] of wrong) {
    const { body, statusCode } = await get(officer, query);
    expect(statusCode).toBe(200);
    expect(body, JSON.stringify(query)).toContain(message);
    for (const [name, value] of Object.entries(query))
      if (!['form', 'person', 'at'].includes(name)) expect(body).toContain(`value="${value}"`);
    const file = await get(officer, query, '/access/history.csv');
    expect(file.statusCode).toBe(303);
    expect(file.headers.location).toContain('/access/history?');
  }
});

test('the file has the same question’s answer', async () => {
  const { get, officer, reader, db } = await aStage();
  await db.admin.run('update letterbox.person set name = $1 where id = $2', ['=cmd()', reader.person]);
  const { body, headers } = await get(officer, {}, '/access/history.csv');
  expect(headers['content-type']).toContain('text/csv');
  expect(body.split('\r\n')[1]).toMatch(/^[^,]*,could read,'=cmd\(\),/);
});

test('whoever is not to see everybody sees themselves, and is refused another', async () => {
  const { get, officer, reader } = await aStage();
  const own = (await get(reader)).body;
  expect(own).toContain('You see your own access');
  expect(own).not.toContain('id="person"');
  expect((await get(reader, { person: officer.person })).body).toContain('Choose somebody from the list');
});
