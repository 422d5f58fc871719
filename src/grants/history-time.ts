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
