/** How an incident stands, by its steps alone; and the clock, in any season. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inLondon } from '../web/london.ts';
import { readOpening, readStep } from './asking.ts';
import {
  clockInWords,
  clockOf,
  lengthInWords,
  openPhases,
  type Step,
  stateOf,
  type Taken,
} from './incidents.ts';
import { type Known, typedMoment } from './parts.ts';

const HOUR = 3_600_000;
const AWARE = new Date('2026-11-02T09:00:00Z');
const step = (taken: Taken, n = 1): Step => ({ ...taken, n, at: AWARE, by: 'Ana' });
const state = (...taken: Taken[]) =>
  stateOf(
    { awareAt: AWARE },
    taken.map((each, n) => step(each, n + 1)),
  );
const text = 'Because';
const told = (moment: string): Taken => ({ kind: 'regulator-told', facts: { text, moment } });
const anyMoment = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });

describe('the clock', () => {
  test('runs for 72 hours on end, whatever lies between', () => {
    fc.assert(
      fc.property(anyMoment, fc.integer({ min: 0, max: 200 * HOUR }), (aware, passed) => {
        const clock = clockOf(stateOf({ awareAt: aware }, []), new Date(aware.getTime() + passed));
        expect(clock.deadline.getTime() - aware.getTime()).toBe(72 * HOUR);
        expect(clock.stands).toBe(passed <= 72 * HOUR ? 'running' : 'late');
        expect(clock.left).toBe(72 * HOUR - passed);
      }),
    );
  });

  test('shows an hour later where summer time begins in between, and an hour earlier where it ends', () => {
    const shown = (aware: string) => {
      const { deadline } = clockOf(stateOf({ awareAt: new Date(aware) }, []), AWARE);
      const { day, hour, minute } = inLondon(deadline);
      return [day, hour, minute];
    };
    expect(shown('2026-03-27T10:00:00Z'), 'Friday 10:00, and clocks go forward on Sunday').toEqual([
      30, 11, 0,
    ]);
    expect(shown('2026-10-23T09:00:00Z'), 'Friday 10:00, and clocks go back on Sunday').toEqual([26, 9, 0]);
    expect(shown('2026-06-05T09:00:00Z'), 'over a weekend').toEqual([8, 10, 0]);
    expect(shown('2026-12-24T10:00:00Z'), 'over Christmas').toEqual([27, 10, 0]);
  });

  test('is met by the moment the regulator was told, not by when that was written down', () => {
    const stands = (...taken: Taken[]) => clockOf(state(...taken), new Date('2026-12-01T00:00:00Z')).stands;
    expect(stands()).toBe('late');
    expect(stands(told('2026-11-05T09:00:00.000Z'))).toBe('in time');
    expect(stands(told('2026-11-05T09:00:00.001Z'))).toBe('told late');
    expect(stands({ kind: 'regulator', facts: { text, decision: 'not' } })).toBe('not needed');
    expect(stands({ kind: 'regulator', facts: { text, decision: 'tell' } })).toBe('late');
    expect(
      stands(told('2026-11-05T09:00:00.000Z'), {
        kind: 'aware',
        facts: { text, moment: '2026-11-02T08:59:00.000Z' },
      }),
      'aware a minute earlier than was thought',
    ).toBe('told late');
  });

  test('is said in words that never promise more than there is', () => {
    expect([0, 59_000, 60_000, 61 * 60_000, 25 * HOUR, 72 * HOUR].map(lengthInWords)).toEqual([
      ...[
        'less than a minute',
        'less than a minute',
        '1 minute',
        '1 hour 1 minute',
        '1 day 1 hour',
        '3 days',
      ],
    ]);
    expect(clockInWords({ deadline: AWARE, stands: 'late', left: -2 * HOUR })).toContain('2 hours ago');
  });
});

describe('how an incident stands', () => {
  test('each phase is done by its step, decided by its decision, and open again by being opened', () => {
    const all: Taken[] = [
      { kind: 'contained', facts: { text } },
      { kind: 'assessed', facts: { text, risk: 'high', regime: 'law-enforcement' } },
      { kind: 'regulator', facts: { text, decision: 'tell' } },
      told('2026-11-03T09:00:00.000Z'),
      { kind: 'people', facts: { text, decision: 'tell' } },
      { kind: 'people-told', facts: { text, moment: '2026-11-03T10:00:00.000Z' } },
      { kind: 'learnt', facts: { text } },
    ];
    expect(all.map((_each, n) => openPhases(state(...all.slice(0, n + 1))).length)).toEqual([
      4, 3, 3, 2, 2, 1, 0,
    ]);
    expect(state(...all)).toMatchObject({ risk: 'high', regime: 'law-enforcement', closed: null });
    const again = state(
      ...all,
      { kind: 'closed', facts: { text } },
      {
        ...{ kind: 'reopened' as const, facts: { text, phase: 'notify' as const } },
      },
    );
    expect(openPhases(again)).toEqual(['notify']);
    expect(again).toMatchObject({ closed: null, regulator: null, regulatorTold: null, people: 'tell' });
  });

  test('a decision not to tell ends a phase, and one to tell opens it', () => {
    const not: Taken = { kind: 'people', facts: { text, decision: 'not' } };
    expect(openPhases(state(not))).not.toContain('tell');
    expect(openPhases(state(not, { kind: 'people', facts: { text, decision: 'tell' } }))).toContain('tell');
  });
});

describe('what is typed', () => {
  const NOTHING: Known = {
    forms: { review: 'Review' },
    people: {},
    exposures: { 3: 'x' },
    measures: {},
    phases: {},
  };
  const now = new Date('2026-11-28T12:00:00Z');
  test('a moment comes back as it was shown, to the minute', () => {
    fc.assert(
      fc.property(anyMoment, (at) => {
        const minute = new Date(Math.floor(at.getTime() / 60_000) * 60_000);
        const read = readStep('aware', { ...typedMoment(minute), text }, new Date('2041-01-01'), NOTHING);
        const found = 'found' in read && read.found.kind === 'aware' ? read.found.facts.moment : null;
        // The hour that comes twice in autumn is read as the first.
        expect([minute.toISOString(), new Date(minute.getTime() - HOUR).toISOString()]).toContain(found);
      }),
    );
  });

  test('what stood open is of a known form, ends after it began, or still stands open', () => {
    const of = {
      form: 'review',
      colleague: '(everybody)',
      how: 'readable',
      text,
      ...typedMoment(new Date('2026-11-02T10:00Z'), 'since'),
    };
    const read = (more: object) => readStep('exposed', { ...of, ...more }, now, NOTHING);
    const facts = {
      form: 'review',
      colleague: null,
      how: 'readable',
      text,
      since: '2026-11-02T10:00:00.000Z',
    };
    expect(read({})).toEqual({ found: { kind: 'exposed', facts: { ...facts, until: null } } });
    const until = typedMoment(new Date('2026-11-02T09:59Z'), 'until');
    const wrong = (more: object) => {
      const found = read(more);
      return 'problems' in found ? found.problems.map(({ field }) => field) : [];
    };
    expect(wrong(until)).toEqual(['until-day']);
    expect(wrong({ form: 'another', colleague: 'x', how: '' })).toEqual(['form', 'colleague', 'how']);
    expect(read({ form: '(outside)', ...typedMoment(now, 'until') })).toMatchObject({
      found: { facts: { form: null, until: now.toISOString() } },
    });
    const back = readStep('exposed-not', { exposure: '3', text }, now, NOTHING);
    expect(back).toEqual({ found: { kind: 'exposed-not', facts: { text, exposure: 3 } } });
  });

  test('everything that is missing is told at once, in the words of the page', () => {
    const read = readOpening({}, now);
    expect('problems' in read && read.problems.map(({ field }) => field)).toEqual([
      ...['title', 'source', 'at-day', 'text'],
    ]);
  });

  test.each([
    [
      'the hour that is left out in spring',
      { 'at-day': '29', 'at-month': '3', 'at-time': '01:30' },
      'at-day',
    ],
    ['a day that is not', { 'at-day': '31', 'at-month': '2', 'at-time': '10:00' }, 'at-day'],
    ['tomorrow', { 'at-day': '29', 'at-month': '11', 'at-time': '10:00' }, 'at-day'],
    ['no time', { 'at-day': '2', 'at-month': '11', 'at-time': '' }, 'at-time'],
    ['a time that is none', { 'at-day': '2', 'at-month': '11', 'at-time': '25:00' }, 'at-time'],
  ])('%s is refused', (_name, moment, field) => {
    const read = readStep('regulator-told', { ...moment, 'at-year': '2026', text }, now, NOTHING);
    expect('problems' in read && read.problems.map((problem) => problem.field)).toEqual([field]);
  });

  test('a NUL, and what is too long, are refused with what is wrong', () => {
    const problems = (words: string) => {
      const read = readStep('note', { text: words }, now, NOTHING);
      return 'problems' in read ? read.problems.map(({ message }) => message).join() : '';
    };
    expect(problems('a\0b')).toContain('cannot be written down');
    expect(problems('x'.repeat(5001))).toContain('5000 characters or fewer. You used 5001');
    expect(problems('x'.repeat(5000))).toBe('');
  });
});
