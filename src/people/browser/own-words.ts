/** `<letterbox-own-words>`: this person's own words, to read out to a manager. */
import { fingerprint, fingerprintWords } from '../../sealing/keys.ts';
import { make, say } from '../../web/browser/ask.ts';
import { unlocked } from './unlocked.ts';

class OwnWordsElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const staff = await unlocked();
    if (!staff) return say(this, 'Your keys are locked. Sign in again to see your words.', 'error');
    const words = fingerprintWords(fingerprint(staff.recipient, staff.verifyKey));
    this.append(make('ul', { class: 'letterbox-words' }, ...words.map((word) => make('li', {}, word))));
  }
}

customElements.define('letterbox-own-words', OwnWordsElement);
