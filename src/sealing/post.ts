/**
 * The one content type that the public site takes in: a sealed submission, as bytes.
 *
 *     00 00 01 f4                                       length of the head in bytes, big-endian
 *     {"organisation":"0190f3c1-…","form":"report","version":3,"generation":1,"case":"0190f3c2-…",
 *      "arrival":"browser","authenticator":"…43 characters…",
 *      "attachments":[{"id":"0190f3c3-…","size":1050243,"chunks":2,"sha256":"…64 hex…"}],
 *      "lengths":{"answers":5755,"summary":2171,"caseKey":2171,"receiptKey":2171,"equality":null}}
 *     age-encryption.org/v1…                            answers, summary, caseKey, receiptKey, equality
 *
 * (the head without line breaks). There is exactly one spelling of each post; everything else is refused.
 */
import { bytesOf, fromBase64url, jsonFrom, textOf } from './encoding.ts';
import { caseId, formId, objectId, organisationId } from './place.ts';
import { parseSealed, type Sealed } from './seal.ts';
import type { SealedAttachment, SealedPost } from './submission.ts';

export const postContentType = 'application/vnd.letterbox.sealed';

/** No post is larger than this many bytes; attachments travel on their own. */
export const largestPost = 256 * 1024;

/** At most this many attachments are named in one post. */
export const mostAttachments = 50;

/** The bytes of a post. What is larger than `largestPost` will be refused where it arrives. */
export function encodePost(post: SealedPost): Uint8Array<ArrayBuffer> {
  const head = bytesOf(spellHead(post));
  const objects = objectsOf(post);
  const total = objects.reduce((sum, object) => sum + object.length, prefixLength + head.length);
  const bytes = new Uint8Array(total);
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, prefixLength);
  let at = prefixLength + head.length;
  for (const object of objects) {
    bytes.set(object, at);
    at += object.length;
  }
  return bytes;
}

/**
 * Bytes from a stranger as a post; null for anything that `encodePost` would not have written byte for byte.
 * LIMIT: `arrival` is the sender's word: what comes in by HTTP can only be from a browser, and intake says so.
 */
export function decodePost(bytes: Uint8Array): SealedPost | null {
  if (bytes.length < prefixLength || bytes.length > largestPost) return null;
  const headEnd = prefixLength + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (headEnd > bytes.length) return null;
  const spelt = textOf(bytes.subarray(prefixLength, headEnd));
  const head = spelt === null ? null : jsonFrom(spelt);
  const post = isHead(head) ? assemble(head, ownBytes(bytes.subarray(headEnd))) : null;
  if (post === null) return null;
  // The objects are cut from these very bytes, so only the head and the end can be spelt otherwise.
  const end = objectsOf(post).reduce((sum, object) => sum + object.length, headEnd);
  return end === bytes.length && spellHead(post) === spelt ? post : null;
}

type Lengths = {
  answers: number;
  summary: number;
  caseKey: number;
  receiptKey: number;
  equality: number | null;
};
type Head = {
  organisation: string;
  form: string;
  version: number;
  generation: number;
  case: string;
  arrival: 'browser' | 'server';
  authenticator: string;
  attachments: { id: string; size: number; chunks: number; sha256: string }[];
  lengths: Lengths;
};

const prefixLength = 4;

function objectsOf(post: SealedPost): Sealed[] {
  const { answers, summary, caseKey, receiptKey, equality } = post;
  return [answers, summary, caseKey, receiptKey, ...(equality === null ? [] : [equality])];
}

function spellHead(post: SealedPost): string {
  const { organisation, form, version, generation, case: id, arrival, authenticator } = post;
  const { answers, summary, caseKey, receiptKey, equality } = post;
  return JSON.stringify({
    ...{ organisation, form, version, generation, case: id, arrival, authenticator },
    attachments: post.attachments.map(({ id, size, chunks, sha256 }) => ({ id, size, chunks, sha256 })),
    lengths: {
      ...{ answers: answers.length, summary: summary.length, caseKey: caseKey.length },
      ...{ receiptKey: receiptKey.length, equality: equality?.length ?? null },
    },
  });
}

function assemble(head: Head, body: Uint8Array<ArrayBuffer>): SealedPost | null {
  const { version, generation, arrival, authenticator, lengths } = head;
  const cut = cutter(body);
  const [answers, summary] = [cut(lengths.answers), cut(lengths.summary)];
  const [caseKey, receiptKey] = [cut(lengths.caseKey), cut(lengths.receiptKey)];
  const equality = lengths.equality === null ? null : cut(lengths.equality);
  if (!answers || !summary || !caseKey || !receiptKey) return null;
  if (lengths.equality !== null && equality === null) return null;
  try {
    return {
      ...{ organisation: organisationId(head.organisation), form: formId(head.form), version, generation },
      ...{ case: caseId(head.case), arrival, authenticator, answers, summary, caseKey, receiptKey, equality },
      attachments: head.attachments.map((one): SealedAttachment => ({ ...one, id: objectId(one.id) })),
    };
  } catch {
    return null;
  }
}

/** Takes sealed objects off the front, one length after another. */
function cutter(body: Uint8Array<ArrayBuffer>): (length: number) => Sealed | null {
  let at = 0;
  return (length) => {
    at += length;
    return parseSealed(body.subarray(at - length, at));
  };
}

/** The same bytes where nobody else can hold their memory; a copy where somebody might. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, length) : new Uint8Array(bytes);
}

type Loose<Shape> = { [Key in keyof Shape]: unknown };

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';

/** Unknown keys, missing keys and keys in another order all fail the comparison of bytes at the end. */
function isHead(value: unknown): value is Head {
  if (!isObject(value)) return false;
  const head: Partial<Loose<Head>> = value;
  return (
    [head.organisation, head.form, head.case].every(isText) &&
    [head.version, head.generation].every(isCount) &&
    (head.arrival === 'browser' || head.arrival === 'server') &&
    isText(head.authenticator) &&
    fromBase64url(head.authenticator)?.length === 32 &&
    Array.isArray(head.attachments) &&
    head.attachments.length <= mostAttachments &&
    head.attachments.every(isAttachment) &&
    new Set(head.attachments.map((one) => one.id)).size === head.attachments.length &&
    isLengths(head.lengths)
  );
}

function isAttachment(value: unknown): value is Head['attachments'][number] {
  if (!isObject(value)) return false;
  const one: Partial<Loose<Head['attachments'][number]>> = value;
  const counted = isCount(one.size) && one.size > 0 && isCount(one.chunks) && one.chunks > 0;
  return isText(one.id) && counted && isText(one.sha256) && /^[0-9a-f]{64}$/.test(one.sha256);
}

function isLengths(value: unknown): value is Lengths {
  if (!isObject(value)) return false;
  const { answers, summary, caseKey, receiptKey, equality }: Partial<Loose<Lengths>> = value;
  return [answers, summary, caseKey, receiptKey].every(isCount) && (equality === null || isCount(equality));
}
