/**
 * # Note: forms
 *
 * A form is data: pages of questions, each with its rules, and the routes between them. This room asks the
 * questions; what was answered never stays here. The same functions decide everywhere which page comes next, what
 * is wrong with an answer (`check.ts`) and how it is read back: in the submitter's browser, in the server for
 * people without JavaScript, and again on the desk when a case is opened.
 *
 * Routes only lead forwards, so every path ends: at *check your answers*, or at an exit page that says where to go
 * instead. What was answered on a page that is no longer on the path counts for nothing and is not sent.
 *
 * Where a form depends on the day ("is the letter older than 28 days?"), the day is an argument: give the day of
 * filling in while it is filled in, and the day of sending when it is opened.
 *
 * LIMIT: without JavaScript the answers so far travel in each page, so they lie in the browser's memory of those
 * pages until it is closed, and pass through the server's memory at every step.
 */
import type { FormId } from '../sealing/place.ts';
import { fileAnswer, isGiven, listAnswer, shown, textAnswer } from './answers.ts';
import type { AboutPeople, Casework } from './casework.ts';
import { conditionHolds } from './condition.ts';
import type { Day } from './day.ts';

/** Text on a page: a paragraph, or one of these. `{review}` and `{organisation}` are filled in on parsing. */
export type Block =
  | string
  | { readonly heading: string }
  | { readonly list: readonly string[] }
  | { readonly inset: string }
  | { readonly warning: string }
  | { readonly link: { readonly text: string; readonly href: string } };

/** A period by its name, such as `review`: 28 days, 5 working days, 4 weeks. */
export type Period = { readonly count: number; readonly unit: 'days' | 'working days' | 'weeks' };

/** A published form, whole. `definition.ts` parses it from JSON and promises what the types cannot say. */
export type FormDefinition = {
  readonly id: FormId;
  readonly version: number;
  readonly title: string;
  /** What a grant may name as the reason to read this form's cases. */
  readonly purposes: readonly string[];
  /** Whether those who look after alarms are told at once of each submission. */
  readonly alarms?: boolean;
  /** Whether every page offers *Exit this page*: for people who may be watched. */
  readonly exitThisPage: boolean;
  readonly periods: Readonly<Record<string, Period>>;
  readonly start: { readonly lead: string; readonly body: readonly Block[]; readonly button: string };
  /** In the order they are asked. */
  readonly pages: readonly Page[];
  readonly exits: readonly ExitPage[];
  /** Limits on all the form's files together, and on each. */
  readonly files: FileLimits;
  readonly declaration: { readonly body: readonly Block[]; readonly agree: string; readonly button: string };
  /** Shown on the confirmation page under *What happens next*. */
  readonly next: readonly Block[];
  /** Which answers tell a list who wrote and about what. */
  readonly summary: {
    readonly who: readonly string[];
    readonly nameless: string;
    readonly about: string;
    readonly lines: readonly string[];
  };
  readonly casework: Casework;
  /** What can be told of the people in a case, should it ever get out. */
  readonly people?: AboutPeople;
};

export type Page = {
  readonly id: string;
  /** The heading of the group in which its answers are read back. */
  readonly section: string;
  /** The page's heading; where there is none, its one question's label is. */
  readonly title?: string;
  readonly lead?: readonly Block[];
  /** The page is passed over unless this holds. */
  readonly when?: Condition;
  readonly questions: readonly Question[];
  readonly rules?: readonly PageRule[];
  /** The first that holds is taken, else the next page of the list. */
  readonly route?: readonly Route[];
};

/** The end of the road for some: this form is not for them, and this is where to go. Nothing is sent from it. */
export type ExitPage = { readonly id: string; readonly title: string; readonly body: readonly Block[] };

/** `to` is a later page or an exit page. */
export type Route = { readonly when: Condition; readonly to: string };

/** What earlier answers must be. `olderThan` names a period: the date plus the period is before today. */
export type Condition =
  | { readonly question: string; readonly is: readonly string[] }
  | { readonly question: string; readonly olderThan: string }
  | { readonly question: string; readonly given: boolean }
  | { readonly any: readonly Condition[] }
  | { readonly all: readonly Condition[] };

/** A rule over several answers: at least one of them is given; or a choice needs another answer. */
export type PageRule =
  | { readonly oneOf: readonly string[]; readonly at: string; readonly message: string }
  | { readonly question: string; readonly is: string; readonly needs: string; readonly message: string };

