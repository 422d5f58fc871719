/** `<letterbox-end>`: ends a grant, or withdraws a proposal; one manager is enough to close. */
import { z } from 'zod';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { signEnd } from '../proposal.ts';
import { accessStateShape, standingShape } from '../shapes.ts';
import { NotVerified, verified } from './proven.ts';
import { onPress } from './signing.ts';

const carried = z.object({ state: accessStateShape, grant: standingShape });

class EndElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const { state, grant } = carried.parse(carriedJson(this));
      const reason = this.querySelector('textarea')?.value.trim() ?? '';
      if (reason === '') throw new NotVerified('Enter why the access ends. Nothing was changed yet.');
      const { staff } = await verified();
      const answer = await ask(
        `/grants/${grant.id}/end`,
        await signEnd(staff, grant.document, reason.slice(0, 500), new Date()),
      );
      if (!answer.ok) throw new NotVerified(answer.message);
      return `/forms/${state.form}/access`;
    });
  }
}

customElements.define('letterbox-end', EndElement);
