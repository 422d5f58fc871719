/** `<letterbox-propose>`: signs the previewed proposal, after computing its effect here again. */

import { z } from 'zod';
import { onPress } from '../../people/browser/signing.ts';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { signProposal } from '../proposal.ts';
import { accessStateShape, proposalShape } from '../shapes.ts';
import { checkTold, NotVerified, verified } from './proven.ts';
import { showWords } from './words.ts';

const carried = z.object({ state: accessStateShape, proposal: proposalShape });

class ProposeElement extends HTMLElement {
  connectedCallback(): void {
    showWords(this, carried.parse(carriedJson(this)).proposal.people);
    onPress(this, async () => {
      const { state, proposal } = carried.parse(carriedJson(this));
      const who = await verified();
      const now = new Date();
      checkTold(state, who, now.toISOString());
      const grantees = proposal.people.flatMap((id) => who.directory.people.get(id) ?? []);
      if (grantees.length < proposal.people.length)
        throw new NotVerified('The signed documents do not prove who these people are. Nothing was signed.');
      const signed = await signProposal(who.staff, state, proposal, grantees, now);
      const answer = await ask('/access/propose', signed);
      if (!answer.ok) throw new NotVerified(answer.message);
      return `/proposals/${proposal.id}`;
    });
  }
}

customElements.define('letterbox-propose', ProposeElement);
