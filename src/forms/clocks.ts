/** The clocks of a case: what is due by which day, told from the states that it has been in. */
import { bankHolidays } from './bank-holidays.ts';
import type { Casework, Clock } from './casework.ts';
import { type Day, daysAfter, weekdayOf } from './day.ts';
import type { FormDefinition, Period } from './form.ts';

/** A state and the day on which the case came into it. */
export type Stood = { readonly state: string; readonly day: Day };

/** What has happened in a case: its states in their order, the first of them on its arrival, and when the body last wrote. */
export type History = { readonly states: readonly Stood[]; readonly written: Day | null };

/** A clock that runs, or ran: `met` is the day on which what was due was done. */
export type Running = {
  readonly id: string;
  readonly label: string;
  readonly due: Day;
  readonly met: Day | null;
};

export const isWorkingDay = (day: Day): boolean =>
  weekdayOf(day) < 6 && !bankHolidays(Number(day.slice(0, 4))).includes(day);

/** The last day of a period that begins on the day after `from`. */
export function dueDay(from: Day, { count, unit }: Period): Day {
  if (unit !== 'working days') return daysAfter(from, unit === 'weeks' ? count * 7 : count);
  let day = from;
  for (let left = count; left > 0; left -= isWorkingDay(day) ? 1 : 0) day = daysAfter(day, 1);
  return day;
}

/** Every clock that has begun in this case, in the form's order. A form without casework has none. */
export function clocksOf(form: Pick<FormDefinition, 'casework' | 'periods'>, history: History): Running[] {
  return (form.casework?.clocks ?? []).flatMap((clock) => {
    const period = form.periods[clock.period];
    const running = period ? runningOf(clock, period, history) : null;
    return running ? [running] : [];
  });
}

/** The state that a case is in: the last one, or the form's first. */
export const stateOf = (
  casework: Casework,
  { states }: Pick<History, 'states'>,
): Casework['states'][number] | null =>
  casework.states.find(({ id }) => id === states.at(-1)?.state) ?? casework.states[0] ?? null;

function runningOf(clock: Clock, period: Period, { states, written }: History): Running | null {
  const began = states.findLastIndex(({ state }) => state === clock.from);
  const from = states[began]?.day;
  if (from === undefined) return null;
  const met = states.slice(began + 1).find(({ state }) => clock.until.includes(state))?.day ?? null;
  // What is due again and again is done each time that somebody writes.
  const since = clock.again && written !== null && written > from ? written : from;
  return { id: clock.id, label: clock.label, due: dueDay(since, period), met };
}
