/**
 * How often the rules about odd reading cry wolf, and what they see: over months of invented casework in which it is known
 * who did what, and with misuse planted into it. Tuned on other seeds than those reported.
 */
import type { Opening } from '../src/alarm/habits.ts';
import { openRules, type Signal } from '../src/alarm/odd-reading.ts';
import { chanceOf } from '../src/cli/invented.ts';
import { type Figure, median } from './figures.ts';

/** A number from 0 up to 1. */
type Random = () => number;

const DAY = 86_400_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 5);
const DAYS = 200;
/** The first two months are learnt from and not counted. */
const LEARNT = 60;

/** So many come in by each form. */
const CASES_A_DAY = 12;

type Worker = {
  readonly person: string;
  readonly form: string;
  /** Cases on a usual day. */
  readonly aDay: number;
  readonly weekdays: readonly number[];
  readonly from: number;
  readonly to: number;
  /** First day at work. */
  readonly begins: number;
  readonly kind: 'works' | 'samples';
};

/** Full and part time, one who works evenings, one who starts in spring, one on call at weekends, an auditor. */
function teamOf(random: Random): Worker[] {
  const works = { kind: 'works', begins: 0, weekdays: [1, 2, 3, 4, 5], from: 8.5, to: 17.5 } as const;
  const some = (low: number, high: number) => Math.round(low + random() * (high - low));
  return [
    ...['review', 'review', 'review', 'victims', 'victims'].map(
      (form, n): Worker => ({
        ...{ ...works, person: `full ${n}`, form, aDay: some(8, 18) },
      }),
    ),
    { ...works, person: 'part', form: 'review', aDay: some(6, 12), weekdays: [1, 2, 3] },
    { ...works, person: 'evening', form: 'victims', aDay: some(5, 10), from: 16, to: 21.5 },
    { ...works, person: 'on call', form: 'victims', aDay: some(4, 8), weekdays: [5, 6, 0, 1] },
    { ...works, person: 'new', form: 'review', aDay: some(6, 10), begins: 100 },
    { ...works, person: 'auditor', form: 'review', aDay: 25, kind: 'samples' },
  ];
}

type Life = { readonly openings: Opening[]; readonly team: readonly Worker[]; readonly personDays: number };

/** Everything that this team opened, in order. */
function lifeOf(seed: string): Life {
  const random = randomOf(seed);
  const team = teamOf(random);
  const openings: Opening[] = [];
  for (const worker of team) {
    const holiday = LEARNT + Math.floor(random() * (DAYS - LEARNT - 14));
    for (let day = worker.begins; day < DAYS; day += 1) {
      const weekday = new Date(START + day * DAY).getUTCDay();
      const works =
        worker.weekdays.includes(weekday) && !(day >= holiday && day < holiday + 14) && random() > 0.04;
      if (worker.kind === 'samples' ? day % 61 !== 40 : !works) continue;
      openings.push(...dayOf(worker, day, weekday, random));
    }
  }
  openings.sort((a, b) => a.at.getTime() - b.at.getTime());
  return {
    openings,
    team,
    personDays: team.reduce((sum, { begins }) => sum + DAYS - Math.max(begins, LEARNT), 0),
  };
}

function dayOf(worker: Worker, day: number, weekday: number, random: Random): Opening[] {
  const back = weekday === worker.weekdays[0] ? 1.6 : 1;
  const deadline = day % 70 > 63 ? 2.2 : 1;
  const count = poisson(worker.aDay * back * deadline, random);
  const openings: Opening[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const at = moment(day, worker.from + random() * (worker.to - worker.from));
    // Most of what is opened is new or in hand; a case in hand is opened on several days.
    const age =
      worker.kind === 'samples'
        ? random() * 150
        : random() < 0.03
          ? 200 + random() * 100
          : random() ** 2 * 60;
    const born = Math.floor((day - age) * CASES_A_DAY);
    openings.push(opening(worker, `${worker.form} ${born}`, age, at));
    // What is open on the desk is looked at again, an hour or a day later.
    if (random() < 0.3)
      openings.push(
        opening(worker, `${worker.form} ${born}`, age, new Date(at.getTime() + random() * 3 * 60 * MINUTE)),
      );
  }
  // A colleague is away: a case of the other form now and then, seldom a few.
  const covered = random() < 0.02 ? 1 : random() < 0.001 ? 6 : 0;
  for (let nth = 0; nth < covered; nth += 1)
    openings.push(opening(other(worker), `cover ${day} ${nth}`, 3, moment(day, worker.from + 1)));
  // Work goes late now and then.
  if (random() < 0.01)
    openings.push(
      opening(worker, `late ${day} ${worker.person}`, 2, moment(day, Math.min(23, worker.to + 2))),
    );
  return openings;
}

