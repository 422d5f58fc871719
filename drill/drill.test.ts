/** The catalogue is whole: what is no case of the drill is named, and each case has a control. The drill itself is run by hand. */
import { expect, test } from 'vitest';
import { CASES } from './cases.ts';
import { CATALOGUE } from './catalogue.ts';
import { page, summary } from './report.ts';
import type { Outcome } from './running.ts';

const LINES = 62;

test('every line of the catalogue is there once, and is a case or says why it is none', () => {
  expect(CATALOGUE.map(({ n }) => n).sort((a, b) => a - b)).toEqual(
    Array.from({ length: LINES }, (_, n) => n + 1),
  );
  const drilled = new Set(CASES.map(({ n }) => n));
  expect(drilled.size).toBe(CASES.length);
  for (const { n, notDrilled } of CATALOGUE) expect(drilled.has(n), `${n}`).toBe(notDrilled === undefined);
});

test('each case says how it is made, and how its wall is taken down', () => {
  for (const { n, how, control } of CASES) {
    expect(how.length, `${n}`).toBeGreaterThan(30);
    expect(control.how.length, `${n}`).toBeGreaterThan(20);
  }
});

test('the report names every line, and says what failed', () => {
  const judged = { asked: 7, readable: 0, loose: 1, who: [] };
  const outcome: Outcome = {
    ...{ n: 43, passed: false, says: 'It was <not> noticed.', out: judged, noticed: null },
    ...{ entries: 0, control: judged, seconds: 3 },
  };
  const report = { version: '1', at: new Date(0), seconds: 60, outcomes: [outcome], cases: CASES };
  const html = page(report);
  for (const { n, mistake } of CATALOGUE.filter(({ notDrilled }) => notDrilled))
    expect(html, `${n}`).toContain(`>${n}</td><th scope="row">${mistake}`);
  expect(html).toContain('It was &#60;not&#62; noticed.');
  expect(summary(report)).toContain('1 failed');
});
