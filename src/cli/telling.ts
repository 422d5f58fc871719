/** How a story is told: choices and facts filled in, and the hand of the person who writes. */
import { daysAfter, realDay, spelt } from '../forms/day.ts';
import { type Chance, type Facts, people } from './invented.ts';

/**
 * One way to say it: `[a|b]` is one of several, `{name}` a fact, `{Name}` the same with a capital.
 * @throws when there is no such fact
 */
export function say(chance: Chance, text: string, facts: Facts): string {
  const chosen = text.replaceAll(/\[([^[\]]*)\]/g, (_, ways: string) => chance.pick(ways.split('|')));
  return chosen.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const fact = facts[name.toLowerCase()];
    if (fact === undefined) throw new Error(`The text knows no {${name}}.`);
    return name === name.toLowerCase() ? fact : capital(fact);
  });
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The parts of a story, as sentences: what came of it is what they complain of. */
export type Story = {
  readonly opening: string;
  readonly happened: readonly string[];
  readonly middles: readonly string[];
  readonly cameOfIt: readonly string[];
  readonly brief: string;
  readonly ending: string;
};

/** Puts a story down the way some people do: in two lines, as a letter, as a list, at length with a diary. */
export function tell(chance: Chance, story: Story, facts: Facts, signature: string): string {
  const way = chance.pick([
    'brief',
    'plain',
    'plain',
    'plain',
    'long',
    'long',
    'letter',
    'list',
    'diary',
    'full',
  ] as const);
  const [first = '', second = '', ...rest] = story.happened;
  const { opening, middles, cameOfIt, ending } = story;
  const [came = '', ...more] = cameOfIt;
  const kept = ['From my diary:', ...diary(chance, facts)].join('\n');
  const told = {
    brief: [`${first} ${came}`, story.brief],
    plain: [`${opening} ${first} ${second}`, [came, ...more.slice(0, 1), ending].join(' ')],
    long: [
      `${opening} ${first}`,
      [second, ...rest, middles[0]].join(' '),
      ...[cameOfIt.slice(0, 2).join(' '), [...cameOfIt.slice(2), middles[1]].join(' '), ending],
    ],
    letter: [
      'Dear Sir or Madam,',
      `${opening} ${first} ${second}`,
      cameOfIt.join(' '),
      ending,
      `Yours faithfully,\n${signature}`,
    ],
    list: [
      `${opening} ${first}`,
      [second, ...cameOfIt].map((each, index) => `${index + 1}. ${each}`).join('\n'),
      ending,
    ],
    diary: [[opening, first, second, ...rest].join(' '), kept, cameOfIt.join(' '), ending],
    full: [
      ...[`${opening} ${middles[0] ?? ''}`, story.happened.join(' '), kept],
      ...[cameOfIt.slice(0, 2).join(' '), cameOfIt.slice(2).join(' '), `${middles[1] ?? ''} ${ending}`],
    ],
  }[way];
  return inHand(chance, told.filter(Boolean).join('\n\n'));
}

function diary(chance: Chance, facts: Facts): string[] {
  const [day = '', month = '', year = ''] = (facts.letter ?? '').split(' ');
  const letter = realDay({ day, month: String(MONTHS.indexOf(month) + 1), year });
  if (!letter) throw new Error('A diary needs the day of the letter.');
  const lines = chance.some(people.diary, chance.whole(3, 12));
  return lines.map((line, index) => {
    const on = spelt(daysAfter(letter, (index - lines.length) * chance.whole(6, 8)));
    return `${on}: ${say(chance, line, facts)}`;
  });
}

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

// Only before another word: `whenever that is.` stays.
const SHORTER: readonly (readonly [RegExp, string])[] = [
  [/\b(do|did|does|was|were|is|has|have|would|could|should) not\b/g, '$1n’t'],
  [/\bcannot\b/g, 'can’t'],
  [/\bwill not\b/g, 'won’t'],
  [/\bI am(?= [a-z])/g, 'I’m'],
  [
    /\b(I|[Ww]e|[Tt]hey) have(?= (been|had|kept|asked|said|told|lost|tried|read|thought|never|hardly|put|written)\b)/g,
    '$1’ve',
  ],
  [/\bI would(?= [a-z])/g, 'I’d'],
  [/\b([Ii])t is(?= [a-z])/g, '$1t’s'],
  [/\b([Tt])hat is(?= [a-z])/g, '$1hat’s'],
];

/** Some write as they speak, a few in haste, without capitals or apostrophes. */
function inHand(chance: Chance, text: string): string {
  const spoken = SHORTER.reduce((so, [long, short]) => so.replaceAll(long, short), text);
  if (chance.often(0.08)) {
    return spoken
      .replaceAll('’', '')
      .replaceAll('\n\n', '\n')
      .replaceAll(/(?<=^|[.?!:]\s+)[A-Z](?=[a-z ])/g, lower);
  }
  return chance.often(0.5) ? spoken : text;
}

const lower = (letter: string) => letter.toLowerCase();
