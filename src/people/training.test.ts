/** Training in date: the built-in course by its answers, a course elsewhere by a manager's word. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { signText } from '../sealing/signature.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { parsePeopleDocument, peopleText, type TrainingDocument } from './documents.ts';
import { trainedAt, verifyPeople } from './person.ts';
import { actOnStanding } from './standing-acts.ts';
import { signCourse } from './standing-documents.ts';
import { ownTraining } from './store.ts';
import {
  documentsIn,
  entriesOf,
  forge,
  found,
  join,
  refusalOf,
  type SignedIn,
  settled,
  suspend,
  train,
  trainElsewhere,
} from './testing.ts';
import { COURSE, COURSE_VERSION, objectionToTraining, passes, QUESTIONS } from './training.ts';

const RIGHT = QUESTIONS.map(({ right }) => right);
const DAY = 24 * 60 * 60 * 1000;
const AT = '2026-11-02T09:00:00.000Z';
const after = (days: number) => new Date(Date.parse(AT) + days * DAY).toISOString();

const record: TrainingDocument = {
  kind: 'training',
  organisation: '01900000-0000-7000-8000-000000000000',
  signer: '01900000-0000-7000-8000-000000000001',
  person: '01900000-0000-7000-8000-000000000001',
  course: COURSE,
  version: COURSE_VERSION,
  answers: RIGHT,
  at: AT,
  until: after(365),
};
const elsewhere: TrainingDocument = {
  ...record,
  person: '01900000-0000-7000-8000-000000000002',
  course: 'A day at a college',
  answers: null,
};

describe('the built-in course', () => {
  test('asks five questions, each with one right choice that its preview and its reason bear out', () => {
    expect(QUESTIONS).toHaveLength(5);
    for (const { choices, right, shown, because } of QUESTIONS) {
      expect(choices[right]).toBeTypeOf('string');
      expect(new Set(choices).size).toBe(choices.length);
      expect(shown.length).toBeGreaterThan(0);
      expect(because).not.toBe('');
    }
    expect(new Set(RIGHT).size, 'not always the same place').toBeGreaterThan(1);
  });

  test('is passed by all right answers and by nothing else', () => {
    expect(passes(COURSE, COURSE_VERSION, RIGHT)).toBe(true);
    const others = fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 7 });
    fc.assert(
      fc.property(
        others,
        (answers) => passes(COURSE, COURSE_VERSION, answers) === (String(answers) === String(RIGHT)),
      ),
    );
    expect(passes(COURSE, COURSE_VERSION + 1, RIGHT)).toBe(false);
    expect(passes('another', COURSE_VERSION, RIGHT)).toBe(false);
  });
});

describe('a training record', () => {
  test('counts by one’s own signature for the course, a manager’s for another (the control of what follows)', () => {
    expect(objectionToTraining(record, false)).toBeNull();
    expect(objectionToTraining(elsewhere, true)).toBeNull();
  });

  test.each([
    ['signed by somebody else', { ...record, signer: elsewhere.person }, true],
    ['with a wrong answer', { ...record, answers: RIGHT.with(0, 0) }, true],
    ['with an answer missing', { ...record, answers: RIGHT.slice(1) }, true],
    ['with all answers but of another version', { ...record, version: 2 }, true],
    ['that ends before it begins', { ...record, until: after(-1) }, true],
    ['that ends as it begins', { ...record, until: AT }, true],
    ['that counts longer than a year', { ...record, until: after(367) }, true],
    ['of a course elsewhere, by no manager', elsewhere, false],
    ['of a course elsewhere, of one’s own', { ...elsewhere, person: record.person }, true],
    ['of a course elsewhere, for longer than three years', { ...elsewhere, until: after(3 * 366 + 1) }, true],
    ['of the built-in course without its answers, of one’s own', { ...record, answers: null }, true],
  ] as const)('%s does not count', (_what, document, byManager) => {
    expect(objectionToTraining(document, byManager)).not.toBeNull();
  });
});

describe('recorded at the desk', () => {
  let db: TestDatabase;
  let founder: SignedIn;
  let second: SignedIn;
  let ana: SignedIn;
  beforeEach(async () => {
    db = await testDatabase();
    founder = (await found(db, 'exampleshire')).founder;
    second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
    ana = await join(db, founder, 'Ana Caseworker', ['caseworker'], [founder, second], { untrained: true });
  });
  const until = async ({ session }: SignedIn) => settled(await act(db.desk, session, ownTraining));
  const inDate = async ({ staff }: SignedIn) => {
    const { everyone } = await verifyPeople(await documentsIn(db, staff), staff.founding);
    const person = everyone.get(staff.person);
    return person ? trainedAt(person, new Date(Date.now() + 1000).toISOString()) !== null : false;
  };

  test('one’s own course counts a year, for the database and for every browser', async () => {
    expect([await until(ana), await inDate(ana)]).toEqual([null, false]);
    await train(db, ana);
    expect(await inDate(ana)).toBe(true);
    expect(((await until(ana))?.getTime() ?? 0) - Date.now()).toBeGreaterThan(364 * DAY);
  });

  test('is in date from when it was signed until its end, and no longer', async () => {
    const person = (await verifyPeople(await documentsIn(db, ana.staff), ana.staff.founding)).people.get(
      ana.staff.person,
    );
    if (!person) throw new Error('She is confirmed.');
    const training = [
      { document: 'short', since: AT, until: after(10) },
      { document: 'long', since: after(5), until: after(20) },
    ];
    const at = (days: number) => trainedAt({ ...person, training }, after(days));
    expect([-1, 0, 4, 5, 10, 19, 20].map(at)).toEqual([null, 'short', 'short', 'long', 'long', 'long', null]);
  });

  test('answers that are not right are refused, and change nothing', async () => {
    const signed = await signCourse(ana.staff, RIGHT.with(1, 0), new Date());
    expect(refusalOf(await actOnStanding(db.desk, ana.session, 'training', signed))).toBe(
      'document-mismatch',
    );
    expect([await until(ana), await inDate(ana)]).toEqual([null, false]);
  });

  test('a record with wrong answers, put into the database past the desk, is believed by no browser', async () => {
    await forge(db, await signCourse(ana.staff, RIGHT.with(1, 0), new Date()));
    expect(await inDate(ana)).toBe(false);
    await forge(db, await signCourse(ana.staff, RIGHT, new Date()));
    expect(await inDate(ana), 'control: with right answers it is').toBe(true);
  });

  test('nobody takes the course for somebody else', async () => {
    const theirs = { ...founder.staff, signingKey: ana.staff.signingKey };
    const signed = await signCourse(theirs, RIGHT, new Date());
    expect(refusalOf(await actOnStanding(db.desk, ana.session, 'training', signed))).toBe('bad-signature');
    const { text } = await signCourse(ana.staff, RIGHT, new Date());
    const document = parsePeopleDocument(text);
    if (document?.kind !== 'training') throw new Error('It is one.');
    const about = peopleText({ ...document, person: second.staff.person });
    const forged = { text: about, signature: await signText(ana.staff.signingKey, about) };
    expect(refusalOf(await actOnStanding(db.desk, ana.session, 'training', forged))).toBe(
      'document-mismatch',
    );
  });

  test('a course elsewhere is recorded by a manager who is somebody else, for three years at most', async () => {
    expect(refusalOf(await trainElsewhere(db, ana, second))).toBe('document-mismatch');
    expect(refusalOf(await trainElsewhere(db, founder, founder))).toBe('document-mismatch');
    expect(refusalOf(await trainElsewhere(db, founder, ana, 1200))).toBe('document-mismatch');
    settled(await trainElsewhere(db, founder, ana, 1000));
    expect(await inDate(ana)).toBe(true);
  });

  test('the database refuses by itself what counts too long or is dated otherwise than now', async () => {
    const asked = (by: SignedIn, text: string) =>
      act(db.desk, by.session, (tx) =>
        tx.run('select letterbox.record_training($1, $2)', [text, 'unsigned']),
      );
    const mine = {
      ...record,
      organisation: ana.staff.organisation,
      signer: ana.staff.person,
      person: ana.staff.person,
    };
    const dated = (at: number, until: number) =>
      JSON.stringify({ ...mine, at: new Date(at).toISOString(), until: new Date(until).toISOString() });
    const now = Date.now();
    expect(refusalOf(await asked(ana, dated(now, now + 400 * DAY)))).toBe('until');
    expect(refusalOf(await asked(ana, dated(now - DAY, now + 300 * DAY)))).toBe('clock');
    expect(refusalOf(await asked(founder, dated(now, now + 300 * DAY)))).toBe('document-mismatch');
    expect(refusalOf(await asked(ana, dated(now, now + 300 * DAY))), 'control').toBe('no refusal');
  });

  test('leaves one register entry, and one for a refusal', async () => {
    const kinds = async (work: () => Promise<unknown>) => (await entriesOf(db, work)).map(({ kind }) => kind);
    expect(await kinds(() => train(db, ana))).toEqual(['training']);
    expect(await kinds(() => trainElsewhere(db, founder, ana))).toEqual(['training']);
    expect(await kinds(() => trainElsewhere(db, ana, founder))).toEqual(['refusal']);
  });

  test('somebody suspended can take no course', async () => {
    const third = await join(db, founder, 'Third Manager', ['manager'], [founder, second]);
    settled(await suspend(db, third, ana));
    await expect(train(db, ana)).rejects.toThrow('Refused');
  });
});
