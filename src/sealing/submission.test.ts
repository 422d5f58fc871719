import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, fromHex } from './encoding.ts';
import { open, openEnvelope, openJson, openSubmission } from './open.ts';
import { formId, newId, objectId } from './place.ts';
import { largestPost, mostAttachments } from './post.ts';
import { authenticatorHash, receiptAuthenticator, receiptIdentity } from './receipt.ts';
import {
  decodePost,
  encodePost,
  newCase,
  type SealedPost,
  sealSubmission,
  submissionPlace,
} from './submission.ts';
import { aPlace, flipped, key, otherKey, refusalOf } from './testing.ts';

const target = {
  organisation: aPlace.organisation,
  form: formId('report'),
  version: 3,
  generation: 2,
  recipient: key.recipient,
};
const content = {
  answers: { what: 'A broken streetlamp', when: ['2026-03-01'] },
  summary: { title: 'Streetlamp', lines: ['Mill Lane'] },
  equality: { age: '35-44' },
};
const attachment = { id: objectId(newId()), size: 70_000, chunks: 1, sha256: 'ab'.repeat(32) };
const now = new Date('2026-03-01T12:34:56.789Z');
const draft = await newCase(target, now);
const post = await sealSubmission(draft, content, [attachment]);
const bytes = encodePost(post);

describe('a submission', () => {
  it('is read with the key of the form', async () => {
    const { caseIdentity, answers, summary } = await openSubmission(key.identity, post, post);
    expect({ caseIdentity, answers, summary }).toEqual({ ...draftSecrets(), ...withoutEquality() });
  });

  it('is read again with the receipt code', async () => {
    const receipt = await receiptIdentity(draft.receiptCode);
    const caseIdentity = await openEnvelope(receipt, post.receiptKey, submissionPlace(post, 'receipt-key'));
    expect(await openJson(caseIdentity, post.answers, submissionPlace(post, 'answers'))).toEqual(
      content.answers,
    );
    expect(post.authenticator).toBe(await authenticatorHash(await receiptAuthenticator(draft.receiptCode)));
  });

  it('is not read with any other key, nor as another case', async () => {
    expect(await refusalOf(() => openSubmission(otherKey.identity, post, post))).toBe('not-for-you');
    const other = { ...post, case: (await newCase(target, now)).case };
    expect(await refusalOf(() => openSubmission(key.identity, other, post))).toBe('wrong-place');
    const second = await sealSubmission(await newCase(target, now), content, []);
    const swapped = { ...post, answers: second.answers };
    expect(await refusalOf(() => openSubmission(key.identity, post, swapped))).toBe('not-for-you');
  });

  it('keeps equality answers apart: neither case nor minute is in them', async () => {
    const sealed = post.equality ?? bytesOf('');
    const opened = await open(key.identity, sealed, submissionPlace(post, 'equality'));
    expect(opened.place).toMatchObject({ case: null, object: null, at: '2026-03-01T00:00:00.000Z' });
    expect(JSON.parse(new TextDecoder().decode(opened.content))).toEqual(content.equality);
    expect((await sealSubmission(draft, { ...content, equality: null }, [])).equality).toBe(null);
  });

  it('says whether it was sealed on arrival', async () => {
    expect(post.arrival).toBe('browser');
    expect((await sealSubmission(await newCase(target, now, 'server'), content, [])).arrival).toBe('server');
  });
});

