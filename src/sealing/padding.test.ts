import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paddedLength } from './padding.ts';
import { placeKinds } from './place.ts';

const kinds = fc.constantFrom(...placeKinds);
const lengths = fc.oneof(fc.nat(70_000), fc.nat(2 ** 31 - 1), fc.integer({ min: 0, max: 2 ** 45 }));

describe('the padding law', () => {
  it('never shortens, and never shrinks as content grows', () => {
    fc.assert(
      fc.property(kinds, lengths, lengths, (kind, a, b) => {
        const [shorter, longer] = a < b ? [a, b] : [b, a];
        expect(paddedLength(kind, shorter)).toBeGreaterThanOrEqual(shorter);
        expect(paddedLength(kind, shorter)).toBeLessThanOrEqual(paddedLength(kind, longer));
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves a padded length as it is, so that a padded object can be told from its length', () => {
    fc.assert(
      fc.property(kinds, lengths, (kind, length) => {
        const padded = paddedLength(kind, length);
        expect(paddedLength(kind, padded)).toBe(padded);
      }),
      { numRuns: 2000 },
    );
  });

  it('adds under 3.2 % above 64 KiB', () => {
    fc.assert(
      fc.property(fc.integer({ min: 65_537, max: 2 ** 45 }), (length) => {
        expect(paddedLength('attachment', length) / length).toBeLessThan(1.032);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['answers', 0, 4096],
    ['answers', 4096, 4096],
    ['answers', 4097, 8192],
    ['summary', 0, 512],
    ['summary', 512, 512],
    ['summary', 513, 1024],
    ['attachment', 65_536, 65_536],
    ['attachment', 65_537, 67_584],
    ['attachment', 25_000_000, 25_165_824],
  ] as const)('pads %s of %i bytes to %i', (kind, length, padded) => {
    expect(paddedLength(kind, length)).toBe(padded);
  });

  it('tells one of five lengths of answers up to 64 KiB, and under 300 of files up to 25 MiB', () => {
    const seen = (kind: 'answers' | 'attachment', from: number, to: number) => {
      const found = new Set<number>();
      for (let length = from; length <= to; length = paddedLength(kind, length) + 1)
        found.add(paddedLength(kind, length));
      return found.size;
    };
    expect(seen('answers', 0, 65_536)).toBe(5);
    expect(seen('attachment', 65_537, 25 * 2 ** 20)).toBeLessThan(300);
  });
});
