/** What people type about incidents: read as it is meant, or told in their words what is missing. Nothing typed is lost. */
import { z } from 'zod';
import type { Opening } from './acts.ts';
import { SOURCES, type StepKind, type Taken, takenShape } from './incidents.ts';
import { type Found, type Known, momentIn, type Problem, partsOf, readPart, textIn, wrong } from './parts.ts';
import { problemWithPlaces } from './wording.ts';

const field = z
  .string()
  .transform((text) => text.replaceAll('\r\n', '\n').trim())
  .catch('');
/** Every field that came, as it was typed. */
export const typedShape = z
  .record(z.string().max(40), field)
  .refine((fields) => Object.keys(fields).length <= 60);
export type Fields = z.output<typeof typedShape>;

const typedIn = (fields: Fields) => (name: string) => (Object.hasOwn(fields, name) && fields[name]) || '';

const problemsOf = (all: readonly Found<unknown>[]): Problem[] =>
  all.flatMap((each) => ('problem' in each ? [each.problem] : []));

type Read<T> = { readonly found: T } | { readonly problems: Problem[] };

/** An opening from what was typed, or everything that is wrong with it. */
export function readOpening(fields: Fields, now: Date): Read<Opening> {
  const typed = typedIn(fields);
  const title = textIn(typed('title'), 'title', 'Enter a few words to call it by', 200);
  const known = SOURCES.find((each) => each === typed('source'));
  const source = known ? { found: known } : wrong('source', 'Select how you came to know');
  const aware = momentIn(typed, 'at', now);
  const text = textIn(typed('text'), 'text', 'Enter what happened, as far as you know', 5000);
  const alarm = /^[0-9a-f-]{36}$/.test(typed('alarm')) ? typed('alarm') : null;
  if ('found' in title && 'found' in source && 'found' in aware && 'found' in text) {
    const words = { title: title.found, text: text.found };
    return { found: { ...words, source: source.found, alarm, aware: aware.found } };
  }
  return { problems: problemsOf([title, source, aware, text]) };
}

/** A step from what was typed, or everything that is wrong with it. */
export function readStep(kind: StepKind, fields: Fields, now: Date, known: Known): Read<Taken> {
  const typed = typedIn(fields);
  const found = new Map(partsOf(kind).map((part) => [part, readPart(part, typed, now, known)]));
  found.set(
    'text',
    textIn(
      typed('text'),
      'text',
      MISSING[kind] ?? 'Enter your reasons. They are kept with the decision',
      5000,
    ),
  );
  const place = kind === 'worded' ? problemWithPlaces(typed('text')) : null;
  const problems = [
    ...problemsOf([...found.values()]),
    ...(place ? [{ field: 'text', message: place }] : []),
  ];
  if (problems.length > 0) return { problems };
  const facts = Object.fromEntries(
    [...found].map(([part, each]) => [part, 'found' in each ? each.found : null]),
  );
  return { found: takenShape.parse({ kind, facts }) };
}

/** What to enter, where it is no reason. */
const MISSING: Partial<Readonly<Record<StepKind, string>>> = {
  note: 'Enter what is to be kept',
  reported: 'Enter what the report is to say',
  measure: 'Enter what is to be done',
  worded: 'Enter what happened',
};
