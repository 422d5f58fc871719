/** The hashes of parts of a stored tree, for proofs about it: read once, then remembered. */
import {
  consistencyParts,
  type Hash,
  hashChildren,
  inclusionParts,
  type Part,
  rootOf,
  splitPoint,
} from './merkle.ts';

/** Reads the hashes of leaves [from, from + count). */
export type ReadLeaves = (from: bigint, count: number) => Promise<Hash[]>;

/** Up to this many leaves are read anew each time; the roots of larger perfect subtrees are kept, 32 bytes each. */
const READ_ANEW = 1024;

/** The parts of one log, which only grows: what a perfect subtree's root was, it stays. */
export class StoredParts {
  readonly #kept = new Map<string, Hash>();
  readonly #read: ReadLeaves;

  constructor(read: ReadLeaves) {
    this.#read = read;
  }

  /** PROOF(old, D[size]) of RFC 6962: that the tree of `old` leaves is a prefix of the one of `size`. Empty for `old` 0. */
  async consistencyProof(old: bigint, size: bigint): Promise<Hash[]> {
    if (old === 0n) return [];
    return this.#roots(consistencyParts(Number(old), Number(size)));
  }

  /** PATH(index, D[size]) of RFC 6962: that this leaf is in the tree of `size` leaves. */
  inclusionProof(index: bigint, size: bigint): Promise<Hash[]> {
    return this.#roots(inclusionParts(Number(index), Number(size)));
  }

  async #roots(parts: readonly Part[]): Promise<Hash[]> {
    const roots: Hash[] = [];
    for (const part of parts) roots.push(await this.#root(part));
    return roots;
  }

  async #root([from, to]: Part): Promise<Hash> {
    const count = to - from;
    if (count <= READ_ANEW) return rootOf(await this.#read(BigInt(from), count));
    const name = `${from} ${to}`;
    const kept = this.#kept.get(name);
    if (kept) return kept;
    const middle = from + splitPoint(count);
    const root = hashChildren(await this.#root([from, middle]), await this.#root([middle, to]));
    const perfect = (to - middle) * 2 === count;
    if (perfect) this.#kept.set(name, root);
    return root;
  }
}
