/** Bytes as text at the edges: base64url, hex, UTF-8, canonical JSON. Decoders refuse every second spelling. */
import { base64urlnopad, hex } from '@scure/base';
import { SealingError } from './sealing.ts';

/** Base64url without padding (RFC 4648 §5). */
export function toBase64url(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytes);
}

/** The bytes, or null for anything but the one canonical spelling. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  return decoded(text, base64urlnopad);
}

/** Lowercase hex. */
export function toHex(bytes: Uint8Array): string {
  return hex.encode(bytes);
}

/** The bytes, or null for anything but lowercase hex. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | null {
  return decoded(text, hex);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8. A lone surrogate becomes U+FFFD, as everywhere on the web platform. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The text, or null where the bytes are not UTF-8. A byte order mark is kept, being part of what was sealed. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** The JSON value, or null where there is none (the JSON text `null` gives null too: nothing of ours is that). */
export function jsonOf(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  return text === null ? null : jsonFrom(text);
}

/** The JSON value of a text, or null where there is none. */
export function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * JSON in its one canonical spelling (RFC 8785): keys in UTF-16 order, no white space, so that equal values have
 * equal bytes. As with `JSON.stringify`, keys whose value is undefined are left out.
 * @throws SealingError `not-json` for what JSON cannot say (NaN, functions, dates, cycles)
 */
export function canonicalJson(value: unknown): string {
  return canonical(value, 0);
}

const deepest = 64;

function canonical(value: unknown, depth: number): string {
  if (depth > deepest) throw notJson();
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join()}]`;
  if (typeof value !== 'object' || Object.prototype.toString.call(value) !== '[object Object]')
    throw notJson();
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member, depth + 1)}`).join()}}`;
}

function notJson(): SealingError {
  return new SealingError('not-json', 'This value cannot be written as JSON.');
}

function decoded(text: string, coder: typeof hex): Uint8Array<ArrayBuffer> | null {
  try {
    const bytes = new Uint8Array(coder.decode(text));
    return coder.encode(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}
