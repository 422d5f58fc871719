/** Canaries: submissions that nobody wrote, sent in by the public door as anybody's are, with a mark in everything they say. */
import { z } from 'zod';
import { sealAttachment } from '../sealing/attachment.ts';
import { toBase64url } from '../sealing/encoding.ts';
import { parseRecipient } from '../sealing/keys.ts';
import { formId, newId, objectId, organisationId } from '../sealing/place.ts';
import { encodePost, postContentType } from '../sealing/post.ts';
import { receiptAuthenticator } from '../sealing/receipt.ts';
import {
  type CaseDraft,
  type FormTarget,
  type NewMessage,
  newCase,
  type SealedAttachment,
  sealMessage,
  sealSubmission,
} from '../sealing/submission.ts';
import type { Asking } from './asking.ts';
import { type Mark, newMark } from './mark.ts';
import type { Planted, Sealed } from './needles.ts';

/** What Watch keeps of one: where it is, what gives it away, and what it became when it was sealed (base64). */
export const canaryShape = z.object({
  ...{
    case: z.string(),
    attachments: z.array(z.string()),
    organisation: z.string(),
    slug: z.string(),
    form: z.string(),
  },
  ...{ generation: z.number(), plantedAt: z.string(), retired: z.boolean() },
  marks: z.array(z.object({ part: z.string(), mark: z.string() })),
  sealed: z.array(z.object({ part: z.string(), bytes: z.string() })),
});
export type Canary = z.output<typeof canaryShape>;

const question = z.object({
  id: z.string(),
  kind: z.string(),
  get choices(): z.ZodOptional<z.ZodArray<typeof choice>> {
    return z.array(choice).optional();
  },
});
const choice = z.object({
  get questions(): z.ZodOptional<z.ZodArray<typeof question>> {
    return z.array(question).optional();
  },
});
type Question = z.output<typeof question>;

const published = z.object({
  organisation: z.object({ id: z.string() }),
  definition: z.object({
    ...{ id: z.string(), version: z.number() },
    pages: z.array(z.object({ questions: z.array(question) })),
  }),
  generation: z.number(),
  recipient: z.string(),
  formKey: z.object({ inner: z.object({ text: z.string() }).nullable() }),
});
export type Published = z.output<typeof published>;

