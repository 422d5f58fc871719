/** `<letterbox-notice-letters>`: makes the letters of a notice, in this browser, and says which were printed. A script of its own: it is large. */

import type { Fonts } from '../../incidents/pdf.ts';
import { make, many, say } from '../../web/browser/ask.ts';
import { dayInWords } from '../../web/london.ts';
import { lettersPdf, printable } from '../letters.ts';
import { type Carried, checkedMessages, NotAgreed, type Notice, waitingOf } from './list.ts';
import { NoticeElement, type Opened } from './noticed.ts';
import { progressIn, result } from './showing.ts';

class LettersElement extends NoticeElement {
  protected readonly words = {
    file: 'Choose the same file, to make the letters',
    button: 'Make the letters',
  };

  protected async go(of: Carried, notice: Notice, open: () => Promise<Opened>): Promise<void> {
    const { list } = await open();
    const messages = await checkedMessages(of, notice, list);
    const fonts = { body: await font(this.dataset.body), bold: await font(this.dataset.bold) };
    const { fine, not } = printable(await waitingOf(notice, messages, 'letter'), fonts);
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
  const posted = document.querySelector<HTMLInputElement>('[name=fate][value=posted]');
  if (field) field.value = references.join('\n');
  if (posted) posted.checked = true;
}

async function font(url = ''): Promise<Fonts['body']> {
  const answer = await fetch(url);
  if (!answer.ok) throw new NotAgreed('The font could not be loaded. Reload the page and try again.');
  return new Uint8Array(await answer.arrayBuffer());
}

customElements.define('letterbox-notice-letters', LettersElement);
