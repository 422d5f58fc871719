/** What becomes of findings: told once they were seen twice, to whom they concern, and taken back when they are gone. */
import { beforeEach, expect, test } from 'vitest';
import { found as foundBody, foundHost, type SignedIn, settled } from '../people/testing.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { type Finding, openInspection, type Subject } from './inspection.ts';
import { outboxDue, ownAlarms } from './store.ts';

let db: TestDatabase;
let founder: SignedIn;
beforeEach(async () => {
  db = await testDatabase();
  founder = (await foundBody(db, 'exampleshire')).founder;
});

const finding = (key: string, whom: Finding['whom'] = 'all'): Finding => ({
  ...{ key, colour: 'amber', seen: `It is about ${key}.`, address: 'here', whom },
});
/** A subject that sees what it is told to see, or fails. */
function seeing(patience = 1) {
  const state: { now: readonly Finding[] | Error } = { now: [] };
  const subject: Subject = {
    ...{ name: 'A test', patience },
    look: async () => {
      if (state.now instanceof Error) throw state.now;
      return state.now;
    },
  };
  return {
    subject,
    see: (...now: Finding[]) => (state.now = now),
    fail: () => (state.now = new Error('it is away.')),
  };
}
const standing = async (who = founder) =>
  settled(await act(db.desk, who.session, ownAlarms)).flatMap(({ seen, goneAt }) => (goneAt ? [] : [seen]));

test('a finding is an alarm once it was seen twice in a row, with a mail, and no longer when it is not seen', async () => {
  const { subject, see } = seeing();
  const { round } = openInspection({ database: db.alarm, subjects: [subject] });
  await round();
  see(finding('a'));
  await round();
  expect(await standing()).toEqual([]);
  see();
  await round();
  see(finding('a'));
  await round();
  expect(await standing(), 'twice, but not in a row').toEqual([]);
  await round();
  expect(await standing()).toEqual(['It is about a.']);
  expect(await outboxDue(db.alarm, 10)).toMatchObject([
    { alarm: { kind: 'configuration', colour: 'amber' } },
  ]);
  await round();
  expect(await outboxDue(db.alarm, 10), 'one mail').toHaveLength(1);
  see();
  await round();
  expect(await standing()).toEqual([]);
});

test('what an earlier process told stands while it is there, and is taken back when it is not', async () => {
  const { subject, see } = seeing();
  see(finding('a'), finding('b'));
  const earlier = openInspection({ database: db.alarm, subjects: [subject] });
  await earlier.round();
  await earlier.round();
  expect((await standing()).sort()).toEqual(['It is about a.', 'It is about b.']);
  see(finding('b'));
  const later = openInspection({ database: db.alarm, subjects: [subject] });
  await later.round();
  expect(await standing()).toHaveLength(2);
  await later.round();
  expect(await standing()).toEqual(['It is about b.']);
});

test('a hole in a wall is told to all, what runs the site to whoever runs it, and a body’s own to that body', async () => {
  const { founder: other } = await foundBody(db, 'elsewhere');
  const { subject, see } = seeing();
  const { round } = openInspection({ database: db.alarm, subjects: [subject] });
  see(finding('all'), finding('site', 'site'), finding('own', { organisation: other.staff.organisation }));
  await round();
  await round();
  expect((await standing()).sort()).toEqual(['It is about all.', 'It is about site.']);
  expect((await standing(other)).sort()).toEqual([
    'It is about all.',
    'It is about own.',
    'It is about site.',
  ]);
  const operator = await foundHost(db);
  await round();
  expect((await standing()).sort()).toEqual(['It is about all.']);
  expect((await standing(other)).sort()).toEqual(['It is about all.', 'It is about own.']);
  expect((await standing(operator)).sort()).toEqual(['It is about all.', 'It is about site.']);
});

test('a subject that cannot look keeps what it saw, and says that it is blind once its patience is over', async () => {
  const { subject, see, fail } = seeing(2);
  const { round } = openInspection({ database: db.alarm, subjects: [subject] });
  see(finding('a'));
  await round();
  await round();
  fail();
  await round();
  await round();
  expect(await standing()).toEqual(['It is about a.']);
  await round();
  await round();
  expect((await standing()).sort()).toEqual([
    'A test cannot be inspected, so nobody notices what is set wrongly there: it is away.',
    'It is about a.',
  ]);
  see();
  await round();
  expect(await standing()).toEqual([]);
});

test('that falls silent is an alarm by Watch’s next report, and none once it looks again', async () => {
  const beat = () =>
    db.admin.run(
      `insert into letterbox.watch_beat (organisation, person, at, every, took, asked, told_at, asked_since)
       values ($1, $2, now(), '15 s', '1 s', 1, now(), 1) on conflict (organisation, person) do update set at = now()`,
      [founder.staff.organisation, founder.staff.person],
    );
  const aMinuteLater = () =>
    db.admin.run(
      "update letterbox.inspected set at = at - interval '61 seconds', missed_since = missed_since - interval '61 seconds'",
    );
  const twoMinutes = async () => {
    await aMinuteLater();
    await beat();
    const soon = await standing();
    await aMinuteLater();
    await beat();
    return soon;
  };
  await beat();
  await aMinuteLater();
  await beat();
  expect(await standing(), 'on the first day it need not have run').toEqual([]);
  await db.admin.run("update letterbox.organisation set founded_at = now() - interval '2 days'");
  await beat();
  expect(await standing()).toEqual([expect.stringMatching(/was never started/)]);
  const { round } = openInspection({ database: db.alarm, subjects: [] });
  await round();
  await round();
  await beat();
  expect(await standing()).toEqual([]);
  expect(await twoMinutes(), 'what is started a moment later is not missed').toEqual([]);
  expect(await standing()).toEqual([expect.stringMatching(/has said nothing since/)]);
  await openInspection({ database: db.alarm, subjects: [] }).round();
  await beat();
  expect(await standing(), 'it looks twice before it takes anything back').toHaveLength(1);
});
