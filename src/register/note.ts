/**
 * C2SP signed-note, with Ed25519 keys (algorithm 0x01):
 *
 *     text, ending in a newline
 *     (an empty line)
 *     — name base64(key hash, 4 bytes || signature, 64 bytes)
 *
 * A verifier key is `name+hash in hex+base64(0x01 || public key)`.
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

export type Verifier = { readonly name: string; readonly id: string; readonly key: Uint8Array<ArrayBuffer> };

const ED25519 = 1;
const PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);

function keyId(name: string, key: Uint8Array): string {
  const named = new TextEncoder().encode(`${name}\n`);
  return hex.encode(sha256(Uint8Array.of(...named, ED25519, ...key)).slice(0, 4));
}

/** The verifier key of a 32-byte public key. */
export function verifierText(name: string, key: Uint8Array): string {
  return `${name}+${keyId(name, key)}+${base64.encode(Uint8Array.of(ED25519, ...key))}`;
}

/** @throws RegisterError `bad-vkey` */
export function parseVerifier(text: string): Verifier {
  const [, name = '', id = '', encoded = ''] =
    /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = decode(encoded);
  if (bytes?.length !== 33 || bytes[0] !== ED25519 || keyId(name, bytes.slice(1)) !== id) {
    throw new RegisterError('bad-vkey', 'This is not a verifier key of an Ed25519 note signer.');
  }
  return { name, id, key: bytes.slice(1) };
}

/** Signs `text` (which ends in a newline) as `name` with a 32-byte Ed25519 seed. */
export async function signNote(text: string, name: string, seed: Uint8Array): Promise<string> {
  const key = await crypto.subtle.importKey('pkcs8', Uint8Array.of(...PKCS8, ...seed), 'Ed25519', false, [
    'sign',
  ]);
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key, new TextEncoder().encode(text)));
  const id = hex.decode(keyId(name, await publicKey(seed)));
  return `${text}\n— ${name} ${base64.encode(Uint8Array.of(...id, ...signature))}\n`;
}

/** The public half of a seed. */
export async function publicKey(seed: Uint8Array): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('pkcs8', Uint8Array.of(...PKCS8, ...seed), 'Ed25519', true, [
    'sign',
  ]);
  const { x = '' } = await crypto.subtle.exportKey('jwk', key);
  return base64.decode(`${x.replaceAll('-', '+').replaceAll('_', '/')}=`);
}

/** The signed text, if one signature of `verifier` is there and right. @throws RegisterError */
export async function openNote(note: string, verifier: Verifier): Promise<string> {
  const end = note.lastIndexOf('\n\n');
  if (end === -1 || !note.endsWith('\n')) throw new RegisterError('bad-note', 'This is not a signed note.');
  const text = note.slice(0, end + 1);
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [, name, encoded = ''] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    if (!name) throw new RegisterError('bad-note', 'A signature line of the note is malformed.');
    const bytes = decode(encoded);
    if (name !== verifier.name || bytes?.length !== 68 || hex.encode(bytes.slice(0, 4)) !== verifier.id)
      continue;
    const key = await crypto.subtle.importKey('raw', verifier.key, 'Ed25519', false, ['verify']);
    if (await crypto.subtle.verify('Ed25519', key, bytes.slice(4), new TextEncoder().encode(text)))
      return text;
    throw new RegisterError('bad-signature', `The signature of ${verifier.name} does not fit the note.`);
  }
  throw new RegisterError('not-signed', `The note is not signed by ${verifier.name}.`);
}

function decode(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(base64.decode(text));
  } catch {
    return null;
  }
}