const moment = (day: number, hour: number): Date => new Date(START + day * DAY + hour * 60 * MINUTE);
const opening = (
  { person, form }: Pick<Worker, 'person' | 'form'>,
  of: string,
  age: number,
  at: Date,
): Opening => ({
  ...{ person, name: person, form, case: of, at, receivedAt: new Date(at.getTime() - age * DAY) },
});

function poisson(mean: number, random: Random): number {
  let [count, left] = [0, Math.exp(-mean)];
  for (let product = random(); product > left; product *= random()) count += 1;
  return count;
}

function randomOf(seed: string): Random {
  const chance = chanceOf(seed);
  return () => chance.whole(0, 999_999) / 1_000_000;
}

const judged = (openings: readonly Opening[]): Signal[] => {
  const { judge } = openRules();
  const signals = new Map<string, Signal>();
  for (const one of openings)
    for (const signal of judge(one)) if (!signals.has(signal.key)) signals.set(signal.key, signal);
  return [...signals.values()];
};

type Misuse = {
  readonly name: string;
  readonly strong: boolean;
  readonly plant: (worker: Worker, day: number) => Opening[];
};

const taken = (
  worker: Pick<Worker, 'person' | 'form'>,
  day: number,
  count: number,
  hour: number,
  minutes: number,
  age = 5,
): Opening[] =>
  Array.from({ length: count }, (_, n) =>
    opening(
      worker,
      `taken ${day} ${n}`,
      age,
      new Date(moment(day, hour).getTime() + (n * minutes * MINUTE) / count),
    ),
  );
const other = ({ person, form }: Pick<Worker, 'person' | 'form'>) => ({
  person,
  form: form === 'review' ? 'victims' : 'review',
});

/** Seven ways, each strong and weak. */
const MISUSE: readonly Misuse[] = [
  { name: 'all of it in half an hour', strong: true, plant: (w, day) => taken(w, day, 394, 10, 30) },
  { name: 'sixty in an hour', strong: false, plant: (w, day) => taken(w, day, 60, 10, 60) },
  { name: 'two hundred over a day', strong: true, plant: (w, day) => taken(w, day, 200, 9, 480) },
  { name: 'seventy over a day', strong: false, plant: (w, day) => taken(w, day, 70, 9, 480) },
  {
    name: 'thirty of another form',
    strong: true,
    plant: (w, day) => taken(other(w), day, 30, 11, 180),
  },
  {
    name: 'six of another form',
    strong: false,
    plant: (w, day) => taken(other(w), day, 6, 11, 60),
  },
  { name: 'fifty old cases', strong: true, plant: (w, day) => taken(w, day, 50, 10, 300, 400) },
  { name: 'twelve old cases', strong: false, plant: (w, day) => taken(w, day, 12, 10, 120, 400) },
  { name: 'twenty-five at three at night', strong: true, plant: (w, day) => taken(w, day, 25, 3, 60) },
  { name: 'five at three at night', strong: false, plant: (w, day) => taken(w, day, 5, 3, 20) },
  { name: 'one case three times a day for a week', strong: true, plant: (w, day) => again(w, day, 7, 3) },
  { name: 'one case twice a day for four days', strong: false, plant: (w, day) => again(w, day, 4, 2) },
  { name: 'eight people at one case', strong: true, plant: (w, day) => crowd(w, day, 8) },
  { name: 'six people at one case', strong: false, plant: (w, day) => crowd(w, day, 6) },
];

