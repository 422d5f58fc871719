/** What the pages that list grants share: marking each line that two people did not sign. */
import { say } from '../../web/browser/ask.ts';
import { NotVerified } from './proven.ts';

/** Marks and counts an element's lines of grants that are not among the `signed` ones, once those are found out. */
export async function markForged(
  element: HTMLElement,
  signed: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  try {
    const ids = await signed();
    const rows = [...element.querySelectorAll<HTMLElement>('[data-grant]')];
    const forged = rows.filter((row) => !ids.has(row.dataset.grant ?? ''));
    for (const row of forged) row.classList.add('letterbox-unproven');
    if (forged.length === 0)
      return say(element, 'This browser has checked that two people signed each of these.');
    say(element, `${forged.length} of these were NOT signed by two people. ${UNPROVEN}`, 'error');
  } catch (error) {
    if (!(error instanceof NotVerified)) throw error;
    say(element, error.message, 'error');
  }
}

const UNPROVEN =
  'They are marked. Somebody wrote them into the database; no browser hands a key over for them. Tell your data protection officer at once.';
