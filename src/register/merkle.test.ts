import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64 } from '@scure/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  consistencyProof,
  GrowingTree,
  hashLeaf,
  inclusionProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';

const shared = join(import.meta.dirname, '../../../shared/data/vectors/merkle');
const folder = existsSync(shared) ? shared : join(import.meta.dirname, 'vectors');
const vectors = <S extends z.ZodType>(name: string, shape: S) =>
  z.array(shape).parse(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')));

const hash = z
  .string()
  .nullable()
  .transform((text) => base64.decode(text ?? ''));
const hashes = z
  .array(hash)
  .nullable()
  .transform((list) => list ?? []);
const size = z.union([z.number(), z.string()]).transform(BigInt);
const outcome = { desc: z.string(), wantErr: z.boolean(), file: z.string() };

const inclusions = vectors(
  'inclusion',
  z.object({ leafIdx: size, treeSize: size, root: hash, leafHash: hash, proof: hashes, ...outcome }),
);
test.each(inclusions)('inclusion vector $file', (vector) => {
  const { leafIdx: index, treeSize, root, leafHash: leaf, proof, wantErr } = vector;
  expect(verifyInclusion({ index, size: treeSize, leaf, root, proof })).toBe(!wantErr);
});

const consistencies = vectors(
  'consistency',
  z.object({ size1: size, size2: size, root1: hash, root2: hash, proof: hashes, ...outcome }),
);
test.each(consistencies)('consistency vector $file', ({ size1, size2, root1, root2, proof, wantErr }) => {
  expect(verifyConsistency({ size1, size2, root1, root2, proof })).toBe(!wantErr);
});

const trees = fc
  .array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 70 })
  .map((entries) => entries.map(hashLeaf));

test('every leaf of every tree is proven, and no other hash in its place', () => {
  fc.assert(
    fc.property(trees, fc.nat(), fc.nat({ max: 31 }), (leaves, pick, byte) => {
      const index = pick % leaves.length;
      const leaf = leaves[index] ?? new Uint8Array();
      const proven = {
        index: BigInt(index),
        size: BigInt(leaves.length),
        leaf,
        root: rootOf(leaves),
        proof: inclusionProof(leaves, index),
      };
      const altered = leaf.map((value, at) => (at === byte ? value ^ 1 : value));
      expect(verifyInclusion(proven)).toBe(true);
      expect(verifyInclusion({ ...proven, leaf: altered })).toBe(false);
    }),
  );
});

test('a tree that grew is consistent with what it was, and a changed history is not', () => {
  fc.assert(
    fc.property(trees, fc.nat(), (leaves, pick) => {
      const before = 1 + (pick % leaves.length);
      const roots = { root1: rootOf(leaves.slice(0, before)), root2: rootOf(leaves) };
      const sizes = { size1: BigInt(before), size2: BigInt(leaves.length) };
      const proof = consistencyProof(leaves, before);
      expect(verifyConsistency({ ...sizes, ...roots, proof })).toBe(true);
      expect(verifyConsistency({ ...sizes, ...roots, root1: hashLeaf(roots.root1), proof })).toBe(false);
    }),
  );
});

test('a tree that is appended to has the root of the tree that is built at once', () => {
  fc.assert(
    fc.property(trees, (leaves) => {
      const tree = new GrowingTree();
      for (const leaf of leaves) tree.append(leaf);
      const whole = leaves.length === 1 ? leaves[0] : rootOf(leaves);
      expect(tree.root()).toEqual(whole);
      expect(tree.size).toBe(BigInt(leaves.length));
    }),
  );
});
