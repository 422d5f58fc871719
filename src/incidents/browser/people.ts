/** `<letterbox-affected>`: opens the cases that were exposed, one after the other, and makes people out of them, in this browser only. */
import { z } from 'zod';
import { NotVerified } from '../../grants/browser/proven.ts';
import { carriedJson, make, many, say } from '../../web/browser/ask.ts';
import { csv } from '../../web/csv.ts';
import { type Affected, KINDS } from '../affected.ts';
import { CHANNEL_WORDS, KIND_WORDS } from '../people-words.ts';
import { caseShape, findPeople, type ToOpen, type Unopened } from './finding.ts';

const carried = z.object({ cases: z.array(caseShape) });

class AffectedElement extends HTMLElement {
  connectedCallback(): void {
    const { cases } = carried.parse(carriedJson(this));
    // Made here: without JavaScript there is nothing that it could do.
    const button = make('button', { type: 'button', class: 'govuk-button' }, 'Open them and find the people');
    button.addEventListener('click', () => {
      button.remove();
      void this.find(cases);
    });
    this.prepend(button);
  }

  private async find(cases: readonly ToOpen[]): Promise<void> {
    const progress = make('progress', { max: String(cases.length), 'aria-label': 'Cases opened' });
    progress.value = 0;
    this.append(progress);
    try {
      const { people, unopened } = await findPeople(cases, (n) => {
        say(this, `Opening case ${n + 1} of ${cases.length} …`);
        progress.value = n;
      });
      say(this, toldOf(people, cases.length - unopened.length));
      this.append(...shown(people, unopened, cases.length, this.dataset));
    } catch (error) {
      const told = error instanceof NotVerified;
      if (!told) console.error(error);
      say(
        this,
        told ? error.message : 'The cases could not be opened. Reload the page and try again.',
        'error',
      );
    }
    progress.remove();
  }
}

const toldOf = (people: readonly Affected[], cases: number) =>
  `${many(people.length, 'person', 'people')} in ${many(cases, 'case')}. The list is in this browser only, and gone when you leave the page.`;

type Place = { readonly incident?: string; readonly closed?: string };

function shown(
  people: readonly Affected[],
  unopened: readonly Unopened[],
  cases: number,
  at: Place,
): HTMLElement[] {
  return [
    ...missed(unopened),
    ...(at.closed === undefined ? [keeping(people, unopened, cases, at.incident ?? '')] : []),
    ...(people.length === 0 ? [] : [download(people, unopened), tableOf(people)]),
  ];
}

/** What is not in the list, before the list: nobody may be left out unseen. */
function missed(unopened: readonly Unopened[]): HTMLElement[] {
  if (unopened.length === 0) return [];
  const told = `${many(unopened.length, 'case')} could not be opened here, so whoever is in them is not in this list. Ask somebody who may read them.`;
  const lines = unopened.map(({ reference, why }) => make('li', {}, `${reference}: ${why}`));
  return [
    make('p', { class: 'govuk-error-message' }, told),
    make('ul', { class: 'govuk-list govuk-list--bullet' }, ...lines),
  ];
}

const HEADINGS = ['Person', 'Cases', 'How to reach them', 'Told us', 'Look at'];

function tableOf(people: readonly Affected[]): HTMLElement {
  const head = HEADINGS.map((each) => make('th', { scope: 'col', class: 'govuk-table__header' }, each));
  const table = make(
    'table',
    { class: 'govuk-table' },
    make(
      'caption',
      { class: 'govuk-table__caption govuk-table__caption--m' },
      'The people affected, each once',
    ),
    make('thead', { class: 'govuk-table__head' }, make('tr', { class: 'govuk-table__row' }, ...head)),
    make('tbody', { class: 'govuk-table__body' }, ...people.map(rowOf)),
  );
  const attributes = {
    class: 'letterbox-table-scroll',
    tabindex: '0',
    role: 'region',
    'aria-label': 'The people affected',
  };
  return make('div', attributes, table);
}

