/** A day and a time as people in the United Kingdom say them, as an instant and back. */

const ZONE = 'Europe/London';
const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

export type LondonTime = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
};

/** What the clock in London shows at that instant. */
export function inLondon(at: Date): LondonTime {
  const shown = new Map(parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes) => shown.get(name) ?? 0;
  return {
    ...{ year: part('year'), month: part('month'), day: part('day') },
    ...{ hour: part('hour'), minute: part('minute') },
  };
}

/**
 * The instant at which the clock in London shows this, or null where it never does (no such day, or the hour that is left
 * out in spring). Of the hour that comes twice in autumn, the first.
 */
export function fromLondon(time: LondonTime): Date | null {
  const { year, month, day, hour, minute } = time;
  const winter = Date.UTC(year, month - 1, day, hour, minute);
  const candidates = [winter - 3_600_000, winter].map((instant) => new Date(instant));
  return candidates.find((at) => !Number.isNaN(at.getTime()) && isSame(inLondon(at), time)) ?? null;
}

function isSame(one: LondonTime, other: LondonTime): boolean {
  const order = ({ year, month, day, hour, minute }: LondonTime) => [year, month, day, hour, minute].join();
  return order(one) === order(other);
}

/** `14:30`, `14.30`, `2:30pm`, `2pm`; null for anything else. */
export function clockTyped(typed: string): { readonly hour: number; readonly minute: number } | null {
  const found = /^(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?$/i.exec(typed);
  if (!found || (found[2] === undefined && found[3] === undefined)) return null;
  const [hour, minute, half] = [Number(found[1]), Number(found[2] ?? 0), found[3]?.toLowerCase()];
  if (minute > 59 || hour > (half ? 12 : 23) || (half && hour === 0)) return null;
  return { hour: half ? (hour % 12) + (half === 'pm' ? 12 : 0) : hour, minute };
}

/** The day of three fields and a time, as an instant; null where there is no such day, or never such a time on it. */
export function momentTyped(
  [day, month, year]: readonly [day: string, month: string, year: string],
  clock: { readonly hour: number; readonly minute: number },
): Date | null {
  const numbers = [day, month, year].map((text) => (/^\d{1,4}$/.test(text) ? Number(text) : 0));
  const [d = 0, m = 0, y = 0] = numbers;
  return numbers.includes(0) ? null : fromLondon({ year: y, month: m, day: d, ...clock });
}

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: ZONE });
/** `2 November 2026 at 14:30`. */
export const momentInWords = (at: Date | string): string => MOMENT.format(new Date(at));

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: ZONE });
/** `2 November 2026`, of a moment or of `2026-11-02`. */
export const dayInWords = (at: Date | string): string => DAY.format(new Date(at));
