/** `<letterbox-leaving>`: signs that somebody has left, or that one leaves oneself. */
import { z } from 'zod';
import { carriedJson } from '../../web/browser/ask.ts';
import { signLeaving } from '../standing-documents.ts';
import { onPress, send, theSigner, typed } from './signing.ts';
import { forget } from './unlocked.ts';

const carried = z.object({ person: z.string() });

class LeavingElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const { person } = carried.parse(carriedJson(this));
      const reason = typed(this, 'reason', 'Enter why. Nothing was changed yet.').slice(0, 500);
      const { staff } = await theSigner();
      await send(`/people/${person}/leaving`, await signLeaving(staff, person, reason, new Date()));
      if (person !== staff.person) return '/people';
      await forget();
      return '/locked';
    });
  }
}

customElements.define('letterbox-leaving', LeavingElement);
