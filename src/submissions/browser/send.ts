/**
 * `<letterbox-send>`: seals and sends what a form hands over by the event `letterbox-send`, and shows how far it is,
 * why it stopped, or the confirmation. It lies beside the form, hidden, with the markup of `pages/sending.njk`.
 */
import { type SendOutcome, type SendRequest, sendEvent } from '../../forms/sending.ts';
import { SealingError } from '../../sealing/sealing.ts';
import { signedTarget } from '../target.ts';
import { type Door, NotSentError, RefusedError } from './posting.ts';
import { type Attempt, attemptFor, carryOut } from './sealing.ts';

class LetterboxSend extends HTMLElement {
  #attempt: Attempt | null = null;
  #busy = false;

  connectedCallback(): void {
    document.addEventListener(sendEvent, this);
  }

  disconnectedCallback(): void {
    document.removeEventListener(sendEvent, this);
  }

  handleEvent(event: Event): void {
    if (!(event instanceof CustomEvent) || !isRequest(event.detail) || this.#busy) return;
    const form = event.target instanceof HTMLElement ? event.target : null;
    event.preventDefault();
    this.#busy = true;
    event.detail.respond(
      this.#send(event.detail, form).finally(() => {
        this.#busy = false;
      }),
    );
  }

  /** The form is out of sight meanwhile, and back again, whatever happens, unless it was sent. */
  async #send(request: SendRequest, form: HTMLElement | null): Promise<SendOutcome> {
    hide(form, true);
    try {
      const outcome = await this.#insist(request);
      if (outcome.sent) this.#leave(form);
      else hide(form, false);
      return outcome;
    } catch (error) {
      hide(form, false);
      throw error;
    }
  }

  /** Tries until it is sent, refused, or the submitter goes back to the answers. */
  async #insist(request: SendRequest): Promise<SendOutcome> {
    try {
      for (;;) {
        this.#show('sending');
        const outcome = await this.#try(request);
        if (outcome === 'sent') return { sent: true };
        const again = outcome.mayHelp && (await this.#askAgain(outcome.message));
        if (!again) return { sent: false, message: outcome.message };
      }
    } finally {
      this.#show(null);
    }
  }

  async #try(request: SendRequest): Promise<'sent' | { message: string; mayHelp: boolean }> {
    try {
      const confirmation = this.#confirmation;
      const target = await signedTarget(request.published);
      if (target === null) return { message: unsigned, mayHelp: false };
      this.#attempt = await attemptFor(request, target, this.#attempt);
      const { organisation, form = '' } = this.dataset;
      const door: Door = { organisation: organisation ?? '', form };
      const reference = await carryOut(this.#attempt, request, door, (step, share) =>
        this.#report(step, share),
      );
      this.#confirm(confirmation, reference, this.#attempt.draft.receiptCode);
      this.#attempt = null;
      return 'sent';
    } catch (error) {
      if (error instanceof NotSentError) return { message: error.message, mayHelp: true };
      // Refused for good: nothing is stored under this case, so the next try is another.
      this.#attempt = null;
      if (error instanceof RefusedError) return { message: error.message, mayHelp: false };
      if (error instanceof SealingError) return { message: unsealed, mayHelp: false };
      if (error instanceof DOMException) return { message: unreadable, mayHelp: false };
      throw error;
    }
  }

  #report(step: string, share: number): void {
    const percent = Math.round(share * 100);
    const shown = this.querySelector('[data-step]');
    const progress = this.querySelector('progress');
    const said = this.querySelector('[data-said]');
    if (shown) shown.textContent = `${step}: ${percent}%`;
    if (progress) progress.value = percent;
    // Screen readers are told each step, not each percent.
    if (said && said.textContent !== step) said.textContent = step;
  }

  /** Says why it stopped; true when the submitter wants to try again. */
  #askAgain(why: string): Promise<boolean> {
    const text = this.querySelector('[data-why]');
    if (text) text.textContent = why;
    this.#show('stopped');
    return new Promise((resolve) => {
      const choose = (name: string, again: boolean) => {
        const button = this.querySelector<HTMLElement>(`[${name}]`);
        if (button) button.onclick = () => resolve(again);
      };
      choose('data-again', true);
      choose('data-back-to-answers', false);
    });
  }

  #show(part: 'sending' | 'stopped' | null): void {
    for (const each of this.querySelectorAll<HTMLElement>('[data-part]'))
      each.hidden = each.dataset.part !== part;
    if (part) this.querySelector<HTMLElement>(`[data-part="${part}"] h1`)?.focus();
  }

  /** Looked for before anything is sent: what is sent must be confirmed. */
  get #confirmation(): HTMLTemplateElement {
    const template = this.querySelector<HTMLTemplateElement>('template#confirmation');
    if (!template) throw new Error('The page has no confirmation to show.');
    return template;
  }

  #confirm(template: HTMLTemplateElement, reference: string, receiptCode: string): void {
    const shown = document.importNode(template.content, true);
    fill(shown, '[data-reference]', reference);
    fill(shown, '[data-receipt-code]', receiptCode);
    const copied = shown.querySelector('[data-copied]');
    shown.querySelector('[data-print]')?.addEventListener('click', () => window.print());
    shown.querySelector('[data-copy]')?.addEventListener('click', async () => {
      const done = await navigator.clipboard.writeText(receiptCode).then(
        () => 'Copied',
        () => 'Your browser does not let this page copy. Write the code down.',
      );
      if (copied) copied.textContent = done;
    });
    this.replaceChildren(shown);
  }

  /** What was typed is taken out of the page, once the form has deleted its draft. */
  #leave(form: HTMLElement | null): void {
    document.title = this.dataset.title ?? document.title;
    this.querySelector<HTMLElement>('.govuk-panel')?.focus();
    window.scrollTo(0, 0);
    setTimeout(() => form?.remove());
  }
}

const unsigned =
  'This page does not show a key that two people signed, so nothing was sealed or sent. Load the page again.';
const unsealed =
  'Your browser could not seal this, so nothing was sent. Load the page again; what you typed is kept.';
const unreadable = 'One of your files can no longer be read. Remove it, add it again, then send.';

/** The form, and the link back above it, which is of no use while it is out of sight. */
function hide(form: HTMLElement | null, hidden: boolean): void {
  for (const back of document.querySelectorAll<HTMLElement>('[data-back]')) {
    (back.closest<HTMLElement>('.govuk-back-link') ?? back).hidden = hidden;
  }
  if (form) form.hidden = hidden;
}

function fill(content: DocumentFragment, selector: string, text: string): void {
  for (const place of content.querySelectorAll(selector)) place.textContent = text;
}

function isRequest(detail: unknown): detail is SendRequest {
  return typeof detail === 'object' && detail !== null && 'respond' in detail && 'published' in detail;
}

customElements.define('letterbox-send', LetterboxSend);
