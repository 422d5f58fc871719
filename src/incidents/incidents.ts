/**
 * # Note: the incident
 *
 * What an exposure becomes once somebody says so: a clock, five phases, and steps that only grow in number. What was
 * decided, by whom, when and why is a step; each is an entry of the register with a hash of its words, which it does not hold.
 * How an incident stands is read from its steps alone.
 *
 * The clock: a regulator has to be told within 72 hours after the body became aware (UK GDPR Article 33(1); DPA 2018
 * section 67(1) for law enforcement). Those are hours on end: weekends, holidays and a stopped server count, and where
 * the clocks change the hour of the day is another.
 *
 * LIMIT: what people type here is not sealed, since whoever looks after the incident has to have it at hand; the pages ask
 * them to name no submitter.
 */
import { z } from 'zod';
import { instant, words } from '../people/holdable.ts';
import { selfAssessmentShape } from './self-assessment.ts';
import { severityShape } from './severity.ts';

export const PHASES = ['contain', 'assess', 'notify', 'tell', 'learn'] as const;
export type Phase = (typeof PHASES)[number];

export const SOURCES = ['watch', 'colleague', 'public', 'elsewhere'] as const;
export type Source = (typeof SOURCES)[number];
export const RISKS = ['unlikely', 'risk', 'high'] as const;
export const REGIMES = ['uk-gdpr', 'law-enforcement'] as const;
export const DECISIONS = ['tell', 'not'] as const;
/** The parts of the regulator's report that somebody has to write, in its order. */
export const SECTIONS = ['what', 'consequences', 'before', 'training', 'actions', 'others', 'delay'] as const;
export type Section = (typeof SECTIONS)[number];
/** What is done about a notice as a whole; `halted`: Letterbox itself kept a message back that was not of the list. */
export const NOTICE_ACTS = ['proposed', 'approved', 'stopped', 'resumed', 'withdrawn', 'halted'] as const;
/** What came out: something that could be read, or something sealed that got loose. */
export const HOWS = ['readable', 'sealed'] as const;

const text = words(5000);
const amount = z.int().min(0).max(100_000_000);
const step = <K extends string, F extends z.ZodRawShape>(kind: K, facts: F) =>
  z.object({ kind: z.literal(kind), facts: z.object({ text, ...facts }) });
/** What the people affected are told, part by part; `text`: what happened. */
export const wordingShape = z.object({
  ...{ subject: words(150), text, meaning: words(3000), done: words(3000), advice: words(3000) },
  contact: words(1000),
});
/** What was done, and the words for why; `moment`: when it was so. */
export const takenShape = z.discriminatedUnion('kind', [
  step('opened', {}),
  step('note', {}),
  /** When the body became aware, put right. */
  step('aware', { moment: instant }),
  /** What stood open: a form of this body (null: it was outside Letterbox), or what one colleague was given of it. Open end: it still is. */
  step('exposed', {
    ...{ form: z.string().min(1).max(40).nullable(), colleague: z.uuid().nullable(), how: z.enum(HOWS) },
    ...{ since: instant, until: instant.nullable() },
  }),
  /** An exposure, by the number of its step, that was none. */
  step('exposed-not', { exposure: z.number() }),
  step('contained', {}),
  /** How many people and records, and what was told; whether they were counted by opening the cases. Null: not known. */
  step('counted', {
    ...{ people: amount, records: amount, kinds: words(500), known: z.enum(['opened', 'by-hand']) },
    ...{ victims: amount.nullable(), children: amount.nullable() },
  }),
  step('severity', severityShape),
  /** The regulator's own questions, answered. */
  step('self-assessed', selfAssessmentShape),
  step('assessed', { risk: z.enum(RISKS), regime: z.enum(REGIMES) }),
  step('regulator', { decision: z.enum(DECISIONS) }),
  step('regulator-told', { moment: instant }),
  /** More was told to the regulator later (Article 33(4)): the clock does not move. */
  step('supplemented', { moment: instant }),
  step('reported', { section: z.enum(SECTIONS) }),
  step('people', { decision: z.enum(DECISIONS) }),
  step('worded', wordingShape.shape),
  /** Something about the notice as a whole, written by whoever does it. */
  step('notice', { notice: z.uuid(), what: z.enum(NOTICE_ACTS) }),
  step('people-told', { moment: instant }),
  step('learnt', {}),
  /** What is to be done, by whom (a person's id), by what day. */
  step('measure', { owner: z.uuid(), due: z.iso.date() }),
  step('measure-done', { measure: z.number() }),
  step('reopened', { phase: z.enum(PHASES) }),
  step('closed', {}),
]);
export type Taken = z.output<typeof takenShape>;
export type StepKind = Taken['kind'];
/** A step as it was taken: when, and by whom. */
export type Step = Taken & { readonly n: number; readonly at: Date; readonly by: string };
type StepOf<K extends StepKind> = Extract<Step, { readonly kind: K }>;
export type Exposure = StepOf<'exposed'>;
/** What is to be done, and the step that says it is. */
export type Measure = StepOf<'measure'> & { readonly doneBy: StepOf<'measure-done'> | null };

