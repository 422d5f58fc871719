/** Answers from outside: from a page's fields, or from JSON that was opened or came back with a page. */
import { isFile, isGiven, isParts, partsOf } from './answers.ts';
import {
  type Answer,
  type Answers,
  allQuestions,
  type FormDefinition,
  type Page,
  type Question,
} from './form.ts';

/** All values of the fields of that name, in the order of the page. */
export type Fields = (name: string) => readonly string[];

/**
 * The answers with those of one page read anew from its fields. Files are no fields: they stay as they are. Line ends
 * are made one kind, and white space around an answer is dropped.
 */
export function readPage(page: Page, answers: Answers, fields: Fields): Answers {
  const read: Record<string, Answer> = { ...answers };
  for (const question of allQuestions(page)) {
    if (question.kind === 'files') continue;
    delete read[question.id];
    const answer = readQuestion(question, fields);
    if (isGiven(answer)) read[question.id] = answer;
  }
  return read;
}

function readQuestion(question: Question, fields: Fields): Answer {
  const tidy = (name: string) => (fields(name)[0] ?? '').replaceAll(/\r\n?/g, '\n').trim();
  if (question.kind === 'checkboxes')
    return [...new Set(fields(question.id))].filter((value) => value !== '');
  const several = partsOf(question);
  if (!several) return tidy(question.id);
  const typed = several.map((part): [string, string] => [part, tidy(`${question.id}-${part}`)]);
  return Object.fromEntries(typed.filter(([, value]) => value !== ''));
}

/**
 * Answers from outside (opened JSON, a page's hidden field): known questions with an answer of their shape are kept,
 * anything else is left out. Says nothing of whether they are right: see `check.ts`.
 */
export function parseAnswers(form: FormDefinition, value: unknown): Answers {
  if (typeof value !== 'object' || value === null) return {};
  const found = new Map(Object.entries(value));
  const read: Record<string, Answer> = {};
  for (const question of form.pages.flatMap(allQuestions)) {
    const answer = found.get(question.id);
    if (hasShape(question, answer)) read[question.id] = answer;
  }
  return read;
}

function hasShape(question: Question, value: unknown): value is Answer {
  if (question.kind === 'files') return Array.isArray(value) && value.every(isFile);
  if (question.kind === 'checkboxes') {
    return Array.isArray(value) && value.every((item) => typeof item === 'string');
  }
  const several = partsOf(question);
  if (!several) return typeof value === 'string';
  return isParts(value) && Object.keys(value).every((part) => several.includes(part));
}
