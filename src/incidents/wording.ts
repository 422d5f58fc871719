/**
 * What the people affected are told: written once, in the parts that the law asks for (UK GDPR Article 34(2), 33(3)(b) to
 * (d): what happened, what may come of it, what was done, whom to ask), and filled in for each. Places for what differs look
 * as those of GOV.UK Notify do.
 */
import type { z } from 'zod';
import type { wordingShape } from './incidents.ts';

export type Wording = z.output<typeof wordingShape>;

/** Whom one message is for; what is not known is empty. */
export type Addressed = {
  readonly name: string;
  /** Of their cases. */
  readonly references: readonly string[];
  /** When they came, in words. */
  readonly received: string;
  /** What was told about them, in words. */
  readonly told: string;
};

/** Each place, and what is written where nothing is known. */
const PLACES: Readonly<
  Record<string, { readonly of: (who: Addressed) => string; readonly without: string }>
> = {
  name: { of: ({ name }) => name, without: 'Sir or Madam' },
  references: { of: ({ references }) => references.join(', '), without: 'none' },
  received: { of: ({ received }) => received, without: 'a day that we do not know' },
  told: { of: ({ told }) => told, without: 'something about you' },
};
const PLACE = /\(\(([^()]*)\)\)/g;
export const PLACE_NAMES = Object.keys(PLACES).map((name) => `((${name}))`);

/** What is wrong with the places in a text, in a sentence; null for nothing. */
export function problemWithPlaces(text: string): string | null {
  const wrong = [...text.matchAll(PLACE)].find(([, name = '']) => !Object.hasOwn(PLACES, name.trim()));
  return wrong ? `${wrong[0]} is none of the places that are filled in: use ${PLACE_NAMES.join(', ')}` : null;
}

export type Merged = { readonly subject: string; readonly text: string };

/** One person's message. `reference`: what they say when they get in touch; `from`: the body. */
export function merged(
  { subject, text, meaning, done, advice, contact }: Wording,
  who: Addressed,
  { reference, from }: { readonly reference: string; readonly from: string },
): Merged {
  const part = (heading: string, words: string) => [headed(heading), '', words, ''];
  const lines = [
    ...['Dear ((name)),', '', text, ''],
    ...about(who),
    ...part(HEADINGS.meaning, meaning),
    ...part(HEADINGS.done, done),
    ...part(HEADINGS.advice, advice),
    ...part(HEADINGS.contact, contact),
    ...[`Please give this number when you get in touch: ${reference}`, '', from],
  ];
  return { subject: filled(subject, who), text: filled(lines.join('\n'), who) };
}

const HEADINGS = {
  ...{ meaning: 'What this may mean for you', done: 'What we have done' },
  ...{ advice: 'What you can do', contact: 'Whom to ask' },
} as const;
/** As it stands in a plain text. */
const headed = (heading: string) => heading.toUpperCase();
/** The heading that a line of a message is, as a letter prints it; null for other lines. */
export const headingIn = (line: string): string | null =>
  Object.values(HEADINGS).find((heading) => headed(heading) === line) ?? null;

/** What it is about, as far as that is known. */
function about({ references, received, told }: Addressed): string[] {
  const sent =
    references.length > 0
      ? `This is about what was sent to us ${references.length === 1 ? 'under the reference' : 'under the references'} ((references))${received ? ', received on ((received))' : ''}.`
      : '';
  const held = told ? 'It held ((told)).' : '';
  return sent || held ? [[sent, held].filter(Boolean).join(' '), ''] : [];
}

/** In one go, so that nothing somebody is called is taken for a place. */
const filled = (text: string, who: Addressed): string =>
  text.replaceAll(PLACE, (place, name: string) => {
    const found = PLACES[name.trim()];
    return found ? found.of(who) || found.without : place;
  });
