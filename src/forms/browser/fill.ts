/**
 * `<letterbox-fill>`: takes over the first page of a form, shows every other from the templates that came with it, and
 * asks for nothing more from the server until the declaration is accepted. So no answer, and not even which branch
 * was taken, leaves the browser unsealed. Pages are entries of the browser's history (`#page-name`).
 *
 * A page that came as the answer to a post (the script was late) is taken over by way of the draft: what was carried
 * is kept there, and the whole document is asked for once.
 */

import { notAgreed, type Problem } from '../check.ts';
import { allQuestions, type Page } from '../form.ts';
import { type SendOutcome, sendEvent } from '../sending.ts';
import { startComponents } from './components.ts';
import { type Draft, draftOf } from './draft.ts';
import { Filling, type StageId } from './filling.ts';
import { copyOf, fillFields, focusOn, showFiles, showNotice, showProblems, showRows } from './view.ts';

const NOT_SENT =
  'Your form was not sent. Everything you entered is still here. Check that you are online and try again.';

class LetterboxFill extends HTMLElement {
  #filling: Filling | null = null;
  #draft: Draft = draftOf('');
  #stage: StageId = '';
  #state: 'filling' | 'sending' | 'sent' = 'filling';
  #saving: ReturnType<typeof setTimeout> | undefined;
  #unsaved = 0;

