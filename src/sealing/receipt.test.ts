import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recipientOf } from './keys.ts';
import { caseId } from './place.ts';
import {
  authenticatorHash,
  newReceiptCode,
  parseReceiptCode,
  receiptAuthenticator,
  receiptIdentity,
  referenceOf,
} from './receipt.ts';
import { sha256Hex } from './signature.ts';

const symbols = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const anyCode = fc.array(fc.constantFrom(...symbols), { minLength: 24, maxLength: 24 }).map((list) => {
  return list.join('').replace(/(.{4})(?=.)/g, '$1-');
});

describe('a receipt code', () => {
  it('is six groups of four, another each time', () => {
    const codes = Array.from({ length: 50 }, newReceiptCode);
    expect(new Set(codes).size).toBe(50);
    for (const code of codes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
  });

  it('is understood however it was typed', () => {
    const anyGap = fc.constantFrom('', ' ', '-', ' - ', '\n', '–', '\u00a0', '.');
    const sloppy: Record<string, string[]> = { '0': ['0', 'O', 'o'], '1': ['1', 'I', 'i', 'L', 'l'] };
    fc.assert(
      fc.property(anyCode, anyGap, fc.nat(), fc.boolean(), (code, gap, choice, low) => {
        const typed = Array.from(code.replaceAll('-', gap), (symbol) => {
          const ways = sloppy[symbol] ?? [symbol];
          return ways[choice % ways.length];
        }).join('');
        expect(parseReceiptCode(low ? typed.toLowerCase() : typed)).toBe(code);
      }),
    );
  });

  it.each([
    '',
    'hello',
    '7K2M-Q9XD-0RTV-4N8H-WBZ3-6CJ',
    '7K2M-Q9XD-0RTV-4N8H-WBZ3-6CJAA',
    '7K2M-Q9XD-0RTV-4N8H-WBZ3-6CJU',
  ])('is not "%s"', (typed) => expect(parseReceiptCode(typed)).toBe(null));

  it('gives one identity and one authenticator, which have nothing visible in common', async () => {
    const code = parseReceiptCode('7K2M-Q9XD-0RTV-4N8H-WBZ3-6CJA') ?? newReceiptCode();
    const identity = await receiptIdentity(code);
    const authenticator = await receiptAuthenticator(code);
    expect(identity).toBe('AGE-SECRET-KEY-PQ-1WMNSG9GS6DYQL2UC6Y39CY7HGRN53AKA38TX8T3J5P6FF2H9EZYQXEJW90');
    expect(await sha256Hex(await recipientOf(identity))).toBe(
      '77b4d36c7f12846c9aef47e06e78e01249ca060a1eec572cf8ca4ab51a3c088c',
    );
    expect(authenticator).toBe('Fy1d4rcS5GtRMRAPonM9gS4ahFv-u97DFlD17qdrsVQ');
    expect(await authenticatorHash(authenticator)).toBe('mXOE1k247mSybXQFa8-NEjsaHkxsUF-K5fNleiU61Wo');
    expect(await receiptAuthenticator(newReceiptCode())).not.toBe(authenticator);
  });
});

describe('a reference', () => {
  it('follows from the case id alone', async () => {
    expect(await referenceOf(caseId('0190f3c2-0000-7000-8000-000000000001'))).toBe('VMHHC-QTDB8');
    expect(await referenceOf(caseId('0190f3c2-0000-7000-8000-000000000002'))).toMatch(
      /^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/,
    );
  });
});
