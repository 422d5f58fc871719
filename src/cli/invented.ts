/**
 * Who writes, in the demonstration: chance that repeats itself for the same seed, an invented person, and the small
 * facts of their story. The texts are in `demonstration/`; nobody and nothing in them is real.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Day, daysAfter, spelt } from '../forms/day.ts';

/** Chance from a seed: the same seed gives the same choices in the same order. */
export type Chance = {
  pick<T>(from: readonly T[]): T;
  /** So many of them, in their order. */
  some<T>(from: readonly T[], count: number): T[];
  whole(from: number, to: number): number;
  /** True so often, `share` between 0 and 1. */
  often(share: number): boolean;
};

const texts = z.array(z.string().min(1)).min(1);
const peopleShape = z.object({
  women: texts,
  men: texts,
  last: texts,
  towns: texts,
  streets: texts,
  areas: texts,
  forces: texts,
  officers: texts,
  domains: texts,
  languages: texts,
  needs: texts,
  relations: texts,
  times: texts,
  diary: texts,
});

const FOLDER = new URL('../../demonstration/', import.meta.url);

/** One of the files of `demonstration/`, parsed. */
export function invention<S extends z.ZodType>(file: string, shape: S): z.output<S> {
  return shape.parse(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')));
}

export const people = invention('people.json', peopleShape);

/** Mulberry32 over the FNV-1a hash of the seed: no cryptography, only variety. */
export function chanceOf(seed: string): Chance {
  let state = [...seed].reduce(
    (hash, each) => Math.imul(hash ^ (each.codePointAt(0) ?? 0), 16777619),
    0x811c9dc5,
  );
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(from: readonly T[]): T => {
    const found = from[whole(0, from.length - 1)];
    if (found === undefined) throw new Error('There is nothing to choose from.');
    return found;
  };
  const some = <T>(from: readonly T[], count: number): T[] => {
    const left = from.map((_, index) => index);
    const taken = Array.from({ length: Math.min(count, from.length) }, () =>
      left.splice(whole(0, left.length - 1), 1),
    );
    return taken
      .flat()
      .sort((a, b) => a - b)
      .flatMap((index) => from[index] ?? []);
  };
  return { pick, some, whole, often: (share) => next() < share };
}

export type Name = { readonly title: string; readonly first: string; readonly last: string };

export function inventName(chance: Chance): Name {
  const woman = chance.often(0.55);
  const titles = woman ? ['Mrs', 'Ms', 'Ms', 'Miss', 'Dr', ''] : ['Mr', 'Mr', 'Mr', 'Mr', 'Dr', ''];
  return {
    title: chance.often(0.02) ? 'Mx' : chance.pick(titles),
    first: chance.pick(woman ? people.women : people.men),
    last: chance.pick(people.last),
  };
}

/** Numbers that the regulator keeps for drama: nobody answers them. */
export function inventPhone(chance: Chance, kind: 'mobile' | 'landline'): string {
  const last = String(chance.whole(0, 999)).padStart(3, '0');
  return kind === 'mobile' ? `07700 900${last}` : `01632 960${last}`;
}

export function inventEmail(chance: Chance, { first, last }: Name): string {
  const plain = `${first}.${last}`.toLowerCase().replaceAll(/[^a-z.]/g, '');
  return `${plain}${chance.often(0.4) ? chance.whole(2, 99) : ''}@${chance.pick(people.domains)}`;
}

export function inventAddress(chance: Chance): Record<string, string> {
  const letters = 'ABDEFGHJLNPQRSTUWXYZ';
  const inward = `${chance.whole(1, 9)}${chance.pick([...letters])}${chance.pick([...letters])}`;
  const flat = chance.often(0.2) ? { line2: `Flat ${chance.whole(1, 24)}` } : {};
  return {
    line1: `${chance.whole(1, 180)} ${chance.pick(people.streets)}`,
    ...flat,
    town: chance.pick(people.towns),
    postcode: `${chance.pick(people.areas)}${chance.whole(1, 28)} ${inward}`,
  };
}

/** What the help page of both forms asks: mostly nothing. The ids are those of the forms. */
export function inventAdjustments(chance: Chance): Record<string, string | string[]> {
  if (chance.often(0.5)) return {};
  if (chance.often(0.4)) return { adjustments: ['none'] };
  if (chance.often(0.3)) return { adjustments: ['interpreter'], language: chance.pick(people.languages) };
  if (chance.often(0.3)) return { adjustments: ['reading-writing'] };
  return { adjustments: ['other'], 'other-needs': chance.pick(people.needs) };
}

/** The small facts of one story, by the names that texts put in braces. */
export type Facts = Readonly<Record<string, string>>;

const NUMBERS = ['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven'];

/** Facts that fit each other: it happened, then there was a complaint, then on `letter` an answer. */
export function inventFacts(chance: Chance, letter: Day): Facts {
  const waited = chance.whole(2, 11);
  const complained = daysAfter(letter, -30 * waited);
  const incident = daysAfter(complained, -chance.whole(1, 60));
  const [, month = '', year = ''] = spelt(incident).split(' ');
  const [, complaintMonth = '', complaintYear = ''] = spelt(complained).split(' ');
  const force = chance.often(0.9) ? (people.forces[0] ?? '') : chance.pick(people.forces);
  const wait = `${NUMBERS[waited - 2] ?? 'several'} months`;
  return {
    ...{ force, letter: spelt(letter), wait, month: `${month} ${year}`, incident: `on ${spelt(incident)}` },
    complained: `in ${complaintMonth} ${complaintYear}`,
    weeks: chance.pick(NUMBERS),
    hour: chance.pick([
      'about 7pm',
      'ten at night',
      'half past six',
      'about 4pm',
      '2 in the morning',
      'lunchtime',
    ]),
    ...{ street: chance.pick(people.streets), town: chance.pick(people.towns) },
    officer: `PC ${chance.pick(people.officers)}`,
    handler: `${chance.pick(['Sergeant', 'Inspector', 'DS', 'Mrs', 'Mr'])} ${chance.pick(people.officers)}`,
    reference: `CO/${chance.whole(100, 4999)}/${complaintYear.slice(2)}`,
    age: String(chance.whole(19, 84)),
    number: String(chance.whole(6, 28)),
  };
}
