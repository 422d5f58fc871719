/**
 * Ed25519 signatures over texts, by WebCrypto.
 *
 * What is signed is always the UTF-8 of `letterbox-signed-v1⏎` followed by the text, so that a signature made here
 * means nothing in any other protocol, and none from elsewhere means anything here.
 * The text is stored and checked verbatim: nobody re-serialises a signed document.
 */
import { bytesOf, fromBase64url, toBase64url, toHex } from './encoding.ts';
import { type Branded, SealingError } from './sealing.ts';

/** The 32-byte seed (RFC 8032 §5.1.5), base64url. Secret. */
export type SigningKey = Branded<string, 'SigningKey'>;
/** The 32-byte public key, base64url. */
export type VerifyKey = Branded<string, 'VerifyKey'>;
/** 64 bytes, base64url. */
export type Signature = Branded<string, 'Signature'>;

export async function generateSigningKey(): Promise<{ signingKey: SigningKey; verifyKey: VerifyKey }> {
  const signingKey = parseSigningKey(toBase64url(crypto.getRandomValues(new Uint8Array(32))));
  return { signingKey, verifyKey: await verifyKeyOf(signingKey) };
}

/** The public half of a signing key. */
export async function verifyKeyOf(signingKey: SigningKey): Promise<VerifyKey> {
  const jwk = await crypto.subtle.exportKey('jwk', await importSeed(signingKey, true));
  return parseVerifyKey(jwk.x ?? '');
}

/** Deterministic: the same key and text give the same signature. */
export async function signText(signingKey: SigningKey, text: string): Promise<Signature> {
  const key = await importSeed(signingKey, false);
  const signature = await crypto.subtle.sign('Ed25519', key, bytesOf(signedPrefix + text));
  return parseSignature(toBase64url(new Uint8Array(signature)));
}

/** Whether this key signed exactly this text. False, never an error, for anything malformed. */
export async function verifyText(verifyKey: string, text: string, signature: string): Promise<boolean> {
  const raw = fromBase64url(verifyKey);
  const signed = fromBase64url(signature);
  if (raw?.length !== 32 || signed?.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, signed, bytesOf(signedPrefix + text));
  } catch {
    return false;
  }
}

/** SHA-256 in lowercase hex; a text is hashed as its UTF-8. */
export async function sha256Hex(content: string | Uint8Array): Promise<string> {
  const bytes = typeof content === 'string' ? bytesOf(content) : new Uint8Array(content);
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/** @throws SealingError `bad-key` */
export function parseSigningKey(text: string): SigningKey {
  if (!isSigningKey(text)) throw new SealingError('bad-key', 'This is not a well-formed signing key.');
  return text;
}

/** @throws SealingError `bad-key` */
export function parseVerifyKey(text: string): VerifyKey {
  if (!isVerifyKey(text)) throw new SealingError('bad-key', 'This is not a well-formed verification key.');
  return text;
}

/** @throws SealingError `bad-key` */
export function parseSignature(text: string): Signature {
  if (!isSignature(text)) throw new SealingError('bad-key', 'This is not a well-formed signature.');
  return text;
}

const signedPrefix = 'letterbox-signed-v1\n';
/** The fixed start of a PKCS #8 Ed25519 private key (RFC 8410 §7); the seed follows. */
const pkcs8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

const isSigningKey = (text: string): text is SigningKey => fromBase64url(text)?.length === 32;
const isVerifyKey = (text: string): text is VerifyKey => fromBase64url(text)?.length === 32;
const isSignature = (text: string): text is Signature => fromBase64url(text)?.length === 64;

function importSeed(signingKey: SigningKey, extractable: boolean): Promise<CryptoKey> {
  const seed = fromBase64url(signingKey) ?? [];
  return crypto.subtle.importKey('pkcs8', Uint8Array.of(...pkcs8, ...seed), 'Ed25519', extractable, ['sign']);
}
