/** Reading cases from the database: every query that returns ciphertext is a function that registers it. */
import { z } from 'zod';
import { sealedMessageShape } from '../conversation/conversation.ts';
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
  /** Null for a reader of this case only. */
  summary: bytes.nullable(),
  /** Planted by Watch, and shown to nobody. */
  canary: z.boolean(),
});
export type ListedRow = z.infer<typeof listedRow>;
/** Cases to a page of the list; the function hands over no more than 50. */
export const PAGE = 25;

/**
 * A page of the list, newest first, with one register entry; none where the page is empty. `before` is the last case
 * of the page before. Refuses (LB404) a `before` that the actor may not read.
 */
export function listCases(on: Statements, form: string, before: string | null): Promise<ListedRow[]> {
  return on.rows(listedRow, 'select * from letterbox.list_cases($1, $2, $3)', [form, before, PAGE]);
}

const releasedRow = z.object({
  id: z.string(),
  form: z.string(),
  version: z.number(),
  generation: z.number(),
  arrival,
  received_at: z.date(),
  answers: bytes,
  summary: bytes.nullable(),
  case_key: bytes,
  to_person: z.boolean(),
  canary: z.boolean(),
  files: z.array(z.object({ id: z.string(), size: z.number(), chunks: z.number() })),
  messages: z.array(sealedMessageShape),
});

export type ReleasedRow = z.infer<typeof releasedRow>;

/** Releases one case to whoever asks; refuses (LB404) what they may not read as if it were not there. */
export function releaseCase(on: Statements, id: string): Promise<ReleasedRow> {
  return on.one(releasedRow, 'select * from letterbox.release_case($1)', [id]);
}

const releaseRow = z.object({ release: z.bigint(), size: z.bigint(), chunks: z.number() });

/** Registers the release of an attachment, whose chunks then come by `releasedChunk`; refuses as `releaseCase`. */
export function releaseAttachment(
  on: Statements,
  id: string,
  attachment: string,
): Promise<z.infer<typeof releaseRow>> {
  return on.one(releaseRow, 'select * from letterbox.release_attachment($1, $2)', [id, attachment]);
}

/** One chunk of a release of the last ten minutes, decided again each time; null where there is no such chunk. */
export async function releasedChunk(on: Statements, release: bigint, n: number): Promise<Uint8Array | null> {
  const row = await on.one(
    z.object({ bytes: bytes.nullable() }),
    'select letterbox.released_chunk($1, $2) as bytes',
    [release, n],
  );
  return row.bytes;
}

const openingRow = z.object({ person: z.string(), name: z.string(), at: z.date(), kind: z.string() });
export type OpeningRow = z.infer<typeof openingRow>;

/** Who was handed a case before, the latest first; refuses as `releaseCase`. */
export function caseOpenings(on: Statements, id: string): Promise<OpeningRow[]> {
  return on.rows(openingRow, 'select * from letterbox.case_openings($1)', [id]);
}

const myFormRow = z.object({
  form: z.string(),
  title: z.string(),
  cases: z.bigint(),
  newest: z.date().nullable(),
  until: z.date(),
  has_key: z.boolean(),
  /** False for a reader of single cases. */
  whole: z.boolean(),
});
export type MyForm = z.infer<typeof myFormRow>;

/** The forms whose cases the actor may read now. */
export function myForms(on: Statements): Promise<MyForm[]> {
  return on.rows(myFormRow, 'select * from letterbox.my_forms()');
}

/** How many people gave equality answers to a form that the actor may read; null below ten. */
export async function equalityCount(on: Statements, form: string): Promise<bigint | null> {
  const row = await on.one(
    z.object({ n: z.bigint().nullable() }),
    'select letterbox.equality_count($1) as n',
    [form],
  );
  return row.n;
}
