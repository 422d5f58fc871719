/**
 * # Note: the report to the regulator
 *
 * A personal-data-breach report in the order in which the Information Commissioner's own form asks (Article 33(3) UK GDPR;
 * section 67(4) of the Data Protection Act 2018 for law enforcement), filled in from the steps and the register. What is
 * not known yet is marked as a gap; it may follow later, in phases (Article 33(4), section 67(5)).
 *
 * It names no submitter: there is none in what it is made from, but for what somebody types against the page's word.
 */
import { dayInWords, momentInWords } from '../web/london.ts';
import type { InAll, Reach } from './exposure.ts';
import { clockOf, type Exposure, type Incident, type Section, type State, type Step } from './incidents.ts';
import type { Paper } from './paper.ts';
import { adviceInWords, adviceOf } from './self-assessment.ts';
import { LEVEL_WORDS, severityOf } from './severity.ts';
import { exposureInWords, HOW_WORDS, RISK_WORDS, SECTION_WORDS, SOURCE_WORDS, upper } from './words.ts';

export type ReportPart = {
  readonly title: string;
  /** Paragraphs, each with its lines. */
  readonly says: readonly string[];
  /** What is not known yet. */
  readonly gaps: readonly string[];
  /** The part that somebody writes on a page of its own. */
  readonly write: Section | null;
};
export type Report = {
  readonly title: string;
  readonly organisation: string;
  readonly made: Date;
  readonly parts: readonly ReportPart[];
};

export type ReportFrom = {
  readonly organisation: string;
  readonly officers: readonly { readonly name: string; readonly email: string }[];
  readonly incident: Pick<Incident, 'title' | 'source'>;
  readonly steps: readonly Step[];
  readonly state: State;
  readonly reaches: readonly Reach[];
  readonly all: InAll;
  readonly forms: ReadonlyMap<string, string>;
};

/** The report as it stands now. */
export function reportOf(from: ReportFrom, now: Date): Report {
  const parts = [
    about(from),
    written(from, 'what', whatHappened(from.steps)),
    when(from),
    found(from),
    numbers(from),
    data(from),
    written(from, 'consequences', consequences(from.state)),
    written(from, 'before', STANDING),
    given(from),
    written(from, 'training', []),
    written(from, 'actions', actions(from)),
    people(from),
    written(from, 'others', []),
    ...delay(from, now),
    ...supplements(from.state),
  ];
  return { title: 'Report of a personal data breach', organisation: from.organisation, made: now, parts };
}

export const gapsIn = ({ parts }: Report): number => parts.reduce((sum, { gaps }) => sum + gaps.length, 0);

/** The report as a document. */
export function paperOf({ title, organisation, made, parts }: Report): Paper {
  return {
    title,
    lead: [organisation, `As it stood on ${momentInWords(made)}.`],
    sections: parts.map(({ title: heading, says, gaps }) => ({ heading, paragraphs: says, gaps })),
  };
}

const part = (title: string, says: readonly string[], gaps: readonly string[] = []): ReportPart => ({
  ...{ title, says, gaps, write: null },
});

/** What was worked out, and below it what somebody wrote; a gap until they did. */
function written({ state }: ReportFrom, section: Section, known: readonly string[]): ReportPart {
  const words = state.report[section]?.facts.text;
  return {
    title: SECTION_WORDS[section],
    says: [...known, ...(words === undefined ? [] : [words])],
    gaps: words === undefined ? ['Nobody has written this part yet.'] : [],
    write: section,
  };
}

function about({ organisation, officers, incident, state }: ReportFrom): ReportPart {
  const law =
    state.regime === 'law-enforcement'
      ? 'Data Protection Act 2018, section 67: processing for law enforcement.'
      : 'UK GDPR, Article 33.';
  const contacts = officers.map(({ name, email }) => `${name}, ${email}`);
  return part(
    'About this report',
    [
      `Organisation: ${organisation}`,
      `What we call it: ${incident.title}`,
      `Law: ${law}`,
      `Kind of report: ${state.regulatorTold ? 'a supplement to one already made' : 'the first'}`,
      ...(contacts.length > 0 ? [`Data protection officer: ${contacts.join('; ')}`] : []),
    ],
    contacts.length > 0 ? [] : ['No data protection officer is among your people.'],
  );
}

const whatHappened = (steps: readonly Step[]) =>
  steps.flatMap((step) =>
    step.kind === 'opened' ? [`As it was first written down: ${step.facts.text}`] : [],
  );

function when({ state: { exposures, aware } }: ReportFrom): ReportPart {
  const begun = exposures.map(({ facts }) => facts.since).toSorted()[0];
  const open = exposures.some(({ facts }) => facts.until === null);
  const ended = exposures
    .flatMap(({ facts }) => facts.until ?? [])
    .toSorted()
    .at(-1);
  return part(
    'When it happened, and when you found out',
    [
      ...(begun ? [`It began, at the earliest: ${momentInWords(begun)}.`] : []),
      ...(open ? ['It still stands open.'] : ended ? [`It ended: ${momentInWords(ended)}.`] : []),
      `We became aware: ${momentInWords(aware)}.`,
    ],
    exposures.length > 0 ? [] : ['Nobody has said yet what stood open, and from when.'],
  );
}

const found = ({ incident, reaches }: ReportFrom): ReportPart =>
  part('How you found out', [
    SOURCE_WORDS[incident.source],
    ...reaches.flatMap(({ known }) =>
      (known?.seen.alarms ?? []).map(({ seen, since }) => `Alarm of ${momentInWords(since)}: ${seen}`),
    ),
  ]);

