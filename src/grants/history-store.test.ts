/** Who could read and who did, as the database answers: the same as the decision itself, and quickly. */
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { aBody, aCase, aPerson, aReader, endGrant, grantTo } from '../cases/testing.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { isRefusal } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import { type Asked, accessAt, accessChoices, accessCount, accessDone } from './history-store.ts';

vi.setConfig({ testTimeout: 120_000 });

const nothing = { form: null, case: null, person: null };
const ask = <T>(db: TestDatabase, who: Actor, work: Parameters<typeof act<T>>[2]) =>
  act(db.desk, who.session, work);

/** People with grants of every kind of past: to come, over, ended, lapsed; some of them suspended or gone. */
async function aPast(db: TestDatabase) {
  const body = await aBody(db);
  const posted = await aCase(db, body);
  const people = await Promise.all(Array.from({ length: 8 }, () => aPerson(db, body.target.organisation)));
  const cases = [null, posted.post.case];
  for (const person of people)
    for (let n = 0; n < 4; n += 1)
      await grantTo(db, body, person, 1 + (n % 2), cases[Math.floor(n / 2)] ?? null);
  await db.admin.run(`update letterbox.grants set approved_at = now() - random() * interval '100 days',
    starts = now() - interval '31 days' - random() * interval '60 days', until = now() + random() * interval '60 days' - interval '30 days'
    + interval '1 second', review_by = now() + random() * interval '80 days' - interval '40 days' where until > now()`);
  await db.admin.run(`update letterbox.grants set ended_at = approved_at + random() * interval '30 days', ended_by = approver,
    end_document = '' where random() < 0.4`);
  await db.admin.run(`update letterbox.person set confirmed_at = now() - interval '80 days'`);
  await db.admin.run(`update letterbox.person set left_at = now() - random() * interval '20 days'
    where capacities = array['caseworker'] and random() < 0.3`);
  await db.admin.run(`insert into letterbox.suspension (organisation, person, document, since, lifted_at)
    select organisation, id, sha256(id::text::bytea), now() - interval '50 days', case when random() < 0.5 then now() - interval '20 days' end
    from letterbox.person where capacities = array['caseworker'] and random() < 0.5`);
  return { body, people, case: posted.post.case };
}

const truth = z.object({ id: z.string(), reads: z.boolean() });

test('at random moments the list of who could read is what the decision itself would have said', async () => {
  const db = await testDatabase();
  const { body, case: id } = await aPast(db);
  const [manager] = body.managers;
  let readers = 0;
  for (let n = 0; n < 120; n += 1) {
    const at = new Date(Date.now() - Math.random() * 95 * 86_400_000);
    const listed = await ask(db, manager, (on) => accessAt(on, { ...nothing, case: id, at }, 0));
    if (isRefusal(listed)) throw new Error(listed.message);
    const decided = await db.admin.rows(
      truth,
      `select p.id, letterbox.may_read(p.organisation, p.id, 'review', 1, $1, $2) as reads from letterbox.person p`,
      [id, at],
    );
    const could = decided.filter(({ reads }) => reads).map((each) => each.id);
    readers += could.length;
    expect([...new Set(listed.map(({ person }) => person))].sort()).toEqual(could.sort());
    const counted = await ask(db, manager, (on) => accessCount(on, { ...nothing, case: id, at }));
    expect(counted).toEqual({ lines: BigInt(listed.length), people: BigInt(could.length) });
  }
  expect(readers).toBeGreaterThan(50);
});

test('managers, data-protection officers and keyholders see everybody; others see themselves', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const [reader, other] = [await aReader(db, body), await aReader(db, body)];
  const posted = await aCase(db, body);
  const { organisation } = body.target;
  const officer = await aPerson(db, organisation, ['data-protection-officer']);
  const holder = await aPerson(db, organisation, ['keyholder']);
  const now: Asked = { ...nothing, at: new Date() };
  for (const who of [body.managers[0], officer, holder])
    expect(await ask(db, who, (on) => accessCount(on, now))).toEqual({ lines: 2n, people: 2n });
  const own = await ask(db, reader, (on) => accessAt(on, now, 0));
  expect(isRefusal(own) ? own : own.map(({ person }) => person)).toEqual([reader.person]);
  const ofOther = { ...now, person: other.person };
  const refused = { refusal: 'only-yourself' };
  expect(await ask(db, reader, (on) => accessAt(on, ofOther, 0))).toMatchObject(refused);
  expect(await ask(db, reader, (on) => accessDone(on, ofOther, 0))).toMatchObject(refused);
  expect(await ask(db, reader, (on) => accessCount(on, ofOther))).toMatchObject(refused);
  const stranger = await aPerson(db, organisation);
  const choices = async (who: Actor) => ask(db, who, (on) => accessChoices(on, posted.post.case));
  expect(await choices(stranger)).toMatchObject({ case_form: null, people: [{ id: stranger.person }] });
  expect(await choices(reader)).toMatchObject({ case_form: 'review' });
  expect(await choices(officer)).toMatchObject({ case_form: 'review' });
  const another = await aBody(db, 'elsewhere');
  expect(await choices(another.managers[0])).toMatchObject({ case_form: null });
  expect(await ask(db, another.managers[0], (on) => accessCount(on, now))).toEqual({ lines: 0n, people: 0n });
});

test('what was opened and what was listed is counted until the moment, by person and case', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const posted = await aCase(db, body);
  const before = new Date();
  await ask(db, reader, async (on) => {
    await on.run('select * from letterbox.list_cases($1, null, 50)', ['review']);
    await on.run('select * from letterbox.release_case($1)', [posted.post.case]);
    await on.run('select * from letterbox.release_attachment($1, $2)', [
      posted.post.case,
      posted.attachment.id,
    ]);
  });
  const [manager] = body.managers;
  const done = (asked: Partial<Asked>) =>
    ask(db, manager, (on) => accessDone(on, { ...nothing, at: new Date(), ...asked }, 0));
  const opened = {
    what: 'opened',
    person: reader.person,
    form: 'review',
    case_id: posted.post.case,
    times: 2n,
  };
  const listed = { what: 'listed', person: reader.person, form: 'review', times: 1n };
  expect(await done({})).toMatchObject([opened, { ...listed, case_id: null }]);
  expect(await done({ person: reader.person, form: 'review', case: posted.post.case })).toMatchObject([
    opened,
    listed,
  ]);
  expect(await done({ person: manager.person })).toEqual([]);
  expect(await done({ form: 'victims' })).toEqual([]);
  expect(await done({ at: before })).toEqual([]);
});

test('what has ended is still told for the time before it ended', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const then = new Date();
  await endGrant(db, reader.grant);
  const [manager] = body.managers;
  const [line] = [await ask(db, manager, (on) => accessAt(on, { ...nothing, at: then }, 0))].flat();
  expect(line).toMatchObject({ person: reader.person, ended_by_name: body.managers[1].name });
  expect(await ask(db, manager, (on) => accessAt(on, { ...nothing, at: new Date() }, 0))).toEqual([]);
});
