import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesOf } from './encoding.ts';
import { open, openStream } from './open.ts';
import { sealedSize, sealStream } from './seal.ts';
import { aPlace, elsewhere, flipped, key, otherKey, refusalOf, streamOf, wholeOf } from './testing.ts';

const place = { ...aPlace, kind: 'attachment' } as const;
const name = { name: 'photo.jpg', type: 'image/jpeg' };

async function sealedWhole(content: Uint8Array): Promise<Uint8Array> {
  return await wholeOf(await sealStream(key.recipient, place, content.length, streamOf(content), name));
}

describe('a sealed stream', () => {
  it.each([0, 1, 65536 - 400, 65536, 65537, 200_000])(
    'of %i bytes comes back whole, in pieces or at once',
    async (size) => {
      const file = Uint8Array.from({ length: size }, (_, index) => (index * 7919) >> 3);
      const sealed = await sealedWhole(file);
      expect(sealed.length).toBe(sealedSize(place, size, name));
      const pieces = Array.from({ length: Math.ceil(sealed.length / 999) }, (_, n) =>
        sealed.subarray(n * 999, n * 999 + 999),
      );
      const opened = await openStream(key.identity, streamOf(...pieces), place);
      expect(opened).toMatchObject({ place, name });
      expect(await wholeOf(opened.content)).toEqual(file);
      expect((await open(key.identity, sealed, place)).content).toEqual(file);
    },
  );

  it('of 25 MB never holds more than a megabyte between source and end', async () => {
    const size = 25_000_000;
    const flow = { in: 0, out: 0, held: 0 };
    const [hashIn, hashOut] = [createHash('sha256'), createHash('sha256')];
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = new Uint8Array(Math.min(50_000, size - flow.in)).fill(flow.in % 251);
        hashIn.update(piece);
        flow.in += piece.length;
        flow.held = Math.max(flow.held, flow.in - flow.out);
        if (piece.length > 0) controller.enqueue(piece);
        else controller.close();
      },
    });
    const sealed = await sealStream(key.recipient, place, size, source, name);
    const opened = await openStream(key.identity, sealed, place);
    for await (const piece of opened.content) {
      hashOut.update(piece);
      flow.out += piece.length;
    }
    expect(flow.out).toBe(size);
    expect(hashOut.digest('hex')).toBe(hashIn.digest('hex'));
    expect(flow.held).toBeLessThan(1_000_000);
  });

  it('stops its source when the reader stops', async () => {
    const stopped = Promise.withResolvers<string>();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
      cancel: () => stopped.resolve('stopped'),
    });
    const sealed = await sealStream(key.recipient, place, 1e9, endless, name);
    await sealed.cancel();
    expect(await stopped.promise).toBe('stopped');
  });

  it.each([9, 11])('refuses content that is not the announced 10 bytes but %i', async (length) => {
    const sealed = await sealStream(key.recipient, place, 10, streamOf(new Uint8Array(length)), name);
    expect(await refusalOf(() => wholeOf(sealed))).toBe('wrong-size');
  });
});

describe('opening a stream', () => {
  const content = new Uint8Array(300_000).fill(9);

  it('refuses another place and another identity before giving any content', async () => {
    const sealed = await sealedWhole(content);
    for (const expected of elsewhere(place)) {
      expect(await refusalOf(() => openStream(key.identity, streamOf(sealed), expected))).toBe('wrong-place');
    }
    expect(await refusalOf(() => openStream(otherKey.identity, streamOf(sealed), place))).toBe('not-for-you');
  });

  it.each([
    ['at the start', 2000],
    ['in the middle', 150_000],
    ['in the padding', 302_000],
  ])('ends in an error, not in a short file, if a bit is flipped %s', async (_, byte) => {
    const altered = flipped(await sealedWhole(content), byte * 8);
    const found = await refusalOf(async () => {
      const opened = await openStream(key.identity, streamOf(altered), place);
      await wholeOf(opened.content);
    });
    expect(found).toBe('damaged');
  });

  it('ends in an error if it is cut off, even at the border of a chunk', async () => {
    const sealed = await sealedWhole(content);
    for (const length of [100, 1700, 1643 + 65552, 1643 + 2 * 65552, sealed.length - 1]) {
      const found = await refusalOf(async () => {
        const opened = await openStream(key.identity, streamOf(sealed.subarray(0, length)), place);
        await wholeOf(opened.content);
      });
      expect(found).toBe('damaged');
    }
  });

  it('tells a broken connection from a damaged file', async () => {
    const sealed = await sealedWhole(content);
    let pulls = 0;
    const breaking = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        if (pulls > 2) throw new TypeError('network error');
        controller.enqueue(sealed.subarray((pulls - 1) * 100_000, pulls * 100_000));
      },
    });
    const found = await refusalOf(async () => {
      const opened = await openStream(key.identity, breaking, place);
      await wholeOf(opened.content);
    });
    expect(found).toBe('interrupted');
  });

  it('refuses what is no sealed object', async () => {
    const found = await refusalOf(() => openStream(key.identity, streamOf(bytesOf('a plain file')), place));
    expect(found).toBe('damaged');
  });
});
