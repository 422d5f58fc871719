/** The ways in which a text can be written so that its letters do not stand there: each undone where it may be one. */

import { isPacked } from './unpacking.ts';

/** `noise`: nothing more is to be looked for in it than what stands there. */
export type Decoded = { readonly how: string; readonly bytes: Buffer; readonly noise?: true };

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
/** Of no alphabet: what stands on either side of it is not read as one. */
const APART = latin('~');
const signOf = (code: number): string => (code < 256 ? String.fromCharCode(code) : '?');

/** Every reading of these bytes that is another text than themselves. */
export function decodings(bytes: Buffer, text: string): Decoded[] {
  return [
    ...changed('UTF-16', text, text.includes('\0') ? text.replaceAll('\0', '') : text),
    ...changed('quoted-printable', text, unquoted(text)),
    ...changed('escapes', text, unescaped(text)),
    ...changed('markup', text, joined(text.replace(/<[^<>]{0,2000}>/g, ''))),
    ...changed('spaces', text, joined(text)),
    ...gathered('base64', runs(text, BASE64).flatMap(fromBase64)),
    ...gathered('hex', runs(text, HEX).flatMap(fromHex)),
  ].filter(({ bytes: other }) => other.length > 0 && !other.equals(bytes));
}

/**
 * The texts that lie in something binary, together: they alone are read in other ways, since a picture of 30 MB has no
 * letters to be read otherwise. What breaks a word, such as a soft hyphen, belongs to a text; so do the zeros of UTF-16.
 */
export function textsIn(bytes: Buffer): Decoded[] {
  const text = bytes.toString('latin1');
  const wide = text.includes('\0') ? text.replaceAll('\0', '') : '';
  return [
    { how: 'text', bytes: stretches(text) },
    { how: 'UTF-16', bytes: stretches(wide) },
  ].filter(({ bytes: other }) => other.length > 0 && !other.equals(bytes));
}

const STRETCH = /(?:[\t\n\r\x20-\x7e]|\xc2?\xad|\xe2\x80[\x8b-\x8f]|\xef\xbb\xbf){15,}/g;
const stretches = (text: string): Buffer =>
  Buffer.concat(runs(text, STRETCH).flatMap((run) => [latin(run), APART]));

const changed = (how: string, before: string, after: string): Decoded[] =>
  before === after ? [] : [{ how, bytes: latin(after) }];

/** Quoted-printable (RFC 2045 §6.7), by itself: what was broken into lines may be something escaped. */
function unquoted(text: string): string {
  return text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9a-f]{2})/gi, (_all, hex) => signOf(Number.parseInt(hex, 16)));
}

/** Percent signs (RFC 3986), entities of HTML, escapes of JSON and JavaScript. */
function unescaped(text: string): string {
  return (
    text
      .replace(/%([0-9a-f]{2})/gi, (_all, hex) => signOf(Number.parseInt(hex, 16)))
      .replace(/&#x0*([0-9a-f]{1,6});?/gi, (_all, hex) => signOf(Number.parseInt(hex, 16)))
      .replace(/&#0*([0-9]{1,7});?/g, (_all, code) => signOf(Number(code)))
      .replace(/\\u\{?0*([0-9a-f]{2,4})\}?/gi, (_all, hex) => signOf(Number.parseInt(hex, 16)))
      // Not where a run of hex begins so, as PostgreSQL's bytea does.
      .replace(/\\x([0-9a-f]{2})(?![0-9a-f]{8})/gi, (_all, hex) => signOf(Number.parseInt(hex, 16)))
      .replace(/\\([0-3][0-7]{2})/g, (_all, octal) => signOf(Number.parseInt(octal, 8)))
  );
}

/** Without white space, soft hyphens and signs without width: a word that was broken is whole again. */
function joined(text: string): string {
  return text.replace(/&shy;|&#173;|&ZeroWidthSpace;|\xc2?\xad|\xe2\x80[\x8b-\x8f]|\xef\xbb\xbf|\s+/g, '');
}

const BASE64 = /[A-Za-z0-9+/_-](?:[A-Za-z0-9+/_-]|\\?[\r\n]+[ \t]*|\\[rn]){22,}/g;
const HEX = /(?:(?:\\x|0x|%)?[0-9a-f]{2}[\s:,-]{0,2}){15,}/gi;
const runs = (text: string, of: RegExp): string[] => [...text.matchAll(of)].map(([run]) => run);

/**
 * What runs of letters came to: what may be packed each by itself, all texts together, and all noise together: a
 * register holds a hundred thousand runs, and most of what they come to is another text's hash.
 */
function gathered(how: string, each: readonly Buffer[]): Decoded[] {
  const sorted = Map.groupBy(each, (bytes) =>
    isText(bytes) ? 'text' : isPacked(bytes) ? 'packed' : 'noise',
  );
  const together = (kind: 'text' | 'noise') => (sorted.get(kind) ?? []).flatMap((bytes) => [bytes, APART]);
  return [
    ...(sorted.get('packed') ?? []).map((bytes) => ({ how, bytes })),
    { how, bytes: Buffer.concat(together('text')) },
    { how, bytes: Buffer.concat(together('noise')), noise: true },
  ];
}

/** Whether most of it can be read, the zeros of UTF-16 included. */
export function isText(bytes: Buffer): boolean {
  let signs = 0;
  for (const byte of bytes)
    if ((byte >= 0x20 && byte < 0x7f) || byte === 0 || byte === 9 || byte === 10 || byte === 13) signs += 1;
  return signs > bytes.length * 0.6;
}

/** From each of the four places at which it may have begun. */
function fromBase64(run: string): Buffer[] {
  const plain = run.replace(/\\[rn]|[^A-Za-z0-9+/_-]/g, '');
  const alphabet = /[-_]/.test(plain) ? 'base64url' : 'base64';
  return [0, 1, 2, 3].map((skip) => Buffer.from(plain.slice(skip), alphabet));
}

function fromHex(run: string): Buffer[] {
  const digits = run.replace(/\\x|0x/gi, '').replace(/[^0-9a-f]/gi, '');
  return [digits, digits.slice(1)].map((each) =>
    Buffer.from(each.slice(0, each.length - (each.length % 2)), 'hex'),
  );
}
