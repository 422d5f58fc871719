/**
 * The receipt code: what a submitter keeps to come back.
 *
 * Two things are derived from it under different labels: the receipt identity, which opens the case key and never
 * leaves the submitter's browser, and the receipt authenticator, which the browser shows to the server to ask for
 * the case. The server keeps a hash of the authenticator only. The code itself is stored nowhere.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { base32crockford } from '@scure/base';
import { bytesOf, toBase64url } from './encoding.ts';
import { derive, type Identity, identityFromSecret } from './keys.ts';
import type { CaseId } from './place.ts';
import { type Branded, SealingError } from './sealing.ts';

/** 120 random bits in Crockford's base 32: `7K2M-Q9XD-0RTV-4N8H-WBZ3-6CJA`. */
export type ReceiptCode = Branded<string, 'ReceiptCode'>;

export function newReceiptCode(): ReceiptCode {
  const code = parseReceiptCode(base32crockford.encode(crypto.getRandomValues(new Uint8Array(15))));
  if (code === null) throw new SealingError('bad-key', 'A fresh receipt code was malformed.');
  return code;
}

/**
 * What somebody typed, as a code in its one spelling; null where it cannot be one.
 * Forgives case, spaces, any dashes and dots, O for 0, I and L for 1.
 */
export function parseReceiptCode(typed: string): ReceiptCode | null {
  const letters = typed.replace(/[\s\p{Dash}.·_\u200b-\u200f\u2060\ufeff]/gu, '').toUpperCase();
  const symbols = letters.replace(/O/g, '0').replace(/[IL]/g, '1');
  const code = symbols.replace(/(.{4})(?=.)/g, '$1-');
  return isReceiptCode(code) ? code : null;
}

/** The identity to which the case key is sealed for the submitter. */
export function receiptIdentity(code: ReceiptCode): Promise<Identity> {
  return identityFromSecret(secretOf(code), 'receipt');
}

/** What the submitter's browser shows the server: base64url of 32 bytes. It opens nothing. */
export async function receiptAuthenticator(code: ReceiptCode): Promise<string> {
  return toBase64url(await derive(secretOf(code), 'letterbox receipt authenticator'));
}

/** What the server stores of an authenticator: base64url of the SHA-256 of its text. */
export async function authenticatorHash(authenticator: string): Promise<string> {
  return toBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(authenticator))));
}

/** The short name of a case that people say to each other, the same everywhere: `4QXKC-9T1ZD` (50 bits). */
export async function referenceOf(id: CaseId): Promise<string> {
  return shortName(`letterbox reference\n${id}`);
}

/** A name of ten symbols for whatever this text names: 50 bits of its hash. */
export function shortName(of: string): string {
  const symbols = base32crockford.encode(sha256(bytesOf(of)));
  return `${symbols.slice(0, 5)}-${symbols.slice(5, 10)}`;
}

const codeShape = /^(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/;
const isReceiptCode = (text: string): text is ReceiptCode => codeShape.test(text);
const secretOf = (code: ReceiptCode): Uint8Array => base32crockford.decode(code.replaceAll('-', ''));
