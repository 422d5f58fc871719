/** What pages about recovery share: problems as an error summary, sheets as they were typed, and forgetting them. */
import { make } from '../../web/browser/ask.ts';
import type { RecoveryRule } from '../recovery.ts';
import { type Rebuilt, rebuildFrom } from '../recovery-sheets.ts';
import { NotVerified } from './proven.ts';

/** A sentence about one field of a page, by the field's id; an empty id is about all of them. */
export type FieldProblem = { readonly field: string; readonly message: string };

/** What is typed is wrong: said at the fields and in a summary above them. */
export class Mistyped extends NotVerified {
  readonly problems: readonly FieldProblem[];
  constructor(problems: readonly FieldProblem[]) {
    super('There is a problem. Nothing was sent.');
    this.problems = problems;
  }
}

/** Runs `work` on a press of the element's button; problems are shown where they are, and nothing typed is lost. */
export function onPressed(element: HTMLElement, work: () => Promise<void>): void {
  const button = element.querySelector<HTMLButtonElement>('button[data-act]');
  const line = element.querySelector<HTMLElement>('[data-status]');
  const tell = (text: string, failed = false) => {
    if (!line) return;
    line.textContent = text;
    line.className = failed ? 'govuk-error-message' : 'govuk-body';
  };
  button?.removeAttribute('hidden');
  button?.addEventListener('click', async (event) => {
    event.preventDefault();
    button.disabled = true;
    clearProblems(element);
    tell('Checking …');
    try {
      await work();
      tell('');
    } catch (error) {
      button.disabled = false;
      if (error instanceof Mistyped) {
        tell('');
        showProblems(element, error.problems);
      } else {
        if (!(error instanceof NotVerified)) console.error(error instanceof Error ? error.name : 'failure');
        tell(error instanceof NotVerified ? error.message : UNEXPECTED, true);
      }
    }
  });
}

const UNEXPECTED =
  'Something went wrong in this browser, and nothing was handed over. Reload the page and try again.';

/** Above the heading, where an error summary belongs. */
function topOf(element: HTMLElement): Element {
  return element.closest('.govuk-grid-column-two-thirds') ?? element;
}

function clearProblems(element: HTMLElement): void {
  topOf(element).querySelector('.govuk-error-summary')?.remove();
  document.title = document.title.replace(/^Error: /, '');
  for (const each of element.querySelectorAll('[data-problem]')) each.remove();
  for (const group of element.querySelectorAll('.govuk-form-group--error'))
    group.classList.remove('govuk-form-group--error');
  for (const field of element.querySelectorAll('.govuk-textarea--error'))
    field.classList.remove('govuk-textarea--error');
}

function showProblems(element: HTMLElement, problems: readonly FieldProblem[]): void {
  const first = element.querySelector('textarea, input')?.id ?? '';
  const items = problems.map(({ field, message }) =>
    make('li', {}, make('a', { href: `#${field || first}` }, message)),
  );
  const title = make('h2', { class: 'govuk-error-summary__title' }, 'There is a problem');
  const list = make('ul', { class: 'govuk-list govuk-error-summary__list' }, ...items);
  const summary = make(
    'div',
    { class: 'govuk-error-summary', tabindex: '-1' },
    make('div', { role: 'alert' }, title, make('div', { class: 'govuk-error-summary__body' }, list)),
  );
  topOf(element).prepend(summary);
  document.title = `Error: ${document.title}`;
  for (const problem of problems) markField(element, problem);
  summary.focus();
}

function markField(element: HTMLElement, { field, message }: FieldProblem): void {
  const input = field === '' ? null : element.querySelector<HTMLElement>(`#${field}`);
  const group = input?.closest('.govuk-form-group');
  if (!input || !group) return;
  const id = `${field}-problem`;
  const prefix = make('span', { class: 'govuk-visually-hidden' }, 'Error: ');
  const line = make('p', { class: 'govuk-error-message', id, 'data-problem': '' }, prefix, message);
  group.classList.add('govuk-form-group--error');
  if (input instanceof HTMLTextAreaElement) {
    input.classList.add('govuk-textarea--error');
    input.before(line);
  } else {
    (group.querySelector('.govuk-radios, .govuk-checkboxes') ?? input).before(line);
  }
  const described = group.querySelector('fieldset') ?? input;
  const others = (described.getAttribute('aria-describedby') ?? '').split(' ');
  described.setAttribute('aria-describedby', [...others.filter((each) => each && each !== id), id].join(' '));
}

/**
 * The identity that the sheets in this element rebuild, compared with the founding document's recipient. Throws
 * `Mistyped` with a sentence for each sheet that is wrong. Nothing that was typed leaves this page.
 */
export async function typedSheets(
  element: HTMLElement,
  organisation: string,
  rule: RecoveryRule,
): Promise<Rebuilt> {
  const fields = sheetFields(element);
  const rebuilt = await rebuildFrom(
    fields.map(({ value }) => value),
    organisation,
    rule,
  );
  if (!('problems' in rebuilt)) return rebuilt;
  throw new Mistyped(
    rebuilt.problems.map(({ field, message }) =>
      field === null
        ? { field: '', message }
        : { field: fields[field]?.id ?? '', message: `Sheet field ${field + 1}: ${message}` },
    ),
  );
}

/** Empties the fields: what was typed is needed no more. */
export function forgetSheets(element: HTMLElement): void {
  for (const field of sheetFields(element)) field.value = '';
}

const sheetFields = (element: HTMLElement) => [
  ...element.querySelectorAll<HTMLTextAreaElement>('textarea[data-sheet]'),
];
