/** `<letterbox-case>`: asks for one case, opens it here, checks its place and its answers, shows it. */
import { z } from 'zod';
import { conversationOf } from '../../conversation/browser/talk.ts';
import { checkAnswers } from '../../forms/check.ts';
import { dayOf } from '../../forms/day.ts';
import { caseRows, emailToTell, type FormDefinition, filesIn } from '../../forms/form.ts';
import { parseAnswers } from '../../forms/reading.ts';
import { NotVerified } from '../../grants/browser/proven.ts';
import type { Identity } from '../../sealing/keys.ts';
import { SealingError } from '../../sealing/sealing.ts';
import type { CaseAddress } from '../../sealing/submission.ts';
import { ask, make, say } from '../../web/browser/ask.ts';
import { openingShape, type Released } from '../case.ts';
import { attachmentRow } from './attachment.ts';
import { openReleased } from './opening.ts';

class CaseElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const id = this.dataset.case ?? '';
    say(this, 'Opening the case in this browser …');
    try {
      await this.show(id);
      say(this, '');
    } catch (error) {
      const told = error instanceof NotVerified || error instanceof SealingError;
      if (!told) console.error(error);
      say(
        this,
        told
          ? error.message
          : 'This case could not be opened. Reload the page, or tell your data protection officer.',
        'error',
      );
    }
    this.querySelector('progress')?.remove();
  }

  private async show(id: string): Promise<void> {
    const openings = await ask(`/cases/${id}/openings`);
    const { released, of, form, ...opened } = await openReleased(id);
    this.append(
      ...heading(released, opened.title),
      ...answersOf(form, opened.answers, released),
      ...filesOf(form, opened.answers, released, of, opened.caseIdentity),
      ...(await conversationOf({
        ...{ of, caseIdentity: opened.caseIdentity, messages: released.messages },
        tellAt: emailToTell(form, parseAnswers(form, opened.answers), dayOf(new Date(released.receivedAt))),
      })),
      ...openedBefore(openings.ok ? openings.body : []),
    );
  }
}

function heading(released: Released, title: string): HTMLElement[] {
  const how =
    released.arrival === 'browser'
      ? "Sealed in the submitter's browser"
      : 'Sealed on arrival: sent without JavaScript, readable to our server for a moment';
  const received = new Date(released.receivedAt).toLocaleString('en-GB', {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'Europe/London',
  });
  return [
    make('h2', { class: 'govuk-heading-m', 'data-title': '' }, title),
    make('p', { class: 'govuk-body' }, `Received ${received}. ${how}. Its place was checked.`),
  ];
}

function answersOf(form: FormDefinition, opened: unknown, released: Released): HTMLElement[] {
  const answers = parseAnswers(form, opened);
  const day = dayOf(new Date(released.receivedAt));
  const broken = new Map(
    checkAnswers(form, answers, day).map((problem) => [problem.question, problem.message]),
  );
  const rows = caseRows(form, answers, day);
  return [...new Set(rows.map(({ section }) => section))].flatMap((section) => [
    make('h3', { class: 'govuk-heading-s' }, section),
    make(
      'dl',
      { class: 'govuk-summary-list' },
      ...rows.filter((row) => row.section === section).map((row) => answerRow(row, broken)),
    ),
  ]);
}

function answerRow(
  { label, value, question }: ReturnType<typeof caseRows>[number],
  broken: ReadonlyMap<string, string>,
): HTMLElement {
  const shown = make('dd', { class: 'govuk-summary-list__value letterbox-answer' }, value);
  const wrong = broken.get(question.id);
  if (wrong)
    shown.append(
      make('p', { class: 'govuk-error-message' }, `This answer breaks its question's rule: ${wrong}`),
    );
  const key = make('dt', { class: 'govuk-summary-list__key' }, label);
  return make('div', { class: 'govuk-summary-list__row' }, key, shown);
}

function filesOf(
  form: FormDefinition,
  opened: unknown,
  released: Released,
  of: CaseAddress,
  caseIdentity: Identity,
): HTMLElement[] {
  const named = filesIn(form, parseAnswers(form, opened));
  const missing = named.filter((each) => !released.files.some((file) => file.id === each.id));
  if (released.files.length + missing.length === 0) return [];
  const rows = released.files.map((file) => {
    const name = named.find((each) => each.id === file.id)?.name ?? 'A file that no answer mentions';
    return attachmentRow(of, { ...file, name }, caseIdentity);
  });
  return [
    make('h3', { class: 'govuk-heading-s' }, 'Attachments'),
    make('ul', { class: 'govuk-list' }, ...rows, ...missing.map(missingRow)),
  ];
}

/** An answer names a file that the server did not list: said, so that leaving one out shows. */
function missingRow({ name }: { name: string }): HTMLElement {
  const told = `${name} is named in the answers but was not handed over. Tell your data protection officer.`;
  return make('li', { class: 'govuk-error-message' }, told);
}

function openedBefore(body: unknown): HTMLElement[] {
  const openings = z
    .array(openingShape)
    .parse(body)
    .filter((each) => each.kind === 'release');
  const rows = openings.map((each) => {
    const at = new Date(each.at).toLocaleString('en-GB', {
      dateStyle: 'long',
      timeStyle: 'short',
      timeZone: 'Europe/London',
    });
    return make('li', {}, `${each.name}, ${at}`);
  });
  const text =
    rows.length === 0
      ? make('p', { class: 'govuk-body' }, 'Nobody. You are the first.')
      : make('ul', { class: 'govuk-list govuk-list--bullet' }, ...rows);
  return [make('h3', { class: 'govuk-heading-s' }, 'Who opened it before'), text];
}

customElements.define('letterbox-case', CaseElement);
