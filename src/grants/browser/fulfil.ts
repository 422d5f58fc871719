/** `<letterbox-fulfil>`: what waits for this person, with the key to hand over at one click. */
import { z } from 'zod';
import { ask, make } from '../../web/browser/ask.ts';
import { waitingShape } from '../shapes.ts';
import { handOver, provenGrantee } from './hand-over.ts';
import { NotVerified } from './proven.ts';

type Waiting = z.infer<typeof waitingShape>;

class FulfilElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const answer = await ask('/waiting');
    if (!answer.ok) return;
    const waiting = z.array(waitingShape).parse(answer.body);
    if (waiting.length === 0) return;
    this.append(make('h2', { class: 'govuk-heading-m' }, 'Waiting for you'));
    for (const each of waiting) this.append(await row(each));
  }
}

async function row(each: Waiting): Promise<HTMLElement> {
  if (each.what === 'fulfil' && each.grant_id) return handOverPanel(each.grant_id, each.form);
  const [text, href] = link(each);
  return make('p', { class: 'govuk-body' }, make('a', { class: 'govuk-link', href }, text));
}

function link(each: Waiting): [text: string, href: string] {
  if (each.what === 'approve')
    return [`Look at a proposal: ${each.name} to read ${each.form}`, `/grants/${each.grant_id}/approve`];
  if (each.what === 'make-key')
    return [`Make the key of the form ${each.form}, so that it can open`, `/forms/${each.form}/key`];
  return [`Countersign the key that ${each.name} made for the form ${each.form}`, `/forms/${each.form}/key`];
}

async function handOverPanel(grant: string, form: string): Promise<HTMLElement> {
  const panel = make('div', { class: 'govuk-inset-text' });
  const status = make('p', { class: 'govuk-body', role: 'status' });
  try {
    const { name, words } = await provenGrantee(grant);
    const button = make('button', { class: 'govuk-button', type: 'button' }, `Hand the key to ${name}`);
    button.addEventListener('click', async () => {
      button.disabled = true;
      status.textContent = 'Sealing the key …';
      try {
        await handOver(grant);
        status.textContent = `Done. ${name} can open the cases of ${form} now.`;
        button.remove();
      } catch (error) {
        button.disabled = false;
        status.textContent =
          error instanceof NotVerified ? error.message : 'That did not work. Reload the page and try again.';
      }
    });
    const list = make('ul', { class: 'letterbox-words' }, ...words.map((word) => make('li', {}, word)));
    panel.append(
      make('p', { class: 'govuk-body' }, `Two colleagues have let ${name} read ${form}. Their key words:`),
      list,
      button,
      status,
    );
  } catch (error) {
    status.textContent =
      error instanceof NotVerified
        ? error.message
        : 'A grant waits that could not be checked. Reload the page.';
    panel.append(status);
  }
  return panel;
}

customElements.define('letterbox-fulfil', FulfilElement);