export type Incident = {
  readonly id: string;
  readonly title: string;
  readonly source: Source;
  readonly openedAt: Date;
  readonly openedBy: string;
  readonly awareAt: Date;
};

export type State = {
  readonly aware: Date;
  /** What stood open, without what was taken back. */
  readonly exposures: readonly Exposure[];
  /** As they were said last. */
  readonly counted: StepOf<'counted'> | null;
  readonly severity: StepOf<'severity'> | null;
  readonly selfAssessed: StepOf<'self-assessed'> | null;
  readonly report: Partial<Readonly<Record<Section, StepOf<'reported'>>>>;
  readonly supplements: readonly StepOf<'supplemented'>[];
  readonly measures: readonly Measure[];
  /** The step by which a phase is done; null while it is not. */
  readonly done: Readonly<Record<Phase, Step | null>>;
  readonly risk: (typeof RISKS)[number] | null;
  readonly regime: (typeof REGIMES)[number];
  readonly regulator: (typeof DECISIONS)[number] | null;
  readonly regulatorTold: Date | null;
  readonly people: (typeof DECISIONS)[number] | null;
  /** What they are told, as it was written last. */
  readonly worded: StepOf<'worded'> | null;
  readonly peopleTold: Date | null;
  readonly closed: Date | null;
};

const OPEN: State['done'] = { contain: null, assess: null, notify: null, tell: null, learn: null };

/** How an incident stands after these steps, in their order. `awareAt`: as it was opened, or as a step put it right. */
export function stateOf({ awareAt }: Pick<Incident, 'awareAt'>, steps: readonly Step[]): State {
  const begin: State = {
    ...{ counted: null, severity: null, selfAssessed: null, report: {}, supplements: [], measures: [] },
    ...{
      aware: awareAt,
      exposures: [],
      worded: null,
      done: OPEN,
      risk: null,
      regime: 'uk-gdpr',
      closed: null,
    },
    ...{ regulator: null, regulatorTold: null, people: null, peopleTold: null },
  };
  return steps.reduce((state, step) => after(state, step), begin);
}