const again = (worker: Worker, day: number, days: number, times: number): Opening[] =>
  Array.from({ length: days * times }, (_, n) =>
    opening(worker, `again ${day}`, 20, moment(day + Math.floor(n / times), 9.5 + (n % times) * 2.5)),
  );
const crowd = ({ form }: Worker, day: number, people: number): Opening[] =>
  Array.from({ length: people }, (_, n) =>
    opening({ person: `full ${n}`, form }, `crowd ${day}`, 20, moment(day + (n % 3), 10 + n / 10)),
  );

export function measureOddReading(seeds: readonly string[], tries: number): Figure[] {
  const lives = seeds.map(lifeOf);
  const falseOnes = lives.flatMap(({ openings }) =>
    judged(openings).filter(({ at }) => at.getTime() >= START + LEARNT * DAY),
  );
  const years = lives.reduce((sum, { personDays }) => sum + personDays, 0) / 365;
  const found = MISUSE.map((misuse) => ({ misuse, ...detection(misuse, lives, tries) }));
  const share = (strong: boolean) => {
    const of = found.filter(({ misuse }) => misuse.strong === strong);
    return (
      (of.reduce((sum, each) => sum + each.seen, 0) / of.reduce((sum, each) => sum + each.tried, 0)) * 100
    );
  };
  const byRule = Object.entries(Object.groupBy(falseOnes, ({ rule }) => rule)).map(
    ([rule, of = []]) => `${rule} ${of.length}`,
  );
  return [
    {
      ...{ name: 'odd_false', value: falseOnes.length / years, unit: '/year', bar: { most: 0.5 } },
      says: `signals about ordinary work, a person, over ${years.toFixed(0)} person-years (${byRule.join(', ') || 'none'})`,
    },
    {
      name: 'odd_strong',
      value: share(true),
      unit: '%',
      bar: { least: 95 },
      says: 'of planted gross misuse, of seven kinds, was seen',
    },
    {
      name: 'odd_weak',
      value: share(false),
      unit: '%',
      says: 'of planted slight misuse, of seven kinds, was seen',
    },
    ...found.map(
      ({ misuse, seen, tried, before }): Figure => ({
        ...{ name: misuse.strong ? 'odd_kind' : 'odd_kind_slight', value: (seen / tried) * 100, unit: '%' },
        says: `${misuse.name}; after ${median(before)} of its openings`,
      }),
    ),
  ];
}

/** Plants it so often, each time for somebody else on another day, and looks whether a signal names them or the case. */
function detection({ name, plant }: Misuse, lives: readonly Life[], tries: number) {
  let [seen, tried] = [0, 0];
  const before: number[] = [];
  for (const [nth, { openings, team }] of lives.entries()) {
    const random = randomOf(`${name} ${nth}`);
    const known = team.filter(({ kind, person }) => kind === 'works' && person !== 'new');
    for (let n = 0; n < tries; n += 1) {
      const worker = known[Math.floor(random() * known.length)];
      if (!worker) continue;
      const day = workday(worker, LEARNT + 20 + Math.floor(random() * (DAYS - LEARNT - 40)));
      const planted = plant(worker, day);
      const marked = new Set(planted);
      const upTo = Math.max(...planted.map(({ at }) => at.getTime()));
      const all = [...openings.filter(({ at }) => at.getTime() <= upTo), ...planted].sort(
        (a, b) => a.at.getTime() - b.at.getTime(),
      );
      const { judge } = openRules();
      let [count, told] = [0, -1];
      for (const one of all) {
        const signals = judge(one);
        if (!marked.has(one)) continue;
        count += 1;
        if (signals.length > 0 && told < 0) told = count;
      }
      tried += 1;
      if (told < 0) continue;
      seen += 1;
      before.push(told);
    }
  }
  return { seen, tried, before };
}

/** That day, or the next one on which they work: misuse at work is what is hard to tell. */
function workday({ weekdays }: Worker, day: number): number {
  for (let at = day; ; at += 1) if (weekdays.includes(new Date(START + at * DAY).getUTCDay())) return at;
}
