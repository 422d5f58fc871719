/** A step as it was posted: its fields, and its files, which are sealed and kept as they come in. */
import { isRefusal } from '../web/refusal.ts';
import { type Carried, carriedOver, nothingYet, readCarried } from './carried.ts';
import { checkFile, largestFile, type Problem, tooLarge } from './check.ts';
import { allQuestions, type FormDefinition, filesIn } from './form.ts';
import type { Fields } from './reading.ts';
import type { FormsDeps, IncomingFile, KeptFile, PublishedForm } from './sending.ts';

/** One part of a post, in the order of the page; files can be read once, and only before the next part. */
export type Part =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly file: Omit<IncomingFile, 'question'> };

export type Posted = {
  /** The page it was posted from: a page's id, an exit page's, `check` or `declaration`. */
  readonly page: string;
  readonly step: string;
  readonly fields: Fields;
  readonly carried: Carried;
  readonly kept: readonly (KeptFile & { readonly question: string })[];
  /** What was wrong with files that were not kept. */
  readonly problems: readonly Problem[];
  readonly tooLarge: boolean;
  /** Whether what should have been carried is missing or is not ours: the page's own fields are all there is. */
  readonly malformed: boolean;
  /** Whether it was filled in on another version of the form. */
  readonly stale: boolean;
};

/** Reads a post to its end. */
export async function readPosted(
  deps: FormsDeps,
  published: PublishedForm,
  parts: AsyncIterable<Part>,
): Promise<Posted> {
  const values = new Map<string, string[]>();
  const fields: Fields = (name) => values.get(name) ?? [];
  const uploads = new Uploads(deps, published);
  let carried: Carried | null = null;
  for await (const part of parts) {
    if ('value' in part) {
      values.set(part.name, [...fields(part.name), part.value]);
      if (part.name === 'carried') carried = readCarried(published.definition, part.value);
    } else if (carried && part.file.name !== '') {
      carried = await uploads.take(carried, fields('page')[0] ?? '', part.name, part.file);
    }
  }
  const { definition } = published;
  const malformed = carried === null;
  carried ??= nothingYet(definition);
  const stale = carried.version !== definition.version;
  return {
    page: fields('page')[0] ?? '',
    step: fields('step')[0] ?? 'continue',
    fields,
    carried: stale ? carriedOver(definition, carried) : carried,
    ...{ kept: uploads.kept, problems: uploads.problems, tooLarge: uploads.tooLarge, malformed, stale },
  };
}

class Uploads {
  readonly kept: (KeptFile & { question: string })[] = [];
  readonly problems: Problem[] = [];
  tooLarge = false;
  readonly #deps: FormsDeps;
  readonly #published: PublishedForm;

  constructor(deps: FormsDeps, published: PublishedForm) {
    this.#deps = deps;
    this.#published = published;
  }

  /** Keeps the file or notes why not; starts the case when it is the first. */
  async take(
    carried: Carried,
    page: string,
    question: string,
    file: Omit<IncomingFile, 'question'>,
  ): Promise<Carried> {
    const form = this.#published.definition;
    if (carried.version !== form.version || !asksForFile(form, page, question)) return carried;
    const refuse = (message: string) => this.problems.push({ page, question, field: question, message });
    const content = await peeked(file.content, largestFile(form.files));
    const [objection] = checkFile(form.files, { name: file.name, size: content ? 1 : 0 });
    const already = filesIn(form, carried.answers).length + this.kept.length;
    if (objection) refuse(objection);
    else if (already >= form.files.most) refuse(`You can add up to ${form.files.most} files in total`);
    if (!content || objection || already >= form.files.most) return carried;
    const carry = carried.carry ?? (await this.#deps.startCase(this.#published));
    try {
      const kept = await this.#deps.keepFile(this.#published, carry, { ...file, question, content });
      if (isRefusal(kept)) refuse(kept.message);
      else this.kept.push({ ...kept, question });
    } catch (error) {
      if (!(error instanceof TooLargeError)) throw error;
      this.tooLarge = true;
      refuse(tooLarge(form.files, file.name));
    }
    return { ...carried, carry };
  }
}

function asksForFile(form: FormDefinition, page: string, question: string): boolean {
  const questions = form.pages.filter((each) => each.id === page).flatMap(allQuestions);
  return questions.some((each) => each.id === question && each.kind === 'files');
}

class TooLargeError extends Error {
  override name = 'TooLargeError';
}

/** The content again, or null if it is empty. Reading it throws at its end if it was longer than `largest` bytes. */
async function peeked(
  content: AsyncIterable<Uint8Array>,
  largest: number,
): Promise<AsyncIterable<Uint8Array> | null> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return null;
  return (async function* () {
    let size = 0;
    for (let next: IteratorResult<Uint8Array> = first; !next.done; next = await chunks.next()) {
      size += next.value.length;
      // What is too much is read and dropped, so that the rest of the post can still be read.
      if (size <= largest) yield next.value;
    }
    if (size > largest) throw new TooLargeError('The file is too large.');
  })();
}
