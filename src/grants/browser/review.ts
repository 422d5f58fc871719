/** `<letterbox-review>`: a manager says that the chosen readers still need their access. */
import { onPress } from '../../people/browser/signing.ts';
import { ask } from '../../web/browser/ask.ts';
import { signReview } from '../proposal.ts';
import { NotVerified, verified } from './proven.ts';

class ReviewElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const chosen = [...this.querySelectorAll<HTMLInputElement>('input[name="grant"]:checked')];
      if (chosen.length === 0) throw new NotVerified('Choose who still needs access. Nothing was signed.');
      const { staff } = await verified();
      const signed = await signReview(
        staff,
        chosen.map(({ value }) => value),
        new Date(),
      );
      const answer = await ask('/grants/review', signed);
      if (!answer.ok) throw new NotVerified(answer.message);
      return '/access/reviews';
    });
  }
}

customElements.define('letterbox-review', ReviewElement);