/** The form as its public page carries it for browsers; null where it carries none. */
export function readPublished(page: string): Published | null {
  const json = /<script type="application\/json" data-published>([\s\S]*?)<\/script>/.exec(page)?.[1];
  if (json === undefined) return null;
  try {
    return published.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

const innerKey = z.object({ recipient: z.string() });

function targetOf({ organisation, definition, generation, recipient, formKey }: Published): FormTarget {
  const inner = formKey.inner && innerKey.parse(JSON.parse(formKey.inner.text)).recipient;
  return {
    ...{
      organisation: organisationId(organisation.id),
      form: formId(definition.id),
      version: definition.version,
    },
    ...{ generation, recipient: parseRecipient(recipient), ...(inner && { inner: parseRecipient(inner) }) },
  };
}

/** A canary that is sealed and not sent yet: announced first, it is then posted. */
export type Ready = {
  readonly canary: Canary;
  post(asking: Asking, publicUrl: string): Promise<boolean>;
};

type Piece = { readonly id: string; readonly n: number; readonly bytes: Uint8Array<ArrayBuffer> };

/** Makes one for this form. `now` is when it will be said to have been planted. */
export async function makeCanary(form: Published, slug: string, now: Date): Promise<Ready> {
  const draft = await newCase(targetOf(form), now);
  const marks: { part: string; mark: Mark }[] = [];
  const marked = (part: string): Mark => {
    const mark = newMark();
    marks.push({ part, mark });
    return mark;
  };
  const questions = form.definition.pages.flatMap((page) => page.questions);
  const pieces: Piece[] = [];
  const wantsFile = questions.some(({ kind }) => kind === 'files');
  const file = wantsFile ? await sealFile(draft, marked, pieces) : null;
  const answers = Object.fromEntries(questions.flatMap((each) => answersTo(each, marked, file)));
  const summary = { title: `Canary ${marked('summary')}`, lines: [`Line ${marked('summary line')}`] };
  const sealed = await sealSubmission(draft, { answers, summary, equality: null }, file ? [file.sealed] : []);
  const body = encodePost(sealed);
  const message = await sealMessage(draft, draft.caseRecipient, {
    ...{ id: objectId(newId()), text: `Canary ${marked('message')}`, by: null, now },
  });
  const ciphertexts: readonly (readonly [string, Uint8Array])[] = [
    ['answers', sealed.answers],
    ['summary', sealed.summary],
    ['case key', sealed.caseKey],
    ['receipt key', sealed.receiptKey],
    ['message', message.sealed],
    ...pieces.map(({ bytes }) => ['attachment', bytes] as const),
  ];
  const canary: Canary = {
    ...{
      case: draft.case,
      attachments: file ? [file.sealed.id] : [],
      organisation: draft.organisation,
      slug,
    },
    ...{
      form: draft.form,
      generation: draft.generation,
      plantedAt: now.toISOString(),
      retired: false,
      marks,
    },
    sealed: ciphertexts.map(([part, bytes]) => ({ part, bytes: Buffer.from(bytes).toString('base64') })),
  };
  const post: Ready['post'] = async (asking, publicUrl) => {
    const sent = await send(asking, publicUrl, canary, pieces, body);
    if (sent) await write(asking, publicUrl, draft, message);
    return sent;
  };
  return { canary, post };
}

/** A message of the canary's submitter. Where it is not taken, the canary stands all the same. */
async function write(
  asking: Asking,
  publicUrl: string,
  { receiptCode }: CaseDraft,
  { id, sealed }: NewMessage,
): Promise<void> {
  const authenticator = await receiptAuthenticator(receiptCode);
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const body = JSON.stringify({ authenticator, id, sealed: toBase64url(sealed) });
  await asking.ask({ url: `${publicUrl}/receipt/messages`, method: 'POST', headers, body });
}

async function send(
  asking: Asking,
  publicUrl: string,
  { slug, form, case: id }: Canary,
  pieces: readonly Piece[],
  body: Uint8Array,
): Promise<boolean> {
  const door = `${publicUrl}/${slug}/${form}/cases`;
  for (const { id: attachment, n, bytes } of pieces) {
    const url = `${door}/${id}/attachments/${attachment}/${n}`;
    const headers = { 'content-type': 'application/octet-stream', accept: 'application/json' };
    const put = await asking.ask({ url, method: 'PUT', headers, body: bytes });
    if (!put || put.status >= 300) return false;
  }
  const headers = { 'content-type': postContentType, accept: 'application/json' };
  const posted = await asking.ask({ url: door, method: 'POST', headers, body });
  return posted !== null && posted.status < 300;
}

type SentFile = { readonly name: string; readonly size: number; readonly sealed: SealedAttachment };

async function sealFile(
  draft: CaseDraft,
  marked: (part: string) => Mark,
  pieces: Piece[],
): Promise<SentFile> {
  const mark = marked('file');
  const content = Buffer.from(`Canary ${mark}\n`.repeat(40));
  const name = `${marked('file name')}.txt`;
  const about = { name, type: 'text/plain', size: content.length };
  const sealed = await sealAttachment(draft, about, new Blob([content]).stream(), async (id, n, bytes) => {
    pieces.push({ id, n, bytes: bytes.slice() });
  });
  return { name, size: content.length, sealed };
}

/** An answer with a mark to a question, and to those that only some are asked. Nobody but a reader's browser checks it. */
function answersTo(
  { id, kind, choices = [] }: Question,
  marked: (part: string) => Mark,
  file: SentFile | null,
): [string, unknown][] {
  const own = (): unknown => {
    const mark = () => marked(`answer ${id}`);
    switch (kind) {
      case 'name':
        return { first: mark(), last: mark() };
      case 'address':
        return { line1: mark(), line2: mark(), town: mark(), postcode: mark() };
      case 'date':
        return { day: mark(), month: mark(), year: mark() };
      case 'checkboxes':
        return [mark()];
      case 'files':
        return file ? [{ id: file.sealed.id, name: file.name, type: 'text/plain', size: file.size }] : [];
      case 'email':
        return `${mark()}@canary.invalid`;
      default:
        return `Canary ${mark()}`;
    }
  };
  const further = choices.flatMap(({ questions = [] }) =>
    questions.flatMap((each) => answersTo(each, marked, file)),
  );
  return [[id, own()], ...further];
}

/** What gives these canaries away. */
export function needlesIn(canaries: readonly Canary[]): { marks: Planted[]; sealed: Sealed[] } {
  return {
    marks: canaries.flatMap(({ case: canary, form, marks }) =>
      marks.flatMap(({ part, mark }) => (isKnown(mark) ? { canary, form, part, mark } : [])),
    ),
    sealed: canaries.flatMap(({ case: canary, form, sealed }) =>
      sealed.map(({ part, bytes }) => ({ canary, form, part, bytes: Buffer.from(bytes, 'base64') })),
    ),
  };
}

function isKnown(mark: string): mark is Mark {
  return mark.startsWith('lbx');
}
