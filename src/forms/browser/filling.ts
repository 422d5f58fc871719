/** A form while it is filled in: what was answered, which pages were seen, and where one may go from here. */
import { fileAnswer } from '../answers.ts';
import { checkFile, checkPage, firstUnfinished, type Problem } from '../check.ts';
import { type Day, dayOf } from '../day.ts';
import {
  type AnswerRow,
  type Answers,
  allQuestions,
  answerRows,
  type FileAnswer,
  type FormDefinition,
  filesIn,
  journey,
  nextPage,
  type Page,
  partAnswers,
  previousPage,
  summaryOf,
} from '../form.ts';
import { type Fields, parseAnswers, readPage } from '../reading.ts';
import { type PublishedForm, type SendOutcome, type SendRequest, withFileIds } from '../sending.ts';

/** A page's id, an exit page's, `check` or `declaration`. */
export type StageId = string;

export class Filling {
  readonly published: PublishedForm;
  answers: Answers = {};
  #seen = new Set<string>();
  /** The files themselves, by their answers' ids: in memory only. */
  readonly #files = new Map<string, File>();

  constructor(published: PublishedForm) {
    this.published = published;
  }

  get form(): FormDefinition {
    return this.published.definition;
  }

  get today(): Day {
    return dayOf(new Date());
  }

  page(stage: StageId): Page | undefined {
    return this.form.pages.find((page) => page.id === stage);
  }

  /** What is kept for a reload. */
  draft(): unknown {
    return { answers: this.answers, seen: [...this.#seen] };
  }

  /** Takes up what was kept; returns the files that could not be. What was answered since stands. */
  restore(draft: unknown): FileAnswer[] {
    if (typeof draft !== 'object' || draft === null) return [];
    const { answers, seen }: { answers?: unknown; seen?: unknown } = draft;
    const found = parseAnswers(this.form, answers);
    const lost = filesIn(this.form, found);
    this.answers = { ...withFileIds(found, new Map()), ...this.answers };
    const without = new Set(lost.map((file) => file.question));
    const asks = (page: Page) => allQuestions(page).some((question) => without.has(question.id));
    const reopened = new Set(this.form.pages.filter(asks).map((page) => page.id));
    if (Array.isArray(seen)) for (const id of seen.map(String)) if (!reopened.has(id)) this.#seen.add(id);
    return lost;
  }

  /** Reads a page's fields, right or wrong. */
  read(stage: StageId, fields: Fields): void {
    const page = this.page(stage);
    if (page) this.answers = readPage(page, this.answers, fields);
  }

  problems(stage: StageId): Problem[] {
    return checkPage(this.form, stage, this.answers, this.today);
  }

  /** Goes on from a page that is right: to the next, or straight to what is left once the end was seen. */
  leave(stage: StageId): StageId {
    this.#seen.add(stage);
    if (this.#seen.has('check')) return this.#unfinished() ?? 'check';
    return nextPage(this.form, this.answers, this.today, stage)?.id ?? 'check';
  }

  previous(stage: StageId): StageId | null {
    if (stage === 'declaration') return 'check';
    return previousPage(this.form, this.answers, this.today, stage)?.id ?? null;
  }

  /** The stage of this id if it may be shown now, else the first page that is still to do; null for no stage of now. */
  reachable(id: string): StageId | null {
    const { pages, exit } = journey(this.form, this.answers, this.today);
    const open = this.#unfinished();
    if (id === 'check' || id === 'declaration') return open ?? id;
    if (exit?.id === id) return id;
    const index = pages.findIndex((page) => page.id === id);
    if (index === -1) return null;
    const until = pages.findIndex((page) => page.id === open);
    return until !== -1 && until < index ? open : id;
  }

  #unfinished(): StageId | null {
    return firstUnfinished(this.form, this.answers, this.today, [...this.#seen])?.id ?? null;
  }

  /** The rows of *check your answers*, which counts as seen from now on. */
  rows(): AnswerRow[] {
    this.#seen.add('check');
    return answerRows(this.form, this.answers, this.today);
  }

  /** Adds files to a page's question, but for those that cannot be taken: their problems are returned. */
  addFiles(page: Page, question: string, files: readonly File[]): Problem[] {
    const problems: Problem[] = [];
    for (const file of files) {
      const wrong = checkFile(this.form.files, file);
      problems.push(...wrong.map((message) => ({ page: page.id, question, field: question, message })));
      if (wrong.length === 0) this.#addFile(question, file);
    }
    return problems.length > 0
      ? problems
      : this.problems(page.id).filter((each) => each.question === question);
  }

  #addFile(question: string, file: File): void {
    const id = crypto.randomUUID();
    const answer = { id, name: file.name.slice(-255), type: file.type.slice(0, 255), size: file.size };
    this.#files.set(id, file);
    this.answers = { ...this.answers, [question]: [...fileAnswer(this.answers[question]), answer] };
  }

  removeFile(question: string, id: string): void {
    this.#files.delete(id);
    const left = fileAnswer(this.answers[question]).filter((file) => file.id !== id);
    this.answers = { ...this.answers, [question]: left };
  }

  /** Everything that is sent. */
  request(respond: (outcome: Promise<SendOutcome>) => void): SendRequest {
    const { published, today } = this;
    const { answers, equality } = partAnswers(this.form, this.answers, today);
    const files = filesIn(this.form, answers).flatMap(({ question, id }) => {
      const file = this.#files.get(id);
      return file ? [{ question, id, file }] : [];
    });
    return {
      published,
      answers,
      equality,
      summary: summaryOf(this.form, this.answers, today),
      today,
      files,
      respond,
    };
  }

  forget(): void {
    this.answers = {};
    this.#seen.clear();
    this.#files.clear();
  }
}
