/** What the pages ask for besides words: each part of a step once, how it is asked and how what was typed is read. */
import { realDay } from '../forms/day.ts';
import { isHoldable } from '../people/holdable.ts';
import { clockTyped, inLondon, momentTyped } from '../web/london.ts';
import { DECISIONS, HOWS, PHASES, REGIMES, RISKS, SECTIONS, type StepKind, takenShape } from './incidents.ts';
import { SELF_ASSESSMENT } from './self-assessment.ts';
import { SEVERITY_QUESTIONS } from './severity.ts';
import { problemWithPlaces } from './wording.ts';
import { HOW_WORDS, PHASE_WORDS, REGIME_WORDS, RISK_WORDS, SECTION_WORDS } from './words.ts';

export type Problem = { readonly field: string; readonly message: string };
export type Found<T> = { readonly found: T } | { readonly problem: Problem };
export const wrong = (field: string, message: string): { problem: Problem } => ({
  problem: { field, message },
});

/** Every field as it was typed, by its name; what is not there is empty. */
export type Typed = (name: string) => string;

/** Words that the database can hold, of at most so many characters. */
export function textIn(of: string, name: string, missing: string, most: number): Found<string> {
  if (of === '') return wrong(name, missing);
  if (of.length > most) return wrong(name, `Use ${most} characters or fewer. You used ${of.length}`);
  return isHoldable(of) ? { found: of } : wrong(name, 'Leave out the character that cannot be written down');
}

type Choices = Readonly<Record<string, string>>;
/** What an incident can be about, by id, with the words for it. */
export type Known = {
  readonly forms: Choices;
  readonly people: Choices;
  /** What is said to have stood open; measures not done; phases that are done: by the number of their step, or their name. */
  readonly exposures: Choices;
  readonly measures: Choices;
  readonly phases: Choices;
};

/** A field as its page shows it. */
export type Field = { readonly label: string; readonly hint?: string } & (
  | { readonly as: 'radios' | 'select'; readonly choices: Choices }
  | { readonly as: 'moment' | 'date' | 'number' | 'line' | 'words' | 'reasons' | 'hidden' }
);
type Part = {
  readonly field: (known: Known) => Field;
  /** What the step keeps. */
  readonly read: (typed: Typed, name: string, now: Date, known: Known) => Found<unknown>;
};

/** The choices that say: none of ours, and: nobody in particular. No form is called so, and no person. */
const OUTSIDE = '(outside)';
const EVERYBODY = '(everybody)';

const choice = (
  field: Omit<Extract<Field, { as: 'radios' | 'select' }>, 'choices'>,
  from: (known: Known) => Choices,
  missing: string,
  kept: (value: string) => unknown = (value) => value,
): Part => ({
  field: (known) => ({ ...field, choices: from(known) }),
  read: (typed, name, _now, known) =>
    Object.hasOwn(from(known), typed(name)) ? { found: kept(typed(name)) } : wrong(name, missing),
});
const radios = (label: string, words: Choices, missing: string): Part =>
  choice({ as: 'radios', label }, () => words, missing);
const ofStep = (label: string, from: (known: Known) => Choices, missing: string): Part =>
  choice({ as: 'radios', label }, from, missing, Number);
const only = <K extends string>(keys: readonly K[], words: Readonly<Record<K, string>>): Choices =>
  Object.fromEntries(keys.map((key) => [key, words[key]]));
const moment = (label: string, hint?: string): Part => ({
  field: () => ({ as: 'moment', label, ...(hint !== undefined && { hint }) }),
  read: (typed, name, now) => iso(momentIn(typed, name, now)),
});
const amount = (label: string, hint: string, optional: boolean): Part => ({
  field: () => ({ as: 'number', label, hint }),
  read: (typed, name) => {
    const text = typed(name).replaceAll(/[\s,]/g, '');
    if (text === '' && optional) return { found: null };
    return /^\d{1,8}$/.test(text)
      ? { found: Number(text) }
      : wrong(name, `Enter a number: ${label.toLowerCase()}`);
  },
});

/** Something the people affected are told; places in it are filled in for each. */
const told = (as: 'line' | 'words', most: number, label: string, hint: string): Part => ({
  field: () => ({ as, label, hint }),
  read: (typed, name) => {
    const text = typed(name);
    const found = textIn(text, name, `Enter an answer: ${label.replace('?', '').toLowerCase()}`, most);
    if ('problem' in found) return found;
    const place = problemWithPlaces(text);
    return place ? wrong(name, place) : found;
  },
});

