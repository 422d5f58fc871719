/** How incidents are spoken of: phases, steps and decisions in plain words. */

import { dayInWords, momentInWords } from '../web/london.ts';
import {
  clockInWords,
  clockOf,
  type Exposure,
  type NOTICE_ACTS,
  type Phase,
  type Section,
  type State,
  type Step,
  type StepKind,
} from './incidents.ts';
import { adviceInWords, adviceOf } from './self-assessment.ts';
import { severityOf } from './severity.ts';

export const SOURCE_WORDS = {
  watch: 'Watch, or another alarm',
  colleague: 'A colleague noticed',
  public: 'Somebody from outside told us',
  elsewhere: 'It happened elsewhere: a mail, a spreadsheet, a supplier',
} as const;
export const RISK_WORDS = {
  unlikely: 'Unlikely to result in a risk to people',
  risk: 'A risk to people',
  high: 'A high risk to people',
} as const;
export const REGIME_WORDS = {
  'uk-gdpr': 'UK GDPR, Article 33: most work of public bodies',
  'law-enforcement': 'Data Protection Act 2018, Part 3: law enforcement',
} as const;

export const HOW_WORDS = {
  readable: 'What was written could be read',
  sealed: 'Only what is sealed came out: nobody can read it without a key',
} as const;

/** The parts of the report that somebody has to write. */
export const SECTION_WORDS: Readonly<Record<Section, string>> = {
  what: 'What happened, and how',
  consequences: 'What may come of it for the people affected',
  before: 'What was in place before to prevent it',
  training: 'Which staff were involved, and when they were last trained in data protection',
  actions: 'What was done about it, and will be',
  others: 'Which other bodies were told, or will be',
  delay: 'Why the regulator was not told within 72 hours',
};

export type TaskStep =
  | 'contained'
  | 'assessed'
  | 'regulator'
  | 'regulator-told'
  | 'people'
  | 'people-told'
  | 'learnt';

export type PhaseWords = {
  readonly title: string;
  readonly hint: string;
  /** The steps that belong to it, in their order. */
  readonly steps: readonly TaskStep[];
};
export const PHASE_WORDS: Readonly<Record<Phase, PhaseWords>> = {
  contain: {
    title: 'Stop it',
    hint: 'Close what stands open, take back what went out, keep what shows what happened.',
    steps: ['contained'],
  },
  assess: {
    title: 'Find out how bad it is',
    hint: 'Who is affected, what they told you, and what could come of it for them.',
    steps: ['assessed'],
  },
  notify: {
    title: 'Tell the regulator',
    hint: 'Within 72 hours, unless a risk to people is unlikely.',
    steps: ['regulator', 'regulator-told'],
  },
  tell: {
    title: 'Tell the people affected',
    hint: 'Without delay where the risk to them is high.',
    steps: ['people', 'people-told'],
  },
  learn: {
    title: 'Learn from it',
    hint: 'What led to it, and what will keep it from happening again.',
    steps: ['learnt'],
  },
};

export type StepWords = {
  readonly title: string;
  /** Asked above the words that everybody writes. */
  readonly label: string;
  readonly hint: string;
  readonly button: string;
};
/** Steps that have a page on which somebody types them. */
export type TypedStep = Exclude<StepKind, 'opened' | 'notice'>;
const KEPT = 'It is kept with your name and the time, and cannot be changed. Do not name a submitter.';
export const STEP_WORDS: Readonly<Record<TypedStep, StepWords>> = {
  note: { title: 'Write something down', label: 'What is to be kept?', hint: KEPT, button: 'Keep it' },
  aware: {
    title: 'Put right when you became aware',
    label: 'Why was it then?',
    hint: `You are aware once you can be reasonably certain that personal data were exposed. ${KEPT}`,
    button: 'Put the clock right',
  },
  exposed: {
    title: 'Say what stood open',
    label: 'How do you know?',
    hint: `What you found, and where: a door, a file, a folder, a mail. ${KEPT}`,
    button: 'Keep it',
  },
  'exposed-not': {
    title: 'Take back what stood open',
    label: 'Why was it not so?',
    hint: `It stays among the steps, and counts no longer. ${KEPT}`,
    button: 'Take it back',
  },
  counted: {
    title: 'Count the people',
    label: 'How did you count?',
    hint: KEPT,
    button: 'Keep the numbers',
  },
  severity: {
    title: 'Work out how severe it is',
    label: 'What made you answer so?',
    hint: KEPT,
    button: 'Work it out',
  },
  'self-assessed': {
    title: 'Does it have to be told?',
    label: 'What made you answer so?',
    hint: `The questions are those of the regulator’s self-assessment. ${KEPT}`,
    button: 'See what it comes to',
  },
  supplemented: {
    title: 'More was told to the regulator',
    label: 'What was told, and under which reference?',
    hint: KEPT,
    button: 'Keep that more was told',
  },
  reported: {
    title: 'Write a part of the report',
    label: 'What is the report to say?',
    hint: 'Whatever it said before is replaced. Do not name a submitter: the report goes to the regulator without personal data.',
    button: 'Keep this part',
  },
  measure: {
    title: 'Set down a measure',
    label: 'What is to be done?',
    hint: KEPT,
    button: 'Set it down',
  },
  'measure-done': {
    title: 'A measure is done',
    label: 'What was done?',
    hint: KEPT,
    button: 'Keep that it is done',
  },
  contained: {
    title: 'It is stopped',
    label: 'How was it stopped, and how do you know?',
    hint: KEPT,
    button: 'Say that it is stopped',
  },
  assessed: {
    title: 'How bad is it?',
    label: 'How did you come to that?',
    hint: `What was exposed, of how many people, to whom, for how long, and whether anybody could read it. ${KEPT}`,
    button: 'Keep the assessment',
  },
  regulator: {
    title: 'Does the regulator have to be told?',
    label: 'Why?',
    hint: `Unless a risk to people is unlikely, it does. ${KEPT}`,
    button: 'Keep the decision',
  },
  'regulator-told': {
    title: 'The regulator was told',
    label: 'How, and under which reference?',
    hint: `What you do not know yet can follow later. ${KEPT}`,
    button: 'Keep that it was told',
  },
  people: {
    title: 'Do the people affected have to be told?',
    label: 'Why?',
    hint: `They do where the risk to them is high, unless what came out was sealed and nobody could read it. ${KEPT}`,
    button: 'Keep the decision',
  },
  worded: {
    title: 'Write to the people affected',
    label: 'What happened?',
    hint: 'In plain words, as you would want to be told: what came out, when, and how you noticed.',
    button: 'Keep these words',
  },
  'people-told': {
    title: 'The people affected were told',
    label: 'How were they told, and how many?',
    hint: KEPT,
    button: 'Keep that they were told',
  },
  learnt: {
    title: 'What was learnt',
    label: 'What led to it, and who does what by when?',
    hint: KEPT,
    button: 'Keep what was learnt',
  },
  reopened: {
    title: 'Open a phase again',
    label: 'Why?',
    hint: KEPT,
    button: 'Open it again',
  },
  closed: {
    title: 'Close the incident',
    label: 'What is there to say at the end?',
    hint: `It stays in your register of incidents. ${KEPT}`,
    button: 'Close the incident',
  },
};
export const isStep = (kind: string): kind is TypedStep => Object.hasOwn(STEP_WORDS, kind);