function after(state: State, taken: Step): State {
  const finished = (phase: Phase, more: Partial<State> = {}): State => ({
    ...state,
    ...more,
    done: { ...state.done, [phase]: taken },
  });
  const open = (phase: Phase, more: Partial<State> = {}): State => ({
    ...state,
    ...more,
    done: { ...state.done, [phase]: null },
  });
  switch (taken.kind) {
    case 'opened':
    case 'note':
    case 'notice':
      return state;
    case 'aware':
      return { ...state, aware: new Date(taken.facts.moment) };
    case 'exposed':
      return { ...state, exposures: [...state.exposures, taken] };
    case 'exposed-not':
      return { ...state, exposures: state.exposures.filter(({ n }) => n !== taken.facts.exposure) };
    case 'counted':
      return { ...state, counted: taken };
    case 'severity':
      return { ...state, severity: taken };
    case 'self-assessed':
      return { ...state, selfAssessed: taken };
    case 'supplemented':
      return { ...state, supplements: [...state.supplements, taken] };
    case 'reported':
      return { ...state, report: { ...state.report, [taken.facts.section]: taken } };
    case 'worded':
      return { ...state, worded: taken };
    case 'measure':
      return { ...state, measures: [...state.measures, { ...taken, doneBy: null }] };
    case 'measure-done':
      return {
        ...state,
        measures: state.measures.map((each) =>
          each.n === taken.facts.measure ? { ...each, doneBy: taken } : each,
        ),
      };
    case 'contained':
      return finished('contain');
    case 'assessed':
      return finished('assess', { risk: taken.facts.risk, regime: taken.facts.regime });
    case 'regulator': {
      const more = { regulator: taken.facts.decision, regulatorTold: null };
      return taken.facts.decision === 'not' ? finished('notify', more) : open('notify', more);
    }
    case 'regulator-told':
      return finished('notify', { regulator: 'tell', regulatorTold: new Date(taken.facts.moment) });
    case 'people': {
      const more = { people: taken.facts.decision, peopleTold: null };
      return taken.facts.decision === 'not' ? finished('tell', more) : open('tell', more);
    }
    case 'people-told':
      return finished('tell', { people: 'tell', peopleTold: new Date(taken.facts.moment) });
    case 'learnt':
      return finished('learn');
    case 'reopened':
      return open(taken.facts.phase, { closed: null, ...undecided(taken.facts.phase) });
    case 'closed':
      return { ...state, closed: taken.at };
  }
}

function undecided(phase: Phase): Partial<State> {
  if (phase === 'notify') return { regulator: null, regulatorTold: null };
  return phase === 'tell' ? { people: null, peopleTold: null } : {};
}

/** Phases that are not done. */
export const openPhases = ({ done }: State): Phase[] => PHASES.filter((phase) => done[phase] === null);

const HOUR = 3_600_000;
const HOURS = 72;

/**
 * `running`: nobody was told yet, and there is time; `late`: there is none. `in time`, `told late`: the regulator was told.
 * `not needed`: somebody decided, with a reason, that it need not be.
 */
export type Clock = {
  readonly deadline: Date;
  readonly stands: 'running' | 'late' | 'in time' | 'told late' | 'not needed';
  /** Milliseconds from now to the deadline; below zero behind it. */
  readonly left: number;
};

export function clockOf({ aware, regulator, regulatorTold }: State, now: Date): Clock {
  const deadline = new Date(aware.getTime() + HOURS * HOUR);
  const left = deadline.getTime() - now.getTime();
  const stands = (): Clock['stands'] => {
    if (regulatorTold) return regulatorTold <= deadline ? 'in time' : 'told late';
    if (regulator === 'not') return 'not needed';
    return left >= 0 ? 'running' : 'late';
  };
  return { deadline, stands: stands(), left };
}

/** A length of time as people say it: `2 days 3 hours`, `40 minutes`, `less than a minute`. Never more than it is. */
export function lengthInWords(milliseconds: number): string {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000);
  const many = (count: number, unit: string) =>
    count === 0 ? [] : [`${count} ${unit}${count === 1 ? '' : 's'}`];
  const parts = [
    ...many(Math.floor(minutes / 1440), 'day'),
    ...many(Math.floor((minutes % 1440) / 60), 'hour'),
    ...many(minutes % 60, 'minute'),
  ];
  return parts.slice(0, 2).join(' ') || 'less than a minute';
}

/** The clock in a sentence. */
export function clockInWords({ stands, left }: Clock): string {
  switch (stands) {
    case 'running':
      return `${lengthInWords(left)} left to tell the regulator, or to decide that it need not be told.`;
    case 'late':
      return `The regulator should have been told ${lengthInWords(left)} ago. Tell it now, with the reasons for the delay.`;
    case 'in time':
      return 'The regulator was told in time.';
    case 'told late':
      return 'The regulator was told after the 72 hours. The report has to give the reasons for the delay.';
    case 'not needed':
      return 'It was decided that the regulator need not be told. The reasons are below, for the day it asks.';
  }
}
