/** `<letterbox-lift>`: signs that a form's cases may be released again. */
import { z } from 'zod';
import { onPress, send, theSigner, typed } from '../../people/browser/signing.ts';
import { carriedJson } from '../../web/browser/ask.ts';
import { signLift } from '../alarm.ts';

const carried = z.object({ quarantine: z.string(), form: z.string() });

class LiftElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const about = carried.parse(carriedJson(this));
      const reason = typed(this, 'reason', 'Enter what was found and mended. Nothing was changed yet.');
      const { staff } = await theSigner();
      const document = { ...about, reason: reason.slice(0, 500) };
      await send(`/quarantines/${about.quarantine}`, await signLift(staff, document, new Date()));
      return '/watch';
    });
  }
}

customElements.define('letterbox-lift', LiftElement);
