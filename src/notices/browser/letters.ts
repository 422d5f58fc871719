/** `<letterbox-notice-letters>`: makes the letters of a notice, in this browser, and says which were printed. A script of its own: it is large. */
import { carriedJson, make, say } from '../../web/browser/ask.ts';
import { dayInWords } from '../../web/london.ts';
import { type Fonts, lettersPdf, printable } from '../letters.ts';
import type { List } from '../notice.ts';
import {
  type Carried,
  carriedShape,
  checkedMessages,
  listInFile,
  NotAgreed,
  openList,
  rowsNow,
} from './list.ts';
import { button, doing, fileField, many, progressIn, result } from './showing.ts';

type Notice = NonNullable<Carried['notice']>;

class LettersElement extends HTMLElement {
  connectedCallback(): void {
    const of = carriedShape.parse(carriedJson(this));
    const { notice } = of;
    if (!notice) return;
    this.append(
      notice.source === 'file'
        ? fileField('Choose the same file, to make the letters', (file) =>
            doing(this, async () => this.make(of, notice, (await listInFile(file, of.incident)).list)),
          )
        : button('Make the letters', () =>
            doing(this, async () => this.make(of, notice, await openList(of, notice))),
          ),
    );
  }

  private async make(of: Carried, notice: Notice, list: List): Promise<void> {
    const messages = await checkedMessages(of, notice, list);
    const rows = await rowsNow(notice);
    const waiting = new Set(
      rows.filter(({ channel, state }) => channel === 'letter' && state === 'waiting').map(({ key }) => key),
    );
    const fonts = { body: await font(this.dataset.body), bold: await font(this.dataset.bold) };
    const { fine, not } = printable(
      messages.filter(({ key }) => waiting.has(key)),
      fonts,
    );
    const bar = progressIn(this, fine.length, 'Letters made');
    const pdf = await lettersPdf(fine, fonts, { from: of.from, date: dayInWords(new Date()) }, async (n) => {
      bar.value = n;
      say(this, `Making letter ${n + 1} of ${fine.length} …`);
      await new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
    });
    say(
      this,
      `${many(fine.length, 'letter')} made. Print them. Their references are entered below, for when they were posted.`,
      'done',
    );
    const link = make(
      'a',
      {
        class: 'govuk-link',
        href: URL.createObjectURL(new Blob([pdf], { type: 'application/pdf' })),
        download: 'letters.pdf',
      },
      `Save ${many(fine.length, 'letter')} as PDF`,
    );
    const warning =
      'It has names and addresses in it: keep it where only those who print it can read it, and delete it afterwards.';
    enterPosted(fine.map(({ reference }) => reference));
    result(
      this,
      ...(fine.length > 0
        ? [make('p', { class: 'govuk-body' }, link), make('p', { class: 'govuk-hint' }, warning)]
        : []),
      ...not.map(({ letter, sign }) =>
        make(
          'p',
          { class: 'govuk-error-message' },
          `${letter.reference} cannot be printed here: our font has no “${sign}”. Write this one by hand.`,
        ),
      ),
    );
  }
}

/** Fills in the form that says what became of messages. */
function enterPosted(references: readonly string[]): void {
  const field = document.querySelector<HTMLTextAreaElement>('#references');
  const posted = document.querySelector<HTMLInputElement>('[name=mark][value=posted]');
  if (field) field.value = references.join('\n');
  if (posted) posted.checked = true;
}

async function font(url = ''): Promise<Fonts['body']> {
  const answer = await fetch(url);
  if (!answer.ok) throw new NotAgreed('The font could not be loaded. Reload the page and try again.');
  return new Uint8Array(await answer.arrayBuffer());
}

customElements.define('letterbox-notice-letters', LettersElement);
