/**
 * # Note: posting
 *
 * What a submitter sends is one sealed post (`sealing/post.ts`), after its attachments were sent in chunks. The
 * server stores it as it came and can read nothing of it; it knows the form, the day, the sizes, and the hash by
 * which the submitter may ask whether it arrived.
 *
 * **Posting is idempotent by case id.** The sender makes the id, so whoever does not get the answer sends the same
 * post again and gets the same acknowledgement: never a second case. Who holds the case id is told by the hash of
 * the receipt's authenticator, which the sender repeats; another hash is another sender, and is refused.
 *
 * **Acknowledged means durable.** An acknowledgement goes out only after the commit that holds the case, its
 * attachments, its equality answers and its register entry: one statement, all or nothing (`slot_post`).
 *
 * **Nothing comes out.** The public process has no right to read a case. What it can learn by its functions is
 * what the sender of a post already knows.
 *
 * LIMIT: the SHA-256 that a post names for an attachment is the sender's word: the server checks that all chunks
 * are there and how long they are together, the reader's browser checks the rest by opening.
 * LIMIT: equality answers are rows without a case or an hour, but who holds the whole database can still see which
 * transaction wrote a row. Where few people post, that is the case's.
 */
import type { CaseId } from '../sealing/place.ts';
import { referenceOf } from '../sealing/receipt.ts';
import type { SealedPost } from '../sealing/submission.ts';
import { type Refusal, refuse } from '../web/refusal.ts';

/** A post as it came in, with the organisation's part of the address it was sent to. */
export type Posting = { readonly slug: string; readonly post: SealedPost };

/**
 * What became of a post:
 * `accepted` a new case; `again` the very same post was accepted before; `taken` the case id is somebody else's;
 * `closed` no such form takes submissions; `stale-version`, `stale-generation` the page it was filled in on is
 * out of date; `incomplete` an attachment it lists has not arrived whole.
 */
export const verdicts = [
  'accepted',
  'again',
  'taken',
  'closed',
  'stale-version',
  'stale-generation',
  'incomplete',
] as const;

export type Verdict = (typeof verdicts)[number];

/** `day`: the day the case was received, `2026-04-01`; only with `accepted` and `again`. */
export type PostResult = { readonly verdict: Verdict; readonly day: string | null };

/** What became of a chunk: `again` means that these very bytes lie here already. */
export const chunkVerdicts = [
  'kept',
  'again',
  'other-bytes',
  'posted',
  'too-large',
  'too-many',
  'closed',
] as const;

export type ChunkVerdict = (typeof chunkVerdicts)[number];

/**
 * What a sender gets for a case that is stored, the same each time:
 *
 *     {"reference":"4QXKC-9T1ZD","receivedAt":"2026-04-01","case":"0190f3c2-…"}
 */
export type Acknowledgement = {
  readonly reference: string;
  readonly receivedAt: string;
  readonly case: CaseId;
};

/** The acknowledgement of a stored post, or why there is none. */
export async function acknowledge(
  of: CaseId,
  { verdict, day }: PostResult,
): Promise<Acknowledgement | Refusal> {
  if (verdict !== 'accepted' && verdict !== 'again') return refusals[verdict];
  if (day === null) throw new Error('A stored case has no day.');
  return { reference: await referenceOf(of), receivedAt: day, case: of };
}

/** At most this many posts go to the database in one statement. */
export const largestBatch = 64;

const refusals: Record<Exclude<Verdict, 'accepted' | 'again'>, Refusal> = {
  taken: refuse(
    'taken',
    'conflict',
    'This was sent before by somebody else. Start again from the first page.',
  ),
  closed: refuse('closed', 'missing', 'This form does not take submissions. Check the address.'),
  'stale-version': refuse(
    'stale-version',
    'conflict',
    'The questions of this form have changed. Load the page again; what you typed is kept.',
  ),
  'stale-generation': refuse(
    'stale-generation',
    'conflict',
    'The key of this form has changed since you opened the page. Load the page again; what you typed is kept.',
  ),
  incomplete: refuse('incomplete', 'conflict', 'A file has not arrived whole. Send your files again.'),
};
