/**
 * `<letterbox-return>`: the submitter's return. The receipt code never leaves the browser: only the authenticator derived
 * from it is sent, which opens nothing, and what comes back is opened here. Without JavaScript the form inside works by itself.
 */

import { toBase64url } from '../../sealing/encoding.ts';
import { parseReceiptCode, type ReceiptCode, receiptAuthenticator } from '../../sealing/receipt.ts';
import type { CaseAddress } from '../../sealing/submission.ts';
import { ask } from '../../web/browser/ask.ts';
import { dayInWords, momentInWords } from '../../web/london.ts';
import { openedBy, parseText, type Returned, returnedShape } from '../conversation.ts';
import { type Message, openReturned } from '../opening.ts';
import { Draft } from './draft.ts';

const MALFORMED = 'Enter the receipt code as it was shown to you: 24 letters and figures';
const UNKNOWN = 'Nothing has arrived with this receipt code. Check each letter and figure';
const NOT_OPENED = 'What came back could not be opened with this code. Try again later';

/** A conversation that is open on this page. */
type Open = {
  readonly authenticator: string;
  readonly draft: Draft;
  readonly of: CaseAddress;
  readonly body: string;
};

class LetterboxReturn extends HTMLElement {
  connectedCallback(): void {
    const code = this.querySelector<HTMLInputElement>('#code');
    this.querySelector('form')?.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#find(code?.value ?? '');
    });
  }

  async #find(typed: string): Promise<void> {
    const code = parseReceiptCode(typed);
    if (code === null) return this.#showProblem('code', MALFORMED);
    const authenticator = await receiptAuthenticator(code);
    const answer = await ask('/receipt', { authenticator });
    if (!answer.ok) return this.#showProblem('code', answer.status === 404 ? UNKNOWN : answer.message);
    try {
      await this.#show(code, authenticator, returnedShape.parse(answer.body));
    } catch {
      this.#showProblem('code', NOT_OPENED);
    }
  }

  async #show(code: ReceiptCode, authenticator: string, returned: Returned): Promise<void> {
    const { messages, of, caseIdentity } = await openReturned(code, returned);
    const part = this.#clone('found');
    fillIn(part, returned);
    const templates = [...this.querySelectorAll('template')];
    document.title = document.title.replace(/^(Error: )?[^–]*/, 'What you sent ');
    this.replaceChildren(part, ...templates);
    const draft = new Draft(of, caseIdentity);
    const open = { of, draft, authenticator, body: returned.organisationName };
    for (const message of messages) this.#add(message, open.body);
    this.#listen(open);
    this.querySelector('h1')?.focus();
  }

  #listen(open: Open): void {
    const text = this.querySelector<HTMLTextAreaElement>('#text');
    this.querySelector('[data-write]')?.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (text && (await this.#send(open, text.value))) text.value = '';
    });
    this.querySelector('[data-proof]')?.addEventListener('click', () => void this.#saveProof(open));
  }

  /** Sends what was typed; whether it was. */
  async #send({ authenticator, body, draft }: Open, typed: string): Promise<boolean> {
    const parsed = parseText(typed);
    if ('problem' in parsed) {
      this.#showProblem('text', parsed.problem);
      return false;
    }
    const { id, sealed, at } = await draft.sealed(parsed.text, null);
    const answer = await ask('/receipt/messages', { authenticator, id, sealed: toBase64url(sealed) });
    if (!answer.ok) {
      this.#showProblem('text', answer.message);
      return false;
    }
    this.#clearProblem();
    this.#add({ id, from: 'submitter', name: null, at, arrival: 'browser', text: parsed.text }, body);
    this.#say('Your message was sent.');
    draft.arrived();
    return true;
  }

  #add({ from, at, text }: Message, body: string): void {
    const item = this.#clone('message');
    const notOpened = this.querySelector<HTMLElement>('[data-part="message"]')?.dataset.notOpened ?? '';
    write(item, '[data-from]', from === 'submitter' ? 'You' : body);
    if (from === 'body') item.querySelector('li')?.classList.add('letterbox-message--body');
    write(item, '[data-at]', momentInWords(at));
    write(item, '[data-text]', text ?? notOpened);
    this.querySelector('[data-messages]')?.append(item);
    this.querySelector('[data-none]')?.remove();
  }

  async #saveProof({ authenticator, of }: Open): Promise<void> {
    const response = await fetch('/receipt/proof', {
      ...{ method: 'POST', body: JSON.stringify({ authenticator }) },
      headers: { 'content-type': 'application/json', accept: 'text/plain' },
    }).catch(() => null);
    if (!response?.ok)
      return this.#showProblem('text', 'The proof could not be fetched. Try again in a minute');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = `case-${of.case}.proof.txt`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  #showProblem(field: 'code' | 'text', text: string): void {
    this.#clearProblem();
    const content = this.#clone('problem');
    write(content, '[data-problem]', text);
    content.querySelector('a')?.setAttribute('href', `#${field}`);
    this.querySelector('[data-part="summary"]')?.replaceChildren(content);
    const summary = this.querySelector<HTMLElement>('.govuk-error-summary');
    summary?.setAttribute('tabindex', '-1');
    summary?.focus();
    document.title = `Error: ${document.title}`;
    markField(this.querySelector(`#${field}`), text);
  }

  #clearProblem(): void {
    for (const old of this.querySelectorAll('.govuk-error-summary, .govuk-form-group .govuk-error-message'))
      old.remove();
    for (const name of ['govuk-form-group--error', 'govuk-input--error', 'govuk-textarea--error'])
      for (const marked of this.querySelectorAll(`.${name}`)) marked.classList.remove(name);
    document.title = document.title.replace(/^Error: /, '');
  }

  #say(text: string): void {
    const line = this.querySelector('[data-status]');
    if (line) line.textContent = text;
  }

  #clone(part: string): DocumentFragment {
    const template = this.querySelector<HTMLTemplateElement>(`template[data-part="${part}"]`);
    return template ? document.importNode(template.content, true) : document.createDocumentFragment();
  }
}

