/**
 * # Note: why an upload is spooled
 *
 * A sealed object begins with the length of its content, and a browser without JavaScript does not say how long a
 * file is before it has sent it. So the upload is first written to a temporary file, as an age file to a key that is
 * made for it and lives in memory only, and read back from there once its length is known. What the disk holds is
 * unreadable to everybody from the moment the process is done with it, and the file has no name left already while
 * it is filled. Never more than a few hundred kB of an upload are in memory.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, Encrypter } from 'age-encryption';
import { generateIdentity } from '../sealing/keys.ts';

export type Spooled = {
  /** The length of the content in bytes. */
  readonly size: number;
  /** The content, once. */
  content(): Promise<ReadableStream<Uint8Array>>;
  /** Must be called in the end, whatever happened. */
  close(): Promise<void>;
};

/** Takes `content` to its end. What it throws is thrown here, and nothing is left behind. */
export async function spool(content: AsyncIterable<Uint8Array>): Promise<Spooled> {
  const { identity, recipient } = await generateIdentity();
  const file = await nameless();
  try {
    let size = 0;
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const counted = streamOf(content, (length) => {
      size += length;
    });
    for await (const piece of await encrypter.encrypt(counted)) await file.handle.appendFile(piece);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    return { size, content: () => decrypter.decrypt(readBack(file.handle)), close: file.close };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A new file that only this process can reach: its name is gone at once, where the system allows that. */
async function nameless(): Promise<{ handle: FileHandle; close(): Promise<void> }> {
  const path = join(tmpdir(), `letterbox-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  const left = await unlink(path).then(
    () => false,
    () => true,
  );
  const close = async () => {
    await handle.close();
    if (left) await unlink(path).catch(() => undefined);
  };
  return { handle, close };
}

function streamOf(
  content: AsyncIterable<Uint8Array>,
  count: (length: number) => void,
): ReadableStream<Uint8Array> {
  const pieces = content[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done) return controller.close();
      count(next.value.length);
      controller.enqueue(next.value);
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}

function readBack(handle: FileHandle): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(65536), 0, 65536, at);
      if (bytesRead === 0) return controller.close();
      at += bytesRead;
      controller.enqueue(buffer.subarray(0, bytesRead));
    },
  });
}
