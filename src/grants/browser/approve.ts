/** `<letterbox-approve>`: the second signature, over the effect as it is now and a number typed by hand. */
import { z } from 'zod';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { effectOf } from '../grant.ts';
import { signApproval } from '../proposal.ts';
import { accessStateShape, standingShape } from '../shapes.ts';
import { handOver } from './hand-over.ts';
import { checkProposal, checkTold, NotVerified, verified } from './proven.ts';
import { onPress } from './signing.ts';
import { showWords } from './words.ts';

const carried = z.object({ state: accessStateShape, grant: standingShape });

class ApproveElement extends HTMLElement {
  connectedCallback(): void {
    showWords(this, carried.parse(carriedJson(this)).grant.person);
    onPress(this, async () => {
      const { state, grant } = carried.parse(carriedJson(this));
      const people = Number(this.querySelector('input')?.value.trim() || Number.NaN);
      const now = new Date();
      const will = effectOf(state, grant, now.toISOString()).after.length;
      if (people !== will)
        throw new NotVerified(
          'Type how many people will be able to read, as the table says. Nothing was signed.',
        );
      const who = await verified();
      const { staff } = who;
      checkTold(state, who, now.toISOString());
      checkProposal(state.form, grant, who);
      const answer = await ask(
        `/grants/${grant.id}/approve`,
        await signApproval(staff, state, grant, people, now),
      );
      if (!answer.ok) throw new NotVerified(answer.message);
      // Where the approver reads too, their own click hands the key over.
      await handOver(grant.id).catch(() => undefined);
      return `/forms/${state.form}/access`;
    });
  }
}

customElements.define('letterbox-approve', ApproveElement);
