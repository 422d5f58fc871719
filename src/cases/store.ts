/** Reading cases from the database: every query that returns ciphertext is a function that registers it. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';

const bytes = z.instanceof(Uint8Array);
const arrival = z.enum(['browser', 'server']);

const listedRow = z.object({
  id: z.string(),
  version: z.number(),
  generation: z.number(),
  arrival,
  received_at: z.date(),
  attachments: z.number(),
  summary: bytes,
});
export type Cursor = { readonly at: Date; readonly id: string };
export const PAGE = 25;

/** A page of the list, newest first, one register entry; one row more than `PAGE` says there is more. */
export function listCases(
  on: Statements,
  form: string,
  before: Cursor | null,
): Promise<z.infer<typeof listedRow>[]> {
  return on.rows(listedRow, 'select * from letterbox.list_cases($1, $2, $3, $4)', [
    form,
    before?.at ?? null,
    before?.id ?? null,
    PAGE,
  ]);
}

const releasedRow = z.object({
  id: z.string(),
  form: z.string(),
  version: z.number(),
  generation: z.number(),
  arrival,
  received_at: z.date(),
  answers: bytes,
  summary: bytes,
  case_key: bytes,
  files: z.array(z.object({ id: z.string(), size: z.number(), chunks: z.number() })),
});

/** Releases one case to whoever asks; refuses (LB404) what they may not read as if it were not there. */
export function releaseCase(on: Statements, id: string): Promise<z.infer<typeof releasedRow>> {
  return on.one(releasedRow, 'select * from letterbox.release_case($1)', [id]);
}

const releaseRow = z.object({ release: z.bigint(), size: z.bigint(), chunks: z.number() });
export function releaseAttachment(
  on: Statements,
  id: string,
  attachment: string,
): Promise<z.infer<typeof releaseRow>> {
  return on.one(releaseRow, 'select * from letterbox.release_attachment($1, $2)', [id, attachment]);
}

/** One chunk of a release of the last ten minutes; decided again each time. */
export async function releasedChunk(on: Statements, release: bigint, n: number): Promise<Uint8Array | null> {
  const row = await on.one(
    z.object({ bytes: bytes.nullable() }),
    'select letterbox.released_chunk($1, $2) as bytes',
    [release, n],
  );
  return row.bytes;
}

const openingRow = z.object({ person: z.string(), name: z.string(), at: z.date(), kind: z.string() });
export function caseOpenings(on: Statements, id: string): Promise<z.infer<typeof openingRow>[]> {
  return on.rows(openingRow, 'select * from letterbox.case_openings($1)', [id]);
}

const myFormRow = z.object({
  form: z.string(),
  title: z.string(),
  cases: z.bigint(),
  newest: z.date().nullable(),
  until: z.date(),
  has_key: z.boolean(),
});
/** The forms whose cases the actor may read now. */
export function myForms(on: Statements): Promise<z.infer<typeof myFormRow>[]> {
  return on.rows(myFormRow, 'select * from letterbox.my_forms()');
}

/** How many people gave equality answers to a form; null below ten. */
export async function equalityCount(on: Statements, form: string): Promise<bigint | null> {
  const row = await on.one(
    z.object({ n: z.bigint().nullable() }),
    'select letterbox.equality_count($1) as n',
    [form],
  );
  return row.n;
}
