/** Taking cases in: each with its register entry, in one statement. */
import { z } from 'zod';
import { fromBase64url, toHex } from '../sealing/encoding.ts';
import type { Database } from '../store/store.ts';
import { type Posting, type PostResult, verdicts } from './submissions.ts';

/**
 * Stores posts and appends a register entry for each new case; durable when this resolves.
 * One result a post, in their order. A refused post leaves nothing behind and hinders no other.
 */
export async function postCases(slot: Database, postings: readonly Posting[]): Promise<PostResult[]> {
  const heads: unknown[] = [];
  const objects: Uint8Array[] = [];
  let start = 0;
  for (const posting of postings) {
    heads.push(headOf(posting, start));
    for (const object of objectsOf(posting)) {
      objects.push(object);
      start += object.length;
    }
  }
  const rows = await slot.rows(
    resultRow,
    'select result as verdict, received_on::text as day from letterbox.slot_post($1, $2) order by nth',
    [JSON.stringify(heads), Buffer.concat(objects, start)],
  );
  if (rows.length !== postings.length) throw new Error('Not every post was judged.');
  return rows;
}

const resultRow = z.object({ verdict: z.enum(verdicts), day: z.string().nullable() });

/** The bytes that a post takes up in a batch. */
export function sizeOf(posting: Posting): number {
  return objectsOf(posting).reduce((sum, object) => sum + object.length, 0);
}

function objectsOf({ post }: Posting): Uint8Array[] {
  const { answers, summary, caseKey, receiptKey, equality } = post;
  return [answers, summary, caseKey, receiptKey, ...(equality === null ? [] : [equality])];
}

function headOf({ slug, post }: Posting, start: number): unknown {
  const { organisation, form, version, generation, case: id, arrival, attachments } = post;
  const { answers, summary, caseKey, receiptKey, equality } = post;
  return {
    ...{ slug, organisation, form, version, generation, id, arrival, attachments, start },
    authenticator: toHex(fromBase64url(post.authenticator) ?? new Uint8Array(0)),
    ...{ answers: answers.length, summary: summary.length },
    ...{ case_key: caseKey.length, receipt_key: receiptKey.length, equality: equality?.length ?? null },
  };
}
