/** Alarms, quarantine and canaries, by the acts that people and Watch cause, on a real database. */
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listCases, releaseCase } from '../cases/store.ts';
import { aCase } from '../cases/testing.ts';
import { keysOf, letRead, openForm } from '../grants/testing.ts';
import {
  aFoundedBody,
  confirm,
  type Enrolled,
  enrol,
  entriesOf,
  foundHost,
  refusalOf,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import { parseAddress } from '../post/address.ts';
import { openRelay, parseRelay } from '../post/post.ts';
import { openPostbox } from '../post/testing.ts';
import { parseEntry, sentence } from '../register/register.ts';
import { recipientOf } from '../sealing/keys.ts';
import { formId, newCaseId, newId, organisationId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import {
  acknowledge,
  announceCanaries,
  foundPlant,
  liftQuarantine,
  plant,
  quarantineForm,
  retireCanaries,
  takeReport,
} from './acts.ts';
import { mailOf, parseLift, type Report, signLift } from './alarm.ts';
import { startAlarms } from './jobs.ts';
import {
  hooksDue,
  outboxDue,
  ownAlarms,
  ownOutbox,
  ownQuarantines,
  ownWatches,
  plantedAt,
  watchDuty,
} from './store.ts';

let db: TestDatabase;
let body: TestBody;
let watch: Enrolled;
beforeEach(async () => {
  db = await testDatabase();
  body = await aFoundedBody(db);
  watch = await enrol(db, body.founder, 'Watch', ['watch']);
  for (const manager of [body.founder, body.second]) settled(await confirm(db, manager, watch, ['watch']));
});

const readable = {
  ...({ key: 'readable review', kind: 'readable', colour: 'red', form: 'review' } as const),
  seen: 'A stranger could read a canary of this form.',
  ...{ asWhom: 'a stranger', address: '/cases/…' },
} as const;
const report = (more: Partial<Report> = {}): Report => ({
  ...{ every: 15, took: 2.5, asked: 900, findings: [], gone: [], ...more },
});
const tell = (more: Partial<Report> = {}, as: SignedIn = watch) =>
  takeReport(db.desk, as.session, report(more));
const asked = <T>(who: SignedIn, work: Parameters<typeof act<T>>[2]) => act(db.desk, who.session, work);
const released = (who: SignedIn, id: string) => asked(who, (tx) => releaseCase(tx, id));
const listed = (who: SignedIn) => asked(who, (tx) => listCases(tx, 'review', null));

/** A form that Ana reads, with one case. */
async function readByAna() {
  await letRead(body, body.ana, {});
  await openForm(body, body.ana, 'review');
  const [key] = await keysOf(body, body.ana);
  if (!key) throw new Error('Nobody holds the key.');
  const recipient = await recipientOf(key.identity);
  const organisation = organisationId(body.founder.staff.organisation);
  const target = { organisation, form: formId('review'), version: 1, generation: 1, recipient };
  return () => aCase(db, { slug: 'exampleshire', target });
}

describe('a red finding', () => {
  test('closes its form in the same transaction as the alarm, before any mail is there to be sent', async () => {
    const { post } = await (await readByAna())();
    settled(await released(body.ana, post.case));
    const entries = await entriesOf(db, async () =>
      expect(settled(await tell({ findings: [readable] }))).toEqual({ quarantined: ['review'] }),
    );
    expect(entries.map(({ kind }) => kind)).toEqual(['quarantine', 'alarm', 'watched']);
    const said = entries.map(({ body: text }) => parseEntry(text)).map((entry) => entry && sentence(entry));
    expect(said.join(' ')).toMatch(
      /put review in quarantine.*A red alarm \(readable\) about review was raised.*been round/,
    );
    for (const again of [released(body.ana, post.case), listed(body.ana)])
      expect(refusalOf(await again)).toBe('quarantined');
    expect(refusalOf(await released(body.ben, post.case)), 'to others nothing is said').toBe('missing');
    const mails = await outboxDue(db.alarm, 10);
    expect(mails.map(({ name }) => name).sort()).toEqual(['First Manager', 'Second Manager']);
  });

  test('is one alarm and one mail each, however often it is seen', async () => {
    for (let n = 0; n < 5; n += 1) settled(await tell({ findings: [readable] }));
    const [alarm, ...more] = settled(await asked(body.founder, ownAlarms));
    expect(more).toEqual([]);
    expect(alarm).toMatchObject({
      times: 5,
      told: 1,
      done: 'quarantined',
      title: 'About review',
      goneAt: null,
    });
    expect(await outboxDue(db.alarm, 10)).toHaveLength(2);
  });

  test('is told again until somebody is on it, and then no more', async () => {
    settled(await tell({ findings: [readable] }));
    const [alarm] = settled(await asked(body.founder, ownAlarms));
    const later = () =>
      db.admin.run(
        "update letterbox.alarm set tell_at = now() - interval '1 second' where tell_at is not null",
      );
    await later();
    await db.alarm.run('select letterbox.alarm_tick()');
    expect((await outboxDue(db.alarm, 10)).map(({ nth }) => nth).sort()).toEqual([1, 1, 2, 2]);
    expect(refusalOf(await acknowledge(db.desk, body.ana.session, alarm?.id ?? ''))).toBe('not-minder');
    settled(await acknowledge(db.desk, body.second.session, alarm?.id ?? ''));
    expect(refusalOf(await acknowledge(db.desk, body.founder.session, alarm?.id ?? ''))).toBe(
      'acknowledged-already',
    );
    await later();
    await db.alarm.run('select letterbox.alarm_tick()');
    expect(await outboxDue(db.alarm, 10)).toEqual([]);
    settled(await tell({ findings: [readable] }));
    expect(settled(await asked(body.founder, ownAlarms))).toHaveLength(1);
    // A day later it still stands, so whoever was on it is asked again.
    await db.admin.run("update letterbox.alarm set acknowledged_at = now() - interval '25 hours'");
    settled(await tell({ findings: [readable] }));
    await db.alarm.run('select letterbox.alarm_tick()');
    expect(await outboxDue(db.alarm, 10)).toHaveLength(2);
  });

  test('that is seen no more is over; seen again it is another alarm', async () => {
    settled(await tell({ findings: [readable] }));
    settled(await tell({ gone: [readable.key] }));
    expect(settled(await asked(body.founder, ownAlarms))[0]?.goneAt).toBeInstanceOf(Date);
    expect(settled(await asked(body.founder, ownQuarantines)), 'what is closed stays closed').toHaveLength(1);
    settled(await tell({ findings: [readable] }));
    expect(settled(await asked(body.founder, ownAlarms))).toHaveLength(2);
  });

  test('in amber closes nothing, and becomes red when it is', async () => {
    const loose = { ...readable, kind: 'loose', colour: 'amber' } as const;
    expect(settled(await tell({ findings: [loose] }))).toEqual({ quarantined: [] });
    expect(settled(await tell({ findings: [{ ...loose, colour: 'red' }] }))).toEqual({
      quarantined: ['review'],
    });
    await db.alarm.run('select letterbox.alarm_tick()');
    expect((await outboxDue(db.alarm, 10)).map(({ nth }) => nth).sort()).toEqual([1, 1, 2, 2]);
  });

  test('is told to a webhook as often as to people', async () => {
    settled(await tell({ findings: [readable] }));
    const [due] = await hooksDue(db.alarm, 10);
    expect(due).toMatchObject({ nth: 1, organisation: 'Exampleshire', alarm: { kind: 'readable' } });
    await db.alarm.run('select letterbox.hook_done($1, $2)', [due?.alarm.id ?? '', 1]);
    expect(await hooksDue(db.alarm, 10)).toEqual([]);
  });

  test('is told in a mail that says what was seen, as whom, since when, what was done and what to do', async () => {
    settled(await tell({ findings: [readable] }));
    const [due] = await outboxDue(db.alarm, 1);
    if (!due?.name) throw new Error('No mail is due.');
    const { subject, text } = mailOf(due.alarm, { ...due, name: due.name }, 'https://desk.example');
    expect(subject).toBe('Red alarm: Submissions can be read: About review');
    for (const part of [
      readable.seen,
      'a stranger',
      '/cases/…',
      'in quarantine',
      'https://desk.example/watch',
      'Since when',
    ])
      expect(text).toContain(part);
    expect(settled(await asked(body.founder, ownOutbox))).toHaveLength(2);
    expect(refusalOf(await asked(body.ana, ownOutbox))).toBe('not-minder');
  });
});

describe('a quarantine', () => {
  const lift = async (by: SignedIn, quarantine: string, more: object = {}) => {
    const about = { quarantine, form: 'review', reason: 'A proxy kept pages; it is mended.', ...more };
    return liftQuarantine(db.desk, by.session, await signLift(by.staff, about, new Date()), quarantine);
  };
  const only = async () => settled(await asked(body.founder, ownQuarantines))[0]?.id ?? '';

  test('is begun by one, and lifted by two managers who are not the same person', async () => {
    const { post } = await (await readByAna())();
    expect(refusalOf(await quarantineForm(db.desk, body.ana.session, 'review', 'I think so'))).toBe(
      'not-minder',
    );
    settled(await quarantineForm(db.desk, body.founder.session, 'review', 'Somebody rang us'));
    expect(refusalOf(await quarantineForm(db.desk, body.second.session, 'review', 'Me too'))).toBe(
      'quarantined-already',
    );
    const id = await only();
    for (const nobody of [body.ana, watch]) expect(refusalOf(await lift(nobody, id))).toBe('not-manager');
    expect(settled(await lift(body.founder, id))).toEqual({ lifted: false });
    expect(refusalOf(await lift(body.founder, id, { reason: 'Once more' }))).toBe('signed-already');
    expect(refusalOf(await released(body.ana, post.case))).toBe('quarantined');
    expect(settled(await lift(body.second, id))).toEqual({ lifted: true });
    settled(await released(body.ana, post.case));
    expect(refusalOf(await lift(body.second, id))).toBe('lifted-already');
  });

  test('is lifted by nothing that was signed for another, or by somebody else’s key', async () => {
    settled(await quarantineForm(db.desk, body.founder.session, 'review', 'Somebody rang us'));
    const id = await only();
    const about = { quarantine: id, form: 'review', reason: 'Mended' };
    const other = await signLift(body.founder.staff, { ...about, quarantine: newId() }, new Date());
    expect(refusalOf(await liftQuarantine(db.desk, body.founder.session, other, id))).toBe(
      'document-mismatch',
    );
    const forged = await signLift(
      { ...body.founder.staff, signingKey: body.ana.staff.signingKey },
      about,
      new Date(),
    );
    expect(refusalOf(await liftQuarantine(db.desk, body.founder.session, forged, id))).toBe('bad-signature');
    const theirs = await signLift(body.second.staff, about, new Date());
    expect(
      refusalOf(await liftQuarantine(db.desk, body.founder.session, theirs, id)),
      'in another’s session',
    ).toBe('document-mismatch');
    expect(parseLift(`${theirs.text} `)).toBeNull();
    expect(await only()).toBe(id);
  });

  test('of an unknown form is none', async () => {
    expect(refusalOf(await quarantineForm(db.desk, body.founder.session, 'unknown', 'Why'))).toBe('missing');
    expect(settled(await tell({ findings: [{ ...readable, form: 'unknown' }] }))).toEqual({
      quarantined: [],
    });
  });
});

describe('canaries', () => {
  test('are announced before they come, and are no case to anybody', async () => {
    const posting = await readByAna();
    const canary = newCaseId(new Date());
    const entries = await entriesOf(db, async () =>
      settled(await announceCanaries(db.desk, watch.session, 'review', [canary])),
    );
    expect(entries.map(({ kind }) => kind)).toEqual(['canaries']);
    const real = await posting();
    await db.admin.run('update letterbox.canary set case_id = $1', [real.post.case]);
    expect(settled(await listed(body.ana)).map(({ canary: planted }) => planted)).toEqual([true]);
    const count = z.object({ cases: z.bigint() });
    const counted = (sql: string) => asked(body.founder, (tx) => tx.rows(count, sql));
    expect(settled(await counted('select cases from letterbox.access_overview()'))).toEqual([{ cases: 0n }]);
    const mine = settled(
      await asked(body.ana, (tx) => tx.rows(count, 'select cases from letterbox.my_forms()')),
    );
    expect(mine).toEqual([{ cases: 0n }]);
    expect(settled(await asked(watch, watchDuty)).canaries).toMatchObject([
      { form: 'review', arrived: true },
    ]);
    settled(await retireCanaries(db.desk, watch.session, [real.post.case]));
    expect(settled(await asked(watch, watchDuty)).canaries).toEqual([]);
    expect(refusalOf(await released(body.ana, real.post.case))).toBe('missing');
  });

  test('cannot be made of a case that is there, nor taken away as one', async () => {
    const { post } = await (await readByAna())();
    expect(refusalOf(await announceCanaries(db.desk, watch.session, 'review', [newId(), post.case]))).toBe(
      'case-there',
    );
    settled(await retireCanaries(db.desk, watch.session, [post.case]));
    settled(await released(body.ana, post.case));
  });

  test('are Watch’s alone', async () => {
    for (const who of [body.founder, body.ana]) {
      expect(refusalOf(await announceCanaries(db.desk, who.session, 'review', [newId()]))).toBe('not-watch');
      expect(refusalOf(await tell({}, who))).toBe('not-watch');
    }
    expect(
      refusalOf(
        await announceCanaries(
          db.desk,
          watch.session,
          'review',
          Array.from({ length: 61 }, () => newId()),
        ),
      ),
    ).toBe('too-many');
  });
});

describe('Watch', () => {
  test('is given nothing to read, signs nothing for others and fills no register with its asking', async () => {
    const entries = await entriesOf(db, async () => {
      expect(refusalOf(await released(watch, newId()))).toBe('missing');
      expect(refusalOf(await quarantineForm(db.desk, watch.session, 'review', 'Why'))).toBe('not-minder');
    });
    expect(entries).toEqual([]);
    await expect(letRead(body, watch, {})).rejects.toThrow('grantee-is-watch');
    for (const capacities of [
      ['watch', 'manager'],
      ['watch', 'caseworker'],
      ['watch', 'watch'],
    ])
      await expect(
        db.admin.run('update letterbox.person set capacities = $1 where id = $2', [
          capacities,
          watch.staff.person,
        ]),
      ).rejects.toThrow('check constraint');
  });

  test('that falls silent alarms within two intervals, and is taken back when it is heard of', async () => {
    settled(await tell());
    await db.alarm.run('select letterbox.alarm_tick()');
    expect(settled(await asked(body.founder, ownAlarms))).toEqual([]);
    await db.admin.run("update letterbox.watch_beat set at = now() - interval '31 seconds'");
    expect(settled(await asked(body.ana, ownWatches))).toMatchObject([
      { name: 'Watch', silent: true, every: 15 },
    ]);
    await db.alarm.run('select letterbox.alarm_tick()');
    await db.alarm.run('select letterbox.alarm_tick()');
    expect(settled(await asked(body.founder, ownAlarms))).toMatchObject([
      { kind: 'silence', colour: 'red', goneAt: null },
    ]);
    settled(await tell());
    expect(settled(await asked(body.founder, ownAlarms))[0]?.goneAt).toBeInstanceOf(Date);
  });

  test('has its quiet hours in the register, once an hour', async () => {
    const entries = await entriesOf(db, async () => {
      for (let n = 0; n < 4; n += 1) settled(await tell());
      await db.admin.run("update letterbox.watch_beat set told_at = now() - interval '61 minutes'");
      settled(await tell());
    });
    expect(entries.map(({ kind, body: text }) => [kind, JSON.parse(text).asked])).toEqual([
      ['watched', 900],
      ['watched', 3600],
    ]);
  });

  test('rehearses with what is handed out where nothing else is, until it is found', async () => {
    const bytes = new TextEncoder().encode('a mark');
    const about = { site: 'slot', path: '/backup.zip', packing: 'plain', bytes } as const;
    const { id } = settled(await plant(db.desk, watch.session, about));
    expect(Buffer.from((await plantedAt(db.slot, 'slot', '/backup.zip')) ?? '').toString()).toBe('a mark');
    expect(await plantedAt(db.desk, 'desk', '/backup.zip')).toBeNull();
    expect(settled(await foundPlant(db.desk, watch.session, id)).seconds).toBeGreaterThan(0);
    expect(await plantedAt(db.slot, 'slot', '/backup.zip')).toBeNull();
    expect(refusalOf(await foundPlant(db.desk, watch.session, id))).toBe('missing');
    for (let n = 0; n < 5; n += 1) settled(await plant(db.desk, watch.session, about));
    expect(refusalOf(await plant(db.desk, watch.session, about))).toBe('too-many');
  });

  test('of the host looks as an operator does, and lets no body be founded', async () => {
    const operator = await foundHost(db);
    const outside = await enrol(db, operator, 'Watch of the host', ['watch']);
    settled(await confirm(db, operator, outside, ['watch']));
    const sql = 'select slug from letterbox.host_bodies()';
    expect(settled(await asked(outside, (tx) => tx.rows(z.object({ slug: z.string() }), sql)))).toHaveLength(
      1,
    );
    const invite = await asked(outside, (tx) =>
      tx.run("select letterbox.host_invite_body('another', sha256('x'))"),
    );
    expect(refusalOf(invite)).toBe('not-operator');
    expect(refusalOf(await announceCanaries(db.desk, outside.session, 'review', [newId()]))).toBe('missing');
  });
});

describe('the telephone', () => {
  test('sends each mail once, writes down what fails, and leaves what nobody sends in the outbox', async () => {
    settled(await tell({ findings: [readable] }));
    const silent = startAlarms({
      database: db.alarm,
      relay: null,
      webhook: null,
      deskUrl: 'https://desk.example',
    });
    await silent.tick();
    await silent.stop();
    expect(await outboxDue(db.alarm, 10), 'without a relay they lie there').toHaveLength(2);
    const refused: string[] = [];
    const box = await openPostbox((to) =>
      to.startsWith('first') && refused.push(to) === 1 ? 451 : undefined,
    );
    const [address, from] = [parseRelay(box.url), parseAddress('letterbox@body.example')];
    if (!address || !from) throw new Error('No relay.');
    const telephone = startAlarms({
      ...{
        database: db.alarm,
        relay: openRelay(address, from),
        webhook: null,
        deskUrl: 'https://desk.example',
      },
      everyMs: 3_600_000,
    });
    for (let n = 0; n < 3; n += 1) await telephone.tick();
    expect(box.mails().map(({ to }) => to)).toEqual([['second.manager@example.com']]);
    const failed = settled(await asked(body.founder, ownOutbox)).find(({ sent_at }) => !sent_at);
    expect(failed).toMatchObject({
      tries: 1,
      failure: expect.stringMatching(/cannot take this mail just now/),
    });
    await db.admin.run('update letterbox.outbox set next_at = now() where sent_at is null');
    await telephone.tick();
    expect(
      box
        .mails()
        .flatMap(({ to }) => to)
        .sort(),
    ).toEqual(['first@exampleshire.example', 'second.manager@example.com']);
    expect(box.mails()[0]?.raw).toContain('https://desk.example/watch');
    await telephone.stop();
    await box.close();
  });
});
