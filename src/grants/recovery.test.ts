/** What a browser believes of a recovery, whatever the server shows it. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Directory, SignedDocument } from '../people/person.ts';
import {
  aFoundedBody,
  directoryOf,
  documentsOf,
  join,
  recoveryOf,
  type SignedIn,
  type TestBody,
} from '../people/testing.ts';
import { newId } from '../sealing/place.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { testDatabase } from '../store/testing.ts';
import type { Signed } from './documents.ts';
import {
  handOverOf,
  isRehearsalDue,
  type LineInForce,
  type ProvenRecovery,
  recoveryRule,
  stateOfRecovery,
  verifyRecoveries,
} from './recovery.ts';
import { parseRecoveryDocument, signRecovery } from './recovery-documents.ts';

let body: TestBody;
let keyholders: SignedIn[];
let directory: Directory;
let position = 0;
beforeAll(async () => {
  body = await aFoundedBody(await testDatabase());
  const managers = [body.founder, body.second];
  keyholders = [];
  for (const name of ['Kim Kerr', 'Lee Larch', 'Mo Marsh', 'Nia Nash'])
    keyholders.push(await join(body.db, body.founder, name, ['keyholder'], managers));
  directory = await directoryOf(body);
  position = Math.max(...(await documentsOf(body)).map((each) => each.position));
});
afterAll(() => body.db.close());

const now = new Date('2027-03-01T09:00:00.000Z');
const later = (hours: number) => new Date(now.getTime() + hours * 3_600_000).toISOString();
const keyholder = (index: number): SignedIn => keyholders[index] ?? body.founder;

/** A document as a server would show it. */
async function shown(signed: Signed): Promise<SignedDocument> {
  position += 1;
  const { kind, signer } = JSON.parse(signed.text);
  return { ...signed, kind, signer, hash: await sha256Hex(signed.text), position };
}
/** Begun for the last of the keyholders, unless told otherwise. */
const beginning = async (by = body.founder, person = keyholder(3)) =>
  shown(
    await signRecovery(
      by.staff,
      { kind: 'recovery', id: newId(), person: person.staff.person, forms: ['review'], reason: 'Gone' },
      now,
    ),
  );
const consent = async (by: SignedIn, recovery: string, signedBy = by) =>
  shown(
    await signRecovery(
      { ...signedBy.staff, person: by.staff.person },
      { kind: 'recovery-consent', recovery },
      now,
    ),
  );
const ending = async (by: SignedIn, recovery: string, done: boolean) =>
  shown(await signRecovery(by.staff, { kind: 'recovery-end', recovery, done }, now));

async function proven(documents: readonly SignedDocument[], as = directory): Promise<ProvenRecovery> {
  const { recoveries } = await verifyRecoveries(documents, as);
  const [first] = recoveries;
  if (!first) throw new Error('Nothing is proven.');
  return first;
}

describe('consents', () => {
  type Act = { who: number; forged: boolean; elsewhere: boolean };
  // 0–3 keyholders (3 gets the keys), 4–6 the managers and a caseworker.
  const someone = (who: number): SignedIn =>
    [...keyholders, body.founder, body.second, body.ana][who] ?? body.ana;
  const acts = fc.array(fc.record<Act>({ who: fc.nat(6), forged: fc.boolean(), elsewhere: fc.boolean() }), {
    maxLength: 8,
  });

  test('property: those that count are of different keyholders, really signed, about this one, and not by who gets the keys', async () => {
    const recovery = await beginning();
    const other = await beginning();
    await fc.assert(
      fc.asyncProperty(acts, fc.integer({ min: 2, max: 4 }), async (list, k) => {
        const documents = await Promise.all(
          list.map(({ who, forged, elsewhere }) =>
            consent(
              someone(who),
              (elsewhere ? other : recovery).hash,
              forged ? someone((who + 1) % 7) : someone(who),
            ),
          ),
        );
        const found = await proven([recovery, ...documents]);
        const real = list.filter(({ who, forged, elsewhere }) => !forged && !elsewhere && who < 3);
        const expected = new Set(real.map(({ who }) => someone(who).staff.person));
        expect(found.consents).toEqual([...expected].sort());
        expect(stateOfRecovery(found, k, later(1))).toBe(expected.size >= k ? 'ready' : 'waits-for-consents');
      }),
      { numRuns: 60 },
    );
  });

  test('control: two keyholders are enough for two of three, in whichever order', async () => {
    const recovery = await beginning();
    const [one, two] = [
      await consent(keyholder(0), recovery.hash),
      await consent(keyholder(1), recovery.hash),
    ];
    for (const list of [
      [recovery, one, two],
      [two, recovery, one],
    ])
      expect(stateOfRecovery(await proven(list), 2, later(1))).toBe('ready');
  });

  test('do not count any more once their signer has left', async () => {
    const recovery = await beginning();
    const both = [await consent(keyholder(0), recovery.hash), await consent(keyholder(1), recovery.hash)];
    const people = new Map([...directory.people].filter(([id]) => id !== keyholder(0).staff.person));
    const left = await proven([recovery, ...both], { ...directory, people });
    expect(left.consents).toEqual([keyholder(1).staff.person]);
  });

  test('of two accounts that look like one person count once', async () => {
    const recovery = await beginning();
    const both = [await consent(keyholder(0), recovery.hash), await consent(keyholder(1), recovery.hash)];
    const twins = (people: Directory['people']) =>
      new Map(
        [...people].map(([id, person]) => [
          id,
          id === keyholder(1).staff.person ? { ...person, name: 'KIM-KERR' } : person,
        ]),
      );
    const as = { ...directory, people: twins(directory.people), everyone: twins(directory.everyone) };
    expect((await proven([recovery, ...both], as)).consents).toHaveLength(1);
  });
});

