/** Incidents on a real database: who may, what is told to whom, and what the register keeps. */
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { startAlarms } from '../alarm/jobs.ts';
import { ownAlarms } from '../alarm/store.ts';
import { findActor } from '../people/store.ts';
import {
  aFoundedBody,
  entriesOf,
  refusalOf,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import { parseEntry, sentence } from '../register/register.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { type Opening, openIncident, takeStep } from './acts.ts';
import { clockOf, type Phase, stateOf, type Taken } from './incidents.ts';
import { incidentSteps, ownIncidents } from './store.ts';

let db: TestDatabase;
let body: TestBody;
beforeEach(async () => {
  db = await testDatabase();
  body = await aFoundedBody(db);
});

const HOUR = 3_600_000;
const text = 'As the supplier said on the telephone';
const ago = (hours: number) => new Date(Date.now() - hours * HOUR);
const opening = (more: Partial<Opening> = {}): Opening => ({
  ...{ title: 'Review form open to everybody', source: 'public', alarm: null, aware: ago(1), text },
  ...more,
});
const opened = async (by: SignedIn, more: Partial<Opening> = {}) =>
  settled(await openIncident(db.desk, by.session, opening(more))).id;
const take = (by: SignedIn, id: string, taken: Taken) => takeStep(db.desk, by.session, id, taken);
const note: Taken = { kind: 'note', facts: { text } };
const closed: Taken = { kind: 'closed', facts: { text } };
/** A step for each phase, by which it is done. */
const everyPhase: readonly Taken[] = [
  { kind: 'contained', facts: { text } },
  { kind: 'assessed', facts: { text, risk: 'unlikely', regime: 'uk-gdpr' } },
  { kind: 'regulator', facts: { text, decision: 'not' } },
  { kind: 'people', facts: { text, decision: 'not' } },
  { kind: 'learnt', facts: { text } },
];
const asked = async <T>(by: SignedIn, work: Parameters<typeof act<T>>[2]) =>
  settled(await act(db.desk, by.session, work));
const standing = async (id: string, by = body.founder) =>
  asked(by, async (tx) => {
    const row = (await ownIncidents(tx)).find((each) => each.id === id);
    if (!row) throw new Error('There is no such incident.');
    return { row, state: stateOf(row, await incidentSteps(tx, id)) };
  });
const due = async (by: SignedIn) => (await findActor(db.desk, { letterbox: by.session }))?.regulatorDue;

test('anybody of the body opens one; those who look after alarms are told at once and work on it', async () => {
  const entries = await entriesOf(db, async () => {
    await opened(body.ben);
  });
  expect(entries.map(({ kind }) => kind)).toEqual(['incident', 'incident-step', 'alarm']);
  const said = entries.map(({ body: one }) => parseEntry(one)).map((one) => one && sentence(one));
  expect(said.join(' ')).toMatch(/opened an incident \(public\).*step 1 of an incident: opened.*red alarm/);
  const [alarm] = await asked(body.second, ownAlarms);
  expect(alarm).toMatchObject({ kind: 'by-hand', colour: 'red', told: 1 });
  expect(alarm?.seen).not.toContain('Review form');
  const [one] = await asked(body.founder, ownIncidents);
  expect(one?.title).toBe('Review form open to everybody');
  expect(refusalOf(await act(db.desk, body.ben.session, ownIncidents))).toBe('not-minder');
  expect(refusalOf(await take(body.ben, one?.id ?? '', note))).toBe('not-minder');
});

test('the register keeps the hash of each step’s words and not the words; a step cannot be changed', async () => {
  const id = await opened(body.founder);
  const entries = await entriesOf(db, async () => void settled(await take(body.second, id, note)));
  expect(entries).toHaveLength(1);
  expect(entries[0]?.body).not.toContain('supplier');
  const shape = z.object({ hash: z.string() });
  const { hash } = await db.admin.one(
    shape,
    `select encode(sha256(convert_to(facts::text, 'UTF8')), 'hex') as hash from letterbox.incident_step where n = 2`,
  );
  expect(entries[0]?.body).toContain(hash);
  await expect(db.admin.run(`update letterbox.incident_step set kind = 'note'`)).rejects.toThrow(
    'append-only',
  );
  await expect(db.admin.run('delete from letterbox.incident_step')).rejects.toThrow('append-only');
});

test('the clock on every page is the one that its steps tell, whatever is done in whatever order', async () => {
  const id = await opened(body.founder, { aware: ago(50) });
  const acts: Taken[] = [
    { kind: 'regulator', facts: { text, decision: 'tell' } },
    { kind: 'aware', facts: { text, moment: ago(60).toISOString() } },
    { kind: 'regulator', facts: { text, decision: 'not' } },
    { kind: 'reopened', facts: { text, phase: 'notify' } },
    { kind: 'regulator-told', facts: { text, moment: ago(2).toISOString() } },
    { kind: 'regulator', facts: { text, decision: 'tell' } },
    { kind: 'aware', facts: { text, moment: ago(20).toISOString() } },
  ];
  for (const taken of acts) {
    settled(await take(body.second, id, taken));
    const { row, state } = await standing(id);
    const clock = clockOf(state, new Date());
    const runs = ['running', 'late'].includes(clock.stands);
    expect(row.awareAt).toEqual(state.aware);
    expect(await due(body.founder), taken.kind).toEqual(runs ? clock.deadline : null);
    expect(await due(body.ben), 'not for everybody').toBeNull();
  }
});

test('it is closed only when every phase is done, and then takes a note and being opened again', async () => {
  const id = await opened(body.founder);
  for (const taken of everyPhase) {
    expect(refusalOf(await take(body.founder, id, closed))).toBe('phases-open');
    settled(await take(body.founder, id, taken));
  }
  settled(await take(body.founder, id, closed));
  expect(refusalOf(await take(body.founder, id, { kind: 'contained', facts: { text } }))).toBe(
    'closed-already',
  );
  settled(await take(body.founder, id, note));
  const phase: Phase = 'assess';
  settled(await take(body.founder, id, { kind: 'reopened', facts: { text, phase } }));
  expect((await standing(id)).row.closedAt).toBeNull();
});

test('within a day of the deadline an alarm says so, red once it is over, and it is gone once settled', async () => {
  const id = await opened(body.founder, { aware: ago(47) });
  const later = await opened(body.founder, { aware: ago(73), title: 'Another' });
  const alarms = startAlarms({ database: db.alarm, relay: null, webhook: null, deskUrl: '', everyMs: HOUR });
  const dues = async () =>
    (await asked(body.founder, ownAlarms))
      .filter(({ kind, goneAt }) => kind === 'incident' && !goneAt)
      .map(({ colour, times }) => ({ colour, times }));
  await alarms.tick();
  expect(await dues()).toEqual([{ colour: 'red', times: 1 }]);
  settled(await take(body.founder, id, { kind: 'aware', facts: { text, moment: ago(49).toISOString() } }));
  await alarms.tick();
  await alarms.tick();
  const both = [
    { colour: 'amber', times: 1 },
    { colour: 'red', times: 1 },
  ];
  expect(new Set(await dues())).toEqual(new Set(both));
  const told: Taken = { kind: 'regulator-told', facts: { text, moment: ago(0).toISOString() } };
  for (const each of [id, later]) settled(await take(body.founder, each, told));
  await alarms.tick();
  expect(await dues()).toEqual([]);
  await alarms.stop();
});

test('a measure comes back in an alarm until it is done, also after the end', async () => {
  const id = await opened(body.founder);
  const owner = body.second.staff.person;
  const measure = (due: string): Taken => ({ kind: 'measure', facts: { text, owner, due } });
  const { n } = settled(await take(body.founder, id, measure('2026-01-31')));
  settled(await take(body.founder, id, measure('2999-01-31')));
  const alarms = startAlarms({ database: db.alarm, relay: null, webhook: null, deskUrl: '', everyMs: HOUR });
  const seen = async () =>
    (await asked(body.founder, ownAlarms))
      .filter(({ kind, goneAt }) => kind === 'incident' && !goneAt)
      .map((each) => each.seen);
  await alarms.tick();
  await alarms.tick();
  expect(await seen()).toEqual([
    expect.stringMatching(/Second Manager looks after, was due on 31 January 2026/),
  ]);
  const done: Taken[] = [...everyPhase, closed, { kind: 'measure-done', facts: { text, measure: n } }];
  for (const taken of done) settled(await take(body.founder, id, taken));
  await alarms.tick();
  expect(await seen()).toEqual([]);
  expect((await standing(id)).state.measures.map(({ doneBy }) => doneBy !== null)).toEqual([true, false]);
  await alarms.stop();
});

test('what would keep later alarms from being told is not taken down', async () => {
  const id = await opened(body.founder);
  const facts = { text, owner: body.second.staff.person, due: '2026-01-31' };
  const wrong = [
    { ...facts, due: '999999-01-01' },
    { ...facts, due: 'infinity' },
    { ...facts, owner: id },
    { text },
  ];
  for (const each of wrong) {
    const tried = act(db.desk, body.founder.session, (tx) =>
      tx.run('select letterbox.take_incident_step($1, $2, $3, null)', [id, 'measure', JSON.stringify(each)]),
    );
    expect(refusalOf(await tried), JSON.stringify(each)).toBe('document-mismatch');
  }
});

test('two of one alarm are one, what has not happened yet is refused, and so is another body’s', async () => {
  const first = await opened(body.ben);
  const [alarm] = await asked(body.founder, ownAlarms);
  const from = { source: 'watch' as const, alarm: alarm?.id ?? null };
  await opened(body.founder, from);
  expect(refusalOf(await openIncident(db.desk, body.second.session, opening(from)))).toBe('opened-already');
  expect(refusalOf(await openIncident(db.desk, body.ben.session, opening(from))), 'no minder').toBe(
    'missing',
  );
  expect(refusalOf(await openIncident(db.desk, body.ben.session, opening({ aware: ago(-1) })))).toBe(
    'not-yet',
  );
  expect(
    refusalOf(
      await take(body.founder, first, {
        kind: 'regulator-told',
        facts: { text, moment: ago(-1).toISOString() },
      }),
    ),
  ).toBe('not-yet');
  const other = await aFoundedBody(db, 'elsewhere');
  expect(refusalOf(await take(other.founder, first, note))).toBe('missing');
  expect(await asked(other.founder, ownIncidents)).toEqual([]);
});
