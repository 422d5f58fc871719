/** One page of a form in the document: its fields, its problems and its rows, in the server's own markup. */
import { fileAnswer, listAnswer, partsAnswer, partsOf, textAnswer } from '../answers.ts';
import type { Problem } from '../check.ts';
import {
  type Answer,
  type AnswerRow,
  type Answers,
  allQuestions,
  type Page,
  type Question,
} from '../form.ts';

/** A copy of the template that the document brings under this name. */
export function copyOf(root: ParentNode, selector: string): DocumentFragment {
  const template = root.querySelector(`template${selector}`);
  if (!(template instanceof HTMLTemplateElement)) throw new Error(`This page has no template ${selector}.`);
  return document.importNode(template.content, true);
}

/** Puts what was answered into the fields of a page. */
export function fillFields(view: HTMLElement, page: Page, answers: Answers): void {
  for (const question of allQuestions(page)) {
    if (question.kind !== 'files') fillField(view, question, answers[question.id]);
  }
}

function fillField(view: HTMLElement, question: Question, answer: Answer | undefined): void {
  const several = partsOf(question);
  for (const part of several ?? [null]) {
    const name = part === null ? question.id : `${question.id}-${part}`;
    for (const field of view.querySelectorAll(`[name="${name}"]`)) {
      if (field instanceof HTMLInputElement && (field.type === 'radio' || field.type === 'checkbox')) {
        field.checked = textAnswer(answer) === field.value || listAnswer(answer).includes(field.value);
      } else if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) {
        field.value = part === null ? textAnswer(answer) : (partsAnswer(answer)[part] ?? '');
      }
    }
  }
}

/** Shows the problems above the page and at their fields, instead of those shown before. Returns the summary. */
export function showProblems(
  root: ParentNode,
  view: HTMLElement,
  problems: readonly Problem[],
): Element | null {
  clearProblems(view);
  if (problems.length === 0) return null;
  const summary = copyOf(root, '[data-part="error-summary"]').firstElementChild;
  const item = summary?.querySelector('li');
  if (!summary || !item) return null;
  item.replaceWith(
    ...problems.map(({ field, message }) => {
      const copy = item.cloneNode(true);
      const link = copy instanceof Element ? copy.querySelector('a') : null;
      link?.setAttribute('href', `#${field}`);
      if (link) link.textContent = message;
      return copy;
    }),
  );
  view.prepend(summary);
  for (const field of new Set(problems.map((problem) => problem.field))) {
    const own = problems.filter((problem) => problem.field === field).map(({ message }) => message);
    showAtField(root, view, field, own.join('. '));
  }
  return summary;
}

const CONTROLS =
  '.govuk-radios, .govuk-checkboxes, .govuk-date-input, .govuk-input, .govuk-textarea, .govuk-file-upload';

function showAtField(root: ParentNode, view: HTMLElement, field: string, message: string): void {
  const input = view.querySelector(`#${CSS.escape(field)}`);
  // Questions asked by a choice lie inside another question's group: the innermost is theirs.
  const group = input?.closest('[data-question]');
  const error = copyOf(root, '[data-part="error-message"]').firstElementChild;
  const control = group?.querySelector(CONTROLS);
  if (!input || !group || !control || !error) return;
  const ofGroup = control.matches('.govuk-radios, .govuk-checkboxes, .govuk-date-input');
  const id = `${ofGroup ? group.getAttribute('data-question') : field}-error`;
  error.id = id;
  error.append(message);
  control.before(error);
  group.classList.add('govuk-form-group--error');
  if (input.matches('.govuk-input')) input.classList.add('govuk-input--error');
  if (input.matches('.govuk-textarea')) input.classList.add('govuk-textarea--error');
  if (input.matches('.govuk-file-upload')) input.classList.add('govuk-file-upload--error');
  const described = ofGroup ? group.querySelector('fieldset') : input;
  described?.setAttribute(
    'aria-describedby',
    `${described.getAttribute('aria-describedby') ?? ''} ${id}`.trim(),
  );
}

