/** An e-mail address, as one that a mail goes to. Used in browsers, too. */
import { z } from 'zod';

export type Address = string & { readonly brand: 'Address' };

/** One address, without a name and without room for a second; null for anything else. */
export function parseAddress(text: string): Address | null {
  return isAddress(text) ? text : null;
}

function isAddress(text: string): text is Address {
  return z.email().max(254).safeParse(text).success;
}
