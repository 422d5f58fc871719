/** Reading: each act is one transaction with its entry; a refusal is registered in one of its own. */
import { Readable } from 'node:stream';
import type { Day } from '../forms/day.ts';
import { DefinitionError } from '../forms/definition.ts';
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
import { type Task, tasksIn, type WorkView, workView } from './work.ts';
import { assignCase, caseWork, type MineRow, myWork, takeCaseState } from './work-store.ts';

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

/** What the page of a case says around it: nothing sealed. */
export type CasePage = { readonly work: WorkView | null };

/** How far a case is, for whoever may read it; null where its form is not there any more. */
export function work(desk: Database, reader: Reader, id: string, today: Day): Promise<CasePage | Refusal> {
  return attempt(desk, reader, 'work', { case: id }, async (tx) => {
    const row = await caseWork(tx, id);
    const form = await readableForm(tx, row, reader.organisationName);
    return { work: form && workView(form, row, today) };
  });
}

/** The form as it was asked then; null where it is not there, or of a shape that this release does not know. */
async function readableForm(
  tx: Tx,
  { form, version }: { readonly form: string; readonly version: number },
  organisationName: string,
): Promise<FormDefinition | null> {
  try {
    return await formVersion(tx, form, version, organisationName);
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

const NO_STATE = refuse(
  'no-such-state',
  'invalid',
  'This form has no such state or outcome. Reload the page and select another.',
);
const NO_READER = refuse(
  'no-reader',
  'invalid',
  'They may not read this case, so they cannot look after it. Two managers can give them access.',
);

/** Takes a case to a state of its form. */
export async function moveCase(
  desk: Database,
  reader: Reader,
  id: string,
  { state, outcome }: { readonly state: string; readonly outcome: string | null },
): Promise<null | Refusal> {
  const moved = await attempt(desk, reader, 'state', { case: id }, (tx) =>
    takeCaseState(tx, id, state, outcome),
  );
  if (!isRefusal(moved)) return null;
  return moved.kind === 'invalid' ? NO_STATE : moved;
}

/** Gives a case to somebody who may read it, or to nobody. */
export async function giveCase(
  desk: Database,
  reader: Reader,
  id: string,
  person: string | null,
): Promise<null | Refusal> {
  const given = await attempt(desk, reader, 'assignment', { case: id }, (tx) => assignCase(tx, id, person));
  if (!isRefusal(given)) return null;
  return given.kind === 'invalid' ? NO_READER : given;
}

/** What is late or due soon in the cases that somebody may read. */
export function tasks(
  desk: Database,
  { session, organisationName }: Reader,
  today: Day,
): Promise<Task[] | Refusal> {
  return act(desk, session, async (tx) => {
    const rows = await myWork(tx);
    const forms = new Map<string, FormDefinition | null>();
    const nameOf = ({ form, version }: MineRow) => `${form} ${version}`;
    for (const row of new Map(rows.map((each) => [nameOf(each), each])).values())
      forms.set(nameOf(row), await readableForm(tx, row, organisationName));
    return tasksIn(rows, (row) => forms.get(nameOf(row)) ?? null, today);
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
