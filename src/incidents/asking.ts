/** What people type about incidents: read as it is meant, or told in their words what is missing. Nothing typed is lost. */
import { z } from 'zod';
import { isHoldable } from '../people/holdable.ts';
import { clockTyped, inLondon, momentTyped } from '../web/london.ts';
import type { Opening } from './acts.ts';
import {
  DECISIONS,
  PHASES,
  REGIMES,
  RISKS,
  SOURCES,
  type StepKind,
  type Taken,
  takenShape,
} from './incidents.ts';

export type Problem = { readonly field: string; readonly message: string };

const field = z
  .string()
  .transform((text) => text.replaceAll('\r\n', '\n').trim())
  .catch('')
  .default('');
/** Every field that any of these pages has, as it was typed; the time apart from the day. */
export const typedShape = z.object({
  ...{ title: field, text: field, source: field, alarm: field },
  ...{ 'at-day': field, 'at-month': field, 'at-year': field, 'at-time': field },
  ...{ risk: field, regime: field, decision: field, phase: field },
});
export type Typed = z.output<typeof typedShape>;

/** The fields of a moment, filled in. */
export function typedMoment(at: Date): Partial<Typed> {
  const { year, month, day, hour, minute } = inLondon(at);
  const two = (count: number) => String(count).padStart(2, '0');
  return {
    ...{ 'at-day': String(day), 'at-month': String(month), 'at-year': String(year) },
    'at-time': `${two(hour)}:${two(minute)}`,
  };
}

const NOTHING: Typed = typedShape.parse({});
export const typed = (some: Partial<Typed> = {}): Typed => ({ ...NOTHING, ...some });

type Found<T> = { readonly found: T } | { readonly problem: Problem };
const wrong = (name: string, message: string): { problem: Problem } => ({
  problem: { field: name, message },
});

const EARLIEST = Date.UTC(1900, 0, 1);

/** A moment in the past, by the clock in the United Kingdom. */
function momentIn(of: Typed, now: Date): Found<Date> {
  const day = [of['at-day'], of['at-month'], of['at-year']] as const;
  if (day.some((part) => !/^(?!0+$)\d{1,4}$/.test(part)))
    return wrong('at-day', 'Enter a day, a month and a year, such as 2 11 2026');
  const clock = clockTyped(of['at-time']);
  if (!clock) return wrong('at-time', 'Enter the time like 14:30');
  const at = momentTyped(day, clock);
  if (!at || at.getTime() < EARLIEST)
    return wrong('at-day', 'Enter a day and a time that there were, such as 2 11 2026 at 14:30');
  // A minute is as exactly as anybody types it: the present one has begun.
  return at > now ? wrong('at-day', 'The day and the time must be in the past') : { found: at };
}

function textIn(of: string, name: string, missing: string, most: number): Found<string> {
  if (of === '') return wrong(name, missing);
  if (of.length > most) return wrong(name, `Use ${most} characters or fewer. You used ${of.length}`);
  return isHoldable(of) ? { found: of } : wrong(name, 'Leave out the character that cannot be written down');
}

function choiceIn<T extends string>(of: string, name: string, from: readonly T[], missing: string): Found<T> {
  const found = from.find((each) => each === of);
  return found === undefined ? wrong(name, missing) : { found };
}

const problemsOf = (all: readonly Found<unknown>[]): Problem[] =>
  all.flatMap((each) => ('problem' in each ? [each.problem] : []));

/** An opening from what was typed, or everything that is wrong with it. */
export function readOpening(
  of: Typed,
  now: Date,
): { readonly found: Opening } | { readonly problems: Problem[] } {
  const title = textIn(of.title, 'title', 'Enter a few words to call it by', 200);
  const source = choiceIn(of.source, 'source', SOURCES, 'Select how you came to know');
  const aware = momentIn(of, now);
  const text = textIn(of.text, 'text', 'Enter what happened, as far as you know', 5000);
  const alarm = /^[0-9a-f-]{36}$/.test(of.alarm) ? of.alarm : null;
  if ('found' in title && 'found' in source && 'found' in aware && 'found' in text)
    return {
      found: {
        ...{ title: title.found, source: source.found, alarm, aware: aware.found, text: text.found },
      },
    };
  return { problems: problemsOf([title, source, aware, text]) };
}

const PARTS = ['moment', 'risk', 'regime', 'decision', 'phase'] as const;
/** What a page asks for besides words: the other facts of this kind of step. */
export function asksOf(kind: StepKind): (typeof PARTS)[number][] {
  const step = takenShape.options.find(({ shape }) => shape.kind.value === kind);
  return PARTS.filter((part) => step && part in step.shape.facts.shape);
}

/** A step from what was typed, or everything that is wrong with it. */
export function readStep(
  kind: StepKind,
  of: Typed,
  now: Date,
): { readonly found: Taken } | { readonly problems: Problem[] } {
  const parts = {
    moment: () => momentIn(of, now),
    risk: () => choiceIn(of.risk, 'risk', RISKS, 'Select how likely harm to people is'),
    regime: () => choiceIn(of.regime, 'regime', REGIMES, 'Select which law it falls under'),
    decision: () => choiceIn(of.decision, 'decision', DECISIONS, 'Select what you decide'),
    phase: () => choiceIn(of.phase, 'phase', PHASES, 'Select what is to be opened again'),
  } as const;
  const found = new Map<string, Found<unknown>>(asksOf(kind).map((each) => [each, parts[each]()]));
  found.set('text', textIn(of.text, 'text', 'Enter your reasons. They are kept with the decision', 5000));
  const problems = problemsOf([...found.values()]);
  if (problems.length > 0) return { problems };
  const facts = Object.fromEntries(
    [...found].map(([name, each]) => {
      const value = 'found' in each ? each.found : null;
      return [name, value instanceof Date ? value.toISOString() : value];
    }),
  );
  return { found: takenShape.parse({ kind, facts }) };
}
