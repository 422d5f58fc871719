/**
 * Fills a body with submissions through its own front door: forms are read from the public pages, answers are
 * invented, checked by the forms' own rules, sealed by the code that browsers run, and posted over HTTP.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { checkAnswers } from '../forms/check.ts';
import { type Day, dayOf } from '../forms/day.ts';
import { parseDefinition } from '../forms/definition.ts';
import { type Answers, type FileAnswer, partAnswers, summaryOf } from '../forms/form.ts';
import type { PublishedForm } from '../forms/sending.ts';
import { sealAttachment } from '../sealing/attachment.ts';
import { parseRecipient } from '../sealing/keys.ts';
import { organisationId } from '../sealing/place.ts';
import { encodePost, postContentType } from '../sealing/post.ts';
import { type CaseDraft, newCase, type SealedAttachment, sealSubmission } from '../sealing/submission.ts';
import { signedTarget } from '../submissions/target.ts';
import { chanceOf } from './invented.ts';
import { type InventedFile, inventFile } from './invented-file.ts';
import { inventReview } from './invented-review.ts';
import { inventVictims } from './invented-victims.ts';

/** The forms that can be filled in, in turn; and the question a real text answers. */
const KNOWN = [
  { id: 'review', told: 'why', invent: inventReview },
  { id: 'victims', told: 'happened', invent: inventVictims },
] as const;

export type Filling = {
  /** The public side, as `http://localhost:3000`. */
  readonly publicUrl: string;
  /** The organisation's part of its addresses. */
  readonly organisation: string;
  /** The same seed and number give the same answers; the case, its keys and its receipt code are new each time. */
  readonly seed: string;
  /** What people really wrote, used in turn instead of the invented story; may be empty. */
  readonly texts: readonly string[];
  /** Each so many-th case of a form that takes files has one; 0: none. */
  readonly attachmentsEvery: number;
};

type Open = { readonly published: PublishedForm; readonly known: (typeof KNOWN)[number] };

/** Reads the open forms. @throws when the body has none that can be filled in */
export async function openForms({ publicUrl, organisation }: Filling): Promise<Open[]> {
  const found: Open[] = [];
  for (const known of KNOWN) {
    const page = await fetch(`${publicUrl}/${organisation}/${known.id}/fill`);
    if (page.ok) found.push({ published: readPublished(await page.text()), known });
  }
  if (found.length === 0) {
    const names = KNOWN.map(({ id }) => id).join(' or ');
    throw new Error(
      `${publicUrl}/${organisation} takes no submissions by a form that can be filled in (${names}).`,
    );
  }
  return found;
}

const signed = z.object({ text: z.string(), signature: z.string() });
const publishedShape = z.object({
  organisation: z.object({
    id: z.string().transform(organisationId),
    ...{ slug: z.string(), name: z.string(), demonstration: z.boolean() },
  }),
  definition: z.unknown(),
  generation: z.int(),
  recipient: z.string().transform(parseRecipient),
  formKey: z.object({ document: signed, approval: signed.nullable(), inner: signed.nullable() }),
});

/** The form as the page carries it for browsers. */
function readPublished(page: string): PublishedForm {
  const json = /<script type="application\/json" data-published>([\s\S]*?)<\/script>/.exec(page)?.[1];
  if (json === undefined) throw new Error('The page does not carry its form.');
  const { definition, ...rest } = publishedShape.parse(JSON.parse(json));
  return { ...rest, definition: parseDefinition(definition, rest.organisation.name) };
}

/** Invents, seals and posts the `nth` case. */
export async function fillOne(filling: Filling, forms: readonly Open[], nth: number): Promise<void> {
  const { door, bytes } = await sealOne(filling, forms, nth);
  await deliver(door, 'POST', postContentType, bytes);
}

export type SealedOne = {
  /** Where it is to be posted. */
  readonly door: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** The same up to the post itself; what is attached is sent. */
export async function sealOne(filling: Filling, forms: readonly Open[], nth: number): Promise<SealedOne> {
  const form = forms[nth % forms.length];
  if (!form) throw new Error('There is no form to fill in.');
  const { published, known } = form;
  const chance = chanceOf(`${filling.seed}/${nth}`);
  const now = new Date();
  const today = dayOf(now);
  const turn = Math.floor(nth / forms.length);
  const invented = known.invent(chance, turn, today);
  const text = filling.texts[nth % Math.max(1, filling.texts.length)];
  const answers = text === undefined ? invented : { ...invented, [known.told]: text };
  const target = await signedTarget(published);
  if (!target) throw new Error('The form shows no key that two people signed.');
  const draft = await newCase(target, now);
  const door = `${filling.publicUrl}/${filling.organisation}/${known.id}/cases`;
  const every = known.id === 'review' ? filling.attachmentsEvery : 0;
  const files =
    every > 0 && turn % every === 0
      ? [await sendFile(door, draft, inventFile(chance, [String(invented.why)]))]
      : [];
  const bytes = await seal(
    published,
    draft,
    today,
    withFiles(answers, files),
    files.map(({ sealed }) => sealed),
  );
  return { door, bytes };
}

type Sent = { readonly answer: FileAnswer; readonly sealed: SealedAttachment };

async function sendFile(door: string, draft: CaseDraft, file: InventedFile): Promise<Sent> {
  const { name, type, content } = file;
  const stream = new Blob([content]).stream();
  const sealed = await sealAttachment(
    draft,
    { name, type, size: content.length },
    stream,
    async (id, n, chunk) => {
      const to = `${door}/${draft.case}/attachments/${id}/${n}`;
      await deliver(to, 'PUT', 'application/octet-stream', chunk);
    },
  );
  return { answer: { id: sealed.id, name, type, size: content.length }, sealed };
}

const withFiles = (answers: Answers, files: readonly Sent[]): Answers =>
  files.length === 0 ? answers : { ...answers, letter: files.map(({ answer }) => answer) };

async function seal(
  { definition }: PublishedForm,
  draft: CaseDraft,
  today: Day,
  answers: Answers,
  attachments: SealedAttachment[],
): Promise<Uint8Array<ArrayBuffer>> {
  const [problem] = checkAnswers(definition, answers, today);
  if (problem) throw new Error(`An invented answer is not valid: ${problem.question}: ${problem.message}`);
  const content = {
    ...partAnswers(definition, answers, today),
    summary: summaryOf(definition, answers, today),
  };
  return encodePost(await sealSubmission(draft, content, attachments));
}

const PAUSES = [200, 500, 1000, 2000, 5000];

/** Sends, and again when the site is busy or away; everything sent here may be sent twice. */
async function deliver(
  to: string,
  method: string,
  type: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (let failed = 0; ; failed += 1) {
    const answer = await fetch(to, {
      method,
      headers: { 'content-type': type, accept: 'application/json' },
      body,
    }).catch(() => null);
    const said = await answer?.text();
    if (answer?.ok) return;
    if (answer && answer.status < 500) throw new Error(`The site refused it (${answer.status}): ${said}`);
    const pause = PAUSES[failed];
    if (pause === undefined)
      throw new Error(answer ? `The site fails (${answer.status}).` : 'The site does not answer.');
    await wait(pause);
  }
}

/** Real texts as the forms take them: line ends of one kind, trimmed, at most as long as the question allows. */
export function tidyText(text: string): string {
  return text.toWellFormed().replaceAll(/\r\n?/g, '\n').trim().slice(0, 8700).trim();
}
