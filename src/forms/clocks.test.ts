import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bankHolidays } from './bank-holidays.ts';
import { clocksOf, dueDay, isWorkingDay } from './clocks.ts';
import { dayAt, daysAfter, weekdayOf } from './day.ts';
import { shipped } from './shipped.testing.ts';

const at = (text: string) => {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  return dayAt(year, month, day);
};

// As https://www.gov.uk/bank-holidays lists them for England and Wales.
test.each([
  [2020, '01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28'],
  [2021, '01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28'],
  [2022, '01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27'],
  [2023, '01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26'],
  [2024, '01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26'],
  [2025, '01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26'],
  [2026, '01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28'],
  [2027, '01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28'],
])('the bank holidays of %i', (year, days) => {
  expect(bankHolidays(year)).toEqual(days.split(' ').map((day) => `${year}-${day}`));
});

const someDay = fc.integer({ min: 0, max: 30 * 365 }).map((n) => daysAfter(dayAt(2015, 1, 1), n));

test('there are eight each year at least, all on days from Monday to Friday, no two the same', () => {
  for (let year = 2000; year < 2100; year += 1) {
    const days = bankHolidays(year);
    expect(days.length, `${year}`).toBeGreaterThanOrEqual(8);
    expect(new Set(days).size).toBe(days.length);
    expect(days.filter((day) => weekdayOf(day) > 5)).toEqual([]);
  }
});

describe('a period of working days', () => {
  test('ends on one, with as many of them in it as it says', () => {
    fc.assert(
      fc.property(someDay, fc.integer({ min: 1, max: 60 }), (from, count) => {
        const due = dueDay(from, { count, unit: 'working days' });
        expect(isWorkingDay(due)).toBe(true);
        let within = 0;
        for (let day = daysAfter(from, 1); day <= due; day = daysAfter(day, 1))
          within += isWorkingDay(day) ? 1 : 0;
        expect(within).toBe(count);
      }),
    );
  });

  test('leaves out Christmas and New Year', () => {
    expect(dueDay(at('2026-12-23'), { count: 5, unit: 'working days' })).toBe('2027-01-04');
  });
});

test('days and weeks are counted over weekends, months and clock changes', () => {
  expect(dueDay(at('2026-04-01'), { count: 28, unit: 'days' })).toBe('2026-04-29');
  expect(dueDay(at('2026-03-20'), { count: 4, unit: 'weeks' })).toBe('2026-04-17');
});

describe('the clocks of the review form', () => {
  const form = shipped('review');
  const clocks = (states: readonly (readonly [string, string])[], written: string | null = null) =>
    clocksOf(form, {
      states: states.map(([state, day]) => ({ state, day: at(day) })),
      written: written === null ? null : at(written),
    }).map(({ id, due, met }) => [id, due, met]);

  test('a new case is to be acknowledged in five working days', () => {
    expect(clocks([['received', '2026-11-27']])).toEqual([['acknowledge', '2026-12-04', null]]);
  });

  test('once it is, an update is due every four weeks, from the last time that somebody wrote', () => {
    const acknowledged = [
      ['received', '2026-11-02'],
      ['acknowledged', '2026-11-04'],
    ] as const;
    expect(clocks(acknowledged)).toEqual([
      ['acknowledge', '2026-11-09', '2026-11-04'],
      ['update', '2026-12-02', null],
    ]);
    expect(clocks(acknowledged, '2026-11-20')[1]).toEqual(['update', '2026-12-18', null]);
    expect(clocks([...acknowledged, ['decided', '2026-11-30']]).slice(1)).toEqual([
      ['update', '2026-12-02', '2026-11-30'],
      ['outcome-letter', '2026-12-07', null],
    ]);
  });

  test('a state that is come back to starts its clock anew', () => {
    const twice = clocks([
      ['received', '2026-11-02'],
      ['recommended', '2026-11-04'],
      ['force-replied', '2026-11-10'],
      ['recommended', '2026-11-12'],
    ]);
    expect(twice.find(([id]) => id === 'force-reply')).toEqual(['force-reply', '2026-12-10', null]);
  });
});
