/**
 * The public test suite of the age format (C2SP/CCTV), through the library that seals for us, one vector at a time:
 * all that concern native keys, the header and the stream. Passphrases and armour, which we never use, are left out.
 */
import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { Decrypter } from 'age-encryption';
import * as suite from 'cctv-age';
import { describe, expect, it } from 'vitest';
import { parseIdentity } from './keys.ts';
import { open } from './open.ts';
import { aPlace, refusalOf, streamOf } from './testing.ts';

type Vector = { name: string; expect: string; payload: string; identities: string[]; file: Uint8Array };

const vectors = Object.entries(suite).flatMap(([name, bytes]) => vectorOf(name, bytes) ?? []);
const hybrid = vectors.filter((vector) =>
  vector.identities.some((text) => text.startsWith('AGE-SECRET-KEY-PQ-1')),
);

describe('the age format suite', () => {
  it('is there, and has what we rely on', () => {
    expect(vectors.length).toBeGreaterThan(80);
    expect(hybrid.length).toBeGreaterThan(15);
    expect(vectors.filter(({ name }) => name.startsWith('stream_')).length).toBeGreaterThan(20);
    expect(vectors.filter((vector) => vector.expect === 'success').length).toBeGreaterThan(15);
  });

  it.each(vectors)('$name: $expect', async (vector) => {
    const released = createHash('sha256');
    let length = 0;
    let failed = false;
    try {
      const decrypter = new Decrypter();
      for (const identity of vector.identities) decrypter.addIdentity(identity);
      for await (const piece of await decrypter.decrypt(streamOf(vector.file))) {
        released.update(piece);
        length += piece.length;
      }
    } catch {
      failed = true;
    }
    expect(failed).toBe(vector.expect !== 'success');
    // The library gives out a full chunk only when it has seen the next: before an error it may stop short of what
    // the suite allows, at a border between chunks.
    const stoppedShort = failed && length % 65536 === 0;
    if (vector.payload !== '' && !stoppedShort) expect(released.digest('hex')).toBe(vector.payload);
  });
});

describe('our opening, given an age file that is not ours', () => {
  it.each(hybrid)('refuses $name with a code', async (vector) => {
    const identity = vector.identities.find((text) => text.startsWith('AGE-SECRET-KEY-PQ-1')) ?? '';
    const code = await refusalOf(() => open(parseIdentity(identity), vector.file, aPlace));
    expect(code).toBe(vector.expect === 'no match' && code !== 'damaged' ? 'not-for-you' : 'damaged');
  });
});

function vectorOf(name: string, bytes: Uint8Array): Vector | null {
  const end = Buffer.from(bytes).indexOf('\n\n');
  const lines = new TextDecoder().decode(bytes.subarray(0, end)).split('\n');
  const all = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key}: `)).map((line) => line.slice(key.length + 2));
  const identities = all('identity');
  if (all('passphrase').length > 0 || all('armored').length > 0 || identities.length === 0) return null;
  const [expected = '', payload = '', compressed] = [
    all('expect')[0],
    all('payload')[0],
    all('compressed')[0],
  ];
  const body = bytes.subarray(end + 2);
  const file = compressed === 'zlib' ? new Uint8Array(inflateSync(body)) : body;
  return { name, expect: expected, payload, identities, file };
}
