/** Who could read, then: the same as what a browser of that moment would have proven. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { verifyPeople } from '../people/person.ts';
import {
  aFoundedBody,
  documentsOf,
  leave,
  resume,
  settled,
  suspend,
  type TestBody,
} from '../people/testing.ts';
import { testDatabase } from '../store/testing.ts';
import { fromLondon, inLondon } from '../web/london.ts';
import { couldRead, historyOf, overBefore } from './history.ts';
import { csvText } from './history-csv.ts';
import { objectionToRelease, type ReleaseEntry } from './history-releases.ts';
import { end, letRead, linesOf, review, whole } from './testing.ts';
import { provenInForce, verifyGrants } from './verify.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Grants given, reviewed and ended; readers suspended, taken back, and gone. */
async function aLife(): Promise<TestBody> {
  const body = await aFoundedBody(await testDatabase());
  const first = await letRead(body, [body.ana, body.ben], { scopes: [whole('review')] });
  settled(await suspend(body.db, body.founder, body.ana));
  settled(await resume(body.db, body.founder, body.ana));
  settled(await resume(body.db, body.second, body.ana));
  settled(await review(body, body.founder, await linesOf(body, first)));
  const second = await letRead(body, body.ana);
  settled(await end(body, body.second, first));
  settled(await leave(body.db, body.founder, body.ben));
  settled(await end(body, body.founder, second));
  return body;
}

const anything = { form: null, case: null, person: null };

test('at each place between two documents it says what those before it prove by themselves', async () => {
  const body = await aLife();
  const { founding } = body.founder.staff;
  const documents = await documentsOf(body);
  const history = await historyOf(documents, founding);
  const counts = new Set<number>();
  for (const days of [0, 1, 80, 100])
    for (const { position } of documents) {
      const at = new Date(Date.now() + days * 86_400_000).toISOString();
      const before = documents.filter((each) => each.position < position + 0.5);
      const alone = await verifyGrants(before, await verifyPeople(before, founding));
      const then = couldRead(history, anything, { at, position: position + 0.5 });
      const ids = (lines: readonly { readonly id: string }[]) => lines.map(({ id }) => id).sort();
      expect(ids(then)).toEqual(ids(provenInForce(alone, at)));
      counts.add(then.length);
    }
  expect([...counts].sort()).toEqual([0, 1, 2, 3]);
});

test('a release is allowed exactly while the grant it names let its reader read', async () => {
  const body = await aLife();
  const documents = await documentsOf(body);
  const history = await historyOf(documents, body.founder.staff.founding);
  const [line] = history.proven.grants.filter(({ person }) => person === body.ben.staff.person);
  if (!line) throw new Error('There is no line.');
  const at = new Date().toISOString();
  const entry: ReleaseEntry = {
    ...{
      kind: 'release',
      at,
      actor: line.person,
      form: 'review',
      case: 'x',
      generation: 1,
      grant: line.document,
    },
  };
  const approved = documents.findIndex(({ kind }) => kind === 'approval');
  const ended = documents.findIndex(({ kind }) => kind === 'grant-end');
  const allowed = documents.map(
    ({ position }) => objectionToRelease(history, entry, position + 0.5) === null,
  );
  expect(allowed).toEqual(documents.map((_, n) => n >= approved && n < ended));
  const middle = (documents[approved]?.position ?? 0) + 0.5;
  const changes: Partial<ReleaseEntry>[] = [
    { actor: body.second.staff.person },
    { form: 'victims' },
    { grant: 'ab'.repeat(32) },
    { grant: undefined },
    { actor: undefined },
    { generation: 0 },
    { at: line.until },
  ];
  for (const change of changes)
    expect(
      objectionToRelease(history, { ...entry, ...change }, middle),
      JSON.stringify(change),
    ).not.toBeNull();
  const list: ReleaseEntry = { kind: 'list', at, actor: line.person, form: 'review', cases: ['x'] };
  expect(objectionToRelease(history, list, middle)).toBeNull();
  expect(objectionToRelease(history, { ...list, form: 'victims' }, middle)).not.toBeNull();
});

test('the first of what ended a line is why it is over', () => {
  const line = {
    until: '2026-03-01',
    reviewBy: '2026-02-01',
    endedAt: null,
    leftAt: null,
    suspendedAt: null,
  };
  expect(overBefore('2026-01-15', line)).toBeNull();
  expect(overBefore('2026-04-01', line)).toEqual({ why: 'silence', since: '2026-02-01' });
  expect(overBefore('2026-04-01', { ...line, endedAt: '2026-01-20' })?.why).toBe('ended');
  expect(overBefore('2026-04-01', { ...line, leftAt: '2026-01-20' })?.why).toBe('left');
});

test('no cell of the file is taken for a formula, and a reader of RFC 4180 gets every cell back', () => {
  const names = fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n",a ') });
  fc.assert(
    fc.property(names, names, (name, purpose) => {
      const text = csvText([{ Person: name, Purpose: purpose }]);
      const cells = parsed(text)[1] ?? [];
      for (const [at, typed] of [
        [2, name],
        [7, purpose],
      ] as const) {
        expect([typed, `'${typed}`]).toContain(cells[at]);
        expect(cells[at]).not.toMatch(/^[=+\-@\t\r\n]/);
      }
      expect(parsed(text)).toHaveLength(2);
    }),
  );
});

/** RFC 4180, read strictly. */
function parsed(text: string): string[][] {
  const rows: string[][] = [];
  let [row, rest]: [string[], string] = [[], text];
  while (rest !== '') {
    const found = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest);
    if (!found) throw new Error(`Not RFC 4180: ${rest}`);
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    if (found[3] !== ',') [rows[rows.length], row] = [row, []];
    rest = rest.slice(found[0].length);
  }
  return rows;
}

test('every minute that the clock in London shows is found again, and one that it never shows is not', () => {
  const minutes = fc.date({ min: new Date('2000-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(minutes, (date) => {
      const shown = inLondon(date);
      const found = fromLondon(shown);
      expect(found && inLondon(found)).toEqual(shown);
    }),
  );
  expect(fromLondon({ year: 2026, month: 7, day: 1, hour: 12, minute: 0 })?.toISOString()).toBe(
    '2026-07-01T11:00:00.000Z',
  );
  expect(fromLondon({ year: 2026, month: 10, day: 25, hour: 1, minute: 30 })?.toISOString()).toBe(
    '2026-10-25T00:30:00.000Z',
  );
  expect(fromLondon({ year: 2026, month: 3, day: 29, hour: 1, minute: 30 })).toBeNull();
  expect(fromLondon({ year: 2026, month: 2, day: 30, hour: 1, minute: 30 })).toBeNull();
});
