/**
 * # Note: odd reading
 *
 * Somebody who may read can read too much. Rules look at each opening of a case as it comes into the register, and say in a
 * sentence, with numbers, what is unusual about it: for this person, beside what they did in the last 60 days, and beside
 * their colleagues. A signal is amber and closes nothing: unusual is not wrong, and a person decides. Each rule has a floor
 * below which it says nothing, since a rule that cries wolf is switched off in people's heads.
 *
 * LIMIT: who reads slowly, at ordinary hours, in cases that are theirs to read, is not told apart from somebody who works. Whose case
 * is whose is not known yet, so *outside one's work* is a form one never opens, or cases that are long over.
 */
import { Habits, isOld, type Opening, partOfWeek, type Today, type Usual } from './habits.ts';

/** `key` is the same for the same thing on the same day. */
export type Signal = {
  readonly key: string;
  readonly rule: Rule;
  readonly form: string;
  readonly seen: string;
  readonly at: Date;
};
export type Rule = 'fast' | 'much' | 'other-form' | 'old' | 'hours' | 'again' | 'many';

const MINUTE = 60_000;
/** In half an hour nobody reads and answers so many; and twice one's usual day is a day's work in a fraction of it. */
const FAST = { withinMs: 30 * MINUTE, floor: 30, usualDays: 2 };
/** Four days' work on one day; the busiest days before a deadline are two to three. */
const MUCH = { floor: 60, usualDays: 4 };
/** A form that is less than a fiftieth of what one opened in days enough to know, and others work on. */
const OTHER_FORM = { floor: 5, share: 0.02, knownDays: 10, byOthers: 20 };
/** Cases of more than half a year ago, where they are less than a tenth of what one opens. */
const OLD = { floor: 10, share: 0.1, known: 50 };
/** Hours in which less than one in a hundred of one's openings lie, the two hours on either side included. */
const HOURS = { floor: 5, share: 0.01, known: 50, from: 7, to: 20 };
/** One case on eight occasions in a week, an hour apart, three times as often as anybody else. */
const AGAIN = { sittings: 8, apartMs: 60 * MINUTE, times: 3 };
/** One case by so many different people in a week. */
const MANY = { people: 6 };

/** Judges openings as they come, in order. One for each organisation. */
export function openRules(): { judge(opening: Opening): Signal[] } {
  const habits = new Habits();
  return {
    judge: (opening) => {
      const { usual, today } = habits.add(opening);
      const judging = { opening, usual, today, habits };
      return [fast, much, otherForm, old, hours, again, many].flatMap((rule) => rule(judging) ?? []);
    },
  };
}

type Judging = {
  readonly opening: Opening;
  readonly usual: Usual;
  readonly today: Today;
  readonly habits: Habits;
};

/** How many different cases these are openings of. */
const cases = (openings: Today['openings']): number => new Set(openings.map(({ of }) => of.case)).size;

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'Europe/London' });
const clock = (at: Date): string => CLOCK.format(at);
const between = (first: Date, last: Date): string =>
  clock(first) === clock(last) ? `at ${clock(last)}` : `between ${clock(first)} and ${clock(last)}`;

function signal(
  { opening, today }: Judging,
  rule: Rule,
  seen: string,
  about = `${opening.person} ${today.local.day}`,
): Signal {
  return { key: `odd ${rule} ${about}`, rule, form: opening.form, seen, at: opening.at };
}

/** What a day usually is for them: by their own days, or, for who is new, by their colleagues'. */
function usualDay({ opening, usual, habits }: Judging): { readonly most: number; readonly said: string } {
  const others = habits.colleaguesOn(opening.form, opening.person);
  const [least, most] = [others[0] ?? 0, others.at(-1) ?? 0];
  const theirs =
    others.length > 0
      ? ` Colleagues who read this form usually open ${least === most ? most : `${least} to ${most}`} a day.`
      : '';
  if (usual.days >= 5) return { most: usual.aDay, said: ` On a usual day they open ${usual.aDay}.${theirs}` };
  return {
    most,
    said: ` They have opened cases on ${usual.days} days so far, too few to know what is usual for them.${theirs}`,
  };
}

function fast(judging: Judging): Signal | null {
  const { opening, today } = judging;
  const from = opening.at.getTime() - FAST.withinMs;
  const within = today.openings.filter(({ of }) => of.at.getTime() > from);
  const count = cases(within);
  if (count < FAST.floor) return null;
  const { most, said } = usualDay(judging);
  if (count < FAST.usualDays * most) return null;
  const first = within[0]?.of.at ?? opening.at;
  return signal(
    judging,
    'fast',
    `${opening.name} opened ${count} cases ${between(first, opening.at)}.${said}`,
  );
}

