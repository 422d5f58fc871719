/**
 * Looking into one answer: as it is, decoded and unpacked, in each other, until the depth or the room is used up. What
 * could not be looked into is named, never passed over.
 *
 * LIMIT: no pictures are read (a photograph of a letter), and nothing that has a password.
 */
import { createHash } from 'node:crypto';
import { setImmediate as breath } from 'node:timers/promises';
import { decodings, isText, textsIn } from './decoding.ts';
import type { Hit, Needles, Source } from './needles.ts';
import { textOfPdf } from './pdf.ts';
import { decodedBody, type Unpacking, unpackings } from './unpacking.ts';

export type Answer = {
  readonly bytes: Uint8Array;
  /** As they came, the address included where somebody was sent on: a mark in a file name or an address is a leak too. */
  readonly headers: readonly string[];
  readonly contentEncoding?: string;
};

export type Limits = { readonly depth: number; readonly room: number; readonly parts: number };
const LIMITS: Limits = { depth: 4, room: 64 * 1024 * 1024, parts: 100_000 };
const WINDOW = 1024 * 1024;
export const OVERLAP = 64 * 1024;
/** A text and all its readings, each in a few others, come to so many times its length at most. */
const READINGS = 64;

/** `packed`: from the outside in, such as `zip xl/sharedStrings.xml`, `base64`; empty where it stood there plainly. */
export type Found = Hit & { readonly packed: readonly string[] };
export type Searched = { readonly found: readonly Found[]; readonly unread: readonly string[] };

/** Every canary that an answer gives away, each part of it once; red before amber. */
export async function search(answer: Answer, needles: Needles, limits = LIMITS): Promise<Searched> {
  const searching: Searching = {
    needles,
    limits,
    room: limits.room,
    parts: 0,
    found: new Map(),
    seen: new Map(),
    unread: new Set(),
  };
  const heads = Buffer.from(answer.headers.join('\n'), 'latin1');
  await look(searching, heads, ['headers'], 2);
  const body = decodedBody(Buffer.from(answer.bytes), answer.contentEncoding ?? '', limits.room);
  if (typeof body === 'string') {
    searching.unread.add(body);
    await look(searching, Buffer.from(answer.bytes), [], 0);
  } else {
    searching.room += READINGS * body.length;
    await look(searching, body, [], 0);
  }
  const found = [...searching.found.values()].sort((a, b) => b.colour.localeCompare(a.colour));
  return { found, unread: [...searching.unread].slice(0, 20) };
}

const NOTHING: Unpacking = { found: [], unread: [] };

type Searching = {
  readonly needles: Needles;
  readonly limits: Limits;
  room: number;
  parts: number;
  readonly found: Map<string, Found>;
  /** The same text is come by in many ways: it is looked at once, and once more where there were fewer before it. */
  readonly seen: Map<string, number>;
  readonly unread: Set<string>;
};

async function look(
  searching: Searching,
  bytes: Buffer,
  packed: readonly string[],
  depth: number,
  noise = false,
): Promise<void> {
  const { needles, limits, found, unread, seen } = searching;
  const print = createHash('sha256').update(bytes).digest('base64');
  if ((seen.get(print) ?? Number.POSITIVE_INFINITY) <= depth) return;
  seen.set(print, depth);
  searching.room -= bytes.length;
  searching.parts += 1;
  if (searching.room < 0 || searching.parts > limits.parts) {
    unread.add('There is more inside than is looked at.');
    return;
  }
  const text = bytes.toString('latin1');
  for (const hit of needles.find(bytes, text)) {
    const key = `${hit.colour} ${spelt(hit.source)}`;
    if (!found.has(key)) found.set(key, { ...hit, packed });
  }
  if (noise || depth >= limits.depth) return;
  if (text.startsWith('%PDF')) await lookIntoPdf(searching, bytes, packed, depth);
  // A binary file from which signs were taken out is none any more.
  const whole = !['markup', 'spaces', 'UTF-16', 'text'].includes(packed.at(-1) ?? '');
  const { found: inside, unread: locked } = whole ? unpackings(bytes, searching.room) : NOTHING;
  for (const each of locked) unread.add([...packed, each].join(' > '));
  for (const { how, bytes: other } of inside) await look(searching, other, [...packed, how], depth + 1);
  for (const [from, to] of windowsOf(bytes.length)) {
    const part = bytes.subarray(from, to);
    const binary = !isText(part);
    for (const { how, bytes: other, noise } of binary ? textsIn(part) : decodings(part, text.slice(from, to)))
      await look(searching, other, [...packed, how], binary ? depth : depth + 1, noise);
    if (to < bytes.length) await breath();
  }
}

/** Where a long text is cut to be read in other ways; what lies across a cut is whole in one of the two. */
function windowsOf(length: number): (readonly [from: number, to: number])[] {
  const windows: [number, number][] = [];
  for (let from = 0; from === 0 || from + OVERLAP < length; from += WINDOW - OVERLAP)
    windows.push([from, Math.min(length, from + WINDOW)]);
  return windows;
}

const spelt = ({ canary, part }: Source): string => `${canary} ${part}`;

async function lookIntoPdf(
  searching: Searching,
  bytes: Buffer,
  packed: readonly string[],
  depth: number,
): Promise<void> {
  const text = await textOfPdf(bytes);
  if (text === null) searching.unread.add([...packed, 'pdf: its text cannot be read'].join(' > '));
  else await look(searching, Buffer.from(text, 'utf8'), [...packed, 'pdf'], depth + 1);
}