function numbers({ state: { counted }, all }: ReportFrom): ReportPart {
  const cases =
    all.cases > 0
      ? [
          `By the register, ${all.cases} cases were in what stood open; ${all.readable} of them could be read.`,
        ]
      : [];
  if (!counted) return part('How many people and records', cases, ['Nobody has counted the people yet.']);
  const { people: many, records, victims, children, known } = counted.facts;
  const among = [
    ...(victims === null ? [] : [`${victims} victims`]),
    ...(children === null ? [] : [`${children} children`]),
  ];
  return part('How many people and records', [
    `${many} people, ${records} records.`,
    ...(among.length > 0 ? [`Among them: ${among.join(' and ')}.`] : []),
    ...cases,
    known === 'opened'
      ? 'The cases were opened by somebody with access, and each person was counted once.'
      : 'The numbers were counted by hand.',
  ]);
}

function data({ state: { counted, exposures }, forms, all }: ReportFrom): ReportPart {
  return part(
    'What data, and whether it could be read',
    [
      ...exposures.map((each) => `${upper(exposureInWords(each, forms))}. ${HOW_WORDS[each.facts.how]}.`),
      ...(counted ? [`What was told: ${counted.facts.kinds}.`] : []),
      ...(exposures.length > 0 && exposures.every(isSealed)
        ? [
            'All of it was encrypted, with keys that only named readers have: unintelligible to anybody else (UK GDPR, Article 34(3)(a); Data Protection Act 2018, section 68(3)(a)).',
          ]
        : []),
      ...(all.outside ? ['Some of it was outside the system that keeps a register.'] : []),
    ],
    counted ? [] : ['Nobody has said yet what was told.'],
  );
}
const isSealed = ({ facts }: Exposure) => facts.how === 'sealed';

function consequences({ severity, selfAssessed, risk }: State): string[] {
  const measured = severity && severityOf(severity.facts);
  return [
    ...(measured
      ? [
          `Severity by the method of ENISA: ${measured.level} (${measured.score}). ${LEVEL_WORDS[measured.level]}`,
        ]
      : []),
    ...(selfAssessed
      ? [`By the regulator’s self-assessment: ${adviceInWords(adviceOf(selfAssessed.facts))}`]
      : []),
    ...(risk ? [`${RISK_WORDS[risk]}.`] : []),
  ];
}

const STANDING = [
  'Submissions are encrypted in the sender’s browser, to keys of named readers. Reading takes a document that two people signed. Each reading is an entry of a register that cannot be changed unseen.',
];

/** Who was given something is counted here, not named: names of staff can follow if they are asked for. */
function given({ reaches }: ReportFrom): ReportPart {
  const known = reaches.flatMap(({ known: one }) => one ?? []);
  const people = new Set(known.flatMap((each) => each.given.map(({ person }) => person)));
  const sum = (of: 'opened' | 'files' | 'listed') =>
    known.flatMap((each) => each.given).reduce((total, each) => total + each[of], 0);
  if (reaches.length === 0)
    return part('Who was given it', ['Not worked out: nothing is said yet to have stood open.']);
  if (known.length === 0)
    return part('Who was given it', [
      'It was outside the system that keeps a register: not knowable from it.',
    ]);
  return part('Who was given it', [
    people.size === 0
      ? 'By the register, nobody was given anything of it through the system in that time.'
      : `By the register, ${people.size} of our own people with access were given ${sum('opened')} cases, ${sum('files')} files and ${sum('listed')} summaries of it in that time, each encrypted, for them to open.`,
    `The register has ${Math.max(...known.map(({ seen }) => seen.entries))} entries, and can be checked with tools that are not ours. What happened past the system is not knowable from it.`,
  ]);
}

function actions({ steps, state: { measures } }: ReportFrom): string[] {
  return [
    ...steps.flatMap((step) => (step.kind === 'contained' ? [`Stopped: ${step.facts.text}`] : [])),
    ...measures.map(({ facts, doneBy }) =>
      doneBy ? `Done: ${facts.text}` : `To be done by ${dayInWords(facts.due)}: ${facts.text}`,
    ),
  ];
}

function people({ steps, state }: ReportFrom): ReportPart {
  const title = 'Whether the people affected were told';
  const reasons = steps.findLast((step) => step.kind === 'people')?.facts.text;
  if (state.peopleTold) return part(title, [`They were told: ${momentInWords(state.peopleTold)}.`]);
  if (state.people === null) return part(title, [], ['Nobody has decided yet whether they have to be told.']);
  const decided =
    state.people === 'tell' ? 'They will be told.' : 'It was decided that they need not be told.';
  return part(title, [decided, ...(reasons ? [reasons] : [])]);
}

function delay(from: ReportFrom, now: Date): ReportPart[] {
  const { stands } = clockOf(from.state, now);
  return stands === 'late' || stands === 'told late' ? [written(from, 'delay', [])] : [];
}

function supplements({ supplements: all, regulatorTold }: State): ReportPart[] {
  if (!regulatorTold) return [];
  return [
    part('What was told before', [
      `First report: ${momentInWords(regulatorTold)}.`,
      ...all.map(({ facts }) => `Supplement of ${momentInWords(facts.moment)}: ${facts.text}`),
    ]),
  ];
}
