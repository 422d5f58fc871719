/** `<letterbox-fulfil>`: what waits for this person; keys to hand over go to all who wait at one click. */
import { z } from 'zod';
import { ask, make } from '../../web/browser/ask.ts';
import { waitingShape } from '../shapes.ts';
import { type Grantee, handOverAll, waitingGrantees } from './hand-over.ts';
import { NotVerified } from './proven.ts';
import { turnAll } from './turn.ts';

type Waiting = z.infer<typeof waitingShape>;

class FulfilElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    await turnAll().catch((error: unknown) => {
      if (!(error instanceof NotVerified)) throw error;
    });
    const answer = await ask('/waiting');
    if (!answer.ok) return;
    const waiting = z.array(waitingShape).parse(answer.body);
    const rows = waiting.flatMap((each) => row(each) ?? []);
    const panel = waiting.some(({ what }) => what === 'fulfil') ? [await handOverPanel()] : [];
    if (rows.length + panel.length === 0) return;
    this.append(make('h2', { class: 'govuk-heading-m' }, 'Waiting for you'), ...rows, ...panel);
  }
}

function row(each: Waiting): HTMLElement | null {
  const [text, href] = link(each) ?? [];
  if (!text || !href) return null;
  return make('p', { class: 'govuk-body' }, make('a', { class: 'govuk-link', href }, text));
}

function link(each: Waiting): [text: string, href: string] | null {
  switch (each.what) {
    case 'train':
      return [
        'Take the data-protection course: until then you cannot propose, approve or be given access',
        '/training',
      ];
    case 'approve':
      return [`Look at a proposal: ${each.name} to read ${each.titles}`, `/proposals/${each.proposal}`];
    case 'make-key':
      return [`Make the key of “${each.titles}”, so that the form can open`, `/forms/${each.form}/key`];
    case 'approve-key':
      return [`Countersign the key that ${each.name} made for “${each.titles}”`, `/forms/${each.form}/key`];
    case 'review':
      return [`Say who still needs access: ${each.n} end soon if nobody does`, '/access/reviews'];
    case 'agree':
      return [
        `Look at the notice that ${each.name} wants to send, and agree to it or not`,
        `/notices/${each.proposal}`,
      ];
    default:
      return null;
  }
}

async function handOverPanel(): Promise<HTMLElement> {
  const panel = make('div', { class: 'govuk-inset-text' });
  const status = make('p', { class: 'govuk-body', role: 'status' });
  try {
    const { grantees, unproven } = await waitingGrantees();
    if (unproven > 0) panel.append(make('p', { class: 'govuk-error-message' }, UNPROVEN));
    if (grantees.length > 0) panel.append(...handing(grantees, status));
  } catch (error) {
    status.textContent =
      error instanceof NotVerified
        ? error.message
        : 'A grant waits that could not be checked. Reload the page.';
  }
  panel.append(status);
  return panel;
}

function handing(grantees: readonly Grantee[], status: HTMLElement): HTMLElement[] {
  const names = AND.format(grantees.map(({ name }) => name));
  const button = make('button', { class: 'govuk-button', type: 'button' }, `Hand the keys to ${names}`);
  button.addEventListener('click', async () => {
    button.disabled = true;
    status.textContent = 'Sealing the keys …';
    try {
      await handOverAll();
      status.textContent = `Done. ${names} can open what they were given access to.`;
      button.remove();
    } catch (error) {
      button.disabled = false;
      status.textContent =
        error instanceof NotVerified ? error.message : 'That did not work. Reload the page and try again.';
    }
  });
  const lists = grantees.flatMap(({ name, words, lines }) => [
    make(
      'p',
      { class: 'govuk-body' },
      `Two colleagues have let ${name} read ${what(lines)}. Their key words:`,
    ),
    make('ul', { class: 'letterbox-words' }, ...words.map((word) => make('li', {}, word))),
  ]);
  return [...lists, button];
}

function what(lines: Grantee['lines']): string {
  return AND.format(
    lines.map((line) => (line.case === null ? `“${line.title}”` : `one case of “${line.title}”`)),
  );
}

const AND = new Intl.ListFormat('en-GB', { type: 'conjunction' });
const UNPROVEN =
  'A grant waits that no two signatures prove. No key is handed over for it. Tell your data protection officer.';

customElements.define('letterbox-fulfil', FulfilElement);
