/**
 * `<letterbox-receipt>`: asks "has it arrived?" without letting the receipt code leave the browser. Only the
 * authenticator derived from it is sent, which opens nothing. Without JavaScript the form inside works by itself.
 */
import { parseReceiptCode, type ReceiptCode, receiptAuthenticator } from '../../sealing/receipt.ts';

const malformed = 'Enter the receipt code as it was shown to you: 24 letters and figures';
const unknown = 'Nothing has arrived with this receipt code. Check each letter and figure';
const tooOften = 'Too many codes were tried in a short time. Wait a minute and try again';
const unreachable = 'The service could not be reached. Check your connection and try again';

class LetterboxReceipt extends HTMLElement {
  connectedCallback(): void {
    const form = this.querySelector('form');
    const code = this.querySelector<HTMLInputElement>('#code');
    if (!form || !code) return;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#check(code.value);
    });
  }

  async #check(typed: string): Promise<void> {
    const code = parseReceiptCode(typed);
    if (code === null) return this.#showProblem(malformed);
    try {
      const answer = await ask(code);
      if (answer.ok) this.#showFound(await answer.json());
      else
        this.#showProblem(answer.status === 404 ? unknown : answer.status === 429 ? tooOften : unreachable);
    } catch {
      this.#showProblem(unreachable);
    }
  }

  #showFound(found: unknown): void {
    const values = new Map(typeof found === 'object' && found !== null ? Object.entries(found) : []);
    const content = this.#clone('found');
    for (const place of content.querySelectorAll<HTMLElement>('[data-found]')) {
      const name = place.dataset.found ?? '';
      place.textContent = name === 'day' ? spelt(String(values.get(name))) : String(values.get(name) ?? '');
    }
    document.title = 'It has arrived';
    this.replaceChildren(content);
    this.querySelector('h1')?.focus();
  }

  #showProblem(text: string): void {
    const content = this.#clone('problem');
    const link = content.querySelector('[data-problem]');
    if (link) link.textContent = text;
    for (const old of this.querySelectorAll('.govuk-error-summary')) old.remove();
    this.querySelector('[data-part="summary"]')?.replaceChildren(content);
    const summary = this.querySelector<HTMLElement>('.govuk-error-summary');
    summary?.setAttribute('tabindex', '-1');
    summary?.focus();
    if (!document.title.startsWith('Error: ')) document.title = `Error: ${document.title}`;
    this.#markField(text);
  }

  #markField(text: string): void {
    const code = this.querySelector<HTMLInputElement>('#code');
    this.querySelector('#code-error')?.remove();
    const message = document.createElement('p');
    message.id = 'code-error';
    message.className = 'govuk-error-message';
    const hidden = document.createElement('span');
    hidden.className = 'govuk-visually-hidden';
    hidden.textContent = 'Error: ';
    message.append(hidden, text);
    code?.before(message);
    code?.classList.add('govuk-input--error');
    code?.closest('.govuk-form-group')?.classList.add('govuk-form-group--error');
    code?.setAttribute('aria-describedby', 'code-hint code-error');
  }

  #clone(part: string): DocumentFragment {
    const template = this.querySelector<HTMLTemplateElement>(`template[data-part="${part}"]`);
    return template ? document.importNode(template.content, true) : document.createDocumentFragment();
  }
}

async function ask(code: ReceiptCode): Promise<Response> {
  return await fetch('/receipt', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ authenticator: await receiptAuthenticator(code) }),
  });
}

function spelt(day: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(day));
}

customElements.define('letterbox-receipt', LetterboxReceipt);
