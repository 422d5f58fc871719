/** What is usual for somebody who reads, learnt from the openings of the last 60 days, and what they have opened today. */

/** One case handed over once, as the register has it. */
export type Opening = {
  readonly person: string;
  readonly name: string;
  readonly form: string;
  readonly case: string;
  readonly receivedAt: Date;
  readonly at: Date;
};

/** Days are counted in London, from 1970 on; `hour` 0 to 23. */
export type Local = { readonly day: number; readonly hour: number; readonly weekend: boolean };

export const MEMORY_DAYS = 60;
const DAY = 86_400_000;
const LONDON = new Intl.DateTimeFormat('en-GB', {
  ...{ timeZone: 'Europe/London', hourCycle: 'h23' },
  ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric' },
});

export function localOf(at: Date): Local {
  const parts = Object.fromEntries(LONDON.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 1970, month = 1, day = 1, hour = 0 } = parts;
  const midnight = Date.UTC(year, month - 1, day);
  return { day: midnight / DAY, hour, weekend: [0, 6].includes(new Date(midnight).getUTCDay()) };
}

/** Parts of the week, two hours each: twelve of working days, twelve of weekends. */
export const partOfWeek = ({ hour, weekend }: Local): number => Math.floor(hour / 2) + (weekend ? 12 : 0);

/** A case that has lain here so long is old. */
export const isOld = ({ receivedAt, at }: Opening): boolean =>
  at.getTime() - receivedAt.getTime() > 180 * DAY;

/** What somebody usually does, of the days before today. */
export type Usual = {
  /** Days on which they opened anything, and the median of how many. */
  readonly days: number;
  readonly aDay: number;
  readonly openings: number;
  readonly forms: ReadonlyMap<string, number>;
  /** Shares of their openings by part of the week, and of old cases. */
  readonly parts: readonly number[];
  readonly old: number;
};

/** What somebody has opened today, the newest last. */
export type Today = {
  readonly local: Local;
  readonly openings: readonly { readonly of: Opening; readonly local: Local }[];
};

type Past = { readonly of: Opening; readonly local: Local };
type Person = { past: Past[]; today: Past[]; usual: Usual; since: number };

const isLately =
  (now: Date) =>
  ({ at }: Opening): boolean =>
    now.getTime() - at.getTime() < 7 * DAY;

const NOTHING: Usual = { days: 0, aDay: 0, openings: 0, forms: new Map(), parts: Array(24).fill(0), old: 0 };

/** The habits of one organisation's readers. Openings come in order. */
export class Habits {
  readonly #people = new Map<string, Person>();
  /** Of each case, who opened it when, in the last seven days. */
  readonly #cases = new Map<string, Opening[]>();

  #day = -1;

  add(opening: Opening): { readonly usual: Usual; readonly today: Today } {
    const local = localOf(opening.at);
    if (local.day > this.#day) this.#turnTo(local.day, opening.at);
    const person = this.#personOn(opening.person, local.day);
    person.today.push({ of: opening, local });
    this.#cases.set(opening.case, [...this.ofCase(opening.case).filter(isLately(opening.at)), opening]);
    return { usual: person.usual, today: { local, openings: person.today } };
  }

  /** Cases that nobody opens any more are forgotten, once a day. */
  #turnTo(day: number, now: Date): void {
    this.#day = day;
    for (const [id, openings] of this.#cases) if (!openings.some(isLately(now))) this.#cases.delete(id);
  }

  #personOn(id: string, day: number): Person {
    const person = this.#people.get(id) ?? { past: [], today: [], usual: NOTHING, since: -1 };
    this.#people.set(id, person);
    if (person.since >= day) return person;
    const past = [...person.past, ...person.today].filter(({ local }) => day - local.day <= MEMORY_DAYS);
    return Object.assign(person, { past, today: [], usual: usualOf(past), since: day });
  }

  /** Openings of this case in the last seven days, by whomever. */
  ofCase(id: string): readonly Opening[] {
    return this.#cases.get(id) ?? [];
  }

  /** What the others who usually read this form open a day: one number each, the smallest first. */
  colleaguesOn(form: string, but: string): readonly number[] {
    return [...this.#people]
      .filter(([id, { usual }]) => id !== but && usual.days >= 5 && usual.forms.has(form))
      .map(([, { usual }]) => usual.aDay)
      .sort((a, b) => a - b);
  }

  /** Openings of this form by others in the days before today. */
  openedByOthers(form: string, but: string): number {
    return [...this.#people].reduce(
      (sum, [id, { usual }]) => sum + (id === but ? 0 : (usual.forms.get(form) ?? 0)),
      0,
    );
  }
}

function usualOf(past: readonly Past[]): Usual {
  if (past.length === 0) return NOTHING;
  const [days, forms] = [new Map<number, number>(), new Map<string, number>()];
  const parts = Array<number>(24).fill(0);
  for (const { of, local } of past) {
    days.set(local.day, (days.get(local.day) ?? 0) + 1);
    forms.set(of.form, (forms.get(of.form) ?? 0) + 1);
    const part = partOfWeek(local);
    parts[part] = (parts[part] ?? 0) + 1 / past.length;
  }
  const counts = [...days.values()].sort((a, b) => a - b);
  return {
    ...{
      days: days.size,
      aDay: counts[Math.floor(counts.length / 2)] ?? 0,
      openings: past.length,
      forms,
      parts,
    },
    old: past.filter(({ of }) => isOld(of)).length / past.length,
  };
}
