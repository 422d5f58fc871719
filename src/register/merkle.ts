/** The Merkle tree of RFC 6962 §2.1; verification as in RFC 9162 §2.1.3.2 and §2.1.4.2. Pure. */
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
  if (index < 0 || index >= leaves.length) throw new RangeError('There is no such leaf.');
  if (leaves.length === 1) return [];
  const k = splitPoint(leaves.length);
  return index < k
    ? [...inclusionProof(leaves.slice(0, k), index), rootOf(leaves.slice(k))]
    : [...inclusionProof(leaves.slice(k), index - k), rootOf(leaves.slice(0, k))];
}

/** PROOF(m, D[n]): that the tree of the first `size` leaves is a prefix of this one. */
export function consistencyProof(leaves: readonly Hash[], size: number): Hash[] {
  if (size <= 0 || size > leaves.length) throw new RangeError('There was no such tree.');
  return subProof(leaves, size, true);
}

function subProof(leaves: readonly Hash[], size: number, whole: boolean): Hash[] {
  if (size === leaves.length) return whole ? [] : [rootOf(leaves)];
  const k = splitPoint(leaves.length);
  return size <= k
    ? [...subProof(leaves.slice(0, k), size, whole), rootOf(leaves.slice(k))]
    : [...subProof(leaves.slice(k), size - k, false), rootOf(leaves.slice(0, k))];
}

/** The largest power of two smaller than n. */
function splitPoint(n: number): number {
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
  if (size1 <= 0n || size1 > size2) return false;
  if (size1 === size2) return proof.length === 0 && sameHash(root1, root2);
  const path = isPowerOfTwo(size1) ? [root1, ...proof] : [...proof];
  const [first, ...rest] = path;
  if (!first || rest.length === 0) return false;
  let [fn, sn] = [size1 - 1n, size2 - 1n];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [fr, sr] = [first, first];
  for (const c of rest) {
    if (c.length !== 32 || sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      [fr, sr] = [hashChildren(c, fr), hashChildren(c, sr)];
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = hashChildren(sr, c);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && sameHash(fr, root1) && sameHash(sr, root2);
}

function isPowerOfTwo(n: bigint): boolean {
  return (n & (n - 1n)) === 0n;
}
