/** Reading: each act is one transaction with its entry; a refusal is registered in one of its own. */
import { Readable } from 'node:stream';
import type { FormDefinition } from '../forms/form.ts';
import { formVersion } from '../forms/store.ts';
import { act, type Database, type SessionSecret, type Tx } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import {
  caseOpenings,
  equalityCount,
  type ListedRow,
  listCases,
  type MyForm,
  myForms,
  type OpeningRow,
  type ReleasedRow,
  releaseAttachment,
  releaseCase,
  releasedChunk,
} from './store.ts';

/** The one answer for a case that is absent, another body's, or not for this person: nothing tells them apart. */
export const NO_CASE = refuse(
  'missing',
  'missing',
  'There is no such case for you. Check the address, or whether your access has ended.',
);
export const NO_FORM = refuse(
  'missing',
  'missing',
  'There is no such form for you to read. Two managers can give you access.',
);

/** Whoever asks, as the door found out; `organisationName` is filled into the forms' texts. */
export type Reader = { readonly session: SessionSecret; readonly organisationName: string };

type About = { readonly case?: string; readonly form?: string };

async function attempt<T>(
  desk: Database,
  { session }: Reader,
  name: string,
  about: About,
  work: (tx: Tx) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const result = await act(desk, session, work);
  if (!isRefusal(result)) return result;
  await act(desk, session, (tx) =>
    tx.run('select letterbox.register_refusal($1, $2, $3, $4)', [
      name,
      result.refusal,
      about.case ?? null,
      about.form ?? null,
    ]),
  );
  if (result.kind !== 'missing') return result;
  return about.case ? NO_CASE : NO_FORM;
}

export type Listing = {
  readonly form: MyForm;
  readonly rows: ListedRow[];
  readonly equality: bigint | null;
};

/** One page of a form's cases, newest first, those after `before`; one entry, which names the cases handed over. */
export function list(
  desk: Database,
  reader: Reader,
  slug: string,
  before: string | null,
): Promise<Listing | Refusal> {
  return attempt(desk, reader, 'list', { form: slug }, async (tx) => {
    const form = (await myForms(tx)).find((each) => each.form === slug);
    if (!form) return NO_FORM;
    return { form, rows: await listCases(tx, slug, before), equality: await equalityCount(tx, slug) };
  });
}

export type Release = { readonly row: ReleasedRow; readonly definition: FormDefinition | null };

/** Hands over one case's envelope and ciphertext, with its entry in the register, and the form as it was asked then. */
export function release(desk: Database, reader: Reader, id: string): Promise<Release | Refusal> {
  return attempt(desk, reader, 'release', { case: id }, async (tx) => {
    const row = await releaseCase(tx, id);
    return { row, definition: await formVersion(tx, row.form, row.version, reader.organisationName) };
  });
}

/** Who opened the case before, for whoever may read it; nothing sealed. */
export function openings(desk: Database, reader: Reader, id: string): Promise<OpeningRow[] | Refusal> {
  return attempt(desk, reader, 'openings', { case: id }, (tx) => caseOpenings(tx, id));
}

export type Download = { readonly size: number; readonly stream: Readable };

/** How often it is asked whether a download may go on while its reader takes nothing: an end stops it within a minute. */
export const ASKED_AGAIN_EVERY = 30_000;

/** An attachment's ciphertext, read chunk by chunk as it is sent; breaks off when the grant ends, and ten minutes after it began. */
export async function download(
  desk: Database,
  reader: Reader,
  id: string,
  attachment: string,
  askedAgainEvery = ASKED_AGAIN_EVERY,
): Promise<Download | Refusal> {
  const released = await attempt(desk, reader, 'attachment-release', { case: id }, (tx) =>
    releaseAttachment(tx, id, attachment),
  );
  if (isRefusal(released)) return released;
  const chunk = (n: number) => act(desk, reader.session, (tx) => releasedChunk(tx, released.release, n));
  const chunks = async function* () {
    for (let n = 0; n < released.chunks; n += 1) {
      const bytes = await chunk(n);
      if (bytes === null || isRefusal(bytes)) throw new Error(BROKEN_OFF);
      yield bytes;
    }
  };
  const stream = Readable.from(chunks(), { objectMode: false, highWaterMark: 1 });
  // Each chunk is decided when it is asked for; this is for a reader who asks for none.
  const asking = setInterval(async () => {
    const still = await chunk(NO_CHUNK).catch(() => null);
    if (isRefusal(still)) stream.destroy(new Error(BROKEN_OFF));
  }, askedAgainEvery);
  asking.unref();
  stream.once('close', () => clearInterval(asking));
  return { size: Number(released.size), stream };
}

const BROKEN_OFF = 'The download was broken off: the access ended, or a chunk is missing.';
/** No attachment has it, so nothing but the decision comes back. */
const NO_CHUNK = -1;