function much(judging: Judging): Signal | null {
  const { opening, today } = judging;
  const count = cases(today.openings);
  if (count < MUCH.floor) return null;
  const { most, said } = usualDay(judging);
  if (count < MUCH.usualDays * most) return null;
  return signal(judging, 'much', `${opening.name} had opened ${count} cases by ${clock(opening.at)}.${said}`);
}

function otherForm(judging: Judging): Signal | null {
  const { opening, usual, today, habits } = judging;
  const { form, person, name } = opening;
  const before = usual.forms.get(form) ?? 0;
  if (usual.days < OTHER_FORM.knownDays || before >= OTHER_FORM.share * usual.openings) return null;
  const count = cases(today.openings.filter(({ of }) => of.form === form));
  if (count < OTHER_FORM.floor || habits.openedByOthers(form, person) < OTHER_FORM.byOthers) return null;
  return signal(
    judging,
    'other-form',
    `${name} opened ${count} cases of this form today. In the 60 days before they opened ${before} of it, and ${usual.openings - before} of other forms.`,
  );
}

function old(judging: Judging): Signal | null {
  const { opening, usual, today } = judging;
  if (!isOld(opening) || usual.openings < OLD.known || usual.old >= OLD.share) return null;
  const count = cases(today.openings.filter(({ of }) => isOld(of)));
  if (count < OLD.floor) return null;
  return signal(
    judging,
    'old',
    `${opening.name} opened ${count} cases today that came in more than half a year ago. Usually ${percent(usual.old)} of what they open is as old.`,
  );
}

const percent = (share: number): string =>
  share === 0 ? 'none' : share < 0.01 ? 'less than 1%' : `${Math.round(share * 100)}%`;

function isUnusual({ hour, weekend }: Today['local'], usual: Usual): boolean {
  if (usual.openings < HOURS.known) return weekend || hour < HOURS.from || hour >= HOURS.to;
  const part = partOfWeek({ day: 0, hour, weekend });
  const first = weekend ? 12 : 0;
  const near = [part - 1, part, part + 1].filter((each) => each >= first && each < first + 12);
  return near.reduce((sum, each) => sum + (usual.parts[each] ?? 0), 0) < HOURS.share;
}

function hours(judging: Judging): Signal | null {
  const { opening, usual, today } = judging;
  if (!isUnusual(today.local, usual)) return null;
  const odd = today.openings.filter(({ local }) => isUnusual(local, usual));
  const count = cases(odd);
  if (count < HOURS.floor) return null;
  const when = today.local.weekend ? 'at the weekend' : between(odd[0]?.of.at ?? opening.at, opening.at);
  const known =
    usual.openings < HOURS.known
      ? 'It is outside working hours (7am to 8pm, Monday to Friday), and they have opened too little so far to know their own.'
      : `Less than 1 in 100 of the ${usual.openings} cases they opened in the 60 days before was at such a time.`;
  return signal(judging, 'hours', `${opening.name} opened ${count} cases ${when}. ${known}`);
}

/** How many occasions these are: openings less than an hour apart are one. */
function sittings(openings: readonly Opening[]): number {
  let [count, last] = [0, Number.NEGATIVE_INFINITY];
  for (const { at } of openings) {
    if (at.getTime() - last >= AGAIN.apartMs) count += 1;
    last = at.getTime();
  }
  return count;
}

function again(judging: Judging): Signal | null {
  const { opening, habits } = judging;
  const week = habits.ofCase(opening.case);
  const count = sittings(week.filter(({ person }) => person === opening.person));
  if (count < AGAIN.sittings) return null;
  const others = new Set(week.map(({ person }) => person).filter((person) => person !== opening.person));
  const most = Math.max(
    0,
    ...[...others].map((one) => sittings(week.filter(({ person }) => person === one))),
  );
  if (count < AGAIN.times * most) return null;
  const beside =
    most === 0
      ? 'Nobody else opened it.'
      : `Nobody else opened it more than ${most === 1 ? 'once' : `${most} times`}.`;
  return signal(
    judging,
    'again',
    `${opening.name} opened one case on ${count} occasions within a week. ${beside}`,
    `${opening.person} ${opening.case}`,
  );
}

function many(judging: Judging): Signal | null {
  const { opening, habits } = judging;
  const people = new Set(habits.ofCase(opening.case).map(({ person }) => person));
  if (people.size < MANY.people) return null;
  return signal(
    judging,
    'many',
    `${people.size} different people opened one and the same case within a week.`,
    opening.case,
  );
}
