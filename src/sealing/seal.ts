/** Sealing: content and its place into one age file for one hybrid recipient. */
import { Encrypter } from 'age-encryption';
import { bytesOf, canonicalJson } from './encoding.ts';
import { encodeHeading, type Name } from './heading.ts';
import type { Identity, Recipient } from './keys.ts';
import { paddedLength } from './padding.ts';
import type { Place } from './place.ts';
import { type Branded, SealingError } from './sealing.ts';

/** A whole sealed object: an age file with exactly one hybrid stanza. See the Note in `sealing.ts`. */
export type Sealed = Branded<Uint8Array<ArrayBuffer>, 'Sealed'>;

/**
 * Seals content that fits in memory. Costs about 3 ms whatever the size, up to some 100 kB.
 * @throws SealingError `not-hybrid`, `bad-key`, `bad-place`, `bad-name`
 */
export async function seal(
  recipient: Recipient,
  place: Place,
  content: Uint8Array,
  name?: Name,
): Promise<Sealed> {
  const heading = headingFor(place, content.length, name);
  const plain = new Uint8Array(paddedLength(place.kind, heading.length + content.length));
  plain.set(heading);
  plain.set(content, heading.length);
  const file = new Uint8Array(await encrypterFor(recipient).encrypt(plain));
  if (!isSealed(file)) throw new SealingError('damaged', 'The sealing library made a file of another shape.');
  return file;
}

/**
 * Seals to several recipients so that it takes the secrets of all to open: to the last first, and what comes of it to the
 * one before, so the first is the outermost. Each layer has the same place.
 * @throws SealingError as `seal`
 */
export async function sealInLayers(
  recipients: readonly [Recipient, ...Recipient[]],
  place: Place,
  content: Uint8Array,
): Promise<Sealed> {
  const [outermost, next, ...rest] = recipients;
  const inside = next === undefined ? content : await sealInLayers([next, ...rest], place, content);
  return seal(outermost, place, inside);
}

/** Seals a value as canonical JSON. @throws also `not-json` */
export async function sealJson(recipient: Recipient, place: Place, value: unknown): Promise<Sealed> {
  return await seal(recipient, place, bytesOf(canonicalJson(value)));
}

/** An envelope: a secret key, sealed to one recipient. */
export async function sealEnvelope(recipient: Recipient, place: Place, secret: Identity): Promise<Sealed> {
  return await seal(recipient, place, bytesOf(secret));
}

/**
 * Seals a stream of `size` bytes, a chunk at a time: never more than a few hundred kB are held.
 * The result is exactly `sealedSize(place, size, name)` bytes long.
 * The stream errors with `wrong-size` if the content is longer or shorter than announced.
 * @throws SealingError as `seal`
 */
export async function sealStream(
  recipient: Recipient,
  place: Place,
  size: number,
  content: ReadableStream<Uint8Array>,
  name?: Name,
): Promise<ReadableStream<Uint8Array>> {
  const heading = headingFor(place, size, name);
  const padding = paddedLength(place.kind, heading.length + size) - heading.length - size;
  return await encrypterFor(recipient).encrypt(content.pipeThrough(framing(heading, size, padding)));
}

/** The length of the sealed object for content of this size, known before sealing. */
export function sealedSize(place: Place, size: number, name?: Name): number {
  const plain = paddedLength(place.kind, headingFor(place, size, name).length + size);
  return headerLength + nonceLength + plain + tagLength * Math.ceil(plain / chunkLength);
}

/**
 * Bytes from outside as a sealed object; null unless they have the shape of one: age's version 1, exactly one hybrid
 * stanza, a payload of a padded length. The server asks this of everything it takes in.
 * LIMIT: shape is all that can be told without the identity: whoever wants to can put anything where ciphertext goes.
 */
export function parseSealed(bytes: Uint8Array<ArrayBuffer>): Sealed | null {
  return isSealed(bytes) ? bytes : null;
}

/** Whether the first piece of a longer sealed object (an attachment's first chunk) begins like one. */
export function startsSealed(bytes: Uint8Array): boolean {
  if (bytes.length < headerLength) return false;
  // Byte by byte: the server asks this of five objects a post, and a pattern over text costs ten times as much.
  for (let at = 0; at < headerLength; at += 1) {
    const byte = bytes[at] ?? 0;
    const fixed = headerShape[at];
    if (fixed === anySymbol ? base64[byte] !== 1 : byte !== fixed) return false;
  }
  return true;
}

/** Bytes before the nonce: the same for every sealed object, since all have one stanza of one kind. */
export const headerLength = 1627;
const nonceLength = 16;
const tagLength = 16;
const chunkLength = 65536;
const anySymbol = 0;
const gap = (symbols: number) => String.fromCharCode(anySymbol).repeat(symbols);
const headerShape = bytesOf(
  `age-encryption.org/v1\n-> mlkem768x25519 ${gap(1494)}\n${gap(43)}\n--- ${gap(43)}\n`,
);
const base64 = new Uint8Array(256);
for (const symbol of bytesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'))
  base64[symbol] = 1;

function isSealed(bytes: Uint8Array<ArrayBuffer>): bytes is Sealed {
  const payload = bytes.length - headerLength - nonceLength;
  const plain = payload - tagLength * Math.ceil(payload / (chunkLength + tagLength));
  if (plain <= 0 || paddedLength('note', plain) !== plain) return false;
  return startsSealed(bytes);
}

function headingFor(place: Place, size: number, name: Name | undefined): Uint8Array<ArrayBuffer> {
  return encodeHeading(name === undefined ? { place, size } : { place, size, name });
}

/** One recipient, and hybrid: age itself would take several, of any kind, in one file. */
function encrypterFor(recipient: Recipient): Encrypter {
  if (!recipient.startsWith('age1pq1')) {
    throw new SealingError('not-hybrid', 'This key is not of the post-quantum kind that Letterbox uses.');
  }
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(recipient);
  } catch {
    throw new SealingError('bad-key', 'This is not a well-formed public key.');
  }
  return encrypter;
}

function framing(
  heading: Uint8Array,
  size: number,
  padding: number,
): TransformStream<Uint8Array, Uint8Array> {
  let missing = size;
  return new TransformStream({
    start(controller) {
      controller.enqueue(heading);
    },
    transform(chunk, controller) {
      missing -= chunk.length;
      if (missing < 0) throw wrongSize();
      controller.enqueue(chunk);
    },
    flush(controller) {
      if (missing > 0) throw wrongSize();
      const zeros = new Uint8Array(Math.min(padding, chunkLength));
      for (let left = padding; left > 0; left -= zeros.length) controller.enqueue(zeros.subarray(0, left));
    },
  });
}

function wrongSize(): SealingError {
  return new SealingError('wrong-size', 'The file changed while it was being sealed.');
}
