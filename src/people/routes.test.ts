/** The desk's pages about people, as a browser asks them, with JavaScript or without. */
import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { testAssets } from '../web/assets.ts';
import { createSite } from '../web/server.ts';
import { peopleRoutes } from './routes.ts';
import { signCourse, signLeaving, signSuspension } from './standing-documents.ts';
import { findActor } from './store.ts';
import { away, found, join, leave, resume, type SignedIn, settled, suspend } from './testing.ts';
import { QUESTIONS } from './training.ts';

let db: TestDatabase;
let app: FastifyInstance;
let founder: SignedIn;
let second: SignedIn;
let third: SignedIn;
let ana: SignedIn;
beforeEach(async () => {
  db = await testDatabase();
  founder = (await found(db, 'exampleshire')).founder;
  second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
  third = await join(db, founder, 'Third Manager', ['manager'], [founder, second]);
  ana = await join(db, founder, 'Ana Caseworker', ['caseworker'], [founder, second], { untrained: true });
  app = await createSite({
    ...{ site: 'desk', assets: testAssets(), ready: async () => true, demonstration: () => false },
    whoIs: (cookies) => findActor(db.desk, cookies),
  });
  await app.register(
    peopleRoutes({
      ...{ desk: db.desk, signin: db.signin, opaqueSetup: '', deskUrl: 'http://desk.test' },
      party: { id: 'desk.test', origin: 'http://desk.test' },
      onFounded: async () => undefined,
    }),
  );
});

async function asks(who: SignedIn, url: string, payload?: Record<string, unknown> | string) {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await app.inject({
    method: payload === undefined ? 'GET' : 'POST',
    url,
    headers: {
      cookie: `letterbox=${who.session}`,
      accept: 'text/html',
      ...(typeof payload === 'string' ? form : {}),
    },
    ...(payload === undefined ? {} : { payload }),
  });
  const text = answer.body.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  return { status: answer.statusCode, body: answer.body, text, to: answer.headers.location };
}
const rowOf = (body: string, { staff }: SignedIn): string =>
  (body.split(`data-person="${staff.person}"`)[1] ?? '').split('</tr>')[0]?.replace(/\s+/g, ' ') ?? '';
const about = ({ staff }: SignedIn, what: string) => `/people/${staff.person}/${what}`;

describe('the people page', () => {
  test('says whose training is in date, who is away, suspended, from outside, and who has left', async () => {
    const joined = await join(db, founder, 'Noel Finch', [], [founder, second], { outside: 'Finch & Lane' });
    const gone = await join(db, founder, 'Gone Person', [], [founder, second]);
    settled(await suspend(db, founder, third));
    settled(await leave(db, founder, gone));
    settled(await away(db, ana, ana, 3, 5));
    const { body } = await asks(founder, '/people');
    expect(rowOf(body, founder)).toContain('In date until');
    expect(rowOf(body, ana)).toContain('Not in date');
    expect(rowOf(body, ana)).toContain('Away from');
    expect(rowOf(body, third)).toContain('Suspended');
    expect(rowOf(body, third)).toContain('0 of 2 signatures');
    expect(rowOf(body, joined)).toContain('From Finch &amp; Lane');
    expect(rowOf(body, gone)).toContain('Left');
    expect(rowOf(body, gone)).not.toContain('href');
  });

  test('offers each what they may do, and no more', async () => {
    const offered = async (who: SignedIn, whom: SignedIn) =>
      [...rowOf((await asks(who, '/people')).body, whom).matchAll(/href="([^"]*)"/g)].map(([, to]) => to);
    expect(await offered(ana, ana)).toEqual(['/training', '/away', about(ana, 'leaving')]);
    expect(await offered(ana, third)).toEqual([]);
    const manages = [about(ana, 'training'), `/away?person=${ana.staff.person}`];
    expect(await offered(founder, ana)).toEqual([
      ...manages,
      about(ana, 'suspension'),
      about(ana, 'leaving'),
    ]);
    settled(await suspend(db, founder, ana));
    expect(await offered(founder, ana)).toEqual([
      ...manages,
      about(ana, 'resumption'),
      about(ana, 'leaving'),
    ]);
    settled(await resume(db, founder, ana));
    expect(await offered(founder, ana)).toEqual([...manages, about(ana, 'leaving')]);
  });
});

