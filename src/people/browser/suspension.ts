/** `<letterbox-suspension>`: signs that somebody can do nothing until two managers lift it. */
import { z } from 'zod';
import { carriedJson } from '../../web/browser/ask.ts';
import { signSuspension } from '../standing-documents.ts';
import { onPress, send, theSigner, typed } from './signing.ts';

const carried = z.object({ person: z.string() });

class SuspensionElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const { person } = carried.parse(carriedJson(this));
      const reason = typed(this, 'reason', 'Enter why. Nothing was changed yet.').slice(0, 500);
      const { staff } = await theSigner();
      await send(`/people/${person}/suspension`, await signSuspension(staff, person, reason, new Date()));
      return '/people';
    });
  }
}

customElements.define('letterbox-suspension', SuspensionElement);
