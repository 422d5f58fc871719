import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attachmentChunk, sealAttachment, tidyName } from './attachment.ts';
import { openStream } from './open.ts';
import { formId } from './place.ts';
import { startsSealed } from './seal.ts';
import { newCase, submissionPlace } from './submission.ts';
import { aPlace, key, refusalOf, streamOf, wholeOf } from './testing.ts';

const draft = await newCase(
  {
    organisation: aPlace.organisation,
    form: formId('report'),
    version: 1,
    generation: 1,
    recipient: key.recipient,
  },
  new Date(),
);
const file = { name: 'photo.jpg', type: 'image/jpeg', size: 2_500_000 };
const content = new Uint8Array(file.size).fill(5);

describe('an attachment', () => {
  it('is sent in full chunks, in order, and its description is that of its ciphertext', async () => {
    const sent: Uint8Array[] = [];
    const sealed = await sealAttachment(draft, file, streamOf(content), async (_, index, chunk) => {
      expect(index).toBe(sent.length);
      sent.push(chunk);
    });
    const whole = await wholeOf(streamOf(...sent));
    expect(sent.slice(0, -1).every((chunk) => chunk.length === attachmentChunk)).toBe(true);
    expect(startsSealed(sent[0] ?? whole)).toBe(true);
    expect(sealed).toMatchObject({
      size: whole.length,
      chunks: sent.length,
      sha256: createHash('sha256').update(whole).digest('hex'),
    });

    const opened = await openStream(
      draft.caseIdentity,
      streamOf(...sent),
      submissionPlace(draft, 'attachment', sealed.id),
    );
    expect(opened).toMatchObject({ name: { name: 'photo.jpg', type: 'image/jpeg' }, size: file.size });
    expect(await wholeOf(opened.content)).toEqual(content);
  });

  it('is no other attachment of the same case', async () => {
    const sent: Uint8Array[] = [];
    const keep = async (_: string, __: number, chunk: Uint8Array) => void sent.push(chunk);
    await sealAttachment(draft, { ...file, size: 3 }, streamOf(content.slice(0, 3)), keep);
    const other = await sealAttachment(
      draft,
      { ...file, size: 3 },
      streamOf(content.slice(0, 3)),
      async () => {},
    );
    const place = submissionPlace(draft, 'attachment', other.id);
    expect(await refusalOf(() => openStream(draft.caseIdentity, streamOf(...sent), place))).toBe(
      'wrong-place',
    );
  });

  it('stops when a chunk cannot be sent, and lets go of the file', async () => {
    const released = Promise.withResolvers<string>();
    let pulled = 0;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(100_000));
      },
      cancel: () => released.resolve('released'),
    });
    const failing = sealAttachment(draft, { ...file, size: 1e9 }, source, () =>
      Promise.reject(new Error('offline')),
    );
    await expect(failing).rejects.toThrow('offline');
    expect(await released.promise).toBe('released');
    expect(pulled).toBeLessThan(30);
  });

  it.each([
    ['C:\\Users\\me\\photo.jpg', 'C:_Users_me_photo.jpg'],
    ['\u202egpj.exe', '_gpj.exe'],
    ['two\nlines.txt', 'two_lines.txt'],
    [`${'x'.repeat(300)}.pdf`, `${'x'.repeat(196)}.pdf`],
    ['', 'file'],
    ['\ud800.txt', '\ufffd.txt'],
    ['Zeugnis Größe 2.pdf', 'Zeugnis Größe 2.pdf'],
  ])('called %j is called %j', (name, tidy) => {
    expect(tidyName({ name, type: 'text/html; x=<script>' })).toEqual({
      name: tidy,
      type: 'application/octet-stream',
    });
  });
});
