/** The work on cases in the database: states, and who looks after what. Nothing sealed. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';

const stepShape = z.object({
  ...{ state: z.string().nullable(), outcome: z.string().nullable() },
  ...{ person: z.string().nullable(), name: z.string().nullable(), by: z.string(), at: z.string() },
});
export type CaseStep = z.output<typeof stepShape>;

const workRow = z.object({
  ...{ form: z.string(), version: z.number(), received_at: z.date(), written_at: z.date().nullable() },
  steps: z.array(stepShape),
  readers: z.array(z.object({ id: z.string(), name: z.string() })),
});
export type WorkRow = z.output<typeof workRow>;

/** What was done on a case, and who could look after it; refuses (LB404) what the actor may not read. */
export const caseWork = (on: Statements, id: string): Promise<WorkRow> =>
  on.one(workRow, 'select * from letterbox.case_work($1)', [id]);

const mineRow = z.object({
  ...{ case_id: z.string(), form: z.string(), version: z.number(), received_at: z.date() },
  written_at: z.date().nullable(),
  states: z.array(z.object({ state: z.string(), at: z.string() })).nullable(),
  ...{ person: z.string().nullable(), name: z.string().nullable() },
});
export type MineRow = z.output<typeof mineRow>;

/** The cases that the actor may read, the oldest first, with what tells how far each is. */
export const myWork = (on: Statements): Promise<MineRow[]> =>
  on.rows(mineRow, 'select * from letterbox.my_work()');

/** Takes a case to a state of its form; refuses as `caseWork`, and (LB422) a state or outcome that the form does not have. */
export async function takeCaseState(
  on: Statements,
  id: string,
  state: string,
  outcome: string | null,
): Promise<undefined> {
  await on.run('select letterbox.take_case_state($1, $2, $3)', [id, state, outcome]);
  return undefined;
}

/** Gives a case to somebody to look after, or (null) to nobody; refuses (LB422) whoever may not read it. */
export async function assignCase(on: Statements, id: string, person: string | null): Promise<undefined> {
  await on.run('select letterbox.assign_case($1, $2)', [id, person]);
  return undefined;
}
