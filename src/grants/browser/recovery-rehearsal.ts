/** `<letterbox-rehearsal>`: k sheets are typed, put together, compared and forgotten; nothing is fetched or opened. */
import { ask, make } from '../../web/browser/ask.ts';
import { recoveryRule } from '../recovery.ts';
import { signRecovery } from '../recovery-documents.ts';
import { NotVerified, verified } from './proven.ts';
import { forgetSheets, onPressed, typedSheets } from './recovery-fields.ts';

class RehearsalElement extends HTMLElement {
  connectedCallback(): void {
    onPressed(this, async () => {
      const { staff, founding } = await verified();
      // Only what stands on the sheets' heads is kept: the identity goes with this line.
      const { numbers, set, key } = await typedSheets(this, staff.organisation, recoveryRule(founding));
      const about = { kind: 'rehearsal', sheets: [...numbers], set, key, worked: true } as const;
      const answer = await ask('/recovery/rehearsal', await signRecovery(staff, about, new Date()));
      if (!answer.ok) throw new NotVerified(answer.message);
      forgetSheets(this);
      this.showDone(numbers);
    });
  }

  private showDone(numbers: readonly number[]): void {
    const title = make('h1', { class: 'govuk-panel__title' }, 'The sheets work');
    const said = `Sheets ${numbers.join(' and ')} rebuild the recovery key. Nothing was opened.`;
    const panel = make('div', { class: 'govuk-panel govuk-panel--confirmation', tabindex: '-1' }, title);
    panel.append(make('div', { class: 'govuk-panel__body' }, said));
    const back = make('a', { class: 'govuk-link', href: '/recovery' }, 'Back to recovery');
    const next = 'Put the sheets back where they are kept. The date of this rehearsal is in the register. ';
    document.querySelector('h1')?.remove();
    document.querySelector('[data-before]')?.remove();
    this.replaceChildren(
      panel,
      make('p', { class: 'govuk-body' }, next),
      make('p', { class: 'govuk-body' }, back),
    );
    panel.focus();
  }
}

customElements.define('letterbox-rehearsal', RehearsalElement);