const iso = (found: Found<Date>): Found<string> =>
  'found' in found ? { found: found.found.toISOString() } : found;

const questionParts = Object.fromEntries(
  Object.entries({ ...SEVERITY_QUESTIONS, ...SELF_ASSESSMENT }).map(
    ([name, { legend, hint, choices }]): [string, Part] => [
      name,
      choice(
        { as: 'radios', label: legend, hint },
        () => Object.fromEntries(Object.entries(choices).map(([key, { text }]) => [key, text])),
        `Select an answer: ${legend.replace('?', '').toLowerCase()}`,
      ),
    ],
  ),
);

/** In the order in which a page asks for them. */
const PARTS: Readonly<Record<string, Part>> = {
  regime: radios(
    'Which law does it fall under?',
    only(REGIMES, REGIME_WORDS),
    'Select which law it falls under',
  ),
  risk: radios(
    'How likely is harm to people, and how grave?',
    only(RISKS, RISK_WORDS),
    'Select how likely harm to people is',
  ),
  ...questionParts,
  decision: radios(
    'What do you decide?',
    only(DECISIONS, { tell: 'They have to be told', not: 'They need not be told' }),
    'Select what you decide',
  ),
  phase: choice(
    { as: 'radios', label: 'Which phase?' },
    ({ phases }) => phases,
    'Select what is to be opened again',
  ),
  form: choice(
    { as: 'radios', label: 'What stood open, or went out?' },
    ({ forms }) => ({ ...forms, [OUTSIDE]: 'Something outside Letterbox' }),
    'Select what stood open',
    (value) => (value === OUTSIDE ? null : value),
  ),
  colleague: choice(
    {
      ...{ as: 'select', label: 'To whom?' },
      hint: 'Choose one colleague where somebody had access who should not have had it. What they were given is in the register.',
    },
    ({ people }) => ({ [EVERYBODY]: 'Everybody, or I do not know', ...people }),
    'Select to whom',
    (value) => (value === EVERYBODY ? null : value),
  ),
  how: radios('Could it be read?', only(HOWS, HOW_WORDS), 'Select whether it could be read'),
  since: moment('Since when?', 'If you do not know, enter the earliest that it can have been.'),
  until: {
    field: () => ({ as: 'moment', label: 'Until when?', hint: 'Leave it empty while it still stands open.' }),
    read: (typed, name, now) => endIn(typed, name, now),
  },
  exposure: ofStep(
    'What did not stand open?',
    ({ exposures }) => exposures,
    'Select what did not stand open',
  ),
  people: amount('How many people are affected?', 'Each once, also with several cases.', false),
  records: amount(
    'How many records?',
    'Cases, rows, mails: whatever there was one of for each time somebody wrote.',
    false,
  ),
  victims: amount('How many of the people are victims?', 'Leave it empty if you do not know.', true),
  children: amount('How many of the people are children?', 'Leave it empty if you do not know.', true),
  kinds: {
    field: () => ({
      as: 'line',
      label: 'What was told about them?',
      hint: 'Such as: names, addresses, what happened to them.',
    }),
    read: (typed, name) => textIn(typed(name), name, 'Enter what was told about them', 500),
  },
  known: {
    field: () => ({ as: 'hidden', label: '' }),
    read: (typed, name) => ({ found: typed(name) === 'opened' ? 'opened' : 'by-hand' }),
  },
  section: radios('Which part of the report?', only(SECTIONS, SECTION_WORDS), 'Select a part of the report'),
  owner: choice(
    { as: 'select', label: 'Who looks after it?' },
    ({ people }) => people,
    'Select who looks after it',
  ),
  due: {
    field: () => ({
      as: 'date',
      label: 'By what day?',
      hint: 'Such as 31 1 2027. You are reminded when it is over.',
    }),
    read: (typed, name) => dayIn(typed, name),
  },
  measure: ofStep('Which measure is done?', ({ measures }) => measures, 'Select the measure that is done'),
  moment: moment('When was it?'),
  subject: told(
    'line',
    150,
    'Subject',
    'Say that it is about their data, so that nobody takes it for advertising.',
  ),
  // Asked in each kind of step in words of its own.
  text: { field: () => ({ as: 'reasons', label: '' }), read: (typed, name) => ({ found: typed(name) }) },
  meaning: told(
    'words',
    3000,
    'What may it mean for them?',
    'What could come of it, such as: a stranger may know that they complained.',
  ),
  done: told('words', 3000, 'What have you done?', 'How it was stopped, and what you do about it now.'),
  advice: told(
    'words',
    3000,
    'What can they do?',
    'Such as: be wary of calls that mention their complaint; whom to ring if they are in danger.',
  ),
  contact: told(
    'words',
    1000,
    'Whom can they ask?',
    'The name and the ways to reach your data protection officer or another who answers, and when.',
  ),
};

