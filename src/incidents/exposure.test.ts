/** What was exposed, against a world whose truth is known: on a real database, by the register alone. */
import { beforeAll, describe, expect, test } from 'vitest';
import { aFoundedBody, refusalOf, settled, type TestBody } from '../people/testing.ts';
import { newId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { chances } from './chances.testing.ts';
import { type Asked, exposedCases, exposedTo, seenMeanwhile } from './store.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const MINUTES = 400 * 24 * 60;

type Invented = {
  readonly id: string;
  readonly form: 'review' | 'victims';
  readonly received: number;
  readonly erased: number | null;
  readonly canary: boolean;
  readonly files: number;
};
type Handed = {
  readonly kind: 'release' | 'list';
  readonly at: number;
  readonly person: string;
  readonly cases: readonly Invented[];
};

function invent(count: number, people: readonly string[]) {
  const chance = chances(20_261_128);
  const cases = Array.from({ length: count }, (_, n): Invented => {
    // Every tenth comes in the same minute as another, as what is posted twice does.
    const received = n % 10 === 9 ? (n * 7) % MINUTES : chance(MINUTES);
    const erased = chance(4) === 0 ? received + chance(MINUTES) : null;
    return {
      ...{ id: newId(), form: chance(3) === 0 ? 'victims' : 'review', received, erased },
      ...{ canary: chance(20) === 0, files: chance(3) },
    };
  });
  const handed = Array.from({ length: count / 4 }, (): Handed => {
    const first = cases[chance(count)];
    if (!first) throw new Error('There is no case.');
    const at = first.received + chance((first.erased ?? MINUTES + first.received) - first.received + 1);
    const among = chance(3) === 0 ? cases.slice(0, 400).filter((each) => standsIn(each, first.form, at)) : [];
    const person = people[chance(people.length)] ?? '';
    return among.length > 0
      ? { kind: 'list', at, person, cases: among }
      : { kind: 'release', at, person, cases: [first] };
  });
  return { cases, handed, chance };
}
const standsIn = (each: Invented, form: string, at: number) =>
  each.form === form && each.received <= at && (each.erased === null || each.erased > at);
const moment = (minute: number) => new Date(START + minute * MINUTE);

/** Writes the world as its entries, which is all that is asked later. */
async function write(db: TestDatabase, body: TestBody, { cases, handed }: ReturnType<typeof invent>) {
  const { organisation } = body.founder.staff;
  const entries = [
    ...cases.map((each) => ({
      ...{ at: moment(each.received), kind: 'submission', actor: null, case: each.id },
      facts: { form: each.form, arrival: each.files === 0 ? 'server' : 'browser', attachments: each.files },
    })),
    ...cases.flatMap((each) =>
      each.erased === null
        ? []
        : [
            {
              at: moment(each.erased),
              kind: 'erasure',
              actor: null,
              case: each.id,
              facts: { form: each.form },
            },
          ],
    ),
    ...handed.map(({ kind, at, person, cases: given }) => ({
      ...{ kind, at: moment(at), actor: person, case: kind === 'release' ? (given[0]?.id ?? null) : null },
      facts: { form: given[0]?.form, ...(kind === 'list' && { cases: given.map(({ id }) => id) }) },
    })),
  ];
  await db.admin.run(
    `insert into letterbox.register_entry (organisation, at, kind, actor, case_id, body)
     select $1, e.at, e.kind, e.actor, e."case", letterbox.register_body($1, e.kind, e.actor, e."case", e.facts)
     from jsonb_to_recordset($2) e(at timestamptz, kind text, actor uuid, "case" uuid, facts jsonb)`,
    [organisation, JSON.stringify(entries)],
  );
  await db.admin.run(
    `insert into letterbox.canary (organisation, case_id, form, announced_at, announced_by)
     select $1, e.id, e.form, now(), $3 from jsonb_to_recordset($2) e(id uuid, form text)`,
    [organisation, JSON.stringify(cases.filter(({ canary }) => canary)), body.founder.staff.person],
  );
}

describe('against a world of 10,000 cases', () => {
  let db: TestDatabase;
  let body: TestBody;
  let world: ReturnType<typeof invent>;
  const ask = <T>(asked: Asked, read: (tx: Parameters<typeof exposedTo>[0], of: Asked) => Promise<T>) =>
    act(db.desk, body.second.session, (tx) => read(tx, asked));

  beforeAll(async () => {
    db = await testDatabase();
    body = await aFoundedBody(db);
    world = invent(10_000, [body.ana.staff.person, body.ben.staff.person]);
    await write(db, body, world);
  }, 120_000);

  test('of fifty times, the cases that were there are exactly those that were, and so is what was handed out', {
    timeout: 120_000,
  }, async () => {
    const { cases, handed, chance } = world;
    let reached = 0;
    for (let n = 0; n < 50; n += 1) {
      // Often to the very minute in which something came or went, and every fifth a moment: a backup of that night.
      const edge = cases[chance(cases.length)];
      const from = n % 2 === 0 ? chance(MINUTES) : ((n % 4 === 1 ? edge?.received : edge?.erased) ?? 0);
      const to = n % 5 === 0 ? from : from + chance(MINUTES / 4);
      const form = n % 3 === 0 ? 'victims' : 'review';
      const colleague = n % 4 === 0 ? body.ana.staff.person : null;
      const asked = { form, since: moment(from), until: moment(to), colleague };

      const given = handed
        .filter(({ at, person }) => at >= from && at <= to && (colleague === null || person === colleague))
        .map((each) => ({ ...each, cases: each.cases.filter((one) => one.form === form && !one.canary) }))
        .filter((each) => each.cases.length > 0);
      const handedTo = new Set(given.flatMap((each) => each.cases.map(({ id }) => id)));
      const truth = cases.filter(
        ({ canary, ...each }) =>
          !canary &&
          each.form === form &&
          each.received <= to &&
          (each.erased === null || each.erased > from) &&
          (colleague === null || handedTo.has(each.id)),
      );
      reached += truth.length;
      const said = settled(await ask(asked, exposedCases));
      expect(new Set(said.map(({ id }) => id)), `time ${n}`).toEqual(new Set(truth.map(({ id }) => id)));
      expect(said.length).toBe(truth.length);
      expect(said.reduce((sum, { files }) => sum + files, 0)).toBe(
        truth.reduce((sum, { files }) => sum + files, 0),
      );
      const of = (who: string, what: Handed['kind']) =>
        new Set(
          given
            .filter(({ person, kind }) => person === who && kind === what)
            .flatMap((each) => each.cases.map(({ id }) => id)),
        ).size;
      const people = [...new Set(given.map(({ person }) => person))];
      const told = settled(await ask(asked, exposedTo));
      expect(new Map(told.map((each) => [each.person, [each.opened, each.listed]])), `time ${n}`).toEqual(
        new Map(people.map((person) => [person, [of(person, 'release'), of(person, 'list')]])),
      );
    }
    expect(reached, 'the fifty times reach something').toBeGreaterThan(10_000);
  });

  test('it is for those who look after incidents, and another body’s register has nothing of it', async () => {
    const asked = { form: 'review', since: moment(0), until: null, colleague: null };
    expect(refusalOf(await act(db.desk, body.ana.session, (tx) => exposedCases(tx, asked)))).toBe(
      'not-minder',
    );
    expect(refusalOf(await act(db.desk, body.ana.session, (tx) => exposedTo(tx, asked)))).toBe('not-minder');
    expect(refusalOf(await act(db.desk, body.ana.session, (tx) => seenMeanwhile(tx, asked)))).toBe(
      'not-minder',
    );
    const other = await aFoundedBody(db, 'elsewhere');
    expect(settled(await act(db.desk, other.founder.session, (tx) => exposedCases(tx, asked)))).toEqual([]);
    expect(settled(await act(db.desk, other.founder.session, (tx) => exposedTo(tx, asked)))).toEqual([]);
  });
});
