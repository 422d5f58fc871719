/** `<letterbox-withdraw>`: takes a proposal back, or turns it down. */

import { z } from 'zod';
import { onPress } from '../../people/browser/signing.ts';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { signWithdrawal } from '../proposal.ts';
import { NotVerified, verified } from './proven.ts';
import { typedReason } from './signing.ts';

const carried = z.object({ id: z.string(), document: z.string() });

class WithdrawElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const { id, document } = carried.parse(carriedJson(this));
      const reason = typedReason(this);
      const { staff } = await verified();
      const signed = await signWithdrawal(staff, document, reason, new Date());
      const answer = await ask(`/proposals/${id}/withdraw`, signed);
      if (!answer.ok) throw new NotVerified(answer.message);
      return '/access';
    });
  }
}

customElements.define('letterbox-withdraw', WithdrawElement);