describe('the post', () => {
  it('comes back from its bytes', async () => {
    expect(decodePost(bytes)).toEqual(post);
    const bare = await sealSubmission(draft, { ...content, equality: null }, []);
    expect(decodePost(encodePost(bare))).toEqual(bare);
  });

  it('shows nothing of what was said, not even in its head', () => {
    const text = new TextDecoder('latin1').decode(bytes);
    for (const word of ['streetlamp', 'Streetlamp', 'Mill', '35-44', draft.receiptCode, 'AGE-SECRET']) {
      expect(text).not.toContain(word);
    }
  });

  it('is refused if a byte is missing or added anywhere', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.boolean(), (at, add) => {
        const changed = add
          ? Uint8Array.of(...bytes.subarray(0, at), 0, ...bytes.subarray(at))
          : Uint8Array.of(...bytes.subarray(0, Math.max(0, at - 1)), ...bytes.subarray(Math.max(1, at)));
        expect(decodePost(changed)).toBe(null);
      }),
      {
        numRuns: 200,
        examples: [
          [0, true],
          [0, false],
          [4, true],
          [bytes.length, true],
          [bytes.length, false],
        ],
      },
    );
  });

  it('is never read from one with a bit flipped as if it were the same', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const decoded = decodePost(flipped(bytes, bit));
        if (decoded !== null) expect(encodePost(decoded)).toEqual(flipped(bytes, bit));
        expect(decoded).not.toEqual(post);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, (head: Record<string, unknown>) => unknown]>([
    ['an unknown key', (head) => ({ ...head, note: 'x' })],
    ['a missing key', ({ arrival: _, ...head }) => head],
    ['keys in another order', (head) => Object.fromEntries(Object.entries(head).reverse())],
    [
      'an unknown key in an attachment',
      (head) => ({ ...head, attachments: [{ ...attachment, name: 'photo.jpg' }] }),
    ],
    ['one attachment twice', (head) => ({ ...head, attachments: [attachment, attachment] })],
    ['an empty attachment', (head) => ({ ...head, attachments: [{ ...attachment, size: 0 }] })],
    [
      'an upper case hash',
      (head) => ({ ...head, attachments: [{ ...attachment, sha256: 'AB'.repeat(32) }] }),
    ],
    ['too many attachments', (head) => ({ ...head, attachments: many(mostAttachments + 1) })],
    ['an id that is none', (head) => ({ ...head, case: 'x' })],
    ['a form that is none', (head) => ({ ...head, form: '../etc' })],
    ['a version that is no number', (head) => ({ ...head, version: '3' })],
    ['another arrival', (head) => ({ ...head, arrival: 'owl' })],
    ['a short authenticator', (head) => ({ ...head, authenticator: 'AAAA' })],
    ['lengths that do not add up', (head) => ({ ...head, lengths: { ...lengths(), answers: 2171 } })],
    ['a negative length', (head) => ({ ...head, lengths: { ...lengths(), answers: -1 } })],
    [
      'no equality, though its bytes are there',
      (head) => ({ ...head, lengths: { ...lengths(), equality: null } }),
    ],
    ['a list', () => [1]],
    ['null', () => null],
    ['a number', () => 1],
  ])('is refused with %s in its head', (_, change) => {
    expect(decodePost(withHead((head) => JSON.stringify(head)))).toEqual(post);
    expect(decodePost(withHead((head) => JSON.stringify(change(head))))).toBe(null);
  });

  it.each<[string, (head: unknown) => string]>([
    ['white space', (head) => JSON.stringify(head, null, 1)],
    ['an escape where none is needed', (head) => JSON.stringify(head).replace('"report"', '"r\\u0065port"')],
    ['a key twice', (head) => JSON.stringify(head).replace('{', '{"form":"other",')],
    ['a number in another spelling', (head) => JSON.stringify(head).replace('"version":3', '"version":3.0')],
    ['a byte order mark', (head) => `\ufeff${JSON.stringify(head)}`],
    ['no JSON', () => '{'],
  ])('is refused with a head in another spelling: %s', (_, spell) => {
    expect(decodePost(withHead(spell))).toBe(null);
  });

  it('is refused with anything but sealed objects in it', async () => {
    const start = 4 + headLength();
    const plain = bytesOf('{"what":"plain answers"}'.padEnd(post.answers.length));
    expect(
      decodePost(
        Uint8Array.of(...bytes.subarray(0, start), ...plain, ...bytes.subarray(start + plain.length)),
      ),
    ).toBe(null);
  });

  it('is refused above its largest size, from nothing at all, and from noise', async () => {
    const big = await sealSubmission(draft, { ...content, answers: { what: 'x'.repeat(largestPost) } }, []);
    expect(decodePost(encodePost(big))).toBe(null);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        expect(decodePost(noise)).toBe(null);
      }),
    );
    expect(decodePost(fromHex('ffffffff') ?? bytes)).toBe(null);
  });

  it('is read from the middle of a larger buffer too', () => {
    const larger = Uint8Array.of(1, 2, 3, ...bytes);
    expect(decodePost(larger.subarray(3))).toEqual(post);
  });
});

function draftSecrets(): Pick<typeof draft, 'caseIdentity'> {
  return { caseIdentity: draft.caseIdentity };
}

function withoutEquality(): Omit<typeof content, 'equality'> {
  return { answers: content.answers, summary: content.summary };
}

function headLength(): number {
  return new DataView(bytes.buffer).getUint32(0);
}

function lengths(): Record<string, number> {
  const { answers, summary, caseKey, receiptKey, equality }: SealedPost = post;
  const [first, second] = [answers.length, summary.length];
  return {
    answers: first,
    summary: second,
    caseKey: caseKey.length,
    receiptKey: receiptKey.length,
    equality: equality?.length ?? 0,
  };
}

function many(count: number): unknown[] {
  return Array.from({ length: count }, () => ({ ...attachment, id: newId() }));
}

function withHead(spell: (head: Record<string, unknown>) => string): Uint8Array {
  const end = 4 + headLength();
  const head = bytesOf(spell(JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)))));
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, head.length);
  return Uint8Array.of(...prefix, ...head, ...bytes.subarray(end));
}
