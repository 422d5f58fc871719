/**
 * # Note: reading
 *
 * A reader gets one case at a time: its envelope, its ciphertext, and an entry in the register that
 * was written before either left the database. What comes over the wire is sealed; it is opened in
 * the reader's browser, where each object's place is compared with where it was found, and the
 * answers are checked again by the rules of the form version they were given under.
 *
 * LIMIT: the register proves what was handed over, not what a reader does with it.
 */
import { z } from 'zod';
import { sealedMessageShape } from '../conversation/conversation.ts';

/** A row of a form's list: what is not sealed, and the sealed summary (base64url); null for a reader of that case only. */
export const listedShape = z.object({
  id: z.string(),
  reference: z.string(),
  version: z.number(),
  generation: z.number(),
  receivedAt: z.string(),
  attachments: z.number(),
  arrival: z.enum(['browser', 'server']),
  summary: z.string().nullable(),
  canary: z.boolean(),
});
export type Listed = z.infer<typeof listedShape>;

/** One released case, sealed; bytes as base64url. `definition`: the form as it was asked then. */
export const releasedShape = z.object({
  organisation: z.string(),
  id: z.string(),
  reference: z.string(),
  form: z.string(),
  version: z.number(),
  generation: z.number(),
  arrival: z.enum(['browser', 'server']),
  receivedAt: z.string(),
  answers: z.string(),
  /** Null for a reader of this case only: it is sealed to the form. */
  summary: z.string().nullable(),
  caseKey: z.string(),
  /** Whether the case's key is sealed to this reader and not to the form. */
  toPerson: z.boolean(),
  /** Planted by Watch: nobody wrote it. */
  canary: z.boolean(),
  files: z.array(z.object({ id: z.string(), size: z.number(), chunks: z.number() })),
  messages: z.array(sealedMessageShape),
  definition: z.unknown(),
});
export type Released = z.infer<typeof releasedShape>;

export const openingShape = z.object({
  person: z.string(),
  name: z.string(),
  at: z.string(),
  kind: z.string(),
});
export type Opening = z.infer<typeof openingShape>;

const summaryShape = z.object({ title: z.string(), lines: z.array(z.string()) });
export type Summary = z.infer<typeof summaryShape>;

/** An opened summary, for showing. The submitter's side wrote it, so its shape and its length are theirs to break. */
export function readSummary(opened: unknown): Summary {
  const parsed = summaryShape.safeParse(opened);
  if (!parsed.success) return { title: 'Its summary is not of the usual shape', lines: [] };
  const { title, lines } = parsed.data;
  return { title: shortened(title), lines: lines.slice(0, 8).map(shortened) };
}

const shortened = (text: string) => (text.length > 300 ? `${text.slice(0, 300)} …` : text);
