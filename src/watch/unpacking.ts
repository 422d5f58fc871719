/** What lies inside what: compressed streams and archives, found wherever they begin, whatever the answer calls itself. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';

export type Unpacked = { readonly how: string; readonly bytes: Buffer };
export type Unpacking = { readonly found: Unpacked[]; readonly unread: string[] };

/** No more beginnings than these are tried in one buffer: most are none. A zip's are, and there can be many. */
const MOST = 500;
const MOST_IN_ZIP = 50_000;

/** Everything compressed inside these bytes, to `room` bytes each. What is too large or locked is named in `unread`. */
export function unpackings(bytes: Buffer, room: number): Unpacking {
  const found: Unpacked[] = [];
  const unread: string[] = [];
  const attempt = (how: string, work: () => Buffer): void => {
    const done = tried(work);
    if (Buffer.isBuffer(done)) found.push({ how, bytes: done });
    else if (done === 'too large') unread.push(`${how}: it unpacks to more than is looked at`);
  };
  for (const at of beginnings(bytes, GZIP))
    attempt('gzip', () => inflateRawSync(gzipContent(bytes.subarray(at)), to(room)));
  for (const at of beginnings(bytes, ZSTD))
    attempt('zstd', () => zstdDecompressSync(bytes.subarray(at), to(room)));
  for (const at of zlibBeginnings(bytes)) attempt('zlib', () => inflateSync(bytes.subarray(at), to(room)));
  for (const entry of zipEntries(bytes)) {
    found.push({ how: 'name in zip', bytes: Buffer.from(entry.name, 'latin1') });
    if (entry.locked) unread.push(`zip: ${entry.name.slice(0, 60)} has a password`);
    else if (entry.method === 8)
      attempt(`zip ${entry.name.slice(0, 60)}`, () => inflateRawSync(bytes.subarray(entry.at), to(room)));
    else if (entry.method === 93)
      attempt(`zip ${entry.name.slice(0, 60)}`, () => zstdDecompressSync(bytes.subarray(entry.at), to(room)));
    else if (entry.method !== 0)
      unread.push(`zip: ${entry.name.slice(0, 60)} is packed in a way that is not known`);
  }
  return { found, unread };
}

/** What follows the header of a gzip member (RFC 1952 §2.3). Not by `gunzip`, which refuses a member with anything behind it. */
function gzipContent(bytes: Buffer): Buffer {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const text of [8, 16]) if (flags & text) at = bytes.indexOf(0, at) + 1 || bytes.length;
  return bytes.subarray(flags & 2 ? at + 2 : at);
}

const CODINGS = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  deflate: (bytes: Buffer, how: { maxOutputLength: number }) => {
    const wrapped = tried(() => inflateSync(bytes, how));
    return Buffer.isBuffer(wrapped) ? wrapped : inflateRawSync(bytes, how);
  },
} as const;

/** An answer's body without its `Content-Encoding` (RFC 9110 §8.4), or why it cannot be had. */
export function decodedBody(bytes: Buffer, encoding: string, room: number): Buffer | string {
  let body = bytes;
  for (const name of encoding
    .toLowerCase()
    .split(',')
    .map((each) => each.trim())
    .reverse()) {
    if (name === '' || name === 'identity') continue;
    const coding = Object.entries(CODINGS).find(([each]) => each === name)?.[1];
    if (!coding) return `content coding ${name.slice(0, 20)}: not known`;
    const done = tried(() => coding(body, to(room)));
    if (!Buffer.isBuffer(done))
      return `content coding ${name}: ${done === 'too large' ? 'more than is looked at' : 'broken'}`;
    body = done;
  }
  return body;
}

const to = (room: number) => ({ maxOutputLength: Math.max(1, room) });
const coded = z.object({ code: z.string() });

function tried(work: () => Buffer): Buffer | 'too large' | 'nothing' {
  try {
    const done = work();
    return done.length === 0 ? 'nothing' : done;
  } catch (error) {
    return coded.safeParse(error).data?.code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'nothing';
  }
}

const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const ZIP = Buffer.from('PK\x03\x04', 'latin1');

/** Whether something packed may begin in these bytes. */
export function isPacked(bytes: Buffer): boolean {
  return [GZIP, ZSTD, ZIP].some((magic) => bytes.includes(magic)) || zlibBeginnings(bytes).length > 0;
}

function beginnings(bytes: Buffer, magic: Buffer, most = MOST): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(magic); at !== -1 && found.length < most; at = bytes.indexOf(magic, at + 1))
    found.push(at);
  return found;
}

/** A zlib stream says its window and a check (RFC 1950 §2.2). */
function zlibBeginnings(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(0x78); at !== -1 && found.length < MOST; at = bytes.indexOf(0x78, at + 1)) {
    const flags = bytes[at + 1] ?? 0;
    if ((0x78 * 256 + flags) % 31 === 0 && (flags & 0x20) === 0) found.push(at);
  }
  return found;
}

type ZipEntry = {
  readonly name: string;
  readonly method: number;
  readonly locked: boolean;
  readonly at: number;
};

/** By their local headers (APPNOTE.TXT §4.3.7), so that a broken or hidden directory changes nothing. */
function zipEntries(bytes: Buffer): ZipEntry[] {
  return beginnings(bytes, ZIP, MOST_IN_ZIP).flatMap((start) => {
    if (start + 30 > bytes.length) return [];
    const names = start + 30 + bytes.readUInt16LE(start + 26);
    const at = names + bytes.readUInt16LE(start + 28);
    const name = bytes.toString('latin1', start + 30, names);
    const locked = (bytes.readUInt16LE(start + 6) & 1) === 1;
    return [{ name, method: bytes.readUInt16LE(start + 8), locked, at }];
  });
}
