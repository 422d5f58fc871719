/** `<letterbox-propose>`: signs the previewed proposal, after computing its effect here again. */
import { z } from 'zod';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { signProposal } from '../proposal.ts';
import { accessStateShape } from '../shapes.ts';
import { checkTold, NotVerified, verified } from './proven.ts';
import { onPress } from './signing.ts';
import { showWords } from './words.ts';

const carried = z.object({
  state: accessStateShape,
  proposal: z.object({
    id: z.string(),
    person: z.string(),
    fromGeneration: z.number(),
    until: z.string(),
    purpose: z.string(),
  }),
});

class ProposeElement extends HTMLElement {
  connectedCallback(): void {
    showWords(this, carried.parse(carriedJson(this)).proposal.person);
    onPress(this, async () => {
      const { state, proposal } = carried.parse(carriedJson(this));
      const who = await verified();
      const { staff, directory } = who;
      const now = new Date();
      checkTold(state, who, now.toISOString());
      const grantee = directory.people.get(proposal.person);
      if (!grantee)
        throw new NotVerified('The signed documents do not prove who this person is. Nothing was signed.');
      const answer = await ask(
        `/forms/${state.form}/access/propose`,
        await signProposal(staff, state, proposal, grantee, now),
      );
      if (!answer.ok) throw new NotVerified(answer.message);
      return `/forms/${state.form}/access`;
    });
  }
}

customElements.define('letterbox-propose', ProposeElement);
