import { readFileSync } from 'node:fs';
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
  verifyPart,
  verifyPartInclusion,
} from './merkle.ts';

const vectors = <S extends z.ZodType>(name: string, shape: S) =>
  readFileSync(join(import.meta.dirname, 'vectors', `${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => shape.parse(JSON.parse(line)));

const hash = z
  .string()
  .nullable()
  .transform((text) => base64.decode(text ?? ''));
const hashes = z
  .array(hash)
  .nullable()
  .transform((list) => list ?? []);
const size = z.union([z.number(), z.string()]).transform(BigInt);
const outcome = { wantErr: z.boolean(), file: z.string() };

const inclusions = vectors(
  'inclusion',
  z.object({ leafIdx: size, treeSize: size, root: hash, leafHash: hash, proof: hashes, ...outcome }),
);
test.each(inclusions)('vector $file', (vector) => {
  const { leafIdx: index, treeSize, root, leafHash: leaf, proof, wantErr } = vector;
  expect(verifyInclusion({ index, size: treeSize, leaf, root, proof })).toBe(!wantErr);
});

const consistencies = vectors(
  'consistency',
  z.object({ size1: size, size2: size, root1: hash, root2: hash, proof: hashes, ...outcome }),
);
test.each(consistencies)('vector $file', ({ size1, size2, root1, root2, proof, wantErr }) => {
  expect(verifyConsistency({ size1, size2, root1, root2, proof })).toBe(!wantErr);
});

const parts = { start: size, end: size, proof: hashes, ...outcome };
const partInclusions = vectors(
  'subtreeinclusion',
  z.object({ leafIdx: size, root: hash, leafHash: hash, ...parts }),
);
test.each(partInclusions)(
  'vector $file',
  ({ leafIdx: index, start, end, root, leafHash: leaf, proof, wantErr }) => {
    expect(verifyPartInclusion({ index, start, end, leaf, root, proof })).toBe(!wantErr);
  },
);

const partConsistencies = vectors(
  'subtreeconsistency',
  z.object({ size, root1: hash, root2: hash, ...parts }),
);
test.each(partConsistencies)(
  'vector $file',
  ({ start, end, size, root1: part, root2: root, proof, wantErr }) => {
    expect(verifyPart({ start, end, size, part, root, proof })).toBe(!wantErr);
  },
);

test('all 518 public vectors are here, and those that demand an error for trees of size 0 among them', () => {
  const all = [inclusions, consistencies, partInclusions, partConsistencies];
  expect(all.map(({ length }) => length)).toEqual([98, 98, 204, 118]);
  const empty = consistencies.filter(({ size1 }) => size1 === 0n);
  expect(empty.length).toBeGreaterThanOrEqual(4);
  expect(empty.every(({ wantErr }) => wantErr)).toBe(true);
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
