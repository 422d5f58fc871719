/**
 * The way through a form without JavaScript, and the one file of this room in which the server meets answers.
 *
 * Each step posts the page and everything answered before; the next page is the answer, and carries it all again.
 * Nothing is stored, written to diagnostics or kept in memory between two steps, except files, which are sealed as
 * they come in. At the end everything is sealed before it is stored: *sealed on arrival*.
 */
import { isRefusal, statusOf } from '../web/refusal.ts';
import { fileAnswer } from './answers.ts';
import { type Carried, nothingYet, writeCarried } from './carried.ts';
import { checkPage, firstUnfinished, notAgreed, type Problem } from './check.ts';
import { type Day, dayOf } from './day.ts';
import {
  type Answer,
  answerRows,
  type ExitPage,
  filesIn,
  nextPage,
  type Page,
  pageTitle,
  partAnswers,
  previousPage,
  summaryOf,
} from './form.ts';
import { readPage } from './reading.ts';
import type { FormsDeps, PublishedForm } from './sending.ts';
import { type Part, type Posted, readPosted } from './uploads.ts';

/** A page to show: the template with what it needs, and the status it is sent with. */
export type View = {
  readonly template: string;
  readonly context: Record<string, unknown>;
  readonly status: number;
};

/** Where somebody is, with all they have answered. */
type Filling = {
  readonly deps: FormsDeps;
  readonly published: PublishedForm;
  readonly today: Day;
  readonly carried: Carried;
};

/** The first page, with nothing answered. */
export function firstView(deps: FormsDeps, published: PublishedForm): View {
  const at = { deps, published, today: today(deps), carried: nothingYet(published.definition) };
  return show(at, published.definition.pages[0] ?? null);
}

/** Takes one step and says what to show; null for what no page of ours sent. */
export async function takeStep(
  deps: FormsDeps,
  published: PublishedForm,
  parts: AsyncIterable<Part>,
): Promise<View | null> {
  const posted = await readPosted(deps, published, parts);
  const at = { deps, published, today: today(deps), carried: withPage(published, posted) };
  const page = published.definition.pages.find((each) => each.id === posted.page);
  if (posted.malformed) return page ? { ...noticed(show(at, page), unreadable), status: 400 } : null;
  if (posted.stale) return changedMeanwhile(at, page);
  if (posted.step === 'back') return goBack(at, posted.page);
  if (posted.step.startsWith('change-')) return change(at, posted.step.slice('change-'.length));
  if (page) return leave(at, page, posted);
  if (posted.page === 'check') return finish(at, posted.page);
  if (posted.page === 'declaration') return await send(at, posted.fields('agree').includes('yes'));
  return null;
}

function today(deps: FormsDeps): Day {
  return dayOf(deps.clock?.() ?? new Date());
}

/** What was carried, with the posted page read anew. */
function withPage(published: PublishedForm, { page: id, fields, carried, kept }: Posted): Carried {
  const page = published.definition.pages.find((each) => each.id === id);
  if (!page) return carried;
  const answers: Record<string, Answer> = { ...readPage(page, carried.answers, fields) };
  const references: Record<string, string> = { ...carried.references };
  const removed = new Set(fields('remove'));
  for (const { question } of filesIn(published.definition, answers)) {
    answers[question] = fileAnswer(answers[question]).filter((file) => !removed.has(file.id));
  }
  for (const { question, reference, id: fileId, name, type, size } of kept) {
    answers[question] = [...fileAnswer(answers[question]), { id: fileId, name, type, size }];
    references[fileId] = reference;
  }
  return { ...carried, answers, references };
}

/** Onwards from a page of questions, if it is right. */
function leave(at: Filling, page: Page, posted: Posted): View {
  const { published, carried } = at;
  if (posted.step === 'upload' || posted.problems.length > 0) {
    const status = posted.tooLarge ? 413 : posted.problems.length > 0 ? 422 : 200;
    return showPage(at, page, posted.problems, status);
  }
  const problems = checkPage(published.definition, page.id, carried.answers, at.today);
  if (problems.length > 0) return showPage(at, page, problems, 422);
  const seen = [...new Set([...carried.seen, page.id])];
  const onwards = { ...at, carried: { ...carried, seen, changing: false } };
  // Who has come to the end once goes back there, by way of what a change has opened.
  if (seen.includes('check')) return finish(onwards, null);
  return show(onwards, nextPage(published.definition, carried.answers, at.today, page.id));
}

/** To the first page that is still to do, else to *check your answers*, else, from there, to the declaration. */
function finish(at: Filling, from: 'check' | null): View {
  const { published, carried } = at;
  const unfinished = firstUnfinished(published.definition, carried.answers, at.today, carried.seen);
  if (unfinished) return show(at, unfinished, carried.seen.includes(unfinished.id) ? 422 : 200);
  return from === 'check' ? showDeclaration(at, []) : show(at, null);
}

