/** What Watch looks for: the marks of canaries, and pieces of what they became when they were sealed. */
import { KNOWN_BY, MARK_LIKE, type Mark } from './mark.ts';

/** Whose mark or ciphertext it is, and of what: `answer why`, `file name`, `summary`. */
export type Source = { readonly canary: string; readonly form: string; readonly part: string };
export type Planted = Source & { readonly mark: Mark };
export type Sealed = Source & { readonly bytes: Uint8Array };

/** Red: a mark, which means that something was readable. Amber: a piece of ciphertext. */
export type Hit = { readonly colour: 'red' | 'amber'; readonly source: Source };

export type Needles = {
  /** Every hit in these bytes as they are, read as ISO 8859-1. */
  find(bytes: Buffer, text: string): Hit[];
};

/** As long is a piece of ciphertext by which it is known; one is taken from every `STRIDE` bytes. */
const PIECE = 16;
const STRIDE = 512;

/** Prepares a search that takes time in proportion to what is searched, not to how much is looked for. */
export function needlesOf(marks: readonly Planted[], sealed: readonly Sealed[]): Needles {
  const byMark = new Map(marks.map((each) => [each.mark.slice(0, KNOWN_BY), each]));
  const pieces = piecesOf(sealed);
  return {
    find: (bytes, text) => [
      ...[...text.matchAll(MARK_LIKE)].flatMap(([found]): Hit[] => {
        const source = byMark.get(found.toLowerCase());
        return source ? [{ colour: 'red', source }] : [];
      }),
      ...findPieces(bytes, pieces).map((source): Hit => ({ colour: 'amber', source })),
    ],
  };
}

type Pieces = {
  /** Whether a piece begins with these two bytes. */
  readonly begins: Uint8Array;
  readonly by: ReadonlyMap<number, readonly { readonly bytes: Buffer; readonly source: Source }[]>;
};

function piecesOf(sealed: readonly Sealed[]): Pieces {
  const begins = new Uint8Array(65_536);
  const by = new Map<number, { bytes: Buffer; source: Source }[]>();
  for (const { bytes, ...source } of sealed) {
    // The head of every age file is the same; what is each one's own begins behind it.
    const first = Math.min(64, Math.max(0, bytes.length - PIECE));
    for (let at = first; at + PIECE <= bytes.length; at += STRIDE) {
      const piece = Buffer.from(bytes.subarray(at, at + PIECE));
      const key = piece.readUInt32LE(0);
      begins[piece.readUInt16LE(0)] = 1;
      by.set(key, [...(by.get(key) ?? []), { bytes: piece, source }]);
    }
  }
  return { begins, by };
}

function findPieces(bytes: Buffer, { begins, by }: Pieces): Source[] {
  const found = new Set<Source>();
  if (by.size === 0) return [];
  for (let at = 0; at + PIECE <= bytes.length; at += 1) {
    const two = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    if (begins[two] === 0) continue;
    for (const piece of by.get(bytes.readUInt32LE(at)) ?? [])
      if (bytes.compare(piece.bytes, 0, PIECE, at, at + PIECE) === 0) found.add(piece.source);
  }
  return [...found];
}
