import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { bytesOf, fromHex } from './encoding.ts';
import {
  fingerprint,
  fingerprintWords,
  identityFromSecret,
  identityFromSeed,
  parseIdentity,
  parseRecipient,
  recipientOf,
  seedOf,
} from './keys.ts';
import { parseVerifyKey, sha256Hex } from './signature.ts';
import { key, otherKey, refusalOf } from './testing.ts';
import { fingerprintList } from './words.ts';

const secret = Uint8Array.from({ length: 32 }, (_, index) => index);

describe('a key', () => {
  it('is hybrid, and its recipient follows from its identity', async () => {
    expect(key.identity).toMatch(/^AGE-SECRET-KEY-PQ-1[02-9AC-HJ-NP-Z]{58}$/);
    expect(key.recipient).toMatch(/^age1pq1/);
    expect(await recipientOf(key.identity)).toBe(key.recipient);
    expect(identityFromSeed(seedOf(key.identity))).toBe(key.identity);
  });

  it('is read back in its one spelling, and no other kind of key is', async () => {
    const x25519 = await generateX25519Identity();
    expect(parseIdentity(key.identity)).toBe(key.identity);
    expect(parseRecipient(key.recipient)).toBe(key.recipient);
    expect(await refusalOf(() => parseIdentity(x25519))).toBe('not-hybrid');
    expect(await refusalOf(async () => parseRecipient(await identityToRecipient(x25519)))).toBe('not-hybrid');
    expect(await refusalOf(() => parseIdentity(key.identity.toLowerCase()))).toBe('not-hybrid');
    expect(await refusalOf(() => parseIdentity(`${key.identity} `))).toBe('bad-key');
    expect(await refusalOf(() => parseIdentity(swapped(key.identity)))).toBe('bad-key');
    expect(await refusalOf(() => parseRecipient(swapped(key.recipient)))).toBe('bad-key');
    expect(await refusalOf(() => parseRecipient(`age1pq1${key.identity.slice(19).toLowerCase()}`))).toBe(
      'bad-key',
    );
  });

  it('from a secret is always the same, and another for each label and secret', async () => {
    const identity = await identityFromSecret(secret, 'unlock');
    expect(identity).toBe('AGE-SECRET-KEY-PQ-1T8L24Y3HVMFAE92DGK99LH0SYMWCU7KRWTW7ZXQDETDQ23P87LXQD0GMF3');
    expect(await sha256Hex(await recipientOf(identity))).toBe(
      '55844380d694e47d78180a14a545b7c8a255879b6d3f5e136308a7ab66ac5aa2',
    );
    expect(await identityFromSecret(secret, 'receipt')).not.toBe(identity);
    expect(await identityFromSecret(secret.subarray(1), 'unlock')).not.toBe(identity);
  });
});

describe('a fingerprint', () => {
  const verifyKey = parseVerifyKey('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo');

  it('changes with either key', () => {
    const print = fingerprint(key.recipient, verifyKey);
    expect(fromHex(print)?.length).toBe(32);
    expect(fingerprint(key.recipient, verifyKey)).toBe(print);
    expect(fingerprint(otherKey.recipient, verifyKey)).not.toBe(print);
    expect(
      fingerprint(key.recipient, parseVerifyKey('PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw')),
    ).not.toBe(print);
  });

  it('is read out as eight words, always the same', () => {
    expect(fingerprintWords('0'.repeat(64)).join(' ')).toBe(
      'carpet pepper doorbell hotel judge rainbow admire cousin',
    );
    expect(fingerprintWords('1'.repeat(64))).not.toEqual(fingerprintWords('0'.repeat(64)));
  });

  it('has 256 words to draw from, all different in their first four letters, and the list never changes', async () => {
    expect(fingerprintList.length).toBe(256);
    expect(new Set(fingerprintList.map((word) => word.slice(0, 4))).size).toBe(256);
    expect(fingerprintList.every((word) => /^[a-z]{3,9}$/.test(word))).toBe(true);
    expect(await sha256Hex(bytesOf(fingerprintList.join('\n')))).toBe(
      'e0b3a53c0e9e29122fb0f3dfff9516af321720d833874635336be47acf68a615',
    );
  });
});

function swapped(text: string): string {
  return text.replace(/(.)(.)(?=.{10}$)/, (_, a: string, b: string) =>
    a === b ? `${a === 'q' || a === 'Q' ? 'P' : 'Q'}${b}` : b + a,
  );
}