/** The parts of this kind of step, in the order of its page. */
export function partsOf(kind: StepKind): string[] {
  const step = takenShape.options.find(({ shape }) => shape.kind.value === kind);
  return Object.keys(PARTS).filter((part) => step && part in step.shape.facts.shape);
}

/** A part as a page asks for it; a moment's fields are called after `at`, as those of an opening are. */
export function fieldOf(part: string, known: Known): Field & { readonly name: string } {
  const found = PARTS[part];
  if (!found) throw new Error(`There is no part ${part}.`);
  return { name: nameOf(part), ...found.field(known) };
}

export function readPart(part: string, typed: Typed, now: Date, known: Known): Found<unknown> {
  return PARTS[part]?.read(typed, nameOf(part), now, known) ?? wrong(part, 'This is not asked here');
}

const nameOf = (part: string) => (part === 'moment' ? 'at' : part);

const EARLIEST = Date.UTC(1900, 0, 1);

/** A moment in the past, by the clock in the United Kingdom. */
export function momentIn(typed: Typed, name: string, now: Date): Found<Date> {
  const day = ['day', 'month', 'year'].map((part) => typed(`${name}-${part}`));
  const [d = '', m = '', y = ''] = day;
  if (day.some((part) => !/^(?!0+$)\d{1,4}$/.test(part)))
    return wrong(`${name}-day`, 'Enter a day, a month and a year, such as 2 11 2026');
  const clock = clockTyped(typed(`${name}-time`));
  if (!clock) return wrong(`${name}-time`, 'Enter the time like 14:30');
  const at = momentTyped([d, m, y], clock);
  if (!at || at.getTime() < EARLIEST)
    return wrong(`${name}-day`, 'Enter a day and a time that there were, such as 2 11 2026 at 14:30');
  // A minute is as exactly as anybody types it: the present one has begun.
  return at > now ? wrong(`${name}-day`, 'The day and the time must be in the past') : { found: at };
}

/** When it ended; nothing typed: it has not. */
function endIn(typed: Typed, name: string, now: Date): Found<string | null> {
  if (!['day', 'month', 'year', 'time'].some((part) => typed(`${name}-${part}`) !== ''))
    return { found: null };
  const end = momentIn(typed, name, now);
  const begin = momentIn(typed, 'since', now);
  return 'found' in end && 'found' in begin && end.found < begin.found
    ? wrong(`${name}-day`, 'It must have ended after it began')
    : iso(end);
}

/** A day to come or past, as `2027-01-31`. */
function dayIn(typed: Typed, name: string): Found<string> {
  const [day = '', month = '', year = ''] = ['day', 'month', 'year'].map((part) => typed(`${name}-${part}`));
  const found = realDay({ day, month, year });
  return found?.startsWith('2')
    ? { found }
    : wrong(`${name}-day`, 'Enter a day, a month and a year, such as 31 1 2027');
}

/** The fields of a moment, filled in. */
export function typedMoment(at: Date, name = 'at'): Readonly<Record<string, string>> {
  const { year, month, day, hour, minute } = inLondon(at);
  const two = (count: number) => String(count).padStart(2, '0');
  return {
    ...{ [`${name}-day`]: String(day), [`${name}-month`]: String(month), [`${name}-year`]: String(year) },
    [`${name}-time`]: `${two(hour)}:${two(minute)}`,
  };
}

/** Phases that are done, in words. */
export const phasesDone = (done: Readonly<Record<(typeof PHASES)[number], unknown>>): Choices =>
  Object.fromEntries(PHASES.filter((phase) => done[phase]).map((phase) => [phase, PHASE_WORDS[phase].title]));