describe('leaving, suspension and its lifting', () => {
  test('each has its page, which says when there is nothing to sign', async () => {
    const offers = async (who: SignedIn, whom: SignedIn, what: string) =>
      (await asks(who, about(whom, what))).body.includes(`<letterbox-${what}>`);
    const pages = ['leaving', 'suspension', 'resumption'];
    const offered = (who: SignedIn, whom: SignedIn) =>
      Promise.all(pages.map((what) => offers(who, whom, what)));
    expect(await offered(founder, ana)).toEqual([true, true, false]);
    expect(await offered(ana, ana)).toEqual([true, false, false]);
    expect(await offered(ana, third)).toEqual([false, false, false]);
    settled(await suspend(db, founder, third));
    expect(await offered(founder, third)).toEqual([true, false, true]);
    expect(await offered(founder, second), 'fewer than two managers would remain').toEqual([
      false,
      false,
      false,
    ]);
    expect((await asks(founder, about(second, 'leaving'))).text).toContain('Fewer than two managers');
    settled(await resume(db, founder, third));
    expect(await offered(founder, third), 'signed already').toEqual([true, false, false]);
    settled(await leave(db, founder, ana));
    expect(await offered(founder, ana)).toEqual([false, false, false]);
  });

  test('takes what was signed about the person of its address only', async () => {
    const now = new Date();
    const signed = await signSuspension(founder.staff, ana.staff.person, 'To be cleared', now);
    expect((await asks(founder, about(third, 'suspension'), signed)).status).toBe(422);
    expect((await asks(founder, about(ana, 'leaving'), signed)).status).toBe(422);
    expect((await asks(founder, about(ana, 'suspension'), signed)).status).toBe(200);
    const left = await signLeaving(ana.staff, ana.staff.person, 'Gone', now);
    expect((await asks(ana, about(ana, 'leaving'), left)).status, 'suspended meanwhile').not.toBe(200);
  });

  test('of somebody who is not there look like any other missing page', async () => {
    for (const person of ['00000000-0000-4000-8000-000000000000', 'nobody'])
      expect((await asks(founder, `/people/${person}/leaving`)).status).toBe(404);
  });
});

describe('the course', () => {
  const answers = (chosen: readonly number[]) => chosen.map((at, index) => `q${index + 1}=${at}`).join('&');
  const RIGHT = QUESTIONS.map(({ right }) => right);

  test('says what is wrong and why, keeps what was chosen, and never tells the right choice', async () => {
    const first = await asks(ana, '/training');
    expect(first.text).toContain('Your training is not in date');
    const { status, text, body } = await asks(ana, '/training', answers(RIGHT.with(0, 2).slice(0, 4)));
    expect(status).toBe(422);
    expect(text).toContain(`Question 1: not that. ${QUESTIONS[0]?.because}`);
    expect(text).toContain('Choose an answer to question 5');
    expect(body.match(/ checked/g)).toHaveLength(4);
    expect(body).not.toContain('letterbox-course');
    for (const nonsense of ['', 'q1=9&q2=x&q3=', 'q1=1&q1=1'])
      expect((await asks(ana, '/training', nonsense)).status).toBe(422);
  });

  test('passed, is signed and recorded, and counts a year', async () => {
    const passed = await asks(ana, '/training', answers(RIGHT));
    expect(passed.status).toBe(200);
    expect(passed.body).toContain(`{"answers":${JSON.stringify(RIGHT)}}`);
    expect((await asks(ana, '/training/record', await signCourse(ana.staff, RIGHT, new Date()))).status).toBe(
      200,
    );
    expect((await asks(ana, '/training')).text).toContain('Your training is in date until');
  });

  test('held elsewhere is recorded on a page of its own, for managers, about others', async () => {
    const offers = async (who: SignedIn, whom: SignedIn) =>
      (await asks(who, about(whom, 'training'))).body.includes('<letterbox-course-elsewhere>');
    expect(await offers(founder, ana)).toBe(true);
    expect(await offers(founder, founder)).toBe(false);
    expect(await offers(ana, founder)).toBe(false);
  });
});

describe('leave', () => {
  const days = (person: SignedIn, year: number) =>
    `person=${person.staff.person}&first-day=1&first-month=3&first-year=${year}&last-day=5&last-month=3&last-year=${year}`;
  const next = new Date().getFullYear() + 1;

  test('is told and taken back without JavaScript', async () => {
    expect((await asks(ana, '/away', days(ana, next))).to).toBe(`/away?person=${ana.staff.person}`);
    const { text, body } = await asks(ana, '/away');
    expect(text).toContain(`From 1 March ${next} to 5 March ${next}`);
    const id = /\/away\/([0-9a-f-]+)\/forget/.exec(body)?.[1];
    expect((await asks(ana, `/away/${id}/forget`, '')).status).toBe(303);
    expect((await asks(ana, '/away')).body).not.toContain('forget');
  });

  test('says what is wrong with days, keeps what was typed, and is nobody else’s to tell', async () => {
    const past = await asks(ana, '/away', days(ana, next - 2));
    expect([past.status, past.text.includes('These days do not fit')]).toEqual([422, true]);
    expect(past.body).toContain(`value="${next - 2}"`);
    const none = await asks(
      ana,
      '/away',
      days(ana, next).replace('first-day=1', 'first-day=31&x=').replace('first-month=3', 'first-month=2'),
    );
    expect([none.status, none.text.includes('Enter the first day away')]).toEqual([422, true]);
    expect((await asks(ana, '/away', days(founder, next))).status).toBe(403);
    expect((await asks(founder, '/away', days(ana, next))).status).toBe(303);
  });
});

test('inviting asks for the organisation of who is from outside, and refuses a manager from there', async () => {
  const invite = (more: string) =>
    asks(founder, '/people/invite', `name=Noel+Finch&email=noel@finch.example&${more}`);
  const refused = await invite('outside=Finch+%26+Lane&capacities=manager');
  expect(refused.status).toBe(422);
  expect(refused.text).toContain('Somebody from another organisation cannot be a manager');
  expect(refused.body).toContain('value="Finch &amp; Lane"');
  expect((await invite('outside=Finch+%26+Lane&capacities=caseworker')).status).toBe(201);
  expect((await asks(founder, '/people')).body).toContain('From Finch &amp; Lane');
});
