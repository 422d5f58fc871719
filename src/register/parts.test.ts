import { expect, test } from 'vitest';
import {
  consistencyProof,
  hashLeaf,
  inclusionProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import { StoredParts } from './parts.ts';

const leaves = Array.from({ length: 9000 }, (_, n) => hashLeaf(Uint8Array.of(n & 255, n >> 8)));

function stored(upTo = leaves.length) {
  let read = 0;
  const parts = new StoredParts(async (from, count) => {
    read += count;
    return leaves.slice(0, upTo).slice(Number(from), Number(from) + count);
  });
  return { parts, read: () => read };
}

test('the proof is the one of the whole tree, from every size to every size', async () => {
  const { parts } = stored();
  const sizes = [
    1, 2, 3, 255, 256, 257, 1023, 1024, 1025, 2047, 2048, 4095, 4096, 4100, 6143, 8191, 8192, 9000,
  ];
  for (const [nth, size] of sizes.entries())
    for (const old of sizes.slice(0, nth + 1)) {
      const proof = await parts.consistencyProof(BigInt(old), BigInt(size));
      expect(proof, `${old} to ${size}`).toEqual(consistencyProof(leaves.slice(0, size), old));
      const roots = { root1: rootOf(leaves.slice(0, old)), root2: rootOf(leaves.slice(0, size)) };
      expect(verifyConsistency({ size1: BigInt(old), size2: BigInt(size), ...roots, proof })).toBe(true);
    }
  expect(await parts.consistencyProof(0n, 9000n)).toEqual([]);
});

test('what was read of a large tree once is not read again', async () => {
  const { parts, read } = stored();
  await parts.consistencyProof(8999n, 9000n);
  const first = read();
  expect(first).toBeGreaterThan(8000);
  await parts.consistencyProof(8999n, 9000n);
  expect(read() - first).toBeLessThan(2048);
});

test('the proof that a leaf is in it is the one of the whole tree, and verifies', async () => {
  const { parts, read } = stored();
  for (const size of [1, 2, 3, 1023, 1024, 1025, 4100, 9000])
    for (const index of [0, 1, 511, 1024, 4099, 8999].filter((each) => each < size)) {
      const proof = await parts.inclusionProof(BigInt(index), BigInt(size));
      expect(proof, `${index} of ${size}`).toEqual(inclusionProof(leaves.slice(0, size), index));
      const [leaf, root] = [leaves[index] ?? new Uint8Array(), rootOf(leaves.slice(0, size))];
      expect(verifyInclusion({ index: BigInt(index), size: BigInt(size), leaf, root, proof })).toBe(true);
    }
  const before = read();
  await parts.inclusionProof(17n, 9000n);
  expect(read() - before, 'read anew').toBeLessThan(3000);
});