function clearProblems(view: HTMLElement): void {
  for (const old of view.querySelectorAll('.govuk-error-summary, .govuk-notification-banner')) old.remove();
  for (const error of view.querySelectorAll('.govuk-error-message')) {
    const described = view.querySelector(`[aria-describedby~="${CSS.escape(error.id)}"]`);
    const left = (described?.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .filter((id) => id !== error.id);
    if (left.length > 0) described?.setAttribute('aria-describedby', left.join(' '));
    else described?.removeAttribute('aria-describedby');
    error.remove();
  }
  for (const kind of [
    'govuk-form-group--error',
    'govuk-input--error',
    'govuk-textarea--error',
    'govuk-file-upload--error',
  ]) {
    for (const marked of view.querySelectorAll(`.${kind}`)) marked.classList.remove(kind);
  }
}

/** Fills *check your answers*: a list for each section, a link for each Change button. */
export function showRows(root: ParentNode, view: HTMLElement, rows: readonly AnswerRow[]): void {
  const sections = [...new Set(rows.map((row) => row.section))].map((title) => {
    const own = rows.filter((row) => row.section === title);
    const section = copyOf(root, '[data-part="section"]');
    const [heading, list] = [section.querySelector('h2'), section.querySelector('dl')];
    if (heading) heading.textContent = title;
    list?.replaceChildren(...own.map((row) => oneRow(root, row)));
    return section;
  });
  view.querySelector('[data-rows]')?.replaceChildren(...sections);
}

function oneRow(root: ParentNode, { label, value, href, change }: AnswerRow): DocumentFragment {
  const row = copyOf(root, '[data-part="row"]');
  const [key, shown, button] = [
    row.querySelector('dt'),
    row.querySelector('dd'),
    row.querySelector('button'),
  ];
  if (key) key.textContent = label;
  if (shown) shown.textContent = value;
  const link = document.createElement('a');
  link.className = 'govuk-link';
  link.href = href;
  link.append(...(button?.childNodes ?? []));
  const hidden = link.querySelector('span');
  if (hidden) hidden.textContent = ` ${change}`;
  button?.replaceWith(link);
  return row;
}

/** Lists the files that were added to a question, each with a button to remove it. */
export function showFiles(
  view: HTMLElement,
  question: string,
  answer: Answer | undefined,
  remove: (id: string) => void,
): void {
  const files = fileAnswer(answer);
  const holder = view.querySelector(`[data-files="${question}"]`);
  if (files.length === 0) {
    holder?.replaceChildren();
    return;
  }
  const heading = document.createElement('h2');
  heading.className = 'govuk-heading-s';
  heading.textContent = 'Files you have added';
  const list = document.createElement('ul');
  list.className = 'govuk-list govuk-list--spaced';
  list.append(
    ...files.map((file) => {
      const item = document.createElement('li');
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'letterbox-link-button';
      button.append('Remove', hiddenText(` ${file.name}`));
      button.addEventListener('click', () => remove(file.id));
      item.append(`${file.name} (${sizeText(file.size)}) `, button);
      return item;
    }),
  );
  holder?.replaceChildren(heading, list);
}

function hiddenText(text: string): HTMLElement {
  const span = document.createElement('span');
  span.className = 'govuk-visually-hidden';
  span.textContent = text;
  return span;
}

function sizeText(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.max(1, Math.round(bytes / 1000))} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Shows a message above the page and takes the focus there. */
export function showNotice(root: ParentNode, view: HTMLElement, message: string): void {
  clearProblems(view);
  const notice = copyOf(root, '[data-part="notice"]').firstElementChild;
  const text = notice?.querySelector('[data-text]');
  if (!notice || !text) return;
  text.textContent = message;
  view.prepend(notice);
}

/** Moves the focus to an element that is not a control, for screen readers to read on from there. */
export function focusOn(element: Element | null | undefined): void {
  if (!(element instanceof HTMLElement)) return;
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.addEventListener('blur', () => element.removeAttribute('tabindex'), { once: true });
}
