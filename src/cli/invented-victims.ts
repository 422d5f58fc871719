/** Invented letters to a Victims' Commissioner (`forms/victims.json`). */
import { z } from 'zod';
import { type Day, daysAfter } from '../forms/day.ts';
import type { Answer, Answers } from '../forms/form.ts';
import {
  type Chance,
  type Facts,
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
const circumstance = z.object({
  topic: z.string(),
  who: z.enum(['victim', 'family', 'other']).default('victim'),
  agreement: z.enum(['yes', 'no', 'cannot']).optional(),
  agencies: texts,
  /** Who is meant by the agency `other`. */
  other: z.string().optional(),
  story: texts,
});
type Circumstance = z.output<typeof circumstance>;
const shape = z.object({
  ...{ openings: texts, openingsForOthers: texts, treated: texts, treatedForOthers: texts },
  ...{
    circumstances: z.array(circumstance).min(1),
    wishes: texts,
    middles: texts,
    briefs: texts,
    endings: texts,
  },
});
const stock = invention('victims.json', shape);

/** Whole answers, valid on `today`. The `nth` of a run has the `nth` circumstance, so that all are used alike. */
export function inventVictims(chance: Chance, nth: number, today: Day): Answers {
  const name = inventName(chance);
  const about = stock.circumstances[nth % stock.circumstances.length] ?? chance.pick(stock.circumstances);
  const plain = inventFacts(chance, daysAfter(today, -chance.whole(3, 60)));
  const facts = { ...plain, topic: say(chance, about.topic, plain) };
  const treated = chance.some(about.who === 'victim' ? stock.treated : stock.treatedForOthers, 6);
  const named = chance.often(0.75);
  return {
    danger: 'no',
    who: about.who,
    ...(about.agreement ? { agreement: about.agreement } : {}),
    ...(about.agreement && chance.often(0.5)
      ? { 'behalf-name': { first: chance.pick(people.women), last: name.last } }
      : {}),
    named: named ? 'yes' : 'no',
    ...(named && chance.often(0.8) ? { name: { first: name.first, last: name.last } } : {}),
    ...(named ? contact(chance, name) : {}),
    ...inventAdjustments(chance),
    happened: story(
      chance,
      about,
      treated.slice(0, 3),
      facts,
      named ? `${name.first} ${name.last}` : 'Somebody in Exampleshire',
    ),
    ...agencies(chance, about),
    ...(chance.often(0.8) ? { treated: several(chance, treated.slice(3), facts) } : {}),
    ...(chance.often(0.75) ? { wish: several(chance, stock.wishes, facts) } : {}),
  };
}

function story(
  chance: Chance,
  about: Circumstance,
  treated: readonly string[],
  facts: Facts,
  signature: string,
): string {
  const speak = (text: string) => say(chance, text, facts);
  const openings = about.who === 'victim' ? stock.openings : stock.openingsForOthers;
  return tell(
    chance,
    {
      opening: speak(chance.pick(openings)),
      happened: about.story.map(speak),
      middles: chance.some(stock.middles, 2).map(speak),
      cameOfIt: chance.some(treated, chance.whole(1, 3)).map(speak),
      brief: speak(chance.pick(stock.briefs)),
      ending: speak(chance.pick(stock.endings)),
    },
    facts,
    signature,
  );
}

function several(chance: Chance, from: readonly string[], facts: Facts): string {
  return chance
    .some(from, chance.whole(1, 3))
    .map((text) => say(chance, text, facts))
    .join(' ');
}

function contact(chance: Chance, name: Name): Record<string, Answer> {
  const phone = chance.often(0.7) ? { phone: inventPhone(chance, 'mobile') } : {};
  const email = !('phone' in phone) || chance.often(0.5) ? { email: inventEmail(chance, name) } : {};
  const ways = [...('phone' in phone ? ['call', 'text'] : []), ...('email' in email ? ['email'] : [])];
  return {
    ...phone,
    ...email,
    way: chance.pick(ways),
    ...(chance.often(0.6) ? { time: chance.pick(people.times) } : {}),
    'say-who': chance.often(0.4) ? 'yes' : 'no',
    'leave-message': chance.often(0.5) ? 'yes' : 'no',
  };
}

/** Who was involved, a reference here and there, and whether the Commissioner may talk to each. */
function agencies(chance: Chance, { agencies: involved, other }: Circumstance): Record<string, Answer> {
  if (chance.often(0.1)) return {};
  const references = involved
    .filter((agency) => agency !== 'other' && chance.often(0.4))
    .map((agency) => [
      `${agency}-reference`,
      `${agency.slice(0, 1).toUpperCase()}${chance.whole(10000, 999999)}`,
    ]);
  return {
    agencies: involved,
    ...Object.fromEntries(references),
    ...(other ? { 'other-agency': other } : {}),
    ...Object.fromEntries(involved.map((agency) => [`consent-${agency}`, chance.often(0.7) ? 'yes' : 'no'])),
  };
}
