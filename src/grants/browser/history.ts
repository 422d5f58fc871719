/** `<letterbox-history>`: checks in this browser that each line of a statement was really signed by two people. */
import { say } from '../../web/browser/ask.ts';
import { NotVerified, verified } from './proven.ts';

class HistoryElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const rows = [...this.querySelectorAll<HTMLElement>('[data-grant]')];
    if (rows.length === 0) return;
    try {
      const { proven } = await verified('ever');
      const signed = new Set(proven.grants.map(({ id }) => id));
      const forged = rows.filter((row) => !signed.has(row.dataset.grant ?? ''));
      for (const row of forged) row.classList.add('letterbox-unproven');
      if (forged.length === 0)
        return say(this, 'This browser has checked that two people signed each of these.');
      say(this, `${forged.length} of these were NOT signed by two people. ${UNPROVEN}`, 'error');
    } catch (error) {
      if (!(error instanceof NotVerified)) throw error;
      say(this, error.message, 'error');
    }
  }
}

const UNPROVEN =
  'They are marked. Somebody wrote them into the database; no browser hands a key over for them. Tell your data protection officer at once.';

customElements.define('letterbox-history', HistoryElement);
