/**
 * C2SP signed-note, with Ed25519 keys (algorithm 0x01; cosignature.ts adds 0x04):
 *
 *     text, ending in a newline
 *     (an empty line)
 *     — name base64(key hash, 4 bytes || signature, 64 bytes)
 *     — another name …
 *
 * A verifier key is `name+hash in hex+base64(0x01 || public key)`. Signatures of unknown keys are ignored; one of a
 * known key that does not fit spoils the note.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64, hex } from '@scure/base';

export class RegisterError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** `name` and `id` (the key hash, 8 hex digits) say which lines are its; `key` is 32 bytes. */
export type Verifier = { readonly name: string; readonly id: string; readonly key: Uint8Array<ArrayBuffer> };

/** The kinds of keys, by the byte that C2SP signed-note assigns. */
export const NOTE_KEY = 0x01;
export const COSIGNATURE_KEY = 0x04;
type Algorithm = typeof NOTE_KEY | typeof COSIGNATURE_KEY;

const PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);
/** More than anybody asks for (C2SP demands 16), and little enough to read. */
const MOST_SIGNATURES = 64;

/** SHA-256(name || "\n" || algorithm || key)[:4], in hex. */
function keyId(name: string, algorithm: Algorithm, key: Uint8Array): string {
  const named = new TextEncoder().encode(`${name}\n`);
  return hex.encode(sha256(Uint8Array.of(...named, algorithm, ...key)).slice(0, 4));
}

/** The verifier key of a 32-byte public key. */
export function verifierText(name: string, key: Uint8Array, algorithm: Algorithm = NOTE_KEY): string {
  return `${name}+${keyId(name, algorithm, key)}+${base64.encode(Uint8Array.of(algorithm, ...key))}`;
}

/** @throws RegisterError `bad-vkey` */
export function parseVerifier(text: string, algorithm: Algorithm = NOTE_KEY): Verifier {
  const [, name = '', id = '', encoded = ''] =
    /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = decode(encoded);
  if (bytes?.length !== 33 || bytes[0] !== algorithm || keyId(name, algorithm, bytes.slice(1)) !== id) {
    const of = algorithm === NOTE_KEY ? 'an Ed25519 note signer' : 'a witness (an Ed25519 cosigner)';
    throw new RegisterError('bad-vkey', `This is not a verifier key of ${of}.`);
  }
  return { name, id, key: bytes.slice(1) };
}

/** The Ed25519 signature of a 32-byte seed, 64 bytes. */
export async function signatureOf(message: string, seed: Uint8Array): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('pkcs8', Uint8Array.of(...PKCS8, ...seed), 'Ed25519', false, [
    'sign',
  ]);
  return new Uint8Array(await crypto.subtle.sign('Ed25519', key, new TextEncoder().encode(message)));
}

/** Whether an Ed25519 signature (64 bytes, or it is none) fits. */
export async function signatureFits(
  { key }: Verifier,
  signature: Uint8Array<ArrayBuffer>,
  message: string,
): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, signature, new TextEncoder().encode(message));
}

/** One line of signature, without what it signs. `signature` is all that follows the key hash. */
export async function signatureLine(
  name: string,
  algorithm: Algorithm,
  seed: Uint8Array,
  signature: Uint8Array,
): Promise<string> {
  const id = hex.decode(keyId(name, algorithm, await publicKey(seed)));
  return `— ${name} ${base64.encode(Uint8Array.of(...id, ...signature))}\n`;
}

/** Signs `text` (which ends in a newline) as `name` with a 32-byte Ed25519 seed. */
export async function signNote(text: string, name: string, seed: Uint8Array): Promise<string> {
  return `${text}\n${await signatureLine(name, NOTE_KEY, seed, await signatureOf(text, seed))}`;
}

/** The public half of a seed. */
export async function publicKey(seed: Uint8Array): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('pkcs8', Uint8Array.of(...PKCS8, ...seed), 'Ed25519', true, [
    'sign',
  ]);
  const { x = '' } = await crypto.subtle.exportKey('jwk', key);
  return base64.decode(`${x.replaceAll('-', '+').replaceAll('_', '/')}=`);
}

/** A line of signature: whose it says it is, and its bytes after the key hash. `line` ends in a newline. */
export type Signature = {
  readonly name: string;
  readonly id: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly line: string;
};

/** A note in its parts; nothing is verified yet. @throws RegisterError `bad-note` where it is not of the form */
export function parseNote(note: string): { readonly text: string; readonly signatures: Signature[] } {
  const end = note.lastIndexOf('\n\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note must not hold.
  if (end === -1 || !note.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(note))
    throw new RegisterError('bad-note', 'This is not a signed note.');
  return { text: note.slice(0, end + 1), signatures: parseSignatures(note.slice(end + 2)) };
}

/** Lines of signature, as a note ends in or a witness answers. @throws RegisterError `bad-note` */
export function parseSignatures(lines: string): Signature[] {
  const each = lines.replace(/\n$/, '').split('\n');
  if (each.length > MOST_SIGNATURES)
    throw new RegisterError('bad-note', `A note with more than ${MOST_SIGNATURES} signatures is not read.`);
  return each.map((line) => {
    const [, name, encoded = ''] = /^— ([^\s+]+) (\S+)$/.exec(line) ?? [];
    const bytes = decode(encoded);
    if (!name || !bytes || bytes.length < 5)
      throw new RegisterError('bad-note', 'A signature line of the note is malformed.');
    return { name, id: hex.encode(bytes.slice(0, 4)), bytes: bytes.slice(4), line: `${line}\n` };
  });
}

/** Those lines that say they are of this key. */
export const signaturesOf = (of: readonly Signature[], { name, id }: Verifier): readonly Signature[] =>
  of.filter((each) => each.name === name && each.id === id);

/** The signed text, if a signature of `verifier` is there and each of its fits. @throws RegisterError */
export async function openNote(note: string, verifier: Verifier): Promise<string> {
  const { text, signatures } = parseNote(note);
  const own = signaturesOf(signatures, verifier);
  if (own.length === 0) throw new RegisterError('not-signed', `The note is not signed by ${verifier.name}.`);
  for (const { bytes } of own)
    if (!(await signatureFits(verifier, bytes, text)))
      throw new RegisterError('bad-signature', `The signature of ${verifier.name} does not fit the note.`);
  return text;
}

function decode(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(base64.decode(text));
  } catch {
    return null;
  }
}
