/**
 * Sealed on arrival: THE one file in which the server, for want of JavaScript on the other side, meets what somebody
 * wrote. It is sealed here in memory before anything is stored; nothing of it is written to diagnostics, and nothing
 * stays when the request is answered.
 *
 * What a case needs from one page to the next (its id, its key, the receipt code) travels in the submitter's own
 * pages, as the *carry*, and is on the server only while one of their requests is answered.
 */
import type { Confirmation, FormsDeps, KeptFile, PublishedForm } from '../forms/sending.ts';
import { sealAttachment, tidyName } from '../sealing/attachment.ts';
import { parseIdentity, recipientOf } from '../sealing/keys.ts';
import { caseId, objectId } from '../sealing/place.ts';
import { encodePost, largestPost } from '../sealing/post.ts';
import { parseReceiptCode } from '../sealing/receipt.ts';
import type { CaseDraft, SealedAttachment } from '../sealing/submission.ts';
import { newCase, sealSubmission } from '../sealing/submission.ts';
import type { Database } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import type { Intake } from './intake.ts';
import { type Spooled, spool } from './spool.ts';
import { putChunk } from './store.ts';
import { acknowledge, type ChunkVerdict } from './submissions.ts';
import { signedTarget, targetOf } from './target.ts';

export type ArrivalDeps = {
  readonly database: Database;
  readonly intake: Intake;
  readonly clock?: () => Date;
};

/** What the forms' room asks for when there is no JavaScript. */
export function sealedOnArrival(deps: ArrivalDeps): Pick<FormsDeps, 'startCase' | 'keepFile' | 'send'> {
  const now = deps.clock ?? (() => new Date());
  return {
    startCase: async (form) => writeCarry(await newCase(targetOf(form), now(), 'server')),
    keepFile: async (form, carry, file) => {
      const draft = await readCarry(form, carry, now());
      if (draft === null) return badCarry;
      if ((await signedTarget(form)) === null) return unsigned;
      const spooled = await spool(file.content);
      try {
        return await keep(deps.database, form, draft, file, spooled);
      } finally {
        await spooled.close();
      }
    },
    send: async (form, { carry, answers, equality, summary, files }) => {
      const draft = await readCarry(form, carry, now());
      if (draft === null) return badCarry;
      if ((await signedTarget(form)) === null) return unsigned;
      const attachments = files.map(({ id, reference }) => readReference(form, id, reference));
      if (!attachments.every((one) => one !== null)) return staleFiles;
      const post = await sealSubmission(draft, { answers, summary, equality }, attachments);
      if (encodePost(post).length > largestPost) return tooLong;
      const result = await deps.intake.post({ slug: form.organisation.slug, post });
      const answer = isRefusal(result) ? result : await acknowledge(draft.case, result);
      return isRefusal(answer) ? answer : confirmation(form, draft, answer.reference);
    },
  };
}

/** Case id, case identity, receipt code: `0190f3c2-…/AGE-SECRET-KEY-PQ-1…/7K2M-…`. */
function writeCarry({ case: id, caseIdentity, receiptCode }: CaseDraft): string {
  return [id, caseIdentity, receiptCode].join('/');
}

/** The case that a page carried, for the form as it is now; null for what no page of ours carried. */
async function readCarry(form: PublishedForm, carry: string, now: Date): Promise<CaseDraft | null> {
  const [id = '', identity = '', code = '', ...rest] = carry.split('/');
  const receiptCode = parseReceiptCode(code);
  if (receiptCode === null || rest.length > 0) return null;
  try {
    const caseIdentity = parseIdentity(identity);
    const keys = { caseIdentity, caseRecipient: await recipientOf(caseIdentity), receiptCode };
    return { ...targetOf(form), case: caseId(id), ...keys, arrival: 'server', at: now.toISOString() };
  } catch {
    return null;
  }
}

async function keep(
  database: Database,
  form: PublishedForm,
  draft: CaseDraft,
  file: { name: string; type: string },
  spooled: Spooled,
): Promise<KeptFile | Refusal> {
  const { size } = spooled;
  const to = { slug: form.organisation.slug, form: draft.form, case: draft.case };
  try {
    const sealed = await sealAttachment(
      draft,
      { ...file, size },
      await spooled.content(),
      async (id, n, chunk) => {
        const verdict = await putChunk(database, { ...to, attachment: id, n }, chunk);
        if (verdict !== 'kept' && verdict !== 'again') throw new NotKeptError(verdict);
      },
    );
    return { id: sealed.id, ...tidyName(file), size, reference: writeReference(draft, sealed) };
  } catch (error) {
    if (error instanceof NotKeptError) return notKept(error.verdict);
    throw error;
  }
}

class NotKeptError extends Error {
  readonly verdict: ChunkVerdict;

  constructor(verdict: ChunkVerdict) {
    super('A chunk was not kept.');
    this.name = 'NotKeptError';
    this.verdict = verdict;
  }
}

/** What a file was sealed for, and what its ciphertext is: `1.2/1050243/2/9f86d081…`. */
function writeReference(
  { version, generation }: CaseDraft,
  { size, chunks, sha256 }: SealedAttachment,
): string {
  return [`${version}.${generation}`, size, chunks, sha256].join('/');
}

/** Null where the file was sealed for another version or generation: it could not be opened where it belongs. */
function readReference(form: PublishedForm, id: string, reference: string): SealedAttachment | null {
  const found = /^(\d{1,9}\.\d{1,9})\/(\d{1,9})\/(\d{1,4})\/([0-9a-f]{64})$/.exec(reference);
  const [, sealedFor, size, chunks, sha256 = ''] = found ?? [];
  if (sealedFor !== `${form.definition.version}.${form.generation}`) return null;
  try {
    return { id: objectId(id), size: Number(size), chunks: Number(chunks), sha256 };
  } catch {
    return null;
  }
}

function confirmation(form: PublishedForm, { receiptCode }: CaseDraft, reference: string): Confirmation {
  const { definition, organisation } = form;
  return {
    template: 'submissions/pages/confirmation.njk',
    context: { form: definition, organisation, reference, receiptCode },
  };
}

const unsigned = refuse(
  'unsigned-recipient',
  'conflict',
  'This form cannot take what you wrote at the moment: its key is not the one that was signed. Nothing was sent.',
);
const badCarry = refuse(
  'bad-carry',
  'invalid',
  'Your browser did not send what this page gave it. Go back in your browser and try again. Nothing was sent.',
);
const staleFiles = refuse(
  'stale-files',
  'conflict',
  'The key of this form has changed since you added your files. Remove your files, add them again, then send.',
);
const tooLong = refuse(
  'too-long',
  'invalid',
  'What you wrote is too long to send. Shorten your longest answer.',
);

function notKept(verdict: ChunkVerdict): Refusal {
  if (verdict === 'posted')
    return refuse('posted', 'conflict', 'This was sent already. Nothing can be added to it.');
  if (verdict === 'closed')
    return refuse('closed', 'missing', 'This form does not take submissions any more.');
  if (verdict === 'too-many') {
    return refuse(
      'too-many',
      'invalid',
      'You have added and removed too many files. Start again to add others.',
    );
  }
  return refuse(
    'file-not-kept',
    'invalid',
    'This file could not be taken. Add it again, or choose a smaller one.',
  );
}
