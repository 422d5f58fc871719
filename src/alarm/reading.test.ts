/** Odd reading from the register to the desk, on a real database: told once, to those who mind alarms. */
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { targetNow } from '../cases/opening.testing.ts';
import { aCase } from '../cases/testing.ts';
import { oddReading } from '../grants/store.ts';
import { letRead, openForm } from '../grants/testing.ts';
import { aFoundedBody, type SignedIn, settled, type TestBody } from '../people/testing.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { acknowledge } from './acts.ts';
import { openReading } from './reading.ts';
import { ownAlarms } from './store.ts';

let db: TestDatabase;
let body: TestBody;
let cases: string[];
beforeEach(async () => {
  db = await testDatabase();
  body = await aFoundedBody(db);
  await letRead(body, body.ana);
  await openForm(body, body.ana);
  await aCase(db, { slug: 'exampleshire', target: await targetNow(body) });
  // The same sealed bytes under other ids: who opens how many is all that matters here.
  await db.admin.run(`insert into letterbox.cases select (json_populate_record(c, json_build_object('id', gen_random_uuid(),
    'authenticator_hash', '\\x' || encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex')))).*
    from letterbox.cases c, generate_series(1, 40)`);
  const ids = await db.admin.rows(z.object({ id: z.string() }), 'select id from letterbox.cases');
  cases = ids.map(({ id }) => id);
});

const open = (count: number) =>
  act(db.desk, body.ana.session, async (tx) => {
    for (const id of cases.slice(0, count)) await tx.run('select * from letterbox.release_case($1)', [id]);
  });
const alarms = async () =>
  settled(await act(db.desk, body.founder.session, ownAlarms)).filter(({ kind }) => kind === 'odd-reading');
const shown = async (to: SignedIn) =>
  settled(await act(db.desk, to.session, (tx) => oddReading(tx, 'review'))).map(({ seen }) => seen);

/** Looks until nothing waits: an opening waits for every transaction on the server that could still precede it. */
async function look(
  { look: once }: ReturnType<typeof openReading>,
  until: () => Promise<boolean>,
): Promise<void> {
  await expect
    .poll(
      async () => {
        await once();
        return until();
      },
      { timeout: 20_000 },
    )
    .toBe(true);
}

// At night the hours are odd, too.
const FAST = /too few to know what is usual/;

test('many cases in a moment are told once, as an alarm and on the form’s access page', async () => {
  const reading = openReading(db.alarm);
  settled(await open(35));
  await look(reading, async () => (await alarms()).length > 0);
  const [alarm, ...more] = (await alarms()).filter(({ seen }) => FAST.test(seen));
  expect(more).toEqual([]);
  expect(alarm).toMatchObject({ colour: 'amber', done: 'nothing', form: 'review', times: 1 });
  expect(alarm?.seen).toMatch(/^Ana Caseworker opened 3\d cases (at|between) /);
  expect(await shown(body.founder)).toContain(alarm?.seen);
  expect(await shown(body.ana)).toEqual([]);

  // Another process, which begins anew, tells nothing twice; nor after somebody is on it.
  settled(await acknowledge(db.desk, body.founder.session, alarm?.id ?? ''));
  await openReading(db.alarm).look();
  await reading.look();
  expect((await alarms()).filter(({ seen }) => FAST.test(seen))).toHaveLength(1);
  expect((await alarms()).find(({ id }) => id === alarm?.id)?.goneAt).not.toBeNull();
});

test('negative control: a few cases are nobody’s business', async () => {
  const reading = openReading(db.alarm);
  settled(await open(4));
  const seen = z.object({ n: z.bigint() });
  const sql = "select count(*) as n from letterbox.openings_since($1, '0', 0, now() - interval '1 day', 100)";
  await look(
    reading,
    async () => (await db.alarm.one(seen, sql, [body.founder.staff.organisation])).n === 4n,
  );
  expect(await alarms()).toEqual([]);
});
