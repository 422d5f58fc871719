/** What is to be done about an incident, as a list of tasks. */
import { PHASES, type Phase, type State } from './incidents.ts';
import { PHASE_WORDS, type TaskStep } from './words.ts';

/** A step as a line of a list of tasks. */
export type Task = {
  readonly step: TaskStep;
  readonly title: string;
  /** What its phase is about, at the first of its steps. */
  readonly hint: string | null;
  readonly done: boolean;
  readonly says: string;
};

export function tasksOf(state: State): Task[] {
  return PHASES.flatMap((phase) =>
    PHASE_WORDS[phase].steps.map((step, nth): Task => {
      const hint = nth === 0 ? PHASE_WORDS[phase].hint : null;
      return { step, title: TASKS[step], hint, ...statusOf(step, phase, state) };
    }),
  );
}

const TASKS: Readonly<Record<TaskStep, string>> = {
  contained: 'Stop it',
  assessed: 'Assess how bad it is',
  regulator: 'Decide whether the regulator has to be told',
  'regulator-told': 'Tell the regulator',
  people: 'Decide whether the people affected have to be told',
  'people-told': 'Tell the people affected',
  learnt: 'Learn from it',
};

function statusOf(step: TaskStep, phase: Phase, state: State): Pick<Task, 'done' | 'says'> {
  const decision = phase === 'notify' ? state.regulator : phase === 'tell' ? state.people : null;
  if (step === 'regulator' || step === 'people') {
    if (decision === null) return TO_DO;
    return { done: true, says: decision === 'tell' ? 'Yes' : 'No' };
  }
  if (decision === 'not') return { done: true, says: 'Not needed' };
  return state.done[phase] ? { done: true, says: 'Done' } : TO_DO;
}
const TO_DO = { done: false, says: 'To do' } as const;
