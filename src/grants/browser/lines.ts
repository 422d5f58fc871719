/** `<letterbox-lines>`: checks in this browser that each line the access page shows was really signed by two people. */
import { z } from 'zod';
import { carriedJson, say } from '../../web/browser/ask.ts';
import { provenLive } from '../verify.ts';
import { NotVerified, verified } from './proven.ts';

const carried = z.object({ part: z.enum(['now', 'later', 'past']) });

class LinesElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const { part } = carried.parse(carriedJson(this));
    if (part === 'past') return;
    try {
      const { proven } = await verified();
      const live = new Set(provenLive(proven, new Date().toISOString()).map(({ id }) => id));
      const rows = [...this.querySelectorAll<HTMLElement>('[data-grant]')];
      const forged = rows.filter((row) => !live.has(row.dataset.grant ?? ''));
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

customElements.define('letterbox-lines', LinesElement);
