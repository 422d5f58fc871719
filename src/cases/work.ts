/** How far a case is, for people to see: its state, what is due by when, who looks after it, and what was done. */
import { clocksOf, type History, type Running, stateOf } from '../forms/clocks.ts';
import { type Day, dayOf, daysAfter } from '../forms/day.ts';
import type { FormDefinition } from '../forms/form.ts';
import type { CaseStep, MineRow, WorkRow } from './work-store.ts';

type Form = Pick<FormDefinition, 'casework' | 'periods' | 'title'>;

export type DueIn = Running & { readonly late: boolean };

export type WorkView = {
  /** Null where the form defines no states. */
  readonly state: string | null;
  readonly outcome: string | null;
  readonly states: readonly { readonly id: string; readonly label: string }[];
  readonly outcomes: readonly { readonly id: string; readonly label: string }[];
  readonly clocks: readonly DueIn[];
  readonly assigned: { readonly id: string; readonly name: string } | null;
  readonly readers: WorkRow['readers'];
  /** What was done, the latest first. */
  readonly done: readonly { readonly at: string; readonly by: string; readonly what: string }[];
};

export function workView(form: Form, row: WorkRow, today: Day): WorkView {
  const casework = form.casework;
  const stated = row.steps.filter(({ state }) => state !== null);
  const history = historyOf(form, row, stated);
  const state = casework ? stateOf(casework, history) : null;
  const over = state?.final === true;
  const last = row.steps.findLast((step) => step.state === null);
  return {
    ...{ state: state?.id ?? null, outcome: stated.findLast(({ outcome }) => outcome)?.outcome ?? null },
    ...{ states: casework?.states ?? [], outcomes: casework?.outcomes ?? [] },
    clocks: clocksOf(form, history).map((each) => judged(each, today, over)),
    assigned: last?.person && last.name ? { id: last.person, name: last.name } : null,
    readers: row.readers.toSorted((one, other) => one.name.localeCompare(other.name)),
    done: row.steps.map((step) => ({ at: step.at, by: step.by, what: inWords(form, step) })).reverse(),
  };
}

type Stated = { readonly state: string | null; readonly at: string };

function historyOf(
  { casework }: Form,
  { received_at, written_at }: Pick<WorkRow, 'received_at' | 'written_at'>,
  steps: readonly Stated[],
): History {
  const [first] = casework?.states ?? [];
  const arrived = first ? [{ state: first.id, day: dayOf(received_at) }] : [];
  const later = steps.flatMap(({ state, at }) => (state ? [{ state, day: dayOf(new Date(at)) }] : []));
  return { states: [...arrived, ...later], written: written_at && dayOf(written_at) };
}

/** A case that is over has nothing due any more. */
const judged = (clock: Running, today: Day, over: boolean): DueIn => ({
  ...clock,
  late: clock.met === null ? !over && clock.due < today : clock.met > clock.due,
});

function inWords({ casework }: Form, { state, outcome, name }: CaseStep): string {
  if (state === null) return name === null ? 'Given to nobody in particular' : `Given to ${name}`;
  const label = casework?.states.find(({ id }) => id === state)?.label ?? state;
  const came = casework?.outcomes.find(({ id }) => id === outcome)?.label;
  return came ? `${label}: ${came}` : label;
}

/** Something that is due in a case, and is not done. */
export type Task = {
  readonly case: string;
  readonly title: string;
  readonly what: string;
  readonly due: Day;
  readonly late: boolean;
  readonly state: string;
  readonly person: string | null;
  readonly name: string | null;
};

const SOON_DAYS = 7;

/** What is late, and what is due within a week, the most pressing first. */
export function tasksIn(rows: readonly MineRow[], formOf: (row: MineRow) => Form | null, today: Day): Task[] {
  const until = daysAfter(today, SOON_DAYS);
  const all = rows.flatMap((row): Task[] => {
    const form = formOf(row);
    if (!form?.casework) return [];
    const history = historyOf(form, row, row.states ?? []);
    const state = stateOf(form.casework, history);
    if (state?.final) return [];
    const open = clocksOf(form, history).filter(({ met, due }) => met === null && due <= until);
    return open.map(({ label, due }) => ({
      ...{ case: row.case_id, title: form.title, what: label, due, late: due < today },
      ...{ state: state?.label ?? '', person: row.person, name: row.name },
    }));
  });
  return all.toSorted((one, other) => one.due.localeCompare(other.due));
}
