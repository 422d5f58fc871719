/**
 * Opening. The one file of the product that turns ciphertext into plaintext: only browser code, tests and the
 * disaster tool may import it, and a test of the house reads the imports.
 */
import { Decrypter } from 'age-encryption';
import { jsonOf, textOf } from './encoding.ts';
import { type Heading, longestHeading, type Name, parseHeading } from './heading.ts';
import { type Identity, parseIdentity } from './keys.ts';
import { paddedLength } from './padding.ts';
import { type ExpectedPlace, type Place, samePlace } from './place.ts';
import { SealingError } from './sealing.ts';
import { decodeStaff, isWholeStaff, type StaffIdentity, staffPlace } from './staff.ts';
import { type CaseAddress, submissionPlace } from './submission.ts';

export type Opened = { place: Place; content: Uint8Array<ArrayBuffer>; name?: Name };

export type OpenedStream = { place: Place; name?: Name; size: number; content: ReadableStream<Uint8Array> };

/**
 * Opens an object that fits in memory and is expected at this place.
 * @throws SealingError `not-for-you`, `damaged`, `wrong-place`, `not-hybrid`; never returns half a truth
 */
export async function open(identity: Identity, sealed: Uint8Array, expected: ExpectedPlace): Promise<Opened> {
  const plain = await decrypt(identity, sealed);
  const end = plain.subarray(0, longestHeading).indexOf(lineFeed);
  const heading = readHeading(plain.subarray(0, Math.max(end, 0)), expected);
  const contentEnd = end + 1 + heading.size;
  if (plain.length !== paddedLength(heading.place.kind, contentEnd)) throw damaged();
  if (plain.subarray(contentEnd).some((byte) => byte !== 0)) throw damaged();
  return { ...named(heading), content: plain.slice(end + 1, contentEnd) };
}

/**
 * Opens a stream, a chunk at a time. The place is checked before this resolves.
 * The content stream errors with `damaged` if anything later is altered or cut off, with `interrupted` if the source
 * fails: what was read by then is authentic but only a beginning, so nobody may act on it before the stream closes.
 * @throws SealingError as `open`
 */
export async function openStream(
  identity: Identity,
  sealed: ReadableStream<Uint8Array>,
  expected: ExpectedPlace,
): Promise<OpenedStream> {
  const reader = (await decryptStream(identity, sealed)).getReader();
  try {
    const { line, rest } = await readLine(reader);
    const heading = readHeading(line, expected);
    const total = paddedLength(heading.place.kind, line.length + 1 + heading.size);
    const padding = total - line.length - 1 - heading.size;
    return { ...named(heading), size: heading.size, content: contentOf(reader, rest, heading.size, padding) };
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw refusal(error);
  }
}

/** Opens an object whose content is JSON. @throws SealingError as `open`; `damaged` where it is no JSON */
export async function openJson(
  identity: Identity,
  sealed: Uint8Array,
  expected: ExpectedPlace,
): Promise<unknown> {
  return jsonIn((await open(identity, sealed, expected)).content);
}

function jsonIn(content: Uint8Array): unknown {
  const value = jsonOf(content);
  if (value === null && textOf(content) !== 'null') throw damaged();
  return value;
}

/** Opens an envelope: the secret key in it. @throws SealingError as `open` */
export async function openEnvelope(
  identity: Identity,
  sealed: Uint8Array,
  expected: ExpectedPlace,
): Promise<Identity> {
  return identityIn((await open(identity, sealed, expected)).content);
}

function identityIn(content: Uint8Array): Identity {
  try {
    return parseIdentity(textOf(content) ?? '');
  } catch {
    throw damaged();
  }
}

/** Opens a case's key with the form's identity. @throws SealingError as `open` */
export async function openCaseKey(
  identities: FormIdentities,
  of: CaseAddress,
  sealed: Uint8Array,
): Promise<Identity> {
  return identityIn((await openFromForm(identities, sealed, submissionPlace(of, 'case-key'))).content);
}

/** Opens a staff identity with an unlock method's identity. @throws SealingError as `open` */
export async function openStaff(
  unlock: Identity,
  sealed: Uint8Array,
  whose: Pick<StaffIdentity, 'organisation' | 'person'>,
): Promise<StaffIdentity> {
  const staff = decodeStaff((await open(unlock, sealed, staffPlace(whose))).content);
  if (staff?.organisation !== whose.organisation || staff.person !== whose.person) throw damaged();
  if (!(await isWholeStaff(staff))) throw damaged();
  return staff;
}

/** What opens an object that is sealed to a form: its identity, or, of a key made around another, the outer and the inner one. */
export type FormIdentities = Identity | readonly [outer: Identity, inner: Identity];

/** Opens what is sealed to a form. @throws SealingError as `open` */
export async function openFromForm(
  identities: FormIdentities,
  sealed: Uint8Array,
  expected: ExpectedPlace,
): Promise<Opened> {
  return openInLayers(typeof identities === 'string' ? [identities] : identities, sealed, expected);
}