export type Question = {
  readonly id: string;
  readonly label: string;
  /** The label where answers are read back: `Outcome letter`, not `What is the date of …?`. */
  readonly short: string;
  /** As messages say it after "Enter": `the date of the outcome letter`. */
  readonly noun: string;
  readonly hint?: string;
  readonly required: boolean;
  /** Equality answers are kept apart: sealed on their own, never in the case. */
  readonly apart?: boolean;
  /** Said instead of the derived message when a required answer is missing. */
  readonly missing?: string;
} & Kind;

export type Kind =
  | { readonly kind: 'text'; readonly max: number; readonly width?: number; readonly autocomplete?: string }
  | { readonly kind: 'longtext'; readonly max: number; readonly rows: number }
  | { readonly kind: 'email' | 'uk-phone' | 'uk-postcode'; readonly autocomplete?: string }
  | { readonly kind: 'date'; readonly past: boolean; readonly notBefore?: string }
  | { readonly kind: 'radios' | 'checkboxes'; readonly choices: readonly Choice[]; readonly inline?: boolean }
  | { readonly kind: 'name' | 'address'; readonly whose: 'your' | 'their' }
  | { readonly kind: 'files' };

export type Choice = {
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
  /** Of checkboxes: none of the others goes with this one. */
  readonly exclusive?: boolean;
  /** Asked only when this choice is made. */
  readonly questions?: readonly Question[];
};

export type FileLimits = {
  readonly most: number;
  readonly largestMegabytes: number;
  /** Each kind as people call it, with the endings of its names. */
  readonly types: readonly { readonly label: string; readonly endings: readonly string[] }[];
};

/** A file that belongs to the submission; its bytes are elsewhere. */
export type FileAnswer = {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
};

export type Answer = string | readonly string[] | Readonly<Record<string, string>> | readonly FileAnswer[];

/** By question id; what was left empty is absent. Dates, names and addresses are objects of their parts. */
export type Answers = Readonly<Record<string, Answer>>;

/** Where the answers lead: the pages in order, and the exit page if they end at one. */
export type Journey = {
  readonly pages: readonly Page[];
  readonly exit: ExitPage | null;
  /** The answers that count: those to questions that are asked on this path. */
  readonly answers: Answers;
};

/** Follows the answers from the first page on. What is not answered yet is taken as leading straight ahead. */
export function journey(form: FormDefinition, answers: Answers, today: Day): Journey {
  const pages: Page[] = [];
  const reached: Record<string, Answer> = {};
  const holds = (condition: Condition) => conditionHolds(form, condition, reached, today);
  for (let index = 0; index < form.pages.length; ) {
    const page = form.pages[index];
    if (!page) break;
    index += 1;
    if (page.when && !holds(page.when)) continue;
    pages.push(page);
    for (const question of asked(page, answers)) {
      const answer = answers[question.id];
      if (answer !== undefined) reached[question.id] = answer;
    }
    const to = page.route?.find((route) => holds(route.when))?.to;
    const exit = form.exits.find((each) => each.id === to);
    if (exit) return { pages, exit, answers: reached };
    index = Math.max(
      index,
      form.pages.findIndex((each) => each.id === to),
    );
  }
  return { pages, exit: null, answers: reached };
}

/** The pages that are asked now, in order. */
export function path(form: FormDefinition, answers: Answers, today: Day): readonly Page[] {
  return journey(form, answers, today).pages;
}

/** What comes after a page: another, an exit page, or null for *check your answers*. */
export function nextPage(
  form: FormDefinition,
  answers: Answers,
  today: Day,
  from: string,
): Page | ExitPage | null {
  const { pages, exit } = journey(form, answers, today);
  return pages[pages.findIndex((page) => page.id === from) + 1] ?? exit;
}

/** What comes before a page, an exit page or `check`: null for the start page. */
export function previousPage(form: FormDefinition, answers: Answers, today: Day, from: string): Page | null {
  const { pages } = journey(form, answers, today);
  const index = pages.findIndex((page) => page.id === from);
  return pages[(index === -1 ? pages.length : index) - 1] ?? null;
}

/** The page's questions with those that a choice made on it asks too. */
export function asked(page: Page, answers: Answers): Question[] {
  return page.questions.flatMap((question) => [question, ...revealed(question, answers)]);
}

/** Every question of the page, whether its choice is made or not. */
export function allQuestions(page: Page): Question[] {
  return page.questions.flatMap((question) => [
    question,
    ...('choices' in question ? question.choices.flatMap((choice) => choice.questions ?? []) : []),
  ]);
}

/** The heading of a page. */
export function pageTitle(page: Page): string {
  return page.title ?? page.questions[0]?.label ?? '';
}

