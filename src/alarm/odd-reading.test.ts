/** The rules about odd reading, by what they say; their figures are measured in bench/odd-reading.ts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localOf, type Opening } from './habits.ts';
import { openRules } from './odd-reading.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Monday in winter. */
const START = Date.UTC(2025, 10, 3);
const at = (day: number, hour: number, minute = 0) =>
  new Date(START + day * DAY + hour * HOUR + minute * MINUTE);
const opened = (person: string, when: Date, more: Partial<Opening> = {}): Opening => ({
  ...{ person, name: person, form: 'review', case: `${person} ${when.getTime()}`, at: when },
  ...{ receivedAt: new Date(when.getTime() - 5 * DAY), ...more },
});
const days = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => from + n).filter((day) => day % 7 < 5);

/** Two months in which each of them opens this many cases a day, spread over it. */
const usually = (people: Readonly<Record<string, number>>, form = 'review'): Opening[] =>
  days(0, 56).flatMap((day) =>
    Object.entries(people).flatMap(([person, count]) =>
      Array.from({ length: count }, (_, n) =>
        opened(person, at(day, 9, Math.floor((n * 420) / count)), { form }),
      ),
    ),
  );

/** What is said of the last ones, once for each key. */
function said(before: readonly Opening[], last: readonly Opening[]): string[] {
  const { judge } = openRules();
  for (const one of [...before].sort((a, b) => a.at.getTime() - b.at.getTime())) judge(one);
  const signals = new Map(
    last.flatMap((one) =>
      judge(one)
        .reverse()
        .map((signal) => [signal.key, signal] as const),
    ),
  );
  return [...signals.values()].map(({ rule, seen }) => `${rule}: ${seen}`);
}

const MONDAY = 56;
const run = (
  person: string,
  count: number,
  hour: number,
  everyMinutes: number,
  more: Partial<Opening> = {},
) =>
  Array.from({ length: count }, (_, n) =>
    opened(person, new Date(at(MONDAY, hour).getTime() + n * everyMinutes * MINUTE), more),
  );

test('ordinary work is nothing: its own days, again and again', () => {
  expect(said(usually({ Ana: 12, Ben: 10 }), run('Ana', 14, 9, 30))).toEqual([]);
});

describe('each rule, with the numbers it is about', () => {
  test('many cases in a short time', () => {
    const [first] = said(usually({ Ana: 12, Ben: 9, Cy: 15 }), run('Ana', 40, 9, 0.5));
    expect(first).toBe(
      'fast: Ana opened 40 cases between 09:00 and 09:19. On a usual day they open 12. Colleagues who read this form usually open 9 to 15 a day.',
    );
  });

  test('many in a short time, by somebody who is new: beside colleagues', () => {
    const [first] = said(usually({ Ben: 9, Cy: 15 }), run('Ana', 40, 9, 0.5));
    expect(first).toContain('on 0 days so far, too few to know what is usual for them. Colleagues');
    expect(said(usually({ Ben: 40 }), run('Ana', 40, 9, 0.5))).toEqual([]);
  });

  test('a day’s work of four days', () => {
    expect(said(usually({ Ana: 12 }), run('Ana', 70, 9, 6))).toContainEqual(
      expect.stringContaining('much: Ana had opened 70 cases by'),
    );
  });

  test('another form than one’s own', () => {
    const before = [...usually({ Ana: 12 }), ...usually({ Ben: 12 }, 'victims')];
    const [first] = said(before, run('Ana', 6, 10, 20, { form: 'victims' }));
    expect(first).toBe(
      'other-form: Ana opened 6 cases of this form today. In the 60 days before they opened 0 of it, and 480 of other forms.',
    );
    expect(
      said(usually({ Ana: 12 }), run('Ana', 6, 10, 20, { form: 'victims' })),
      'nobody else works on it',
    ).toEqual([]);
  });

  test('cases that are long over', () => {
    const receivedAt = at(-200, 9);
    expect(said(usually({ Ana: 12 }), run('Ana', 12, 9, 10, { receivedAt }))).toContainEqual(
      expect.stringContaining('12 cases today that came in more than half a year ago. Usually none'),
    );
  });

  test('hours that are not theirs; and none where they are', () => {
    expect(said(usually({ Ana: 12 }), run('Ana', 6, 3, 5))).toEqual([
      'hours: Ana opened 6 cases between 03:00 and 03:25. Less than 1 in 100 of the 480 cases they opened in the 60 days before was at such a time.',
    ]);
    const nights = days(0, 56).flatMap((day) => [opened('Ana', at(day, 3)), opened('Ana', at(day, 4))]);
    expect(said(nights, run('Ana', 6, 3, 5))).toEqual([]);
  });

  test('one case again and again; not where a colleague does the same', () => {
    const again = (person: string) =>
      Array.from({ length: 9 }, (_, n) =>
        opened(person, at(49 + Math.floor(n / 2), 10 + (n % 2) * 3), { case: 'one' }),
      );
    expect(said([], again('Ana'))).toContainEqual(
      'again: Ana opened one case on 9 occasions within a week. Nobody else opened it.',
    );
    const both = [...again('Ana'), ...again('Ben')].sort((a, b) => a.at.getTime() - b.at.getTime());
    expect(said([], both)).toEqual([]);
  });

  test('one case by many', () => {
    const people = ['Ana', 'Ben', 'Cy', 'Dev', 'Elin', 'Farid'];
    expect(
      said(
        [],
        people.map((person, n) => opened(person, at(50, 9 + n), { case: 'one' })),
      ),
    ).toEqual(['many: 6 different people opened one and the same case within a week.']);
  });
});

test('law: whoever opens fewer than five cases, one at a time, is never spoken of', () => {
  const moments = fc.array(fc.integer({ min: 0, max: 55 * DAY }), { minLength: 0, maxLength: 4 });
  fc.assert(
    fc.property(moments, (offsets) => {
      const openings = offsets.sort((a, b) => a - b).map((offset) => opened('Ana', new Date(START + offset)));
      expect(said([], openings)).toEqual([]);
    }),
  );
});

test('days and hours are London’s, over the clock changes too', () => {
  expect(localOf(new Date('2026-03-28T23:30:00Z'))).toMatchObject({ hour: 23, weekend: true });
  expect(localOf(new Date('2026-03-29T23:30:00Z'))).toMatchObject({ hour: 0, weekend: false });
  expect(localOf(new Date('2026-10-25T23:30:00Z'))).toMatchObject({ hour: 23, weekend: true });
});
