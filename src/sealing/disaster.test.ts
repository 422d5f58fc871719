import { Decrypter } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { formId } from './place.ts';
import { newCase, sealSubmission } from './submission.ts';
import { aPlace, key } from './testing.ts';

/** All that somebody needs who has the identity and the age library, and of Letterbox nothing. */
async function openByHand(
  identity: string,
  file: Uint8Array,
): Promise<{ place: { size: number }; text: string }> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const plain = await decrypter.decrypt(file);
  const lineEnd = plain.indexOf(10);
  const place = JSON.parse(new TextDecoder().decode(plain.subarray('letterbox/1 '.length, lineEnd)));
  const text = new TextDecoder().decode(plain.subarray(lineEnd + 1, lineEnd + 1 + place.size));
  return { place, text };
}

describe('without Letterbox', () => {
  it('a case is opened with the form key, an age library and JSON.parse', async () => {
    const form = { organisation: aPlace.organisation, form: formId('report'), version: 3, generation: 1 };
    const draft = await newCase({ ...form, recipient: key.recipient }, new Date('2026-03-01T12:00:00Z'));
    const answers = { what: 'A broken streetlamp' };
    const post = await sealSubmission(draft, { answers, summary: {}, equality: null }, []);

    const caseKey = await openByHand(key.identity, post.caseKey);
    const opened = await openByHand(caseKey.text, post.answers);
    expect(JSON.parse(opened.text)).toEqual(answers);
    expect(opened.place).toEqual({
      ...form,
      case: draft.case,
      object: null,
      person: null,
      kind: 'answers',
      at: '2026-03-01T12:00:00.000Z',
      size: 30,
    });
  });
});