export type AnswerRow = {
  readonly section: string;
  readonly page: string;
  readonly question: Question;
  readonly label: string;
  /** Lines are parted by `\n`; `Not provided` where nothing was answered. */
  readonly value: string;
  readonly given: boolean;
  /** Where it can be changed, inside the page that asks. */
  readonly href: string;
  /** What a Change link adds for who cannot see the row: `outcome letter`. */
  readonly change: string;
};

/** Everything that was asked and what was answered, in order: for *check your answers*. The desk takes `caseRows`. */
export function answerRows(form: FormDefinition, answers: Answers, today: Day): AnswerRow[] {
  return path(form, answers, today).flatMap((page) =>
    asked(page, answers).map((question) => ({
      section: page.section,
      page: page.id,
      question,
      label: question.short,
      value: shown(question, answers[question.id]) || 'Not provided',
      given: isGiven(answers[question.id]),
      href: `#page-${page.id}`,
      change: question.short.slice(0, 1).toLowerCase() + question.short.slice(1),
    })),
  );
}

/** The rows of the case: all but those of the equality answers, which are not in it. */
export function caseRows(form: FormDefinition, answers: Answers, today: Day): AnswerRow[] {
  return answerRows(form, answers, today).filter((row) => !row.question.apart);
}

/** The e-mail address of whoever asked to be reached by it; null where they did not, or gave none. */
export function emailToTell(form: FormDefinition, answers: Answers, today: Day): string | null {
  if (textAnswer(answers[form.people?.reach ?? '']) !== 'email') return null;
  const row = caseRows(form, answers, today).find(
    ({ question, given }) => question.kind === 'email' && given,
  );
  return row ? textAnswer(answers[row.question.id]) : null;
}

/** Who wrote and about what, for a list of cases: of use also when no name was given. */
export type Summary = { readonly title: string; readonly lines: readonly string[] };

export function summaryOf(form: FormDefinition, answers: Answers, today: Day): Summary {
  const { pages, answers: reached } = journey(form, answers, today);
  const questions = pages.flatMap(allQuestions);
  const told = (id: string): string => {
    const question = questions.find((each) => each.id === id);
    if (!question) return '';
    // The lines of an address or of several choices are parts; those of a long text run on.
    const text = shown(question, reached[id]).trim();
    return (question.kind === 'longtext' ? text : text.replaceAll('\n', ', ')).replaceAll(/\s+/g, ' ');
  };
  const who = form.summary.who.map(told).find((name) => name !== '');
  const about = excerpt(told(form.summary.about), 80);
  const title = who ?? (about ? `${form.summary.nameless}: ${about}` : form.summary.nameless);
  const lines = form.summary.lines.map(told).filter((line) => line !== '');
  return {
    title,
    lines: (who ? [...lines, about] : lines).filter(Boolean).map((line) => excerpt(line, 120)),
  };
}

/**
 * Parts what is sent: the case's answers, and the equality answers that are kept apart from it (null when there are
 * none). Answers to questions that are not asked on the path are left behind.
 */
export function partAnswers(
  form: FormDefinition,
  answers: Answers,
  today: Day,
): { answers: Answers; equality: Answers | null } {
  const reached = journey(form, answers, today);
  const apart = new Set(reached.pages.flatMap(allQuestions).flatMap((each) => (each.apart ? [each.id] : [])));
  const entries = Object.entries(reached.answers).filter(([, answer]) => isGiven(answer));
  const equality = entries.filter(([id]) => apart.has(id));
  return {
    answers: Object.fromEntries(entries.filter(([id]) => !apart.has(id))),
    equality: equality.length > 0 ? Object.fromEntries(equality) : null,
  };
}

/** The files among the answers, with the question each answers. */
export function filesIn(
  form: FormDefinition,
  answers: Answers,
): (FileAnswer & { readonly question: string })[] {
  return form.pages
    .flatMap(allQuestions)
    .filter((question) => question.kind === 'files')
    .flatMap(({ id }) => fileAnswer(answers[id]).map((file) => ({ ...file, question: id })));
}

/** `5 working days`, `1 week`. */
export function periodText({ count, unit }: Period): string {
  return `${count} ${count === 1 ? unit.slice(0, -1) : unit}`;
}

function revealed(question: Question, answers: Answers): readonly Question[] {
  if (!('choices' in question)) return [];
  const answer = answers[question.id];
  const chosen = question.kind === 'radios' ? [textAnswer(answer)] : listAnswer(answer);
  return question.choices
    .filter(({ value }) => chosen.includes(value))
    .flatMap((choice) => choice.questions ?? []);
}

function excerpt(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  return `${cut.slice(0, cut.lastIndexOf(' ') > most / 2 ? cut.lastIndexOf(' ') : undefined)}…`;
}
