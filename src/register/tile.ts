/** C2SP tlog-tiles: hash tiles of height 8 and bundles of entries, as files. */
import { type Hash, hashChildren } from './merkle.ts';
import { RegisterError } from './note.ts';

/** Hashes in a full tile, entries in a full bundle. */
export const WIDTH = 256;

/** `tile/0/x001/x234/067`, with `.p/W` when it holds only W. `level` may be `entries`. */
export function tilePath(level: number | 'entries', index: number, width = WIDTH): string {
  const digits = String(index).padStart(3, '0');
  const groups =
    (digits.length % 3 ? digits.padStart(Math.ceil(digits.length / 3) * 3, '0') : digits).match(/\d{3}/g) ??
    [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${path}${width === WIDTH ? '' : `.p/${width}`}`;
}

/** Entries one after the other, each after its length in two bytes, big-endian. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > 0xffff)
      throw new RegisterError('entry-too-long', 'An entry is longer than a bundle allows.');
    bytes.set([entry.length >> 8, entry.length & 0xff], at);
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

/** @throws RegisterError `bad-bundle` when the bytes do not end with an entry */
export function decodeBundle(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const end = at + 2 + length;
    if (at + 2 > bytes.length || end > bytes.length)
      throw new RegisterError('bad-bundle', 'A bundle of entries is cut short.');
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** The root of a full tile: what stands for it in the level above. */
export function tileRoot(hashes: readonly Hash[]): Hash {
  let level = [...hashes];
  while (level.length > 1) {
    const below = level;
    level = below.flatMap((left, at) => {
      const right = below[at + 1];
      return at % 2 === 0 && right ? [hashChildren(left, right)] : [];
    });
  }
  const [root] = level;
  if (!root) throw new RegisterError('empty-tile', 'A tile holds no hashes.');
  return root;
}

export type Tile = { readonly path: string; readonly bytes: Uint8Array };

/** All hash tiles over these leaf hashes, level by level; the last of each level may be partial. */
export function* hashTiles(leaves: readonly Hash[]): Generator<Tile> {
  let hashes = leaves;
  for (let level = 0; hashes.length > 0; level += 1) {
    const roots: Hash[] = [];
    for (let n = 0; n * WIDTH < hashes.length; n += 1) {
      const part = hashes.slice(n * WIDTH, (n + 1) * WIDTH);
      yield { path: tilePath(level, n, part.length), bytes: joined(part) };
      if (part.length === WIDTH) roots.push(tileRoot(part));
    }
    hashes = roots;
  }
}

function joined(hashes: readonly Hash[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * 32);
  hashes.forEach((hash, index) => {
    bytes.set(hash, index * 32);
  });
  return bytes;
}

/** Hashes that lie one after the other, 32 bytes each. */
export function splitHashes(bytes: Uint8Array): Hash[] {
  return Array.from({ length: bytes.length / 32 }, (_, index) => bytes.slice(index * 32, index * 32 + 32));
}
