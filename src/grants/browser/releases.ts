/** `<letterbox-releases>`: checks in the auditor's own browser that two people had allowed what the register says was handed over. */
import { z } from 'zod';
import { carriedJson, make, say } from '../../web/browser/ask.ts';
import { historyOf } from '../history.ts';
import { objectionToRelease, releaseIn } from '../history-releases.ts';
import { NotVerified, verified } from './proven.ts';

const carried = z.object({
  releases: z.array(z.object({ index: z.string(), after: z.number(), entry: z.unknown() })),
});

class ReleasesElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const { releases } = carried.parse(carriedJson(this));
    try {
      const { documents, staff } = await verified('ever');
      this.#showFounding(staff.founding);
      const history = await historyOf(documents, staff.founding);
      const forbidden = releases.filter(({ index, after, entry }) => {
        const release = releaseIn(entry);
        // Between the newest document before it and the next one.
        const why = release ? objectionToRelease(history, release, after + 0.5) : UNREADABLE;
        if (why !== null) this.#mark(index, why);
        return why !== null;
      });
      if (releases.length === 0) return say(this, 'Nothing was handed over in these entries.');
      if (forbidden.length > 0)
        return say(this, `${forbidden.length} of these entries hand something over ${UNPROVEN}`, 'error');
      say(this, 'This browser has checked that two people’s signatures allowed everything handed over here.');
    } catch (error) {
      if (!(error instanceof NotVerified)) throw error;
      say(this, error.message, 'error');
    }
  }

  #mark(index: string, why: string): void {
    const row = this.querySelector<HTMLElement>(`[data-entry="${CSS.escape(index)}"]`);
    row?.classList.add('letterbox-unproven');
    row
      ?.querySelector('td:last-child')
      ?.append(make('strong', { class: 'govuk-error-message' }, `Not allowed by two signatures. ${why}`));
  }

  /** What an auditor compares the download's founding document with. */
  #showFounding(founding: string): void {
    const line = this.querySelector<HTMLElement>('[data-founding]');
    if (!line) return;
    line.textContent = `The founding document that you hold: ${founding}`;
    line.hidden = false;
  }
}

const UNREADABLE = 'It does not say who was given what.';
const UNPROVEN =
  'that no two people had allowed. They are marked. Tell your data protection officer at once.';

customElements.define('letterbox-releases', ReleasesElement);
