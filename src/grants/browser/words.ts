/** The words of the keys a grant names, computed here from what each person signed: what one can call and compare. */
import { fingerprintWords } from '../../sealing/keys.ts';
import { make, say } from '../../web/browser/ask.ts';
import { NotVerified, verified } from './proven.ts';

/** Fills the element's `[data-words]` with each person's name and words; says so where nothing proves who they are. */
export async function showWords(element: HTMLElement, people: readonly string[]): Promise<void> {
  try {
    const { directory } = await verified();
    const known = people.map((id) => directory.people.get(id) ?? null);
    if (known.includes(null))
      throw new NotVerified('The signed documents do not prove who these people are.');
    const lists = known.flatMap((person) => {
      if (person === null) return [];
      const words = fingerprintWords(person.fingerprint).map((word) => make('li', {}, word));
      return [
        make('p', { class: 'govuk-body govuk-!-margin-bottom-1' }, `${person.name}, ${person.email}`),
        make('ul', { class: 'letterbox-words', 'data-person': person.id }, ...words),
      ];
    });
    element.querySelector('[data-words]')?.replaceChildren(...lists);
  } catch (error) {
    if (!(error instanceof NotVerified)) console.error(error);
    say(element, error instanceof NotVerified ? error.message : UNREADABLE, 'error');
  }
}

const UNREADABLE = 'The words of these keys could not be computed. Reload the page and try again.';
