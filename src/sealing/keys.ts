/** Age hybrid keys (ML-KEM-768 + X25519), and no other kind of key anywhere. */

import { sha256 } from '@noble/hashes/sha2.js';
import { bech32 } from '@scure/base';
import { generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { bytesOf, toHex } from './encoding.ts';
import { type Branded, SealingError } from './sealing.ts';
import type { VerifyKey } from './signature.ts';
import { fingerprintList } from './words.ts';

/** The secret half: `AGE-SECRET-KEY-PQ-1…`, 32 bytes of seed in Bech32, upper case. */
export type Identity = Branded<string, 'Identity'>;
/** The public half: `age1pq1…`, 1216 bytes in Bech32 (about 2 kB), lower case. */
export type Recipient = Branded<string, 'Recipient'>;

/** A fresh hybrid key. Not age's `generateIdentity()`, which still makes X25519 alone. */
export async function generateIdentity(): Promise<{ identity: Identity; recipient: Recipient }> {
  const identity = parseIdentity(await generateHybridIdentity());
  return { identity, recipient: await recipientOf(identity) };
}

/** The public half of an identity; costs about as much as a sealing. */
export async function recipientOf(identity: Identity): Promise<Recipient> {
  return parseRecipient(await identityToRecipient(identity));
}

/**
 * The identity that a secret stands for, always the same: HKDF-SHA256 over the secret, the label in its `info`.
 * One secret may serve several uses if each has its own label.
 * The secret must be unguessable by itself (a receipt code, a passkey's PRF, OPAQUE's export key): nothing here is
 * slow on purpose.
 */
export async function identityFromSecret(secret: Uint8Array, label: string): Promise<Identity> {
  return identityFromSeed(await derive(secret, `letterbox identity\n${label}`));
}

/** 32 bytes from a secret by HKDF-SHA256 (RFC 5869) with empty salt; `info` separates the uses. */
export async function derive(secret: Uint8Array, info: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(secret), 'HKDF', false, ['deriveBits']);
  const use = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: bytesOf(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(use, key, 256));
}

/** @throws SealingError `not-hybrid` for any other kind of key, `bad-key` for a misspelt one */
export function parseIdentity(text: string): Identity {
  if (!text.startsWith(identityStart)) throw notHybrid();
  if (!isIdentity(text)) throw new SealingError('bad-key', 'This is not a well-formed secret key.');
  return text;
}

/** @throws SealingError `not-hybrid` for any other kind of recipient, `bad-key` for a misspelt one */
export function parseRecipient(text: string): Recipient {
  if (!text.startsWith(recipientStart)) throw notHybrid();
  if (!isRecipient(text)) throw new SealingError('bad-key', 'This is not a well-formed public key.');
  return text;
}

/** The 32 bytes an identity is the spelling of. */
export function seedOf(identity: Identity): Uint8Array {
  return bech32.decodeToBytes(identity).bytes;
}

/** The identity spelt from its 32 bytes of seed. */
export function identityFromSeed(seed: Uint8Array): Identity {
  return parseIdentity(bech32.encodeFromBytes('AGE-SECRET-KEY-PQ-', seed).toUpperCase());
}

/** What names a person's two public keys together: SHA-256 in hex, 64 characters. */
export function fingerprint(recipient: Recipient, verifyKey: VerifyKey): string {
  return toHex(sha256(bytesOf(`letterbox fingerprint\n${recipient}\n${verifyKey}\n`)));
}

/**
 * Eight words for reading a fingerprint out over the telephone, each one of 256.
 * Eight words carry 64 bits, which somebody rich could search for a look-alike key; so each guess is made to cost
 * 4096 hashes (about 5 ms for an honest reader), which brings the search back to some 2⁷⁶.
 */
export function fingerprintWords(print: string): string[] {
  let digest = bytesOf(`letterbox words\n${print}`);
  for (let round = 0; round < fingerprintRounds; round += 1) digest = sha256(digest);
  return Array.from(digest.subarray(0, 8), (byte) => fingerprintList[byte] ?? '');
}

const identityStart = 'AGE-SECRET-KEY-PQ-1';
const recipientStart = 'age1pq1';
const recipientBytes = 1216;
const fingerprintRounds = 4096;

const isIdentity = (text: string): text is Identity => bech32Length(text, 'age-secret-key-pq-') === 32;
const isRecipient = (text: string): text is Recipient => bech32Length(text, 'age1pq') === recipientBytes;

/** How many bytes a Bech32 text with this prefix carries; null if it is none. Recipients exceed Bech32's own limit. */
function bech32Length(text: string, prefix: string): number | null {
  const decoded = bech32.decodeUnsafe(text, false);
  if (decoded?.prefix !== prefix) return null;
  return bech32.fromWordsUnsafe(decoded.words)?.length ?? null;
}

function notHybrid(): SealingError {
  return new SealingError('not-hybrid', 'This key is not of the post-quantum kind that Letterbox uses.');
}
