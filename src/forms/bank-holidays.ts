/**
 * Bank holidays of England and Wales: the Banking and Financial Dealings Act 1971, schedule 1, and the common law's Good Friday
 * and Christmas Day; those that were proclaimed for one year are listed. One that falls on a weekend is kept on the next day
 * that is none.
 *
 * LIMIT: what will be proclaimed is not known here before a release knows it.
 */
import { type Day, dayAt, daysAfter, weekdayOf } from './day.ts';

/** `[instead of, is]`: moved or added by proclamation. */
const PROCLAIMED: Readonly<Record<number, readonly (readonly [instead: string | null, is: string])[]>> = {
  2020: [['05-04', '05-08']],
  2022: [
    ['05-30', '06-02'],
    [null, '06-03'],
    [null, '09-19'],
  ],
  2023: [[null, '05-08']],
};

const known = new Map<number, readonly Day[]>();

/** Those of a year, in their order. */
export function bankHolidays(year: number): readonly Day[] {
  const before = known.get(year);
  if (before) return before;
  const found = proclaimed(year, usual(year)).toSorted();
  known.set(year, found);
  return found;
}

function usual(year: number): Day[] {
  const easter = easterSunday(year);
  const fixed = [dayAt(year, 1, 1)];
  const mondays = [firstMonday(year, 5), lastMonday(year, 5), lastMonday(year, 8)];
  return [
    ...fixed.map((day) => kept(day, [])),
    ...[daysAfter(easter, -2), daysAfter(easter, 1)],
    ...mondays,
    ...christmas(year),
  ];
}

/** Two days after each other, each kept on a day of its own. */
function christmas(year: number): Day[] {
  const first = kept(dayAt(year, 12, 25), [dayAt(year, 12, 26)]);
  return [first, kept(dayAt(year, 12, 26), [first])];
}

/** The day itself, or the next that is neither on a weekend nor `taken`. */
function kept(day: Day, taken: readonly Day[]): Day {
  if (weekdayOf(day) < 6 && !taken.includes(day)) return day;
  let next = day;
  do next = daysAfter(next, 1);
  while (weekdayOf(next) > 5 || taken.includes(next));
  return next;
}

const firstMonday = (year: number, month: number): Day => {
  const first = dayAt(year, month, 1);
  return daysAfter(first, (8 - weekdayOf(first)) % 7);
};
const lastMonday = (year: number, month: number): Day => {
  const last = daysAfter(dayAt(year, month + 1, 1), -1);
  return daysAfter(last, 1 - weekdayOf(last));
};

function proclaimed(year: number, days: readonly Day[]): Day[] {
  return (PROCLAIMED[year] ?? []).reduce<Day[]>(
    (all, [instead, is]) => {
      const [month = 0, day = 0] = is.split('-').map(Number);
      return [...all.filter((each) => each !== `${year}-${instead}`), dayAt(year, month, day)];
    },
    [...days],
  );
}

/** The anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8). */
function easterSunday(year: number): Day {
  const [a, b, c] = [year % 19, Math.floor(year / 100), year % 100];
  const [d, e] = [Math.floor(b / 4), b % 4];
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const [i, k] = [Math.floor(c / 4), c % 4];
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 19 * l) / 433);
  const month = Math.floor((h + l - 7 * m + 90) / 25);
  return dayAt(year, month, (h + l - 7 * m + 33 * month + 19) % 32);
}
