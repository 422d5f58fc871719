/** `<letterbox-approve>`: the second signature, over the effect as it is now and a number typed by hand. */

import { z } from 'zod';
import { onPress } from '../../people/browser/signing.ts';
import { ask, carriedJson, say } from '../../web/browser/ask.ts';
import { effectOf } from '../grant.ts';
import { signApproval } from '../proposal.ts';
import { accessStateShape } from '../shapes.ts';
import { handOverAll } from './hand-over.ts';
import { checkTold, NotVerified, proposedTerms, verified } from './proven.ts';
import { turnAll } from './turn.ts';
import { showWords } from './words.ts';

const carried = z.object({ state: accessStateShape, document: z.string() });

class ApproveElement extends HTMLElement {
  connectedCallback(): void {
    const { document } = carried.parse(carriedJson(this));
    verified()
      .then((who) => showWords(this, proposedTerms(who, document).people))
      .catch((error: unknown) => {
        if (error instanceof NotVerified) say(this, error.message, 'error');
        else throw error;
      });
    onPress(this, () => this.approve());
  }

  private async approve(): Promise<string> {
    const { state, document } = carried.parse(carriedJson(this));
    const who = await verified();
    const now = new Date();
    checkTold(state, who, now.toISOString());
    // The terms come from the signed document and not from the page.
    const terms = proposedTerms(who, document);
    const people = Number(this.querySelector('input')?.value.trim() || Number.NaN);
    if (people !== effectOf(state, terms, now.toISOString()).readers)
      throw new NotVerified(
        'Type how many people will be able to read, as the table says. Nothing was signed.',
      );
    const answer = await ask(
      `/proposals/${terms.id}/approve`,
      await signApproval(who.staff, state, terms, people, now),
    );
    if (!answer.ok) throw new NotVerified(answer.message);
    // Where the approver reads too, their own click hands the keys over.
    say(this, 'Signed. Handing over the keys …');
    await turnAll().catch(() => undefined);
    await handOverAll().catch(() => undefined);
    return `/proposals/${terms.id}`;
  }
}

customElements.define('letterbox-approve', ApproveElement);
