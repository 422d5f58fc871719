import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newId, organisationId } from './place.ts';
import { combineShares, keyTag, parseShare, shareText, splitIdentity } from './shares.ts';
import { aPlace, key, otherKey, refusalOf } from './testing.ts';

const organisation = aPlace.organisation;
const shares = await splitIdentity(key.identity, organisation, { k: 3, n: 5 });
const [first, second, third, fourth] = shares;

describe('recovery shares', () => {
  it('rebuild the key, any k of n in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(shares, { minLength: 3 }), async (some) => {
        expect(await combineShares(some)).toEqual(key);
      }),
      { numRuns: 12 },
    );
  });

  it('work from 2 of 2 to 20 of 40', async () => {
    for (const [k, n] of [
      [2, 2],
      [2, 3],
      [20, 40],
    ] as const) {
      const many = await splitIdentity(key.identity, organisation, { k, n });
      expect(many.map((share) => share.number)).toEqual(Array.from({ length: n }, (_, index) => index + 1));
      expect((await combineShares(many.slice(n - k))).identity).toBe(key.identity);
    }
  });

  it('are refused when too few, twice the same, or of different splittings', async () => {
    const again = await splitIdentity(key.identity, organisation, { k: 3, n: 5 });
    const others = await splitIdentity(key.identity, organisationId(newId()), { k: 3, n: 5 });
    expect(await refusalOf(() => combineShares([]))).toBe('too-few-shares');
    expect(await refusalOf(() => combineShares(shares.slice(0, 2)))).toBe('too-few-shares');
    expect(await refusalOf(() => combineShares([...shares.slice(0, 2), ...shares.slice(0, 1)]))).toBe(
      'same-share',
    );
    expect(await refusalOf(() => combineShares([...shares.slice(0, 2), ...again.slice(2)]))).toBe(
      'mixed-shares',
    );
    expect(await refusalOf(() => combineShares([...shares.slice(0, 2), ...others.slice(2)]))).toBe(
      'mixed-shares',
    );
  });

  it('are refused when together they give another key than the one they name', async () => {
    const wrong = shares.slice(0, 3).map((share) => ({ ...share, key: keyTag(otherKey.recipient) }));
    expect(await refusalOf(() => combineShares(wrong))).toBe('wrong-shares');
    const again = await splitIdentity(otherKey.identity, organisation, { k: 3, n: 5 });
    const forged = shares.slice(0, 3).map((share, index) => ({ ...share, data: again[index]?.data ?? '' }));
    expect(await refusalOf(() => combineShares(forged))).toBe('wrong-shares');
  });

  it('cannot be made of impossible numbers', async () => {
    for (const [k, n] of [
      [1, 3],
      [4, 3],
      [2, 256],
      [2.5, 3],
    ] as const) {
      expect(await refusalOf(() => splitIdentity(key.identity, organisation, { k, n }))).toBe('bad-share');
    }
  });
});

describe('a printed share', () => {
  it('says what it is', () => {
    if (second === undefined) throw new Error('no share');
    expect(shareText(second)).toMatch(
      /^Letterbox recovery share 2 of 5\nAny 3 rebuild the key\nOrganisation [0-9a-f-]{36}\nSet .{9}\nKey .{9}\nData (.{4} ){13}.\nCheck .{9}\n$/,
    );
  });

  it('is read back however it was typed', () => {
    const loosen = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toLowerCase(),
      (text) => text.toUpperCase(),
      (text) => text.replace(/\s+/g, ''),
      (text) => text.replace(/\n/g, '\r\n\r\n  '),
      (text) => text.replace(/ /g, ' - '),
      (text) => text.replace(/^(Data.*)$/m, (line) => line.replace(/0/g, 'O').replace(/1/g, 'l')),
    );
    fc.assert(
      fc.property(fc.constantFrom(...shares), loosen, loosen, (share, one, two) => {
        expect(parseShare(two(one(shareText(share))))).toEqual(share);
      }),
    );
  });

  it('is refused with any one symbol mistyped', async () => {
    if (third === undefined) throw new Error('no share');
    const text = shareText(third);
    for (let at = text.indexOf('Set'); at < text.length; at += 1) {
      const symbol = text.slice(at, at + 1);
      if (!/[0-9A-Z]/.test(symbol)) continue;
      const mistyped = text.slice(0, at) + (symbol === '7' ? '8' : '7') + text.slice(at + 1);
      expect(await refusalOf(() => parseShare(mistyped))).toBe('bad-share');
    }
    const renumbered = text.replace('share 3', 'share 4');
    expect(await refusalOf(() => parseShare(renumbered))).toBe('bad-share');
  });

  it('is refused with a line missing, or where there is none', async () => {
    if (fourth === undefined || first === undefined) throw new Error('no share');
    const lines = shareText(fourth).trim().split('\n');
    for (const missing of lines) {
      const rest = lines.filter((line) => line !== missing).join('\n');
      expect(await refusalOf(() => parseShare(rest))).toBe('bad-share');
    }
    expect(await refusalOf(() => parseShare(''))).toBe('bad-share');
    expect(await refusalOf(() => parseShare(shareText(first) + shareText(fourth)))).toBe('bad-share');
  });
});
