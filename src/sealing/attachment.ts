/** Attachments: sealed to the case key and sent away chunk by chunk, never whole in memory. */
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex } from './encoding.ts';
import type { Name } from './heading.ts';
import { newId, objectId, type Place } from './place.ts';
import { sealedSize, sealStream } from './seal.ts';
import { type CaseDraft, type SealedAttachment, submissionPlace } from './submission.ts';

/** Ciphertext is sent in pieces of this many bytes; the last may be shorter, none is empty. */
export const attachmentChunk = 1024 * 1024;

/** Takes one piece of ciphertext; the next follows when the promise resolves, and a rejection ends the sealing. */
export type SendChunk = (
  id: SealedAttachment['id'],
  index: number,
  chunk: Uint8Array<ArrayBuffer>,
) => Promise<void>;

/**
 * Seals a file of `size` bytes and hands its ciphertext to `send` in order.
 * @throws SealingError `wrong-size` if the content is not `size` bytes long, and whatever `send` throws
 */
export async function sealAttachment(
  draft: CaseDraft,
  file: Name & { size: number },
  content: ReadableStream<Uint8Array>,
  send: SendChunk,
): Promise<SealedAttachment> {
  const id = objectId(newId());
  const place: Place = { ...submissionPlace(draft, 'attachment', id), at: draft.at };
  const name = tidyName(file);
  const size = sealedSize(place, file.size, name);
  const digest = sha256.create(); // WebCrypto hashes only what is whole in memory
  let chunks = 0;
  for await (const chunk of inChunks(
    await sealStream(draft.caseRecipient, place, file.size, content, name),
  )) {
    digest.update(chunk);
    await send(id, chunks, chunk);
    chunks += 1;
  }
  return { id, size, chunks, sha256: toHex(digest.digest()) };
}

/**
 * A file's name and type fit to be sealed: no path, no control characters, nothing that turns the reading direction
 * (which makes `exe.pdf` of `fdp.exe`), at most 200 characters with the extension kept.
 */
export function tidyName({ name, type }: Name): Name {
  const plain = name.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\]+/gu, '_');
  const extension = /\.[^.]{1,12}$/u.exec(plain)?.[0] ?? '';
  const stem = plain.slice(0, plain.length - extension.length).slice(0, longestName - extension.length);
  const known = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(type) ? type : 'application/octet-stream';
  return { name: (stem + extension).toWellFormed() || 'file', type: known };
}

const longestName = 200;

/** Re-cuts a stream into pieces of `attachmentChunk`. If the taker stops early the source is cancelled. */
async function* inChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  let piece = new Uint8Array(attachmentChunk);
  let filled = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      for (let rest = next.value; rest.length > 0; ) {
        const taken = rest.subarray(0, piece.length - filled);
        piece.set(taken, filled);
        filled += taken.length;
        rest = rest.subarray(taken.length);
        if (filled < piece.length) continue;
        yield piece;
        piece = new Uint8Array(attachmentChunk); // the taker may still hold the last one
        filled = 0;
      }
    }
    if (filled > 0) yield piece.slice(0, filled);
  } finally {
    await reader.cancel();
  }
}