describe('a recovery', () => {
  test('is proven only where a manager signed it', async () => {
    for (const who of [body.ana, keyholder(0)]) {
      const { recoveries, ignored } = await verifyRecoveries([await beginning(who)], directory);
      expect(recoveries).toEqual([]);
      expect(ignored).toMatchObject([{ why: 'Its signer is not a manager.' }]);
    }
    const forged = await beginning({
      ...body.founder,
      staff: { ...body.ana.staff, person: body.founder.staff.person },
    });
    expect((await verifyRecoveries([forged], directory)).recoveries).toEqual([]);
  });

  test('lapses after 72 hours, and one dated into the future is none', async () => {
    const recovery = await beginning();
    const found = await proven([
      recovery,
      await consent(keyholder(0), recovery.hash),
      await consent(keyholder(1), recovery.hash),
    ]);
    expect(stateOfRecovery(found, 2, later(71.9))).toBe('ready');
    expect(stateOfRecovery(found, 2, later(72))).toBe('lapsed');
    expect(stateOfRecovery(found, 2, later(-2))).toBe('lapsed');
  });

  test('is ended by any manager, and by nobody else; done is said by who carried it out', async () => {
    const recovery = await beginning();
    const stateWith = async (end: SignedDocument) =>
      stateOfRecovery(await proven([recovery, end]), 2, later(1));
    expect(await stateWith(await ending(body.second, recovery.hash, false))).toBe('ended');
    expect(await stateWith(await ending(keyholder(0), recovery.hash, false))).toBe('waits-for-consents');
    expect(await stateWith(await ending(keyholder(0), recovery.hash, true))).toBe('done');
    expect(await stateWith(await ending(body.ana, recovery.hash, true))).toBe('waits-for-consents');
  });
});

describe('what is handed over', () => {
  let ready: ProvenRecovery;
  beforeAll(async () => {
    const recovery = await beginning(body.founder, body.ana);
    ready = await proven([
      recovery,
      await consent(keyholder(0), recovery.hash),
      await consent(keyholder(1), recovery.hash),
    ]);
  });
  const line = (change: Partial<LineInForce> = {}): LineInForce => ({
    ...{ person: body.ana.staff.person, form: 'review', case: null, fromGeneration: 2 },
    ...{ recipient: body.ana.staff.recipient, ...change },
  });
  const handOver = (lines: readonly LineInForce[], recovery: ProvenRecovery | undefined = ready, k = 2) =>
    handOverOf(recovery, k, directory, lines, later(1));

  test('is each form from the earliest generation that a grant of the person covers', () => {
    expect(handOver([line(), line({ fromGeneration: 3 })])).toMatchObject({
      person: { id: body.ana.staff.person },
      forms: [{ form: 'review', fromGeneration: 2 }],
    });
  });

  test.each([
    ['nobody granted it', () => handOver([])],
    ['somebody else has the grant', () => handOver([line({ person: body.ben.staff.person })])],
    ['the grant is about one case', () => handOver([line({ case: newId() })])],
    ['the grant is about another form', () => handOver([line({ form: 'other' })])],
    ['the grant names another key', () => handOver([line({ recipient: body.ben.staff.recipient })])],
    ['too few consented', () => handOver([line()], ready, 3)],
    ['nothing proves the recovery', () => handOverOf(undefined, 2, directory, [line()], later(1))],
    [
      'it is over',
      () => handOver([line()], { ...ready, end: { by: body.second.staff.person, done: false } }),
    ],
  ])('is nothing where %s', (_what, asked) => {
    expect(asked()).toHaveProperty('problem');
  });
});

test('the rule comes from the founding document', async () => {
  const founding = (await documentsOf(body)).find(({ kind }) => kind === 'founding')?.text ?? '';
  expect(recoveryRule(founding)).toEqual({ recipient: await recoveryOf(body), k: 2, n: 3 });
});

test('a rehearsal is due when there was none, and after 180 days', () => {
  expect(isRehearsalDue(null, later(0))).toBe(true);
  expect(isRehearsalDue(later(-180 * 24), later(0))).toBe(false);
  expect(isRehearsalDue(later(-181 * 24), later(0))).toBe(true);
});

test('documents have one spelling: other keys, other orders and repeated forms are refused', async () => {
  const { text } = await beginning();
  const document = JSON.parse(text);
  expect(parseRecoveryDocument(text)).toEqual(document);
  expect(parseRecoveryDocument(` ${text}`)).toBeNull();
  for (const change of [
    { extra: 1 },
    { forms: ['b', 'a'] },
    { forms: ['a', 'a'] },
    { forms: [] },
    { person: null },
    { reason: '' },
  ])
    expect(parseRecoveryDocument(JSON.stringify({ ...document, ...change }))).toBeNull();
});
