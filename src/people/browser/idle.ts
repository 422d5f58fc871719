/**
 * `<letterbox-idle>`: warns after 13 idle minutes, locks after 15, and forgets keys when signing out. All tabs of
 * the desk are one: who works in one is not idle in another, and locking one locks all.
 */
import { ask, make } from '../../web/browser/ask.ts';
import { forget } from './unlocked.ts';

const MINUTE = 60_000;
const WARN = 13 * MINUTE;
const LOCK = 15 * MINUTE;

class IdleElement extends HTMLElement {
  #active = Date.now();
  #told = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #warning: HTMLElement | null = null;
  readonly #tabs = new BroadcastChannel('letterbox-idle');

  connectedCallback(): void {
    for (const event of ['keydown', 'pointerdown', 'scroll']) {
      document.addEventListener(event, () => this.#warning || this.stay(), { passive: true });
    }
    this.#tabs.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data === 'locked') location.replace('/locked');
      this.#active = Date.now();
      this.dismiss();
    };
    this.#timer = setInterval(() => this.look(), 1000);
    for (const form of document.querySelectorAll('form[action="/sign-out"]')) {
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        this.lock();
      });
    }
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
    this.#tabs.close();
  }

  /** Somebody is here: tells the server at most once a minute. */
  private stay(): void {
    this.#active = Date.now();
    if (Date.now() - this.#told < MINUTE) return;
    this.#told = Date.now();
    this.#tabs.postMessage('active');
    ask('/session/stay', {}).then((answer) => {
      if (!answer.ok && answer.status === 401) this.lock();
    });
  }

  private look(): void {
    const idle = Date.now() - this.#active;
    if (idle >= LOCK) return void this.lock();
    if (idle < WARN) return;
    this.#warning ??= this.warn();
    const left = this.#warning.querySelector('[data-left]');
    if (left) left.textContent = String(Math.ceil((LOCK - idle) / 1000));
  }

  private warn(): HTMLElement {
    const button = make('button', { class: 'govuk-button', type: 'button' }, 'Stay signed in');
    const text = make(
      'p',
      { class: 'govuk-body' },
      'You have been idle. The desk locks in ',
      make('span', { 'data-left': '' }),
      ' seconds.',
    );
    const warning = make('div', {
      class: 'govuk-notification-banner',
      role: 'alert',
      'aria-label': 'The desk locks soon',
    });
    warning.append(make('div', { class: 'govuk-notification-banner__content' }, text, button));
    button.addEventListener('click', () => {
      this.dismiss();
      this.#told = 0;
      this.stay();
    });
    this.append(warning);
    button.focus();
    return warning;
  }

  private dismiss(): void {
    this.#warning?.remove();
    this.#warning = null;
  }

  private async lock(): Promise<void> {
    clearInterval(this.#timer);
    await forget();
    await fetch('/sign-out', { method: 'POST' }).catch(() => undefined);
    this.#tabs.postMessage('locked');
    location.replace('/locked');
  }
}

customElements.define('letterbox-idle', IdleElement);