function fillIn(part: DocumentFragment, returned: Returned): void {
  const { reference, title, organisationName, day } = returned;
  const { state } = returned;
  const values = {
    ...{ reference, title, organisationName, day: dayInWords(day) },
    ...(state && { state: `${state.label}, since ${dayInWords(state.since)}` }),
  };
  for (const [name, value] of Object.entries(values)) write(part, `[data-found="${name}"]`, value);
  if (returned.renewedAt) {
    part.querySelector('[data-renewed]')?.removeAttribute('hidden');
    write(part, '[data-renewed-at]', dayInWords(returned.renewedAt));
  }
  if (returned.returnedAt) {
    part.querySelector('[data-returned]')?.removeAttribute('hidden');
    write(part, '[data-returned-at]', momentInWords(returned.returnedAt));
  }
  const opened = openedBy(returned.openings);
  if (opened.length > 0) part.querySelector('[data-none-opened]')?.remove();
  part.querySelector('[data-opened]')?.append(
    ...opened.map(({ who, times, first, last }) => {
      const item = document.createElement('li');
      const often = times > 1 ? `, ${times} times, last ${momentInWords(last)}` : '';
      item.textContent = `${who}, ${momentInWords(first)}${often}`;
      return item;
    }),
  );
}

function write(part: ParentNode, selector: string, text: string): void {
  const place = part.querySelector(selector);
  if (place) place.textContent = text;
}

function markField(field: Element | null, text: string): void {
  if (!field) return;
  const message = document.createElement('p');
  message.id = `${field.id}-error`;
  message.className = 'govuk-error-message';
  const hidden = document.createElement('span');
  hidden.className = 'govuk-visually-hidden';
  hidden.textContent = 'Error: ';
  message.append(hidden, text);
  field.before(message);
  field.classList.add(field.id === 'text' ? 'govuk-textarea--error' : 'govuk-input--error');
  field.closest('.govuk-form-group')?.classList.add('govuk-form-group--error');
  field.setAttribute('aria-describedby', `${field.id}-hint ${field.id}-error`);
}

customElements.define('letterbox-return', LetterboxReturn);
