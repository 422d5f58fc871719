/** What the public process may ask of the database besides posting. */
import { z } from 'zod';
import type { Database } from '../store/store.ts';
import { type ChunkVerdict, chunkVerdicts } from './submissions.ts';

/** Which chunk of which attachment of which case: `n` counts from 0. */
export type ChunkAddress = {
  readonly slug: string;
  readonly form: string;
  readonly case: string;
  readonly attachment: string;
  readonly n: number;
};

/** Keeps a chunk until its case is posted. The same chunk may be put any number of times. */
export async function putChunk(slot: Database, to: ChunkAddress, bytes: Uint8Array): Promise<ChunkVerdict> {
  const { verdict } = await slot.one(
    z.object({ verdict: z.enum(chunkVerdicts) }),
    'select letterbox.slot_put_chunk($1, $2, $3, $4, $5, $6) as verdict',
    [to.slug, to.form, to.case, to.attachment, to.n, bytes],
  );
  return verdict;
}

/** Deletes chunks older than a day whose case never came. Returns how many there were. */
export async function sweepChunks(slot: Database): Promise<bigint> {
  const { gone } = await slot.one(z.object({ gone: z.bigint() }), 'select letterbox.sweep_chunks() as gone');
  return gone;
}
