import { generateIdentity as generateAgeDefault, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from './encoding.ts';
import { generateIdentity, type Recipient } from './keys.ts';
import { open, openEnvelope, openJson } from './open.ts';
import { headerLength, parseSealed, seal, sealEnvelope, sealedSize, sealJson, startsSealed } from './seal.ts';
import { anyPlace, aPlace, elsewhere, flipped, key, otherKey, refusalOf } from './testing.ts';

const anyName = fc.record({
  name: fc
    .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
    .filter((name) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)),
  type: fc.constantFrom('', 'image/jpeg', 'application/pdf'),
});

describe('sealing and opening', () => {
  it('gives back place, content and name, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyPlace,
        fc.uint8Array({ maxLength: 9000 }),
        fc.option(anyName),
        async (place, content, name) => {
          const sealed = await seal(key.recipient, place, content, name ?? undefined);
          const { at: _, ...expected } = place;
          const opened = await open(key.identity, sealed, expected);
          expect(opened).toEqual({ place, content, ...(name === null ? {} : { name }) });
          expect(sealed.length).toBe(sealedSize(place, content.length, name ?? undefined));
          expect(parseSealed(sealed)).toEqual(sealed);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('makes another file each time from the same content', async () => {
    const [one, two] = [await sealJson(key.recipient, aPlace, 1), await sealJson(key.recipient, aPlace, 1)];
    expect(one).not.toEqual(two);
  });

  it('gives the same length to all answers of usual size', async () => {
    const short = await sealJson(key.recipient, aPlace, { what: 'x' });
    const long = await sealJson(key.recipient, aPlace, { what: 'x'.repeat(3500) });
    expect(long.length).toBe(short.length);
  });

  it('carries a key in an envelope, and nothing but a key comes out of one', async () => {
    const place = { ...aPlace, kind: 'case-key' } as const;
    const envelope = await sealEnvelope(key.recipient, place, otherKey.identity);
    expect(await openEnvelope(key.identity, envelope, place)).toBe(otherKey.identity);
    const letter = await seal(key.recipient, place, bytesOf('no key at all'));
    expect(await refusalOf(() => openEnvelope(key.identity, letter, place))).toBe('damaged');
  });

  it('tells content that is no JSON from the JSON null', async () => {
    expect(await openJson(key.identity, await sealJson(key.recipient, aPlace, null), aPlace)).toBe(null);
    const letter = await seal(key.recipient, aPlace, bytesOf('{'));
    expect(await refusalOf(() => openJson(key.identity, letter, aPlace))).toBe('damaged');
  });
});

describe('an object found in another place', () => {
  const fields = ['organisation', 'form', 'version', 'generation', 'case', 'object', 'person', 'kind'];

  it.each(fields.map((field, index) => [field, index] as const))(
    'is refused if the %s differs',
    async (_, index) => {
      const sealed = await seal(key.recipient, aPlace, bytesOf('content'));
      expect(await refusalOf(() => open(key.identity, sealed, aPlace))).toBe('no refusal');
      const expected = elsewhere(aPlace)[index] ?? aPlace;
      expect(await refusalOf(() => open(key.identity, sealed, expected))).toBe('wrong-place');
    },
  );

  it('is not refused for the time at which it was sealed', async () => {
    const sealed = await seal(key.recipient, aPlace, bytesOf('content'));
    const later = { ...aPlace, at: '2030-01-01T00:00:00.000Z' };
    expect((await open(key.identity, sealed, later)).place.at).toBe(aPlace.at);
  });
});

describe('an object that is not as it was sealed', () => {
  it('is not for another identity', async () => {
    const sealed = await seal(key.recipient, aPlace, bytesOf('content'));
    expect(await refusalOf(() => open(otherKey.identity, sealed, aPlace))).toBe('not-for-you');
  });

  it('is refused whichever bit is flipped', async () => {
    const sealed = await seal(key.recipient, { ...aPlace, kind: 'note' }, bytesOf('content'));
    const stanza = { from: 22 * 8, to: (headerLength - 48) * 8 };
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
        const found = await refusalOf(() =>
          open(key.identity, flipped(sealed, bit), { ...aPlace, kind: 'note' }),
        );
        const inStanza = bit >= stanza.from && bit < stanza.to;
        expect(inStanza ? ['damaged', 'not-for-you'] : ['damaged']).toContain(found);
      }),
      { numRuns: 60, examples: [[0], [stanza.from - 1], [stanza.to], [sealed.length * 8 - 1]] },
    );
  });

  it('is refused cut short or drawn out anywhere', async () => {
    const sealed = await seal(key.recipient, aPlace, bytesOf('content'));
    for (const length of [0, 10, 22, headerLength, headerLength + 16, headerLength + 32, sealed.length - 1]) {
      expect(await refusalOf(() => open(key.identity, sealed.subarray(0, length), aPlace))).toBe('damaged');
    }
    const longer = Uint8Array.of(...sealed, 0);
    expect(await refusalOf(() => open(key.identity, longer, aPlace))).toBe('damaged');
  });
});

describe('what may be sealed to', () => {
  it('is a hybrid recipient and no other kind', async () => {
    const x25519 = await identityToRecipient(await generateAgeDefault());
    const refused: [string, string][] = [
      [x25519, 'not-hybrid'],
      ['age1tag1qwe0kqzv6dnrtp8nvr0sw6ckp64cqsjg0tyzd9rezxs4qg7vzjlpqxs0vzp', 'not-hybrid'],
      ['a passphrase', 'not-hybrid'],
      [key.recipient.toUpperCase(), 'not-hybrid'],
      [`${key.recipient.slice(0, -1)}${key.recipient.endsWith('q') ? 'p' : 'q'}`, 'bad-key'],
      ['age1pq1', 'bad-key'],
    ];
    for (const [text, code] of refused) {
      const disguised: Recipient = JSON.parse(JSON.stringify(text));
      expect(await refusalOf(() => seal(disguised, aPlace, bytesOf('content')))).toBe(code);
    }
  });

  it('is a well-formed place and name', async () => {
    const content = bytesOf('content');
    const place = { ...aPlace, at: 'yesterday' };
    expect(await refusalOf(() => seal(key.recipient, place, content))).toBe('bad-place');
    for (const name of ['', 'x'.repeat(256), 'line\nbreak', 'nul\0']) {
      expect(await refusalOf(() => seal(key.recipient, aPlace, content, { name, type: '' }))).toBe(
        'bad-name',
      );
    }
  });
});

describe('the shape of a sealed object', () => {
  it('is seen without opening it, in the whole and in its first piece', async () => {
    const sealed = await seal((await generateIdentity()).recipient, aPlace, bytesOf('content'));
    expect(startsSealed(sealed.subarray(0, 3000))).toBe(true);
    expect(parseSealed(sealed.subarray(0, sealed.length - 1))).toBe(null);
    expect(parseSealed(bytesOf('{"what":"plain answers"}'.padEnd(sealed.length)))).toBe(null);
    expect(startsSealed(bytesOf('%PDF-1.7'.padEnd(3000)))).toBe(false);
  });
});