  connectedCallback(): void {
    if (this.#filling) return;
    this.#draft = draftOf(this.dataset.start ?? '');
    const json = this.querySelector('script[data-published]')?.textContent;
    if (json) void this.#takeOver(new Filling(JSON.parse(json)));
    else void this.#fetchWhole();
  }

  async #takeOver(filling: Filling): Promise<void> {
    this.#filling = filling;
    this.#stage = this.dataset.page ?? '';
    this.#form.addEventListener('submit', (event) => this.#submitted(event));
    this.addEventListener('click', (event) => this.#clicked(event));
    this.addEventListener('input', () => this.#saveSoon());
    this.addEventListener('change', (event) => this.#chosen(event));
    document.querySelector('[data-back]')?.addEventListener('click', (event) => this.#backClicked(event));
    window.addEventListener('popstate', () => this.#navigated());
    document.addEventListener('visibilitychange', () => void this.#save());
    const lost = filling.restore(await this.#draft.load());
    const hash = idIn(location.hash);
    const wanted = filling.reachable(hash) ?? this.#stage;
    history.replaceState({ depth: this.#depth }, '', hash === '' ? undefined : `#page-${wanted}`);
    this.#show(wanted, wanted !== this.#stage);
    if (lost.length > 0) {
      const names = lost.map((file) => `‘${file.name}’`).join(', ');
      this.#tell(`The page was loaded again, and files cannot be kept across that. Add them again: ${names}`);
    }
    this.setAttribute('data-ready', '');
  }

  /** Keeps what the page carries and goes on in the whole document; leaves the page alone where that may lose something. */
  async #fetchWhole(): Promise<void> {
    const carried = this.querySelector('input[name="carried"]');
    if (!(carried instanceof HTMLInputElement)) return;
    const { answers, seen, references } = JSON.parse(carried.value);
    if (Object.keys(references).length > 0) return;
    await this.#draft.save({ answers, seen });
    if ((await this.#draft.load()) === null) return;
    // The question mark makes it another address: the same one with a fragment would only scroll.
    location.replace(`${this.#form.action}?#page-${this.dataset.page}`);
  }

  get #form(): HTMLFormElement {
    const form = this.querySelector('form');
    if (!form) throw new Error('This page has no form.');
    return form;
  }

  get #view(): HTMLElement {
    const view = this.querySelector('[data-view]');
    if (!(view instanceof HTMLElement)) throw new Error('This page has no view.');
    return view;
  }

  get #now(): Filling {
    if (!this.#filling) throw new Error('The form is not here yet.');
    return this.#filling;
  }

  #submitted(event: SubmitEvent): void {
    event.preventDefault();
    if (this.#state !== 'filling') return;
    if (this.#stage === 'declaration') this.#agree();
    else if (this.#stage === 'check') this.#go(this.#now.reachable('declaration') ?? 'check');
    else if (this.#now.page(this.#stage)) this.#leave();
  }

  #leave(): void {
    this.#keepFields();
    const problems = this.#now.problems(this.#stage);
    if (problems.length > 0) this.#object(problems);
    else this.#go(this.#now.leave(this.#stage));
  }

  #object(problems: readonly Problem[]): void {
    showProblems(this, this.#view, problems);
    // The summary takes the focus as it starts.
    startComponents(this.#view);
    this.#entitle(problems.length > 0);
    void this.#save();
  }

  #tell(message: string): void {
    showNotice(this, this.#view, message);
    startComponents(this.#view);
  }

  #go(stage: StageId): void {
    history.pushState({ depth: this.#depth + 1 }, '', `#page-${stage}`);
    this.#show(stage, true);
    void this.#save();
  }

  /** How many pages back in the browser's history are ours. */
  get #depth(): number {
    const state: unknown = history.state;
    return typeof state === 'object' && state !== null && 'depth' in state ? Number(state.depth) : 0;
  }

  /** Shows a stage; what the server has shown already is left as it stands and only completed. */
  #show(stage: StageId, anew: boolean): void {
    const active = document.activeElement;
    if (anew && active instanceof HTMLElement) active.blur();
    this.#stage = stage;
    if (anew) this.#view.replaceChildren(copyOf(this, `[data-page="${stage}"]`));
    const page = this.#now.page(stage);
    if (page && (anew || Object.keys(this.#now.answers).length > 0)) {
      fillFields(this.#view, page, this.#now.answers);
    }
    if (page) this.#showFiles(page);
    if (stage === 'check') showRows(this, this.#view, this.#now.rows());
    startComponents(this.#view);
    if (!anew) return;
    this.#entitle(false);
    window.scrollTo(0, 0);
    focusOn(this.#view.querySelector('h1'));
  }

  #entitle(wrong: boolean): void {
    const heading = this.#view.querySelector('h1')?.textContent?.trim() ?? '';
    document.title = `${wrong ? 'Error: ' : ''}${heading}${this.dataset.titleEnd ?? ''}`;
  }

  #keepFields(): void {
    const fields = new FormData(this.#form);
    this.#now.read(this.#stage, (name) => fields.getAll(name).map(String));
  }

  #navigated(): void {
    if (this.#state === 'sent') location.replace(this.dataset.start ?? '/');
    if (this.#state !== 'filling') return;
    const id = location.hash === '' ? (this.#now.form.pages[0]?.id ?? '') : idIn(location.hash);
    // Other fragments are places on this page, such as the skip link's: a reload must still find the page.
    if (id === '') history.replaceState({ depth: 0 }, '', `#page-${this.#stage}`);
    if (id === '' || id === this.#stage) return;
    this.#keepFields();
    const stage = this.#now.reachable(id);
    if (stage) this.#show(stage, true);
    void this.#save();
  }

  #backClicked(event: Event): void {
    const previous = this.#now.previous(this.#stage);
    if (this.#state === 'sent' || (this.#depth === 0 && previous === null)) return;
    event.preventDefault();
    if (this.#state === 'sending') return;
    if (this.#depth > 0) history.back();
    else if (previous) this.#go(previous);
  }

  #clicked(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#page-"]') : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#go(idIn(link.getAttribute('href') ?? ''));
  }

  #chosen(event: Event): void {
    const input = event.target;
    const page = this.#now.page(this.#stage);
    if (!(input instanceof HTMLInputElement) || input.type !== 'file' || !page) return;
    const chosen = [...(input.files ?? [])];
    if (chosen.length === 0) return;
    input.value = '';
    const problems = this.#now.addFiles(page, input.name, chosen);
    this.#showFiles(page);
    this.#object(problems);
  }

  #showFiles(page: Page): void {
    for (const { id: question, kind } of allQuestions(page)) {
      if (kind !== 'files') continue;
      showFiles(this.#view, question, this.#now.answers[question], (file) => {
        this.#now.removeFile(question, file);
        this.#showFiles(page);
        void this.#save();
        focusOn(this.#view.querySelector('h1'));
      });
      // Files are taken up as they are chosen; the button is for pages without this script.
      this.#view.querySelector('[data-upload]')?.remove();
    }
  }

  #saveSoon(): void {
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => {
      this.#keepFields();
      void this.#save();
    }, 400);
  }

  /** Keeps what there is for a reload; `data-saving` says that it is not kept yet. */
  async #save(): Promise<void> {
    if (this.#state === 'sent') return;
    this.#unsaved += 1;
    this.setAttribute('data-saving', '');
    await this.#draft.save(this.#now.draft());
    this.#unsaved -= 1;
    this.toggleAttribute('data-saving', this.#unsaved > 0);
  }

  #agree(): void {
    const open = this.#now.reachable('declaration');
    if (!new FormData(this.#form).has('agree')) {
      this.#object([{ page: 'declaration', question: 'agree', field: 'agree', message: notAgreed }]);
    } else if (open === 'declaration') void this.#send();
    else this.#go(open ?? 'check');
  }

  async #send(): Promise<void> {
    this.#state = 'sending';
    const button = this.#view.querySelector('button');
    button?.setAttribute('aria-disabled', 'true');
    this.#view.setAttribute('aria-busy', 'true');
    const outcome = await this.#outcome().catch((): SendOutcome => ({ sent: false, message: NOT_SENT }));
    button?.removeAttribute('aria-disabled');
    this.#view.removeAttribute('aria-busy');
    this.#state = outcome.sent ? 'sent' : 'filling';
    if (outcome.sent) this.#forget();
    else this.#tell(outcome.message);
  }

  #forget(): void {
    clearTimeout(this.#saving);
    this.#draft.forget();
    this.#now.forget();
  }

  /** Hands everything to whoever seals and sends it. */
  #outcome(): Promise<SendOutcome> {
    return new Promise((resolve, reject) => {
      let answered = false;
      const detail = this.#now.request((outcome) => {
        answered = true;
        outcome.then(resolve, reject);
      });
      this.dispatchEvent(new CustomEvent(sendEvent, { detail, bubbles: true }));
      if (!answered) reject(new Error('Nobody is there to seal and send.'));
    });
  }
}

const idIn = (hash: string): string => (hash.startsWith('#page-') ? hash.slice('#page-'.length) : '');

startComponents(document);
customElements.define('letterbox-fill', LetterboxFill);
