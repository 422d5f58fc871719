/** Whoever writes by the form for data problems is heard at once. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { aFoundedBody, settled, type TestBody } from '../people/testing.ts';
import { newId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { acknowledge } from './acts.ts';
import { headline } from './alarm.ts';
import { startAlarms } from './jobs.ts';
import { ownAlarms } from './store.ts';

let db: TestDatabase;
let body: TestBody;
let tick: () => Promise<void>;
beforeEach(async () => {
  db = await testDatabase();
  body = await aFoundedBody(db);
  await publish('data-problem', { alarms: true });
  await publish('suggestions', {});
  const rounds = startAlarms({
    database: db.alarm,
    relay: null,
    webhook: null,
    deskUrl: 'x',
    everyMs: 3_600_000,
  });
  tick = rounds.tick;
  return () => rounds.stop();
});

const publish = async (form: string, more: object) =>
  settled(
    await act(db.desk, body.founder.session, (tx) =>
      tx.run('select letterbox.publish_form($1, 1, $2)', [
        ...[form, JSON.stringify({ title: `About ${form}`, purposes: ['Read'], ...more })],
      ]),
    ),
  );

async function arrives(form: string): Promise<string> {
  const id = newId();
  await db.admin.run(
    `insert into letterbox.cases (organisation, id, form, version, generation, arrival, received_at, authenticator_hash, sealed_hash,
       answers, summary, case_key, receipt_key) values ($1, $2, $3, 1, 1, 'browser', now(), $4, $4, 'a', 's', 'k', 'r')`,
    [body.founder.staff.organisation, id, form, randomBytes(32)],
  );
  return id;
}
const alarms = async () => settled(await act(db.desk, body.second.session, ownAlarms));

test('each submission by such a form is an alarm of its own, at once; by others none', async () => {
  await arrives('suggestions');
  await tick();
  expect(await alarms()).toEqual([]);
  await arrives('data-problem');
  await tick();
  await tick();
  const [first] = await alarms();
  expect(await alarms()).toHaveLength(1);
  expect(first).toMatchObject({ kind: 'tip', colour: 'amber', told: 1, times: 1 });
  expect(first?.seen).toContain('by the form “About data-problem”');
  expect(first && headline(first)).toBe('Somebody has told you of a data problem');
  settled(await acknowledge(db.desk, body.second.session, first?.id ?? ''));
  await arrives('data-problem');
  await tick();
  expect((await alarms()).filter(({ acknowledgedAt }) => acknowledgedAt === null)).toHaveLength(1);
});

test('many at once are told as many and bury nobody; canaries are nobody’s', async () => {
  for (let n = 0; n < 25; n += 1) await arrives('data-problem');
  const canary = await arrives('data-problem');
  await db.admin.run(
    `insert into letterbox.canary (organisation, case_id, form, announced_at, announced_by) values ($1, $2, 'data-problem', now(), $3)`,
    [body.founder.staff.organisation, canary, body.founder.staff.person],
  );
  await tick();
  await tick();
  const seen = (await alarms()).map((each) => each.seen);
  expect(seen.filter((each) => each.startsWith('Somebody has written'))).toHaveLength(20);
  expect(seen.filter((each) => each.startsWith('More than twenty'))).toHaveLength(1);
});

test('what somebody was on is over the day after', async () => {
  await arrives('data-problem');
  await tick();
  const [first] = await alarms();
  settled(await acknowledge(db.desk, body.second.session, first?.id ?? ''));
  await db.admin.run(`update letterbox.alarm set acknowledged_at = now() - interval '25 hours'`);
  await db.admin.run(`update letterbox.cases set received_at = now() - interval '26 hours'`);
  await tick();
  expect((await alarms())[0]?.goneAt).not.toBeNull();
});
