/** Files that age opens well enough, made by hand, at once and as streams: what opening itself refuses. */
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { bytesOf } from './encoding.ts';
import { open, openStream } from './open.ts';
import { parseSealed } from './seal.ts';
import { aPlace, key, refusalOf, streamOf, wholeOf } from './testing.ts';

const headingOf = (size: number): string => `letterbox/1 ${JSON.stringify({ ...aPlace, size })}`;
const padded = (text: string, filling = '\0'): string => text.padEnd(4096, filling);

async function crafted(plain: string, ...others: string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of [key.recipient, ...others]) encrypter.addRecipient(recipient);
  return await encrypter.encrypt(plain);
}

async function streamed(file: Uint8Array): Promise<Uint8Array> {
  return await wholeOf((await openStream(key.identity, streamOf(file), aPlace)).content);
}

describe('a file made by hand', () => {
  it('opens if it is exactly as the format says', async () => {
    const file = await crafted(padded(`${headingOf(2)}\n12`));
    expect((await open(key.identity, file, aPlace)).content).toEqual(bytesOf('12'));
    expect(await streamed(file)).toEqual(bytesOf('12'));
  });

  it.each([
    ['nothing in it', ''],
    ['no heading', 'just text'],
    ['no line feed', padded(headingOf(2))],
    ['no line feed for long', 'x'.repeat(100_000)],
    ['another version', padded(`${headingOf(2).replace('/1', '/2')}\n12`)],
    ['padding that is not zeros', padded(`${headingOf(2)}\n12`, 'x')],
    ['a last byte that is not zero', `${padded(`${headingOf(2)}\n12`).slice(0, -1)}x`],
    ['too little padding', padded(`${headingOf(2)}\n12`).slice(0, -1)],
    ['too much padding', `${padded(`${headingOf(2)}\n12`)}\0`],
    ['padding for another kind', `${headingOf(2)}\n12`.padEnd(512, '\0')],
    ['less content than announced', padded(`${headingOf(5000)}\n12`)],
    ['a field too many', padded(`${headingOf(2).replace('{', '{"extra":1,')}\n12`)],
    ['a field twice', padded(`${headingOf(2).replace('{', '{"form":"other",')}\n12`)],
    ['white space in the heading', padded(`${headingOf(2).replace(',', ', ')}\n12`)],
    ['a time in another spelling', padded(`${headingOf(2).replace('.000Z', 'Z')}\n12`)],
    ['a size below nothing', padded(`${headingOf(-1)}\n12`)],
    ['a type without a name', padded(`${headingOf(2).replace('}', ',"type":"a/b"}')}\n12`)],
    ['a name with a line break', padded(`${headingOf(2).replace('}', ',"name":"a\\nb","type":""}')}\n12`)],
  ])('is refused with %s', async (_, plain) => {
    const file = await crafted(plain);
    expect(await refusalOf(() => open(key.identity, file, aPlace))).toBe('damaged');
    expect(await refusalOf(() => streamed(file))).toBe('damaged');
  });

  it('is refused if anybody else could open it too', async () => {
    const other = await identityToRecipient(await generateX25519Identity());
    const file = await crafted(padded(`${headingOf(2)}\n12`), other);
    expect(await refusalOf(() => open(key.identity, file, aPlace))).toBe('damaged');
    expect(await refusalOf(() => streamed(file))).toBe('damaged');
    expect(parseSealed(new Uint8Array(file))).toBe(null);
  });
});
