/** The words of the key a grant names, computed here from what its person signed: what one can call and compare. */
import { fingerprintWords } from '../../sealing/keys.ts';
import { make, say } from '../../web/browser/ask.ts';
import { NotVerified, verified } from './proven.ts';

/** Fills the element's `[data-words]` list with a person's words; says so where nothing proves who they are. */
export async function showWords(element: HTMLElement, person: string): Promise<void> {
  try {
    const grantee = (await verified()).directory.people.get(person);
    if (!grantee) throw new NotVerified('The signed documents do not prove who this person is.');
    const words = fingerprintWords(grantee.fingerprint);
    element.querySelector('[data-words]')?.replaceChildren(...words.map((word) => make('li', {}, word)));
  } catch (error) {
    if (!(error instanceof NotVerified)) console.error(error);
    say(element, error instanceof NotVerified ? error.message : UNREADABLE, 'error');
  }
}

const UNREADABLE = 'The words of this person’s key could not be computed. Reload the page and try again.';
