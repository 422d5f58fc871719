/**
 * C2SP tlog-cosignature, Ed25519 (cosignature/v1, algorithm 0x04). A witness signs
 *
 *     cosignature/v1
 *     time 1679315147
 *     letterbox/exampleshire/0190f3c1-…
 *     394
 *     rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=
 *
 * and the line it adds to the note holds the time before the signature: base64(key hash, 4 bytes || seconds, 8 bytes ||
 * signature, 64 bytes). It says: at that time, this was the largest tree of the log I had seen, and it had grown from
 * every one before.
 */
import {
  COSIGNATURE_KEY,
  parseNote,
  parseVerifier,
  publicKey,
  RegisterError,
  type Signature,
  signatureFits,
  signatureLine,
  signatureOf,
  signaturesOf,
  type Verifier,
  verifierText,
} from './note.ts';

/** Who cosigns: a name (a URL without its scheme) and a 32-byte seed that signs nothing else. */
export type Cosigner = { readonly name: string; readonly seed: Uint8Array };

/** The verifier key to give to others. */
export async function cosignerText({ name, seed }: Cosigner): Promise<string> {
  return verifierText(name, await publicKey(seed), COSIGNATURE_KEY);
}

/** @throws RegisterError `bad-vkey` */
export const parseCosigner = (text: string): Verifier => parseVerifier(text, COSIGNATURE_KEY);

const message = (text: string, seconds: bigint): string => `cosignature/v1\ntime ${seconds}\n${text}`;

/** The line that cosigns a checkpoint's text (a note's, without its signatures), ending in a newline. */
export async function cosign(text: string, { name, seed }: Cosigner, at: Date): Promise<string> {
  const seconds = BigInt(Math.floor(at.getTime() / 1000));
  const signature = await signatureOf(message(text, seconds), seed);
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, seconds);
  return signatureLine(name, COSIGNATURE_KEY, seed, Uint8Array.of(...time, ...signature));
}

export type Cosignature = { readonly line: string; readonly at: Date };

/**
 * This witness's cosignature among those lines, or null where there is none. Of several, the latest.
 * @throws RegisterError `bad-signature` where one is there and does not fit
 */
export async function cosignatureIn(
  signatures: readonly Signature[],
  text: string,
  witness: Verifier,
): Promise<Cosignature | null> {
  let latest: Cosignature | null = null;
  for (const { bytes, line } of signaturesOf(signatures, witness)) {
    const seconds =
      bytes.length === 72 ? new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) : LATEST + 1n;
    if (seconds > LATEST || !(await signatureFits(witness, bytes.slice(8), message(text, seconds))))
      throw new RegisterError(
        'bad-signature',
        `The cosignature of ${witness.name} does not fit the checkpoint.`,
      );
    const at = new Date(Number(seconds) * 1000);
    if (!latest || latest.at < at) latest = { line, at };
  }
  return latest;
}

/** As `cosignatureIn`, from a whole note. @throws RegisterError `bad-note`, `bad-signature` */
export async function cosignatureOf(note: string, witness: Verifier): Promise<Cosignature | null> {
  const { text, signatures } = parseNote(note);
  return cosignatureIn(signatures, text, witness);
}

/** The last second that a `Date` can hold; C2SP's own limit, 2^63 - 1, lies far beyond. */
const LATEST = 8_640_000_000_000n;
