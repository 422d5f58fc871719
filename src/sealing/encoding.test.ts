import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  canonicalJson,
  fromBase64url,
  fromHex,
  jsonOf,
  textOf,
  toBase64url,
  toHex,
} from './encoding.ts';
import { refusalOf } from './testing.ts';

describe('bytes as text', () => {
  it('come back from base64url and hex, as Node writes them', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });

  it.each(['AA==', 'A', 'AB', '+A', '/w', ' AA', 'AA\n', 'é'])(
    'are not read from the base64url "%s"',
    (text) => {
      expect(fromBase64url(text)).toBe(null);
    },
  );

  it.each(['0', 'FF', '0x00', ' 00', 'zz'])('are not read from the hex "%s"', (text) => {
    expect(fromHex(text)).toBe(null);
  });

  it('are a text where they are UTF-8, and null where not', () => {
    expect(textOf(bytesOf('\ufeffgrüße'))).toBe('\ufeffgrüße');
    expect(textOf(Uint8Array.of(0xc3, 0x28))).toBe(null);
    expect(jsonOf(bytesOf('{"a":1}'))).toEqual({ a: 1 });
    expect(jsonOf(bytesOf('{'))).toBe(null);
    expect(jsonOf(Uint8Array.of(0xff))).toBe(null);
  });
});

describe('canonical JSON', () => {
  it('is JSON of the same value, whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reordered(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('sorts as RFC 8785 §3.2.3 does', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect(canonicalJson(value)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    );
    expect(canonicalJson({ n: [1e30, 4.5, 2e-3, 1e-27, -0], gone: undefined })).toBe(
      '{"n":[1e+30,4.5,0.002,1e-27,0]}',
    );
  });

  it('refuses what JSON cannot say', async () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const bad of [Number.NaN, () => 1, new Date(), 1n, undefined, [undefined], new Map(), cycle]) {
      expect(await refusalOf(() => canonicalJson(bad))).toBe('not-json');
    }
  });
});

function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, one]) => [key, reordered(one)] as const)
      .reverse(),
  );
}
