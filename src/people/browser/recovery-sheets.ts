/** The recovery identity as printed sheets: any k of n rebuild it, fewer say nothing. */
import { type Identity, recipientOf } from '../../sealing/keys.ts';
import type { OrganisationId } from '../../sealing/place.ts';
import { shareText, splitIdentity } from '../../sealing/shares.ts';
import { make } from '../../web/browser/ask.ts';

/** Sheets to print, one a keyholder. They are shown once and stored nowhere. */
export async function recoverySheets(
  recovery: Identity,
  organisation: OrganisationId,
  { k, n }: { k: number; n: number },
): Promise<HTMLElement> {
  const shares = await splitIdentity(recovery, organisation, { k, n });
  const sheets = make(
    'div',
    { 'data-recipient': await recipientOf(recovery) },
    make('h2', { class: 'govuk-heading-m', tabindex: '-1' }, `Print these ${n} recovery sheets`),
    make(
      'p',
      { class: 'govuk-body' },
      `If every reader of a form is gone, any ${k} of these sheets together open what they left. Give each to a different person who keeps it on paper. They are shown once and kept nowhere else.`,
    ),
  );
  shares.forEach((share, index) => {
    sheets.append(
      make('h3', { class: 'govuk-heading-s' }, `Sheet ${index + 1} of ${n}`),
      make(
        'pre',
        { class: 'govuk-body letterbox-mono letterbox-answer', 'data-share': '' },
        shareText(share),
      ),
    );
  });
  const print = make(
    'button',
    { class: 'govuk-button govuk-button--secondary letterbox-no-print', type: 'button' },
    'Print',
  );
  print.addEventListener('click', () => window.print());
  sheets.append(print);
  return sheets;
}
