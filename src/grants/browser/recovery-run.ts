/**
 * `<letterbox-recovery-run>`: the real thing. The sheets' identity lives in one function call of this page; before it
 * opens anything, this browser has proved the recovery, the consents, and the grant of whoever gets the keys.
 */
import { z } from 'zod';
import { ask, carriedJson, make } from '../../web/browser/ask.ts';
import { handOverOf } from '../recovery.ts';
import { signRecovery } from '../recovery-documents.ts';
import { provenInForce } from '../verify.ts';
import { NotVerified } from './proven.ts';
import { forgetSheets, onPressed, typedSheets } from './recovery-fields.ts';
import { type Recovered, recoverKeys } from './recovery-keys.ts';
import { verifiedRecovery } from './recovery-proven.ts';

const carried = z.object({ document: z.string(), id: z.string() });
const envelopes = z.array(z.object({ form: z.string(), generation: z.number(), sealed: z.string() }));

class RunElement extends HTMLElement {
  connectedCallback(): void {
    onPressed(this, async () => {
      const { document, id } = carried.parse(carriedJson(this));
      const { staff, directory, proven, recovery, rule } = await verifiedRecovery(document);
      const now = new Date();
      const lines = provenInForce(proven, now.toISOString());
      const handOver = handOverOf(recovery, rule.k, directory, lines, now.toISOString());
      if ('problem' in handOver) throw new NotVerified(handOver.problem);
      const { identity } = await typedSheets(this, staff.organisation, rule);
      const given = await ask(`/recovery/${id}/envelopes`, {});
      if (!given.ok) throw new NotVerified(given.message);
      const sealed = envelopes.parse(given.body);
      const recovered = await recoverKeys(identity, staff.organisation, handOver, sealed, proven, now);
      if (recovered.keys.length === 0) throw new NotVerified(NOTHING_OPENED);
      const end = { kind: 'recovery-end', recovery: document, done: true } as const;
      const signed = await signRecovery(staff, end, new Date());
      const answer = await ask(`/recovery/${id}/hand-over`, { ...signed, keys: recovered.keys });
      if (!answer.ok) throw new NotVerified(answer.message);
      forgetSheets(this);
      this.showDone(handOver.person.name, recovered);
    });
  }

  private showDone(name: string, { keys, failed }: Recovered): void {
    const paragraph = (text: string) => make('p', { class: 'govuk-body' }, text);
    const title = make('h1', { class: 'govuk-panel__title' }, 'The keys are handed over');
    const said = `${keys.length} ${keys.length === 1 ? 'key is' : 'keys are'} sealed to ${name}, who can open the cases now.`;
    const panel = make('div', { class: 'govuk-panel govuk-panel--confirmation', tabindex: '-1' }, title);
    panel.append(make('div', { class: 'govuk-panel__body' }, said));
    const left = failed.map(({ form, generation }) => make('li', {}, `${form}, key ${generation}`));
    document.querySelector('h1')?.remove();
    document.querySelector('[data-before]')?.remove();
    this.replaceChildren(panel);
    if (left.length > 0)
      this.append(
        paragraph('These keys did not open with the recovery key, or were not the ones that were signed:'),
        make('ul', { class: 'govuk-list govuk-list--bullet' }, ...left),
      );
    this.append(
      paragraph(
        'The recovery key was in this page only and is forgotten. Close this browser, and put the sheets back where they are kept.',
      ),
      make(
        'p',
        { class: 'govuk-body' },
        make('a', { class: 'govuk-link', href: '/recovery' }, 'Back to recovery'),
      ),
    );
    panel.focus();
  }
}

const NOTHING_OPENED =
  'None of the keys that the server gave could be opened with these sheets, so nothing was handed over. Tell your data protection officer.';

customElements.define('letterbox-recovery-run', RunElement);
