import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCheckpoint } from './checkpoint.ts';
import { cosign, cosignatureOf, cosignerText, parseCosigner } from './cosignature.ts';
import { hashLeaf, rootOf, sameHash } from './merkle.ts';
import { openNote, parseVerifier, publicKey, signNote, verifierText } from './note.ts';
import { decodeBundle, encodeBundle, hashTiles, tilePath } from './tile.ts';

const seed = new Uint8Array(32).fill(7);
const name = 'letterbox/test/log';
const verifier = async () => parseVerifier(verifierText(name, await publicKey(seed)));

test('a signed note opens with its verifier key, and not after any change of one byte', async () => {
  const note = await signNote('a text\nof two lines\n', name, seed);
  expect(await openNote(note, await verifier())).toBe('a text\nof two lines\n');
  const bytes = new TextEncoder().encode(note);
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = new TextDecoder().decode(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)));
    await expect(openNote(altered, await verifier()), `byte ${at}`).rejects.toThrow();
  }
});

test('a note that somebody else signed under the same name does not open', async () => {
  const forged = await signNote('a text\n', name, new Uint8Array(32).fill(8));
  await expect(openNote(forged, await verifier())).rejects.toThrow('not signed by');
});

test.each([
  '',
  'origin\n1\n',
  'origin\n01\nAAAA\n',
  `origin\n-1\n${'A'.repeat(43)}=\n`,
  `origin\n1\n${'A'.repeat(43)}=`,
  `origin\n1\n${'A'.repeat(42)}B=\n`,
  `origin\n1\n${'A'.repeat(43)}=\n\n`,
  `origin\n9223372036854775808\n${'A'.repeat(43)}=\n`,
])('what is not exactly a checkpoint is refused: %j', (text) => {
  expect(() => parseCheckpoint(text)).toThrow('not a checkpoint');
});

test('tiles have the paths of C2SP tlog-tiles', () => {
  expect(tilePath(0, 0, 15)).toBe('tile/0/000.p/15');
  expect(tilePath(1, 1234067)).toBe('tile/1/x001/x234/067');
  expect(tilePath('entries', 1234)).toBe('tile/entries/x001/234');
});

test('a bundle gives back its entries, and is refused when it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 20 }), (entries) => {
      const bytes = encodeBundle(entries);
      expect(decodeBundle(bytes).map((entry) => [...entry])).toEqual(entries.map((entry) => [...entry]));
      expect(() => decodeBundle(bytes.slice(0, -1))).toThrow();
    }),
  );
});

const tessera = join(import.meta.dirname, '../../../shared/data/vectors/tessera-log/log');
test.skipIf(!existsSync(tessera))(
  'a log made by Tessera has the tiles and roots that ours computes (needs ../shared/data)',
  () => {
    const bundles = join(tessera, 'tile/entries/000.p');
    for (const width of readdirSync(bundles)) {
      const leaves = decodeBundle(readFileSync(join(bundles, width))).map(hashLeaf);
      const { size, root } = parseCheckpoint(
        `${readFileSync(join(tessera, `checkpoint.${width}`), 'utf8').split('\n\n')[0]}\n`,
      );
      expect(size).toBe(BigInt(leaves.length));
      expect(sameHash(rootOf(leaves), root)).toBe(true);
      const [tile] = hashTiles(leaves);
      const stored = join(tessera, tile?.path ?? '');
      if (existsSync(stored))
        expect(sameHash(readFileSync(stored), tile?.bytes ?? new Uint8Array())).toBe(true);
    }
  },
);

describe('a cosignature', async () => {
  const witness = { name: 'witness.example.org', seed: new Uint8Array(32).fill(9) };
  const of = parseCosigner(await cosignerText(witness));
  const text = `${name}\n5\n${'A'.repeat(43)}=\n`;
  const at = new Date('2026-11-26T09:00:00.500Z');
  const cosigned = async () => (await signNote(text, name, seed)) + (await cosign(text, witness, at));

  test('stands in the note beside the log’s own signature, with its second', async () => {
    const note = await cosigned();
    expect(await openNote(note, await verifier())).toBe(text);
    expect((await cosignatureOf(note, of))?.at).toEqual(new Date('2026-11-26T09:00:00Z'));
    expect(await cosignatureOf(await signNote(text, name, seed), of)).toBeNull();
  });

  test('of which any byte was changed does not count, and spoils the note where it is still its witness’s', async () => {
    const own = new TextEncoder().encode(await cosign(text, witness, at)).length;
    const note = new TextEncoder().encode(await cosigned());
    for (let index = note.length - own; index < note.length; index += 1) {
      const altered = new TextDecoder().decode(note.map((byte, at) => (at === index ? byte ^ 1 : byte)));
      const counts = await cosignatureOf(altered, of).catch(() => null);
      expect(counts, `byte ${index}`).toBeNull();
    }
  });

  test('is no signature of a log, and a log’s is no cosignature', async () => {
    expect(() => parseCosigner(verifierText(name, of.key))).toThrow('not a verifier key of a witness');
    await expect(cosignerText(witness).then((key) => parseVerifier(key))).rejects.toThrow('note signer');
  });
});
