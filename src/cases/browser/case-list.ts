/** `<letterbox-case-list>`: opens each row's summary in place, in this browser. */
import { z } from 'zod';
import { formKeyOf, ownFormKeys } from '../../grants/browser/form-keys.ts';
import { NotVerified } from '../../grants/browser/proven.ts';
import { fromBase64url } from '../../sealing/encoding.ts';
import { openJsonFromForm } from '../../sealing/open.ts';
import { caseId, formId, organisationId } from '../../sealing/place.ts';
import { SealingError } from '../../sealing/sealing.ts';
import { submissionPlace } from '../../sealing/submission.ts';
import { carriedJson, make, say } from '../../web/browser/ask.ts';
import { type Listed, listedShape, readSummary } from '../case.ts';

const carried = z.object({ organisation: z.string(), form: z.string(), cases: z.array(listedShape) });

class CaseListElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const { organisation, form, cases } = carried.parse(carriedJson(this));
    const progress = this.querySelector('progress');
    let opened = 0;
    try {
      await ownFormKeys();
    } catch (error) {
      return this.stop(error instanceof Error ? error.message : 'Your keys could not be opened.');
    }
    for (const each of cases) {
      const cell = this.querySelector(`[data-summary="${each.id}"]`);
      if (!cell) continue;
      try {
        cell.replaceChildren(...(await openSummary(organisation, form, each)));
      } catch (error) {
        // One row's trouble is that row's: an altered summary, or a generation whose key is not here yet.
        const told = error instanceof NotVerified || error instanceof SealingError;
        cell.textContent = told ? error.message : 'This summary could not be opened.';
      }
      opened += 1;
      if (progress) progress.value = opened;
    }
    progress?.remove();
    say(this, '');
  }

  private stop(message: string): void {
    this.querySelector('progress')?.remove();
    say(this, message, 'error');
  }
}

async function openSummary(organisation: string, form: string, listed: Listed): Promise<HTMLElement[]> {
  const { version, generation } = listed;
  const of = {
    organisation: organisationId(organisation),
    form: formId(form),
    version,
    generation,
    case: caseId(listed.id),
  };
  if (listed.summary === null) return [make('span', {}, 'Open the case to see what it says.')];
  const key = await formKeyOf(form, generation);
  const sealed = fromBase64url(listed.summary) ?? new Uint8Array();
  const { title, lines } = readSummary(await openJsonFromForm(key, sealed, submissionPlace(of, 'summary')));
  return [make('strong', {}, title), ...lines.map((line) => make('div', { class: 'letterbox-line' }, line))];
}

customElements.define('letterbox-case-list', CaseListElement);