/** What somebody did, to follow their name. */
export function stepInWords(taken: Step, titles: Titles): string {
  switch (taken.kind) {
    case 'opened':
      return 'opened the incident';
    case 'note':
      return 'wrote down';
    case 'aware':
      return `put right when you became aware: ${momentInWords(taken.facts.moment)}`;
    case 'exposed':
      return `said what stood open: ${exposureInWords(taken, titles)}`;
    case 'exposed-not':
      return `took back what step ${taken.facts.exposure} said stood open`;
    case 'counted':
      return `counted ${taken.facts.people} people and ${taken.facts.records} records`;
    case 'severity': {
      const { level, score } = severityOf(taken.facts);
      return `worked out how severe it is: ${level} (${score})`;
    }
    case 'self-assessed':
      return `answered the regulator’s self-assessment: ${adviceInWords(adviceOf(taken.facts))}`;
    case 'supplemented':
      return `wrote down that more was told to the regulator: ${momentInWords(taken.facts.moment)}`;
    case 'reported':
      return `wrote a part of the report: ${SECTION_WORDS[taken.facts.section].toLowerCase()}`;
    case 'measure':
      return `set down a measure, due on ${dayInWords(taken.facts.due)}`;
    case 'measure-done':
      return `said that the measure of step ${taken.facts.measure} is done`;
    case 'contained':
      return 'said that it is stopped';
    case 'assessed':
      return `assessed it: ${RISK_WORDS[taken.facts.risk].toLowerCase()} (${REGIME_WORDS[taken.facts.regime].split(':')[0]})`;
    case 'regulator':
      return taken.facts.decision === 'tell'
        ? 'decided that the regulator has to be told'
        : 'decided that the regulator need not be told';
    case 'regulator-told':
      return `wrote down that the regulator was told: ${momentInWords(taken.facts.moment)}`;
    case 'people':
      return taken.facts.decision === 'tell'
        ? 'decided that the people affected have to be told'
        : 'decided that the people affected need not be told';
    case 'worded':
      return 'wrote what the people affected are told';
    case 'notice':
      return NOTICE_WORDS[taken.facts.what];
    case 'people-told':
      return `wrote down that the people affected were told: ${momentInWords(taken.facts.moment)}`;
    case 'learnt':
      return 'wrote down what was learnt';
    case 'reopened':
      return `opened a phase again: ${PHASE_WORDS[taken.facts.phase].title.toLowerCase()}`;
    case 'closed':
      return 'closed the incident';
  }
}

const NOTICE_WORDS: Readonly<Record<(typeof NOTICE_ACTS)[number], string>> = {
  proposed: 'proposed the notice to the people affected',
  approved: 'agreed to the notice to the people affected',
  stopped: 'stopped the notice',
  resumed: 'let the notice go on',
  withdrawn: 'withdrew the notice',
  halted: 'was kept from sending something that is not in the list; the notice is halted',
};

/** Somebody of the body by their id. */
export const nameOf = (people: ReadonlyMap<string, string>, id: string): string =>
  people.get(id) ?? 'somebody who is not among your people';

/** As a sentence begins. */
export const upper = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Forms by their id. */
type Titles = ReadonlyMap<string, string>;

/** What it was, when it was, and what came out of it. */
export function exposureInWords(
  { facts: { form, since, until, how } }: Pick<Exposure, 'facts'>,
  titles: Titles,
): string {
  const where = form === null ? 'outside Letterbox' : (titles.get(form) ?? form);
  const end = until ? `until ${momentInWords(until)}` : 'and still does';
  return `${where}, from ${momentInWords(since)} ${end}, ${how === 'sealed' ? 'sealed' : 'readable'}`;
}

/** The clock as a page shows it. */
export function clockShown(state: State, now: Date) {
  const clock = clockOf(state, now);
  return {
    ...clock,
    says: clockInWords(clock),
    late: clock.stands === 'late' || clock.stands === 'told late',
  };
}
