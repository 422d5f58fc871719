/**
 * What a witness does (C2SP tlog-witness). It is run by somebody else, keeps of each log only the last checkpoint that it
 * cosigned, and cosigns the next only where that has grown from it. So an operator who took entries out, put an old backup
 * back or keeps a second log gets no cosignature for it. A request:
 *
 *     old 8
 *     PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
 *
 *     letterbox/exampleshire/0190f3c1-…
 *     13
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *
 *     — letterbox/exampleshire/0190f3c1-… Az3grlgt…
 */
import { base64 } from '@scure/base';
import { type Checkpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { type Cosigner, cosign } from './cosignature.ts';
import { emptyRoot, type Hash, sameHash, verifyConsistency } from './merkle.ts';
import { parseNote, RegisterError, type Verifier } from './note.ts';

/** A log that a witness looks after, and the last checkpoint of it that it cosigned (null: none yet). */
export type Witnessed = { readonly verifier: Verifier; readonly last: Checkpoint | null };

/**
 * What a witness answers. `signed` is true where the log itself signed what was refused: worth keeping, since it may be
 * proof against it.
 * Only after 200, and only once `seen` is on disk, may the cosignature leave.
 */
export type Answer =
  | { readonly status: 200; readonly cosignature: string; readonly seen: Checkpoint }
  | { readonly status: 400 | 403 | 404 | 422; readonly why: string; readonly signed: boolean }
  | { readonly status: 409; readonly size: bigint; readonly signed: boolean };

export type Asked = { readonly old: bigint; readonly proof: readonly Hash[]; readonly note: string };

/** A request to cosign `note`: `proof` says that it has grown from the tree of `old` leaves. */
export function askingText({ old, proof, note }: Asked): string {
  return [`old ${old}`, ...proof.map((hash) => base64.encode(hash)), '', note].join('\n');
}

const MOST_HASHES = 63;

/** Null for anything not exactly of the form. */
export function parseAsking(body: string): Asked | null {
  const end = body.indexOf('\n\n');
  const [first = '', ...hashes] = body.slice(0, Math.max(0, end)).split('\n');
  const [, old] = /^old (0|[1-9]\d{0,18})$/.exec(first) ?? [];
  if (old === undefined || hashes.length > MOST_HASHES) return null;
  try {
    const proof = hashes.map((text) => base64.decode(text));
    if (proof.some(({ length }) => length !== 32)) return null;
    return { old: BigInt(old), proof, note: body.slice(end + 2) };
  } catch {
    return null;
  }
}

/** Judges a request (null: it was none) by what the witness has cosigned; `logOf` finds a log by its origin. */
export async function answerAsking(
  asked: Asked | null,
  logOf: (origin: string) => Witnessed | null,
  cosigner: Cosigner,
  now: Date,
): Promise<Answer> {
  const origin = asked && originOf(asked.note);
  if (!asked || origin === null)
    return refused(400, 'This is no request to cosign a checkpoint (C2SP tlog-witness).');
  const log = logOf(origin);
  if (!log) return refused(404, 'This witness does not look after that log.');
  const checkpoint = await signedBy(log.verifier, asked.note);
  if (!checkpoint) return refused(403, 'The log itself has not signed this checkpoint.');
  if (asked.old > checkpoint.size) return refused(400, 'The old size is larger than the checkpoint’s.', true);
  const objection = objectionTo(checkpoint, asked, log.last);
  if (objection) return objection;
  const cosignature = await cosign(parseNote(asked.note).text, cosigner, now);
  return { status: 200, cosignature, seen: checkpoint };
}

function objectionTo(checkpoint: Checkpoint, { old, proof }: Asked, last: Checkpoint | null): Answer | null {
  const known = last?.size ?? 0n;
  if (old !== known) return { status: 409, size: known, signed: false };
  if (old === 0n) {
    const fits = proof.length === 0 && (checkpoint.size > 0n || sameHash(checkpoint.root, emptyRoot()));
    return fits ? null : refused(422, 'Nothing is proven about an empty tree.', true);
  }
  if (last && checkpoint.size === old && !sameHash(checkpoint.root, last.root))
    return { status: 409, size: known, signed: true };
  const sizes = { size1: old, size2: checkpoint.size };
  const grown = last && verifyConsistency({ ...sizes, root1: last.root, root2: checkpoint.root, proof });
  return grown
    ? null
    : refused(422, 'The proof does not show that the log has grown from what was cosigned.', true);
}

const refused = (status: 400 | 403 | 404 | 422, why: string, signed = false): Answer => ({
  ...{ status, why, signed },
});

/** The origin that a note claims; null where it is no checkpoint at all. */
function originOf(note: string): string | null {
  try {
    return parseCheckpoint(parseNote(note).text).origin;
  } catch (error) {
    if (error instanceof RegisterError) return null;
    throw error;
  }
}

async function signedBy(verifier: Verifier, note: string): Promise<Checkpoint | null> {
  try {
    return await openCheckpoint(note, verifier);
  } catch (error) {
    if (error instanceof RegisterError) return null;
    throw error;
  }
}
