/**
 * The recovery identity, split so that any k of n keyholders together can rebuild it and fewer know nothing.
 *
 * Shamir's scheme (`shamir-secret-sharing`, audited) over the identity's 32 bytes of seed, and a text for each share
 * that survives being printed, read out and typed in again:
 *
 *     Letterbox recovery share 2 of 5
 *     Any 3 rebuild the key
 *     Organisation 0190f3c1-7a4e-4c1b-8f00-5d2f6f1f9a10
 *     Set 7K2M Q9XD
 *     Key 0RTV 4N8H
 *     Data WBZ3 6CJA … 53 symbols of Crockford's base 32
 *     Check 9D3K 20FG
 *
 * `Set` is drawn once per splitting, `Key` is the hash of the recovery recipient, `Check` that of all that is above.
 * LIMIT: Shamir shares are not signed: k keyholders who lie together could make a share of a key of their own, which
 * `Key`, compared with the founding document's recipient, gives away.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base32crockford } from '@scure/base';
import { combine, split } from 'shamir-secret-sharing';
import { bytesOf } from './encoding.ts';
import { type Identity, identityFromSeed, type Recipient, recipientOf, seedOf } from './keys.ts';
import { type OrganisationId, organisationId } from './place.ts';
import { SealingError } from './sealing.ts';

/** One share. `number` counts from 1 to n as printed; the scheme's own coordinate is inside `data`. */
export type Share = {
  organisation: OrganisationId;
  number: number;
  k: number;
  n: number;
  set: string;
  key: string;
  data: string;
};

/** Splits an identity among n keyholders, any k of whom rebuild it; 2 ≤ k ≤ n ≤ 255. @throws SealingError `bad-share` */
export async function splitIdentity(
  identity: Identity,
  organisation: OrganisationId,
  { k, n }: { k: number; n: number },
): Promise<Share[]> {
  if (!Number.isInteger(k) || !Number.isInteger(n) || k < 2 || n < k || n > 255) throw badShare();
  const set = base32crockford.encode(crypto.getRandomValues(new Uint8Array(5)));
  const key = keyTag(await recipientOf(identity));
  const parts = await split(new Uint8Array(seedOf(identity)), n, k);
  return parts.map((part, index) => {
    return { organisation, number: index + 1, k, n, set, key, data: base32crockford.encode(part) };
  });
}

/** The share as the text in this file's Note, for printing and for sealing to its holder. */
export function shareText(share: Share): string {
  const body = shareBody(share);
  return `${body}\nCheck ${grouped(checkOf(body))}\n`;
}

/**
 * A share from what somebody typed or scanned. Forgives case, white space, punctuation, O for 0, I and L for 1.
 * @throws SealingError `bad-share` where a line is missing or the check does not fit
 */
export function parseShare(typed: string): Share {
  const found = shape.exec(
    typed
      .normalize('NFKC')
      .toUpperCase()
      .replace(/[^0-9A-Z]/g, ''),
  )?.groups;
  if (found === undefined) throw badShare();
  const field = (name: string): string => symbolsOf(found[name] ?? '');
  const count = (name: string): number => Number(found[name]);
  const share: Share = {
    organisation: organisationId(
      (found.organisation ?? '').toLowerCase().replace(hexGroups, '$1-$2-$3-$4-$5'),
    ),
    ...{ number: count('number'), k: count('k'), n: count('n') },
    ...{ set: field('set'), key: field('key'), data: field('data') },
  };
  if (checkOf(shareBody(share)) !== field('check')) throw badShare();
  return share;
}

/**
 * Rebuilds the identity from at least k different shares of one splitting.
 * @throws SealingError `too-few-shares`; `mixed-shares` of different splittings or organisations; `same-share` twice;
 *   `wrong-shares` where together they do not give the key they name
 */
export async function combineShares(
  shares: readonly Share[],
): Promise<{ identity: Identity; recipient: Recipient }> {
  const [first] = shares;
  if (first === undefined) throw new SealingError('too-few-shares', 'No share has been given yet.');
  if (!shares.every((share) => sameSplitting(share, first))) {
    throw new SealingError('mixed-shares', 'These shares do not belong together.');
  }
  if (new Set(shares.map((share) => share.number)).size < shares.length) {
    throw new SealingError('same-share', 'The same share was given twice.');
  }
  if (shares.length < first.k) {
    throw new SealingError('too-few-shares', `${first.k} different shares are needed.`);
  }
  return await rebuilt(shares, first.key);
}

/** The recovery key's short name on the shares: 40 bits of the SHA-256 of its recipient. */
export function keyTag(recipient: Recipient): string {
  return short(`letterbox recovery key\n${recipient}`);
}

const hexGroups = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;
const shape = new RegExp(
  [
    '^LETTERBOXRECOVERYSHARE(?<number>[1-9][0-9]{0,2})OF(?<n>[1-9][0-9]{0,2})ANY(?<k>[1-9][0-9]{0,2})REBUILDTHEKEY',
    'ORGANISATION(?<organisation>[0-9A-F]{32})SET(?<set>.{8})KEY(?<key>.{8})DATA(?<data>.{53})CHECK(?<check>.{8})$',
  ].join(''),
);

function shareBody({ organisation, number, k, n, set, key, data }: Share): string {
  return [
    `Letterbox recovery share ${number} of ${n}`,
    `Any ${k} rebuild the key`,
    `Organisation ${organisation}`,
    `Set ${grouped(set)}`,
    `Key ${grouped(key)}`,
    `Data ${grouped(data)}`,
  ].join('\n');
}

const grouped = (symbols: string): string => symbols.replace(/(.{4})(?=.)/g, '$1 ');
const symbolsOf = (typed: string): string => typed.replace(/O/g, '0').replace(/[IL]/g, '1');
const short = (text: string): string => base32crockford.encode(sha256(bytesOf(text)).subarray(0, 5));
const checkOf = (body: string): string => short(`letterbox share check\n${body}`);

function sameSplitting(a: Share, b: Share): boolean {
  return (
    a.organisation === b.organisation && a.set === b.set && a.key === b.key && a.k === b.k && a.n === b.n
  );
}

async function rebuilt(
  shares: readonly Share[],
  key: string,
): Promise<{ identity: Identity; recipient: Recipient }> {
  try {
    const seed = await combine(shares.map((share) => new Uint8Array(base32crockford.decode(share.data))));
    const identity = identityFromSeed(new Uint8Array(seed));
    const recipient = await recipientOf(identity);
    if (keyTag(recipient) === key) return { identity, recipient };
  } catch {
    // the refusal below says all that can be said
  }
  throw new SealingError('wrong-shares', 'Together these shares do not give the key they name.');
}

function badShare(): SealingError {
  return new SealingError('bad-share', 'This is not a whole and correctly typed recovery share.');
}
