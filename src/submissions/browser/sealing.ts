/** One submission on its way: sealed once, and sent in steps that can each be taken again. */
import { type SendRequest, withFileIds } from '../../forms/sending.ts';
import { sealAttachment } from '../../sealing/attachment.ts';
import { canonicalJson } from '../../sealing/encoding.ts';
import { encodePost, largestPost } from '../../sealing/post.ts';
import type { CaseDraft, FormTarget, SealedAttachment } from '../../sealing/submission.ts';
import { newCase, sealSubmission } from '../../sealing/submission.ts';
import { type Door, RefusedError, sendChunk, sendPost } from './posting.ts';

/** `share` of the whole work is done, 0 to 1; `step` says what is being done. */
export type Report = (step: string, share: number) => void;

/** What has been done of a submission so far. The same content is always the same case, however often it is sent. */
export type Attempt = {
  readonly content: string;
  readonly draft: CaseDraft;
  /** By the ids that the form gave its files. */
  readonly uploaded: Map<string, SealedAttachment>;
  post: Uint8Array<ArrayBuffer> | null;
};

/**
 * The attempt to go on with. A changed answer makes a new case: what an earlier post of this case carried, if it got
 * through unnoticed, would else stand for what was said since.
 */
export async function attemptFor(
  request: SendRequest,
  target: FormTarget,
  last: Attempt | null,
): Promise<Attempt> {
  const content = contentOf(request, target);
  if (last?.content === content) return last;
  return { content, draft: await newCase(target, new Date()), uploaded: new Map(), post: null };
}

function contentOf({ answers, equality, summary, files }: SendRequest, target: FormTarget): string {
  const listed = files.map(({ id, file }) => [id, file.name, file.size, file.lastModified]);
  return canonicalJson({ ...target, answers, equality, summary, files: listed });
}

/** Seals and sends what is still to do, and returns the reference. @throws NotSentError, RefusedError */
export async function carryOut(
  attempt: Attempt,
  request: SendRequest,
  door: Door,
  report: Report,
): Promise<string> {
  await upload(attempt, request, door, report);
  report('Sealing your answers', 1);
  attempt.post ??= await seal(attempt, request);
  report('Sending', 1);
  return await sendPost(door, attempt.draft.case, attempt.post);
}

async function upload(attempt: Attempt, { files }: SendRequest, door: Door, report: Report): Promise<void> {
  const { draft, uploaded } = attempt;
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  let before = 0;
  for (const [index, { id, file }] of files.entries()) {
    const step = `Sealing and sending file ${index + 1} of ${files.length}`;
    report(step, before / total);
    if (!uploaded.has(id)) {
      let sent = 0;
      const sealed = await sealAttachment(draft, file, file.stream(), async (attachment, n, chunk) => {
        await sendChunk(door, draft.case, attachment, n, chunk);
        sent += chunk.length;
        report(step, (before + Math.min(sent, file.size)) / total);
      });
      uploaded.set(id, sealed);
    }
    before += file.size;
  }
}

async function seal({ draft, uploaded }: Attempt, request: SendRequest): Promise<Uint8Array<ArrayBuffer>> {
  const ids = new Map([...uploaded].map(([id, sealed]) => [id, sealed.id]));
  const answers = withFileIds(request.answers, ids);
  const { summary, equality, files } = request;
  const attachments = files.flatMap(({ id }) => uploaded.get(id) ?? []);
  const post = encodePost(await sealSubmission(draft, { answers, summary, equality }, attachments));
  if (post.length > largestPost) throw new RefusedError(tooLong);
  return post;
}

const tooLong = 'What you wrote is too long to send. Shorten your longest answer, then send it again.';
