import { createPrivateKey, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, fromBase64url, fromHex, toBase64url } from './encoding.ts';
import {
  generateSigningKey,
  parseSigningKey,
  parseVerifyKey,
  sha256Hex,
  signText,
  verifyKeyOf,
  verifyText,
} from './signature.ts';
import { flipped, refusalOf } from './testing.ts';

const base64urlOfHex = (hex: string): string => toBase64url(fromHex(hex) ?? new Uint8Array(0));

/** RFC 8032 §7.1: TEST 1, 2, 3 and SHA(abc): secret key, public key, message, signature. */
const vectors = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
  [
    '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  ],
] as const;

describe.each(vectors)('RFC 8032 vector %#', (secret, publicKey, message, rfcSignature) => {
  const signingKey = parseSigningKey(base64urlOfHex(secret));
  const verifyKey = parseVerifyKey(base64urlOfHex(publicKey));

  it('has the public key of the RFC', async () => {
    expect(await verifyKeyOf(signingKey)).toBe(verifyKey);
  });

  it('signs the prefix and the text as plain Ed25519 does', async () => {
    const key = createPrivateKey({
      key: { kty: 'OKP', crv: 'Ed25519', d: signingKey, x: verifyKey },
      format: 'jwk',
    });
    const text = `{"kind":"grant","vector":"${message}"}`;
    const expected = toBase64url(sign(null, bytesOf(`letterbox-signed-v1\n${text}`), key));
    expect(await signText(signingKey, text)).toBe(expected);
    expect(await verifyText(verifyKey, text, expected)).toBe(true);
  });

  it("does not pass the RFC's own signature off as one of ours", async () => {
    const text = new TextDecoder().decode(fromHex(message) ?? new Uint8Array(0));
    expect(await verifyText(verifyKey, text, base64urlOfHex(rfcSignature))).toBe(false);
    const raw = await crypto.subtle.importKey(
      'raw',
      fromHex(publicKey) ?? new Uint8Array(0),
      'Ed25519',
      false,
      ['verify'],
    );
    const plain = [
      fromHex(rfcSignature) ?? new Uint8Array(0),
      fromHex(message) ?? new Uint8Array(0),
    ] as const;
    expect(await crypto.subtle.verify('Ed25519', raw, ...plain)).toBe(true);
  });
});

describe('a signature', () => {
  it('holds for exactly the text that was signed, by that key', async () => {
    const [mine, other] = [await generateSigningKey(), await generateSigningKey()];
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (text, another) => {
        const signature = await signText(mine.signingKey, text);
        expect(await verifyText(mine.verifyKey, text, signature)).toBe(true);
        expect(await verifyText(mine.verifyKey, another, signature)).toBe(another === text);
        expect(await verifyText(other.verifyKey, text, signature)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('fails with any bit flipped, and malformed ones fail without an error', async () => {
    const { signingKey, verifyKey } = await generateSigningKey();
    const signature = await signText(signingKey, 'text');
    const bytes = fromBase64url(signature) ?? new Uint8Array(0);
    for (let bit = 0; bit < 512; bit += 37) {
      expect(await verifyText(verifyKey, 'text', toBase64url(flipped(bytes, bit)))).toBe(false);
    }
    for (const bad of ['', `${signature}=`, ` ${signature}`, signature.slice(1), 'é']) {
      expect(await verifyText(verifyKey, 'text', bad)).toBe(false);
      expect(await verifyText(bad, 'text', signature)).toBe(false);
    }
  });

  it('is made with well-formed keys only', async () => {
    expect(await refusalOf(() => parseSigningKey('short'))).toBe('bad-key');
    expect(await refusalOf(() => parseVerifyKey(`${'A'.repeat(43)}=`))).toBe('bad-key');
  });
});

describe('sha256Hex', () => {
  it('hashes a text as its UTF-8 (FIPS 180-4 "abc")', async () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(await sha256Hex('abc')).toBe(abc);
    expect(await sha256Hex(bytesOf('abc'))).toBe(abc);
  });
});
