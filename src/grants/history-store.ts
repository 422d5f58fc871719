/** Who could read and who did, as the database has it; rows are parsed on their way in. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';

/** What is asked; null: whichever. Who may not see everybody asks about themselves. */
export type Asked = {
  readonly form: string | null;
  readonly case: string | null;
  readonly person: string | null;
  readonly at: Date;
};

const choice = z.object({ id: z.string(), name: z.string() });
const choicesRow = z.object({
  forms: z.array(choice),
  people: z.array(choice.extend({ email: z.string(), left: z.boolean() })),
  case_form: z.string().nullable(),
  received_at: z.date().nullable(),
});
export type Choices = z.infer<typeof choicesRow>;

/** What may be asked about; `case_form` null where there is no such case for the actor. */
export function accessChoices(on: Statements, ofCase: string | null): Promise<Choices> {
  return on.one(choicesRow, 'select * from letterbox.access_choices($1)', [ofCase]);
}

const lineRow = z.object({
  id: z.string(),
  document: z.string(),
  person: z.string(),
  name: z.string(),
  email: z.string(),
  outside: z.string().nullable(),
  form: z.string(),
  title: z.string().nullable(),
  case_id: z.string().nullable(),
  from_generation: z.number(),
  purpose: z.string(),
  proposer_name: z.string(),
  approver_name: z.string(),
  approved_at: z.date(),
  starts: z.date(),
  until: z.date(),
  review_by: z.date(),
  ended_at: z.date().nullable(),
  ended_by_name: z.string().nullable(),
  left_at: z.date().nullable(),
  suspended_at: z.date().nullable(),
});
export type LineThen = z.infer<typeof lineRow>;

/** Lines to a page of the statement. */
export const LINES = 50;
/** LIMIT: a file of more lines than this is cut, and says so. */
export const FILE_LINES = 100_000;

/** The lines by which somebody could read at that moment, by name. */
export function accessAt(on: Statements, asked: Asked, page: number, atMost = LINES): Promise<LineThen[]> {
  const sql = 'select * from letterbox.access_at($1, $2, $3, $4, $5, $6)';
  return on.rows(lineRow, sql, [asked.form, asked.case, asked.person, asked.at, page, atMost]);
}

const countRow = z.object({ lines: z.bigint(), people: z.bigint() });

/** How many lines those are, and how many people. */
export function accessCount(on: Statements, asked: Asked): Promise<z.infer<typeof countRow>> {
  const sql = 'select * from letterbox.access_count($1, $2, $3, $4)';
  return on.one(countRow, sql, [asked.form, asked.case, asked.person, asked.at]);
}

const doneRow = z.object({
  what: z.enum(['opened', 'listed']),
  person: z.string(),
  name: z.string(),
  form: z.string().nullable(),
  case_id: z.string().nullable(),
  first_at: z.date(),
  last_at: z.date(),
  times: z.bigint(),
});
export type DoneThen = z.infer<typeof doneRow>;

/** Who was given what until that moment: cases opened, the newest case first, then lists; `atMost` of each. */
export function accessDone(on: Statements, asked: Asked, page: number, atMost = LINES): Promise<DoneThen[]> {
  const sql = 'select * from letterbox.access_done($1, $2, $3, $4, $5, $6)';
  return on.rows(doneRow, sql, [asked.form, asked.case, asked.person, asked.at, page, atMost]);
}