function goBack(at: Filling, from: string): View {
  const { published, carried } = at;
  if (carried.changing || from === 'declaration') return show(at, null);
  const previous = previousPage(published.definition, carried.answers, at.today, from);
  return show(at, previous ?? published.definition.pages[0] ?? null);
}

function change(at: Filling, id: string): View {
  const page = at.published.definition.pages.find((each) => each.id === id) ?? null;
  return show({ ...at, carried: { ...at.carried, changing: page !== null } }, page);
}

function changedMeanwhile(at: Filling, page: Page | undefined): View {
  const { definition } = at.published;
  const unfinished = firstUnfinished(definition, at.carried.answers, at.today, at.carried.seen);
  return { ...noticed(show(at, page ?? unfinished), changedQuestions), status: 409 };
}

const noticed = (of: View, notice: string): View => ({ ...of, context: { ...of.context, notice } });

const changedQuestions =
  'The questions of this form have changed since you opened it. What you typed is still here. ' +
  'Check it and continue. If you had added files, add them again.';

const unreadable =
  'We could not read all of what your browser sent. What you typed on this page is still here. ' +
  'To get back what you typed before, go back in your browser.';

async function send(at: Filling, agreed: boolean): Promise<View> {
  const { deps, published, carried } = at;
  const { definition } = published;
  if (firstUnfinished(definition, carried.answers, at.today, carried.seen)) return finish(at, 'check');
  const missing = { page: 'declaration', question: 'agree', field: 'agree' };
  if (!agreed) return showDeclaration(at, [{ ...missing, message: notAgreed }]);
  const carry = carried.carry ?? (await deps.startCase(published));
  const { answers, equality } = partAnswers(definition, carried.answers, at.today);
  const files = filesIn(definition, answers).flatMap((file) => {
    const reference = carried.references[file.id];
    return reference === undefined ? [] : [{ ...file, reference }];
  });
  const summary = summaryOf(definition, carried.answers, at.today);
  const sent = await deps.send(published, { carry, answers, equality, summary, files });
  if (isRefusal(sent)) {
    const again = showDeclaration({ ...at, carried: { ...carried, carry } }, []);
    return { ...noticed(again, sent.message), status: statusOf(sent) };
  }
  const { organisation } = published;
  const context = {
    organisationName: organisation.name,
    exitThisPage: definition.exitThisPage,
    ...sent.context,
  };
  return { template: sent.template, context, status: 200 };
}

/** Shows a page, an exit page, or, for null, *check your answers*. */
function show(at: Filling, stage: Page | ExitPage | null, status = 200): View {
  if (stage === null) return showCheck(at);
  if ('questions' in stage) {
    const problems =
      status === 200 ? [] : checkPage(at.published.definition, stage.id, at.carried.answers, at.today);
    return showPage(at, stage, problems, status);
  }
  return view(at, { stage: 'exit', exit: stage, title: stage.title, pageId: stage.id });
}

function showPage(at: Filling, page: Page, problems: readonly Problem[], status: number): View {
  const context = {
    stage: 'question',
    page,
    answers: at.carried.answers,
    title: pageTitle(page),
    pageId: page.id,
  };
  const first = previousPage(at.published.definition, at.carried.answers, at.today, page.id) === null;
  return view(at, { ...context, ...told(problems), first: first && !at.carried.changing }, status);
}

function showCheck(at: Filling): View {
  const seen = [...new Set([...at.carried.seen, 'check'])];
  const rows = answerRows(at.published.definition, at.carried.answers, at.today);
  const context = { stage: 'check', rows, title: 'Check your answers', pageId: 'check' };
  return view({ ...at, carried: { ...at.carried, seen, changing: false } }, context);
}

function showDeclaration(at: Filling, problems: readonly Problem[]): View {
  const context = { stage: 'declaration', ...told(problems), title: 'Declaration', pageId: 'declaration' };
  return view(at, context, problems.length > 0 ? 422 : 200);
}

function view(at: Filling, context: Record<string, unknown>, status = 200): View {
  const carried = writeCarried(at.carried);
  const shared = { ...formContext(at.published), carried, problems: [], errors: {} };
  return { template: 'forms/pages/fill.njk', context: { ...shared, ...context }, status };
}

/** The problems in order, and by field for where they are said again. */
function told(problems: readonly Problem[]): Record<string, unknown> {
  const errors: Record<string, string> = {};
  for (const { field, message } of problems)
    errors[field] = errors[field] ? `${errors[field]}. ${message}` : message;
  return { problems, errors };
}

/** What every page of a form needs. */
export function formContext({ organisation, definition }: PublishedForm): Record<string, unknown> {
  const startUrl = `/${organisation.slug}/${definition.id}`;
  return {
    form: definition,
    organisation,
    organisationName: organisation.name,
    exitThisPage: definition.exitThisPage,
    ...{ homeUrl: startUrl, startUrl, fillUrl: `${startUrl}/fill` },
  };
}
