/** What the elements of a notice show: messages to look at, people who are left out, and how far something has come. */
import { NotVerified } from '../../grants/browser/proven.ts';
import type { Unopened } from '../../incidents/browser/finding.ts';
import { SealingError } from '../../sealing/sealing.ts';
import { make, many, say } from '../../web/browser/ask.ts';
import type { Left } from '../contact-list.ts';
import { sharingIn } from '../list.ts';
import { CHANNELS, type List, type Message, previewOf } from '../notice.ts';
import { CHANNEL_WORDS } from '../words.ts';
import { NotAgreed } from './list.ts';

/** `394 people: 300 e-mail, 60 letter, …` */
export function countsIn({ addressees }: List): string {
  const ways = CHANNELS.map((channel) => ({
    says: CHANNEL_WORDS[channel].toLowerCase(),
    count: addressees.filter((each) => each.channel === channel).length,
  })).filter(({ count }) => count > 0);
  const each = ways.map(({ says, count }) => `${count} ${says}`).join(', ');
  return `${many(addressees.length, 'person', 'people')}: ${each || 'nobody'}`;
}

/** Five messages, whole, as they will go out. */
export function preview(messages: readonly Message[]): HTMLElement {
  const looked = previewOf(messages);
  const boxes = looked.map(({ channel, to, subject, text }) => {
    const where = `${CHANNEL_WORDS[channel]}${wayInWords(channel, to)}`;
    return make(
      'div',
      { class: 'govuk-inset-text', 'data-preview': channel },
      make('p', { class: 'govuk-hint' }, where),
      make('p', { class: 'govuk-body govuk-!-font-weight-bold' }, subject),
      make('p', { class: 'govuk-body letterbox-typed' }, text),
    );
  });
  const title = `${many(looked.length, 'message')} to look at, of ${messages.length}`;
  return make('section', {}, make('h2', { class: 'govuk-heading-m' }, title), ...boxes);
}

function wayInWords(channel: Message['channel'], to: string): string {
  if (channel === 'conversation') return '';
  if (channel === 'hand') return `: ${to || 'no way of their own'}`;
  return ` to ${to.replaceAll('\n', ', ')}`;
}

const MOST_LINES = 500;

function listed(told: string, lines: readonly string[], classes = 'govuk-error-message'): HTMLElement[] {
  if (lines.length === 0) return [];
  const rest = lines.length > MOST_LINES ? [`and ${lines.length - MOST_LINES} more`] : [];
  const items = [...lines.slice(0, MOST_LINES), ...rest].map((line) => make('li', {}, line));
  return [
    make('p', { class: classes }, told),
    make('ul', { class: 'govuk-list govuk-list--bullet' }, ...items),
  ];
}

/** Who is not in the list, before it: nobody may be left out unseen. */
export const leftOut = (unopened: readonly Unopened[], left: readonly Left[]): HTMLElement[] => [
  ...listed(
    `${many(unopened.length, 'case')} could not be opened here, so whoever is in them is not in this list. Ask somebody who may read them to make it.`,
    unopened.map(({ reference, why }) => `${reference}: ${why}`),
  ),
  ...listed(
    `${many(left.length, 'line')} of the file will not be sent as they stand. Mend the file and choose it again, or tell these people in another way.`,
    left.map(({ line, who, why }) => `Line ${line}${who ? `, ${who}` : ''}: ${why}`),
  ),
];

/** Mailboxes that several people have. */
export function shared(list: List): HTMLElement[] {
  const lines = [...sharingIn(list)].map(
    ([{ name, to }, others]) =>
      `${name || 'Somebody without a name'}, ${to}: ${many(others, 'other')} of this list ${others === 1 ? 'has' : 'have'} the same address`,
  );
  return listed(
    'These share a mailbox. Each gets a message of their own there, which the others can read. Think of telling them in another way.',
    lines,
    'govuk-body',
  );
}

export const differing = (differences: readonly string[]): HTMLElement[] =>
  listed(
    'The list is not what the cases say. Nothing was agreed to. Ask whoever proposed it to make it again.',
    differences,
  );

/** A bar for what takes longer than a second. */
export function progressIn(element: HTMLElement, most: number, label: string): HTMLProgressElement {
  const bar = make('progress', { max: String(Math.max(most, 1)), 'aria-label': label });
  bar.value = 0;
  element.append(bar);
  return bar;
}

export function button(text: string, press: () => Promise<void>, classes = ''): HTMLButtonElement {
  const made = make('button', { type: 'button', class: `govuk-button ${classes}`.trim() }, text);
  made.addEventListener('click', () => {
    made.disabled = true;
    void press().finally(() => {
      made.disabled = false;
    });
  });
  return made;
}

/** A field for the file that the list is in. */
export function fileField(text: string, chosen: (file: File) => Promise<void>): HTMLElement {
  const input = make('input', {
    type: 'file',
    id: 'notice-file',
    class: 'govuk-file-upload',
    accept: '.csv,.txt,.tsv,text/csv',
  });
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) void chosen(file);
  });
  const label = make('label', { class: 'govuk-label govuk-label--m', for: 'notice-file' }, text);
  const hint =
    'As CSV, from a spreadsheet: the first line names the columns, such as name, email, address, postcode, reference. It is read in this browser and not sent to the server.';
  return make('div', { class: 'govuk-form-group' }, label, make('div', { class: 'govuk-hint' }, hint), input);
}

/** Does what takes a while; what goes wrong is said in words, and nothing stays half shown. */
export async function doing(element: HTMLElement, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const told = error instanceof NotAgreed || error instanceof NotVerified || error instanceof SealingError;
    if (!told) console.error(error);
    say(element, told ? error.message : 'This did not work. Reload the page and try again.', 'error');
  }
  for (const bar of element.querySelectorAll('progress')) bar.remove();
}

/** What an element shows as its result, in place of what it showed before. */
export function result(element: HTMLElement, ...shown: readonly HTMLElement[]): void {
  element.querySelector('[data-result]')?.remove();
  element.append(make('div', { 'data-result': '' }, ...shown));
}
