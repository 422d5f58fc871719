/** Releasing: each act is one transaction with its entry; a refusal is registered in one of its own. */
import { Readable } from 'node:stream';
import { act, type Database, type SessionSecret, type Tx } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { releaseAttachment, releaseCase, releasedChunk } from './store.ts';

const NOT_HERE = refuse(
  'missing',
  'missing',
  'There is no such case for you. Check the address, or whether your access has ended.',
);

async function attempt<T>(
  desk: Database,
  session: SessionSecret,
  name: string,
  of: string,
  work: (tx: Tx) => Promise<T>,
): Promise<T | Refusal> {
  const result = await act(desk, session, work);
  if (!isRefusal(result)) return result;
  await act(desk, session, (tx) =>
    tx.run('select letterbox.register_refusal($1, $2, $3)', [name, result.refusal, of]),
  );
  return result.kind === 'missing' ? NOT_HERE : result;
}

/** Hands over one case's envelope and ciphertext, with its entry in the register. */
export function release(desk: Database, session: SessionSecret, id: string) {
  return attempt(desk, session, 'release', id, (tx) => releaseCase(tx, id));
}

export type Download = { readonly size: number; readonly stream: Readable };

/** An attachment's ciphertext, read chunk by chunk as it is sent; breaks off when the grant ends. */
export async function download(
  desk: Database,
  session: SessionSecret,
  id: string,
  attachment: string,
): Promise<Download | Refusal> {
  const released = await attempt(desk, session, 'attachment-release', id, (tx) =>
    releaseAttachment(tx, id, attachment),
  );
  if (isRefusal(released)) return released;
  const chunks = async function* () {
    for (let n = 0; n < released.chunks; n += 1) {
      const chunk = await act(desk, session, (tx) => releasedChunk(tx, released.release, n));
      if (chunk === null || isRefusal(chunk))
        throw new Error('The download was broken off: the access ended, or a chunk is missing.');
      yield chunk;
    }
  };
  return {
    size: Number(released.size),
    stream: Readable.from(chunks(), { objectMode: false, highWaterMark: 1 }),
  };
}