function rowOf(person: Affected): HTMLElement {
  const cell = (...lines: readonly (Node | string)[]) =>
    make('td', { class: 'govuk-table__cell' }, ...lines.map((line) => make('div', {}, line)));
  const references = [...new Map(person.mentions.map((each) => [each.case, each.reference]))].map(
    ([id, reference]) =>
      make('a', { class: 'govuk-link letterbox-mono letterbox-reference', href: `/cases/${id}` }, reference),
  );
  return make(
    'tr',
    { class: 'govuk-table__row', 'data-person': person.id },
    make('th', { scope: 'row', class: 'govuk-table__header' }, person.name || 'No name given'),
    cell(...references),
    cell(CHANNEL_WORDS[person.channel], ...reached(person)),
    cell(person.kinds.map((kind) => KIND_WORDS[kind]).join(', ')),
    cell(...notesOn(person)),
  );
}

function reached({ channel, emails, phones, addresses, through }: Affected): string[] {
  if (channel === 'email') return emails.slice(0, 1);
  if (channel === 'phone') return phones.slice(0, 1);
  if (channel === 'letter') return [addresses[0]?.join(', ') ?? ''];
  return through.map((name) => `through ${name}`);
}

function notesOn({ mentions, namesakes, victim, child }: Affected): string[] {
  return [
    ...(mentions.some(({ role }) => role === 'written for') ? ['Somebody wrote for them'] : []),
    ...(victim ? ['A victim, or somebody who writes for one'] : []),
    ...(child ? ['A child'] : []),
    ...(namesakes > 0 ? [`${many(namesakes, 'other')} of this name: compare them`] : []),
  ];
}

/** The list as a file, for whoever has to work on it elsewhere: it is personal data from then on. */
function download(people: readonly Affected[], unopened: readonly Unopened[]): HTMLElement {
  const lines = [
    ['Name', 'Cases', 'Way', 'E-mail', 'Phone', 'Address', 'Through', 'Told us', 'Look at'],
    ...people.map((each) => [
      ...[each.name, [...new Set(each.mentions.map(({ reference }) => reference))].join(' ')],
      ...[CHANNEL_WORDS[each.channel], each.emails.join(' '), each.phones.join(' ')],
      ...[each.addresses.map((one) => one.join(', ')).join('; '), each.through.join('; ')],
      ...[each.kinds.map((kind) => KIND_WORDS[kind]).join(', '), notesOn(each).join('; ')],
    ]),
    ...unopened.map(({ reference, why }) => ['Not opened', reference, ...Array<string>(6).fill(''), why]),
  ];
  const file = new Blob([csv(lines)], { type: 'text/csv;charset=utf-8' });
  const link = make('a', {
    class: 'govuk-link',
    href: URL.createObjectURL(file),
    download: 'people-affected.csv',
  });
  link.append('Save the list as a file');
  const warning =
    ' It names people: keep it where only those who need it can read it, and delete it afterwards.';
  return make('p', { class: 'govuk-body' }, link, warning);
}

/** Only numbers go back to the server, on the page that keeps a step. */
function keeping(
  people: readonly Affected[],
  unopened: readonly Unopened[],
  cases: number,
  incident: string,
): HTMLElement {
  const counts = (of: (person: Affected) => boolean | null) =>
    people.some((each) => of(each) !== null) ? String(people.filter((each) => of(each)).length) : '';
  const told = KINDS.filter((kind) => people.some(({ kinds }) => kinds.includes(kind)));
  const values = new URLSearchParams({
    ...{ people: String(people.length), records: String(cases), known: 'opened' },
    ...{ victims: counts(({ victim }) => victim), children: counts(({ child }) => child) },
    kinds: told.map((kind) => KIND_WORDS[kind]).join(', '),
    text:
      unopened.length === 0
        ? 'Every case was opened and each person counted once.'
        : `${cases - unopened.length} of ${many(cases, 'case')} were opened and each person in them counted once. ${many(unopened.length, 'case')} could not be opened: the people in them are not counted.`,
  });
  const attributes = {
    class: 'govuk-button',
    role: 'button',
    draggable: 'false',
    href: `/incidents/${incident}/steps/counted?${values}`,
  };
  return make('a', attributes, 'Keep the numbers');
}

customElements.define('letterbox-affected', AffectedElement);
