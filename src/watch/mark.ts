/**
 * A mark: a word that nobody writes, by which a canary gives itself away.
 *
 *     lbx7k2mq9v0trs4e8hd3c6wzn1pa5
 *
 * `lbx` and 26 signs of Crockford's base32, 130 random bits. Its letters and figures survive file names, addresses,
 * e-mail, CSV and JSON, upper and lower case; its first 15 signs (60 bits) are enough to know it by, so a text that was
 * cut off is known too. The body has no `l`, so a mark never begins inside another.
 */
import { randomBytes } from 'node:crypto';

export type Mark = string & { readonly brand: 'Mark' };

const SIGNS = '0123456789abcdefghjkmnpqrstvwxyz';
/** As many signs of a mark are enough to know it by. */
export const KNOWN_BY = 15;

export function newMark(): Mark {
  const signs = [...randomBytes(26)].map((byte) => SIGNS[byte % 32]);
  return asMark(`lbx${signs.join('')}`);
}

/** A mark from its text. @throws for anything else */
export function asMark(text: string): Mark {
  if (!isMark(text)) throw new Error('This is no mark.');
  return text;
}

function isMark(text: string): text is Mark {
  return /^lbx[0-9a-hjkmnp-tv-z]{26}$/.test(text);
}

/** Where a mark, or the beginning of one, may stand in a text. */
export const MARK_LIKE = /lbx[0-9a-hjkmnp-tv-z]{12}/gi;
