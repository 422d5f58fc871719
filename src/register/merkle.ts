/**
 * The Merkle tree of RFC 6962 §2.1; verification as in RFC 9162 §2.1.3.2 and §2.1.4.2,
 * and of parts as in draft-ietf-plants-merkle-tree-certs §4. Pure.
 */
import { sha256 } from '@noble/hashes/sha2.js';

/** 32 bytes. */
export type Hash = Uint8Array;

/** MTH({d}) = SHA-256(0x00 || d) */
export function hashLeaf(data: Uint8Array): Hash {
  return sha256.create().update(Uint8Array.of(0)).update(data).digest();
}

/** SHA-256(0x01 || left || right) */
export function hashChildren(left: Hash, right: Hash): Hash {
  return sha256.create().update(Uint8Array.of(1)).update(left).update(right).digest();
}

export function emptyRoot(): Hash {
  return sha256(new Uint8Array());
}

export function sameHash(one: Hash, other: Hash): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/**
 * A tree that only grows, as the roots of its perfect subtrees, largest first: all that is needed to
 * append and to know the root. Size and hashes are its whole state.
 */
export class GrowingTree {
  #size = 0n;
  #subtrees: Hash[] = [];

  get size(): bigint {
    return this.#size;
  }

  append(leaf: Hash): void {
    let hash = leaf;
    for (let size = this.#size; size & 1n; size >>= 1n) {
      const left = this.#subtrees.pop();
      if (!left) throw new Error('The tree lost a subtree.');
      hash = hashChildren(left, hash);
    }
    this.#subtrees.push(hash);
    this.#size += 1n;
  }

  root(): Hash {
    return (
      this.#subtrees.reduceRight<Hash | null>(
        (right, left) => (right ? hashChildren(left, right) : left),
        null,
      ) ?? emptyRoot()
    );
  }
}

/** The tree head of these leaf hashes. */
export function rootOf(leaves: readonly Hash[]): Hash {
  const tree = new GrowingTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

/** PATH(m, D[n]): from the leaf's sibling up. */
export function inclusionProof(leaves: readonly Hash[], index: number): Hash[] {
  return inclusionParts(index, leaves.length).map(([from, to]) => rootOf(leaves.slice(from, to)));
}

/** PROOF(m, D[n]): that the tree of the first `size` leaves is a prefix of this one. */
export function consistencyProof(leaves: readonly Hash[], size: number): Hash[] {
  return consistencyParts(size, leaves.length).map(([from, to]) => rootOf(leaves.slice(from, to)));
}

/** Leaves [from, to): a part of a tree that has a hash of its own. */
export type Part = readonly [from: number, to: number];

/** The parts of which PATH(m, D[n]) is made: their hashes, in this order, are the proof. */
export function inclusionParts(index: number, size: number): Part[] {
  if (index < 0 || index >= size) throw new RangeError('There is no such leaf.');
  return pathTo(index, [0, size]);
}

function pathTo(index: number, [from, to]: Part): Part[] {
  if (to - from === 1) return [];
  const middle = from + splitPoint(to - from);
  return index < middle
    ? [...pathTo(index, [from, middle]), [middle, to]]
    : [...pathTo(index, [middle, to]), [from, middle]];
}

/** The parts of which PROOF(m, D[n]) is made: their hashes, in this order, are the proof. */
export function consistencyParts(size: number, grown: number): Part[] {
  if (size <= 0 || size > grown) throw new RangeError('There was no such tree.');
  return subProof(size, [0, grown], true);
}

function subProof(size: number, [from, to]: Part, whole: boolean): Part[] {
  if (size === to) return whole ? [] : [[from, to]];
  const middle = from + splitPoint(to - from);
  return size <= middle
    ? [...subProof(size, [from, middle], whole), [middle, to]]
    : [...subProof(size, [middle, to], false), [from, middle]];
}

/** The largest power of two smaller than n. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

type Inclusion = {
  readonly index: bigint;
  readonly size: bigint;
  readonly leaf: Hash;
  readonly root: Hash;
  readonly proof: readonly Hash[];
};

/** Whether `leaf` is at `index` in the tree of `size` with this root. Input may be anybody's. */
export function verifyInclusion({ index, size, leaf, root, proof }: Inclusion): boolean {
  if (index < 0n || index >= size || leaf.length !== 32 || root.length !== 32) return false;
  let [fn, sn, r] = [index, size - 1n, leaf];
  for (const p of proof) {
    if (p.length !== 32 || sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      r = hashChildren(p, r);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      r = hashChildren(r, p);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && sameHash(r, root);
}

type Consistency = {
  readonly size1: bigint;
  readonly size2: bigint;
  readonly root1: Hash;
  readonly root2: Hash;
  readonly proof: readonly Hash[];
};

/** Whether the tree of `size1` is a prefix of the tree of `size2`. Trees of size 0 prove nothing: false. */
export function verifyConsistency({ size1, size2, root1, root2, proof }: Consistency): boolean {
  if (size1 <= 0n) return false;
  return verifyPart({ start: 0n, end: size1, size: size2, part: root1, root: root2, proof });
}

/**
 * Whether leaves [start, end) are a part with a hash of its own: `start` is a multiple of the smallest power of two that
 * is not below `end - start`. A whole tree is the part that starts at 0, so a proof of consistency is one of a part.
 */
function isPart(start: bigint, end: bigint): boolean {
  if (start < 0n || end < start) return false;
  let width = 1n;
  while (width < end - start) width *= 2n;
  return start % width === 0n;
}

type PartInclusion = {
  readonly index: bigint;
  readonly start: bigint;
  readonly end: bigint;
  readonly leaf: Hash;
  /** The hash of the part. */
  readonly root: Hash;
  readonly proof: readonly Hash[];
};

/** Whether `leaf` is at `index` of the log, in the part [start, end) with this root. */
export function verifyPartInclusion({ index, start, end, ...claim }: PartInclusion): boolean {
  return isPart(start, end) && verifyInclusion({ ...claim, index: index - start, size: end - start });
}

type PartOfTree = {
  readonly start: bigint;
  readonly end: bigint;
  readonly size: bigint;
  /** The hash of leaves [start, end). */
  readonly part: Hash;
  /** The root of the tree of `size` leaves. */
  readonly root: Hash;
  readonly proof: readonly Hash[];
};

/** Whether the part [start, end) is one of the tree of `size`. Nothing is a part of every tree. */
export function verifyPart({ start, end, size, part, root, proof }: PartOfTree): boolean {
  if (!isPart(start, end) || end > size) return false;
  if (start === end) return proof.length === 0 && sameHash(part, emptyRoot());
  let [fn, sn, tn] = [start, end - 1n, size - 1n];
  const up = () => {
    [fn, sn, tn] = [fn >> 1n, sn >> 1n, tn >> 1n];
  };
  while (fn !== sn && (sn === tn || sn & 1n)) up();
  const path = fn === sn ? [part, ...proof] : proof;
  const [first, ...rest] = path;
  if (!first) return false;
  let [fr, sr] = [first, first];
  for (const c of rest) {
    if (c.length !== 32 || tn === 0n) return false;
    if (sn & 1n || sn === tn) {
      if (fn < sn) fr = hashChildren(c, fr);
      sr = hashChildren(c, sr);
      while (!(sn & 1n) && sn !== 0n) up();
    } else {
      sr = hashChildren(sr, c);
    }
    up();
  }
  return tn === 0n && sameHash(fr, part) && sameHash(sr, root);
}
