/** For tests: cases sealed to what the public side publishes, and whether somebody opens one with all they ever held. */
import { expect } from 'vitest';
import { z } from 'zod';
import { keysOf } from '../grants/testing.ts';
import type { SignedIn, TestBody } from '../people/testing.ts';
import { type Identity, parseRecipient } from '../sealing/keys.ts';
import { type FormIdentities, openSubmission } from '../sealing/open.ts';
import { formId, organisationId } from '../sealing/place.ts';
import { type FormTarget, newCase, type SealedPost, sealSubmission } from '../sealing/submission.ts';
import { act } from '../store/store.ts';
import { postCases } from '../submissions/acts.ts';
import { isRefusal } from '../web/refusal.ts';
import { releaseCase } from './store.ts';

const target = z.object({ generation: z.number(), recipient: z.string(), inner_text: z.string().nullable() });
const keyText = z.object({ recipient: z.string() });

/** To whom the review form seals at this moment. */
export async function targetNow({ db, founder }: TestBody): Promise<FormTarget> {
  const sql =
    "select generation, recipient, inner_text from letterbox.published_forms() where form = 'review'";
  const { generation, recipient, inner_text } = await db.slot.one(target, sql);
  const inner = inner_text && keyText.parse(JSON.parse(inner_text)).recipient;
  return {
    organisation: organisationId(founder.staff.organisation),
    ...{ form: formId('review'), version: 1, generation },
    ...{ recipient: parseRecipient(recipient), ...(inner && { inner: parseRecipient(inner) }) },
  };
}

/** A case sealed so, and taken in. */
export async function posted(body: TestBody): Promise<SealedPost> {
  const content = {
    answers: { why: 'They knew' },
    summary: { title: 'A review', lines: [] },
    equality: null,
  };
  const post = await sealSubmission(await newCase(await targetNow(body), new Date()), content, []);
  const [result] = await postCases(body.db.slot, [{ slug: 'exampleshire', post }]);
  expect(result?.verdict).toBe('accepted');
  return post;
}

/** Every secret that somebody holds, or can open an envelope of: their own, and each form key handed to them. */
export async function secretsOf(body: TestBody, who: SignedIn): Promise<Identity[]> {
  const keys = await keysOf(body, who).catch(() => []);
  return [who.staff.identity, ...keys.map(({ identity }) => identity)];
}

type Sealed = Parameters<typeof openSubmission>[2];

/** Whether these secrets open it: each alone, and each inside each. */
export async function opens(post: SealedPost, secrets: readonly Identity[], sealed: Sealed = post) {
  const ways = secrets.flatMap((one): FormIdentities[] => [
    one,
    ...secrets.map((other): FormIdentities => [one, other]),
  ]);
  for (const way of ways) {
    const opened = await openSubmission(way, post, sealed).catch(() => null);
    if (opened) return true;
  }
  return false;
}

export type Got = 'refused' | 'ciphertext' | 'opened';

/** What somebody gets who asks for the case at the door, and tries every key they have, or kept, on it. */
export async function gets(
  body: TestBody,
  who: SignedIn,
  post: SealedPost,
  kept: readonly Identity[] = [],
): Promise<Got> {
  const released = await act(body.db.desk, who.session, (tx) => releaseCase(tx, post.case));
  if (isRefusal(released)) return 'refused';
  const { answers, summary, case_key: caseKey } = released;
  if (!summary) throw new Error('The case was released without its summary.');
  const secrets = [...(await secretsOf(body, who)), ...kept];
  return (await opens(post, secrets, { answers, summary, caseKey })) ? 'opened' : 'ciphertext';
}
