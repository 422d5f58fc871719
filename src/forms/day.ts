/** Calendar days, without a clock: what a letter is dated, and by when something is due. */

/** A day of the calendar as `2026-04-01`; only `dayOf`, `realDay` and `daysAfter` make one. */
export type Day = string & { readonly brand: 'Day' };

/** A date as somebody types it into three boxes. */
export type TypedDate = { readonly day?: string; readonly month?: string; readonly year?: string };

const LONDON = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/London',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/** The day it is in the United Kingdom at this instant. */
export function dayOf(now: Date): Day {
  return branded(LONDON.format(now));
}

/** The typed date as a day, or null where there is no such day (31 June) or it is not in figures. */
export function realDay(typed: TypedDate): Day | null {
  const [day, month, year] = [typed.day, typed.month, typed.year].map((part) => (part ?? '').trim());
  if (!/^\d{1,2}$/.test(day ?? '') || !/^\d{1,2}$/.test(month ?? '') || !/^\d{4}$/.test(year ?? ''))
    return null;
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const same = at.getUTCMonth() === Number(month) - 1 && at.getUTCDate() === Number(day);
  return same && at.getUTCFullYear() === Number(year) ? branded(at.toISOString().slice(0, 10)) : null;
}

/** The day so many days later: 28 days after 1 April is 29 April. */
export function daysAfter(day: Day, days: number): Day {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return branded(at.toISOString().slice(0, 10));
}

/** That day, which has to be one of the calendar; the month may be the thirteenth, which is the next year's first. */
export function dayAt(year: number, month: number, day: number): Day {
  return branded(new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10));
}

/** 1 for Monday to 7 for Sunday (ISO 8601). */
export function weekdayOf(day: Day): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
}

const SPELT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** `1 April 2026`. */
export function spelt(day: Day): string {
  return SPELT.format(new Date(`${day}T00:00:00Z`));
}

function branded(text: string): Day {
  if (!isDay(text)) throw new Error('This is not a day of the calendar.');
  return text;
}

function isDay(text: string): text is Day {
  return /^\d{4}-\d{2}-\d{2}$/.test(text);
}