/** Opens what takes several identities, the outermost first. @throws SealingError as `open` */
export async function openInLayers(
  identities: readonly [Identity, ...Identity[]],
  sealed: Uint8Array,
  expected: ExpectedPlace,
): Promise<Opened> {
  const [outermost, next, ...rest] = identities;
  const opened = await open(outermost, sealed, expected);
  return next === undefined ? opened : openInLayers([next, ...rest], opened.content, expected);
}

/** Opens what is sealed to a form and whose content is JSON. @throws SealingError as `openJson` */
export async function openJsonFromForm(
  identities: FormIdentities,
  sealed: Uint8Array,
  expected: ExpectedPlace,
): Promise<unknown> {
  return jsonIn((await openFromForm(identities, sealed, expected)).content);
}

/**
 * Opens a case with the form's identity: its key, its summary and its answers.
 * A submitter who comes back opens `receiptKey` by `openEnvelope` instead (`conversation/opening.ts`).
 * @throws SealingError as `open`
 */
export async function openSubmission(
  form: FormIdentities,
  of: CaseAddress,
  sealed: { answers: Uint8Array; summary: Uint8Array; caseKey: Uint8Array },
): Promise<{ caseIdentity: Identity; summary: unknown; answers: unknown }> {
  const caseIdentity = await openCaseKey(form, of, sealed.caseKey);
  const summary = await openJsonFromForm(form, sealed.summary, submissionPlace(of, 'summary'));
  const answers = await openJson(caseIdentity, sealed.answers, submissionPlace(of, 'answers'));
  return { caseIdentity, summary, answers };
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;
const lineFeed = 10;

async function decrypt(identity: Identity, sealed: Uint8Array): Promise<Uint8Array> {
  try {
    return await decrypterFor(identity).decrypt(sealed);
  } catch (error) {
    throw refusal(error);
  }
}

async function decryptStream(
  identity: Identity,
  sealed: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  try {
    return await decrypterFor(identity).decrypt(watched(sealed));
  } catch (error) {
    throw refusal(error);
  }
}

/**
 * age asks its identities one after another. So the first can insist that there is one hybrid stanza and nothing
 * else, and the last is asked only when the real one did not match, which age's own error would not tell apart.
 */
function decrypterFor(identity: Identity): Decrypter {
  const decrypter = new Decrypter();
  decrypter.addIdentity({
    unwrapFileKey(stanzas) {
      if (stanzas.length !== 1 || stanzas[0]?.args[0] !== 'mlkem768x25519') throw damaged();
      return null;
    },
  });
  decrypter.addIdentity(parseIdentity(identity));
  decrypter.addIdentity({
    unwrapFileKey() {
      throw new SealingError('not-for-you', 'This is sealed to somebody else.');
    },
  });
  return decrypter;
}

function readHeading(line: Uint8Array, expected: ExpectedPlace): Heading {
  const heading = parseHeading(textOf(line) ?? '');
  if (heading === null) throw damaged();
  if (!samePlace(heading.place, expected)) {
    throw new SealingError('wrong-place', 'This was sealed for another place than where it was found.');
  }
  return heading;
}

function named({ place, name }: Heading): { place: Place; name?: Name } {
  return name === undefined ? { place } : { place, name };
}

/** The first line, without its line feed, and what came after it in the same piece. */
async function readLine(reader: Reader): Promise<{ line: Uint8Array; rest: Uint8Array }> {
  let start = new Uint8Array(0);
  for (;;) {
    const end = start.subarray(0, longestHeading).indexOf(lineFeed);
    if (end >= 0) return { line: start.subarray(0, end), rest: start.subarray(end + 1) };
    const { done, value } = await reader.read();
    if (done || start.length >= longestHeading) throw damaged();
    const longer = new Uint8Array(start.length + value.length);
    longer.set(start);
    longer.set(value, start.length);
    start = longer;
  }
}

/** The next `size` bytes; closes only once all the padding after them was read and found to be zeros. */
function contentOf(
  reader: Reader,
  first: Uint8Array,
  size: number,
  padding: number,
): ReadableStream<Uint8Array> {
  let content = size;
  let zeros = padding;
  let next: Uint8Array | null = first;
  const take = (piece: Uint8Array): Uint8Array => {
    const ours = piece.subarray(0, content);
    const after = piece.subarray(ours.length);
    content -= ours.length;
    zeros -= after.length;
    if (zeros < 0 || after.some((byte) => byte !== 0)) throw damaged();
    return ours;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        for (;;) {
          const piece: Uint8Array | undefined = next ?? (await reader.read()).value;
          next = null;
          if (piece === undefined) break;
          const ours = take(piece);
          if (ours.length > 0) return controller.enqueue(ours);
        }
        if (content > 0 || zeros > 0) throw damaged();
        controller.close();
      } catch (error) {
        controller.error(refusal(error));
        await reader.cancel().catch(() => undefined);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The source as it is, but its failures marked as such: a broken connection is not a damaged object. */
function watched(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch {
        controller.error(new SealingError('interrupted', 'The connection broke off. Try again.'));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Whatever the library throws on an altered file, as our word for it. */
function refusal(error: unknown): SealingError {
  return error instanceof SealingError ? error : damaged();
}

function damaged(): SealingError {
  return new SealingError('damaged', 'This was altered or cut short, and cannot be opened.');
}
