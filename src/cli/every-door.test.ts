/**
 * The access matrix over HTTP: every door of both sites, as their programs put them together, asked by every kind of
 * principal about every kind of object. The doors come from the list of doors: a new one is asked the day it is written.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionSecret } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { DOORS } from '../web/doors.ts';
import { asksOf, openSites, spelt } from './matrix-asking.testing.ts';
import { bodiesFor } from './matrix-bodies.testing.ts';
import { CAST } from './matrix-cast.testing.ts';
import {
  type Asked,
  askAll,
  principal,
  type Stage,
  toldApart,
  withWallDown,
  wrongIn,
} from './matrix-judging.testing.ts';
import { carriesCiphertext, marksOf } from './matrix-marks.testing.ts';
import { RULED, verdictOn } from './matrix-oracle.testing.ts';
import { aMatrix } from './matrix-world.testing.ts';

let stage: Stage;
let asked: Asked[];
beforeAll(async () => {
  const matrix = await aMatrix(await testDatabase());
  stage = {
    ...{ matrix, marks: await marksOf(matrix) },
    ...{ bodies: await bodiesFor(matrix), sites: await openSites(matrix) },
  };
  asked = await askAll(stage, asksAbout(''));
}, 300_000);
afterAll(async () => {
  await stage?.sites.close();
  await stage?.matrix.db.close();
});

/** What is asked at the doors whose names contain this. */
const asksAbout = (some: string) =>
  DOORS.filter((door) => spelt(door).includes(some)).flatMap((door) => asksOf(door, stage.matrix.things));
const wrongOf = (answers: readonly Asked[]) => answers.flatMap((each) => wrongIn(stage.marks, each));

test('every door has its rule, and no rule is without its door', () => {
  expect([...RULED].sort()).toEqual(DOORS.map(spelt).sort());
});

test('every answer at every door is what the four walls promise, and gives nothing away', () => {
  expect(asked.length).toBeGreaterThan(10_000);
  expect(new Set(asked.map(({ who }) => who.name))).toEqual(new Set(CAST.map(({ name }) => name)));
  expect(new Set(asked.map(({ ask }) => ask.name))).toEqual(new Set(DOORS.map(spelt)));
  expect(wrongOf(asked)).toEqual([]);
});

test('what somebody may not see cannot be told from what is not there: status, headers and body', () => {
  expect(toldApart(asked)).toEqual([]);
});

test('positive control: whoever may be given something is given it, at these doors only', () => {
  const handing = (name: (typeof CAST)[number]['name']) => [
    ...new Set(
      asked
        .filter(({ who, answer }) => who.name === name && carriesCiphertext(answer.text))
        .map(({ ask }) => ask.name),
    ),
  ];
  expect(handing('a reader of the form')).toEqual([
    'GET desk /keys',
    'POST desk /notices/:notice/list',
    'GET desk /forms/:form/cases',
    'POST desk /cases/:case/release',
    'GET desk /cases/:case/attachments/:attachment',
  ]);
  expect(handing('a manager without a grant')).toEqual(['POST desk /recovery/:recovery/envelopes']);
  for (const name of ['a stranger', 'a colleague without a grant', 'a reader whose grant ended'] as const)
    expect(handing(name), name).toEqual([]);
  const everything = asked.map(({ answer }) => answer.text).join('\n');
  const unseen = stage.marks.filter(({ needles }) => !needles.some((needle) => everything.includes(needle)));
  const never =
    /^(the receipt's key|the equality answers|what was written|a key sealed|the id of a leave of elsewhere)/;
  expect(unseen.map(({ name }) => name).filter((name) => !never.test(name))).toEqual([]);
  const keys = (marks: typeof stage.marks) =>
    marks.filter(({ name }) => name.startsWith('a key sealed')).length;
  // Those of both readers, of the other form's, of the adviser, and what recovery gives out in both bodies.
  expect(keys(stage.marks) - keys(unseen)).toBeGreaterThanOrEqual(6);
});

describe('negative controls: a wall that is down is seen', () => {
  const CASES = 'desk /cases/:case';

  test('the decision forgets whose grant it is', async () => {
    const wrong = await withWallDown(stage.matrix.db, 'reading_grant', 'g.person = who and', '', async () =>
      wrongOf(await askAll(stage, asksAbout(`POST ${CASES}`))),
    );
    expect(wrong).toContainEqual(
      expect.stringMatching(/^a colleague without a grant, .*release .*gave away the answers of the case$/),
    );
    expect(wrong.filter((each) => /^a (stranger|reader of another body)/.test(each))).toEqual([]);
  });

  test('a page forgets the body', async () => {
    const wrong = await withWallDown(
      stage.matrix.db,
      'people',
      'where p.organisation = who.organisation',
      '',
      async () => wrongOf(await askAll(stage, asksAbout('GET desk /people'))),
    );
    expect(wrong).toContainEqual(
      expect.stringMatching(/^a reader of another body, .*gave away Ana Birdwood/),
    );
  });

  test('a refusal says whether the case is there', async () => {
    const told = await withWallDown(
      stage.matrix.db,
      'release_case',
      'if c.id is null or allowed is null then',
      `if c.id is not null and allowed is null then perform refuse('LB403', 'not-a-reader'); end if;
       if c.id is null then`,
      async () => toldApart(await askAll(stage, asksAbout(`POST ${CASES}`))),
    );
    expect(told).toContainEqual(expect.stringMatching(/^a colleague without a grant, POST desk .*release/));
  });

  test('a door takes everybody for the reader', async () => {
    const reader = stage.matrix.ours.reader.session;
    const asIf = (ask: Parameters<typeof stage.sites.ask>[0], _who: SessionSecret | null, body?: object) =>
      stage.sites.ask(ask, reader, { ...body });
    const opened = { ...stage, sites: { ...stage.sites, ask: asIf } };
    const wrong = wrongOf(await askAll(opened, asksAbout(CASES), [principal('a stranger')]));
    expect(wrong).toContainEqual(expect.stringContaining('200 instead of "sign in"'));
    expect(wrong).toContainEqual(expect.stringContaining('gave away the answers of the case'));
  });

  test('a door without a rule, and a part of an address without an object, fail by their names', () => {
    const door = { site: 'desk', method: 'GET', path: '/secrets/:drawer', audience: 'staff' } as const;
    expect(() => asksOf(door, stage.matrix.things)).toThrow(
      'no object for drawer in GET desk /secrets/:drawer',
    );
    expect(() => verdictOn(spelt(door), CAST[0], {}, 'nothing')).toThrow('GET desk /secrets/:drawer');
  });
});
