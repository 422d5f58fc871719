/** Days as somebody types them, in three fields. */

/** The day as `2026-11-02`, or null where there is no such day. */
export function dayOf(day: string, month: string, year: string): string | null {
  if (!/^\d{1,2}$/.test(day) || !/^\d{1,2}$/.test(month) || !/^\d{4}$/.test(year)) return null;
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const at = new Date(`${text}T00:00:00.000Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) ? text : null;
}

const DAY = 24 * 60 * 60 * 1000;

/** Whether a course held elsewhere may count until the end of this day: it is not over, and within three years. */
export function isElsewhereDay(day: string, now: Date): boolean {
  const end = Date.parse(`${day}T23:59:59.000Z`);
  return end > now.getTime() && end - now.getTime() <= 3 * 366 * DAY;
}
