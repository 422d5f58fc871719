/** A harmless leak, packed in one of the ways in which real ones are, to be found like any other. */
import { randomInt } from 'node:crypto';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { HABITS } from './habits.ts';
import { type Mark, newMark } from './mark.ts';

export type Rehearsal = {
  readonly mark: Mark;
  readonly site: 'slot' | 'desk';
  readonly path: string;
  readonly packing: string;
  readonly bytes: Uint8Array;
};

const PACKINGS: Readonly<Record<string, (text: string) => Uint8Array>> = {
  plain: (text) => Buffer.from(text),
  base64: (text) => Buffer.from(JSON.stringify({ data: Buffer.from(text).toString('base64') })),
  hex: (text) => Buffer.from(`\\x${Buffer.from(text).toString('hex')}`),
  'utf-16': (text) => Buffer.from(text, 'utf16le'),
  entities: (text) => Buffer.from([...text].map((sign) => `&#${sign.charCodeAt(0)};`).join('')),
  gzip: (text) => gzipSync(text),
  zstd: (text) => zstdCompressSync(text),
  zip: zipped,
};

/** One to plant; where and how is left to chance. */
export function newRehearsal(): Rehearsal {
  const mark = newMark();
  const names = Object.keys(PACKINGS);
  const packing = names[randomInt(names.length)] ?? 'plain';
  // Only what is spelt so plainly that it comes back as it was sent.
  const paths = HABITS.filter((path) => /^\/[a-z0-9._/-]+[a-z0-9]$/.test(path));
  const path = paths[randomInt(paths.length)] ?? '/backup.zip';
  const bytes = PACKINGS[packing]?.(`name,reason\nA rehearsal of Watch,${mark}\n`) ?? new Uint8Array();
  return { mark, site: randomInt(2) === 0 ? 'slot' : 'desk', path, packing, bytes };
}

/** A zip of one file, without its directory: APPNOTE.TXT §4.3.7. */
function zipped(text: string): Uint8Array {
  const packed = deflateRawSync(text);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(packed.length, 18);
  head.writeUInt32LE(Buffer.byteLength(text), 22);
  head.writeUInt16LE(5, 26);
  return Buffer.concat([head, Buffer.from('a.csv'), packed]);
}
