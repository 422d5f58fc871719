/** Invented requests for a review of how a complaint about the police was handled (`forms/review.json`). */
import { z } from 'zod';
import { type Day, daysAfter } from '../forms/day.ts';
import type { Answer, Answers } from '../forms/form.ts';
import {
  type Chance,
  inventAddress,
  inventAdjustments,
  inventEmail,
  inventFacts,
  invention,
  inventName,
  inventPhone,
  type Name,
  people,
} from './invented.ts';
import { say, tell } from './telling.ts';

const texts = z.array(z.string().min(1)).min(1);
const shape = z.object({
  openings: texts,
  circumstances: z.array(z.object({ topic: z.string(), story: texts })).min(1),
  failings: z.array(z.object({ ticks: texts, text: z.string() })).min(1),
  ...{ middles: texts, briefs: texts, endings: texts, righting: texts, late: texts },
});
const stock = invention('review.json', shape);

const TICKS = ['findings', 'actions', 'process', 'information', 'other'];

/** Whole answers, valid on `today`. The `nth` of a run has the `nth` circumstance, so that all are used alike. */
export function inventReview(chance: Chance, nth: number, today: Day): Answers {
  const name = inventName(chance);
  const letter = daysAfter(today, -(chance.often(0.8) ? chance.whole(1, 28) : chance.whole(29, 90)));
  const facts = inventFacts(chance, letter);
  const acting: Answers = chance.often(0.12)
    ? { acting: 'yes', 'other-name': parts(inventName(chance)), relation: chance.pick(people.relations) }
    : { acting: 'no' };
  const { why, ticks } = complaint(chance, nth, facts, name);
  const own = acting.acting === 'yes' ? `${chance.pick(BEHALF)}\n\n${why}` : why;
  const [year = '', month = '', day = ''] = letter.split('-');
  return {
    'dealt-with': 'yes',
    'review-body': chance.often(0.9) ? 'yes' : 'unsure',
    name: parts(name),
    ...contact(chance, name),
    ...inventAdjustments(chance),
    ...acting,
    force: facts.force ?? '',
    ...(chance.often(0.8) ? { reference: facts.reference ?? '' } : {}),
    'letter-date': { day: String(Number(day)), month: String(Number(month)), year },
    // Left behind when the letter is not late: the question is not asked then.
    late: say(chance, chance.pick(stock.late), facts),
    'unhappy-with': ticks,
    why: own,
    ...(chance.often(0.75) ? { 'put-right': righting(chance, facts) } : {}),
    ...equality(chance),
    sharing: ['understood'],
  };
}

const BEHALF = [
  'These are their own words, as they told them to me.',
  'I have written this down for them. They have read it and it is right.',
  'What follows is in their words, not mine.',
];

function complaint(chance: Chance, nth: number, facts: Record<string, string>, { first, last }: Name) {
  const { topic, story } =
    stock.circumstances[nth % stock.circumstances.length] ?? chance.pick(stock.circumstances);
  const known = { ...facts, topic: say(chance, topic, facts) };
  const speak = (text: string) => say(chance, text, known);
  const failings = chance.some(stock.failings, chance.whole(2, 5));
  const why = tell(
    chance,
    {
      opening: speak(chance.pick(stock.openings)),
      happened: story.map(speak),
      middles: chance.some(stock.middles, 2).map(speak),
      cameOfIt: failings.map(({ text }) => speak(text)),
      brief: speak(chance.pick(stock.briefs)),
      ending: speak(chance.pick(stock.endings)),
    },
    known,
    `${first} ${last}`,
  );
  return { why, ticks: TICKS.filter((tick) => failings.some(({ ticks }) => ticks.includes(tick))) };
}

function righting(chance: Chance, facts: Record<string, string>): string {
  return chance
    .some(stock.righting, chance.whole(1, 2))
    .map((text) => say(chance, text, facts))
    .join(' ');
}

/** At least one way to reach them, and a preferred one that is among those given. */
function contact(chance: Chance, name: Name): Record<string, Answer> {
  const given: Record<string, Answer> = {
    ...(chance.often(0.6) ? { address: inventAddress(chance) } : {}),
    ...(chance.often(0.3) ? { 'daytime-phone': inventPhone(chance, 'landline') } : {}),
    ...(chance.often(0.6) ? { mobile: inventPhone(chance, 'mobile') } : {}),
    ...(chance.often(0.7) ? { email: inventEmail(chance, name) } : {}),
  };
  if (Object.keys(given).length === 0) given.mobile = inventPhone(chance, 'mobile');
  const [preferred = ''] = chance.some(Object.keys(given), 1);
  const post = preferred === 'address' ? 'post' : preferred;
  return { ...given, preferred: post, 'leave-message': chance.often(0.6) ? 'yes' : 'no' };
}

function parts({ title, first, last }: Name): Record<string, string> {
  return { ...(title ? { title } : {}), first, last };
}

const EQUALITY: Readonly<Record<string, readonly string[]>> = {
  'equality-age': ['from-18', 'from-25', 'from-25', 'from-45', 'from-45', 'from-65', 'not-say'],
  'equality-sex': ['female', 'male', 'not-say'],
  'equality-ethnicity': ['asian', 'black', 'mixed', 'white', 'white', 'other', 'not-say'],
  'equality-disability': ['yes', 'no', 'no', 'not-say'],
  'equality-religion': [
    'none',
    'none',
    'buddhist',
    'christian',
    'hindu',
    'jewish',
    'muslim',
    'sikh',
    'other',
    'not-say',
  ],
  'equality-orientation': ['heterosexual', 'heterosexual', 'gay', 'bisexual', 'other', 'not-say'],
};

/** Optional, so many leave some or all of it. */
function equality(chance: Chance): Record<string, string> {
  if (chance.often(0.3)) return {};
  if (chance.often(0.3)) return { equality: 'no' };
  const answered = Object.entries(EQUALITY).filter(() => chance.often(0.9));
  return { equality: 'yes', ...Object.fromEntries(answered.map(([id, from]) => [id, chance.pick(from)])) };
}
