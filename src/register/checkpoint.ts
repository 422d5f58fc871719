/**
 * C2SP tlog-checkpoint, the text that a note signs:
 *
 *     letterbox.example/exampleshire/0190f3c1-…
 *     394
 *     rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=
 */
import { base64 } from '@scure/base';
import type { Hash } from './merkle.ts';
import { openNote, RegisterError, type Verifier } from './note.ts';

export type Checkpoint = { readonly origin: string; readonly size: bigint; readonly root: Hash };

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${base64.encode(root)}\n`;
}

/** @throws RegisterError `bad-checkpoint` for anything not exactly of the form */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = text.split('\n');
  // What follows the third line are extension lines, which must not be empty, and the end of the last line.
  const malformed =
    origin === '' ||
    !/^(0|[1-9]\d{0,18})$/.test(size) ||
    !/^[A-Za-z0-9+/]{43}=$/.test(root) ||
    rest.length === 0 ||
    rest.indexOf('') !== rest.length - 1;
  if (malformed) throw new RegisterError('bad-checkpoint', 'This is not a checkpoint.');
  const hash = decoded(root);
  if (BigInt(size) >= 2n ** 63n || !hash)
    throw new RegisterError('bad-checkpoint', 'This is not a checkpoint.');
  return { origin, size: BigInt(size), root: hash };
}

/** A checkpoint whose note `verifier` signed under the name it claims. @throws RegisterError */
export async function openCheckpoint(note: string, verifier: Verifier): Promise<Checkpoint> {
  const checkpoint = parseCheckpoint(await openNote(note, verifier));
  if (checkpoint.origin !== verifier.name)
    throw new RegisterError('wrong-origin', 'The checkpoint is of another log.');
  return checkpoint;
}

/** 44 characters that are no base64 (bits left over at the end) are no hash. */
function decoded(text: string): Hash | null {
  try {
    return base64.decode(text);
  } catch {
    return null;
  }
}
