/** `<letterbox-recovery-end>`: stops a recovery at once; one manager is enough to close. */
import { z } from 'zod';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { signRecovery } from '../recovery-documents.ts';
import { NotVerified, verified } from './proven.ts';
import { onPressed } from './recovery-fields.ts';

const carried = z.object({ document: z.string(), id: z.string() });

class EndElement extends HTMLElement {
  connectedCallback(): void {
    onPressed(this, async () => {
      const { document, id } = carried.parse(carriedJson(this));
      const { staff } = await verified();
      const about = { kind: 'recovery-end', recovery: document, done: false } as const;
      const answer = await ask(`/recovery/${id}/end`, await signRecovery(staff, about, new Date()));
      if (!answer.ok) throw new NotVerified(answer.message);
      location.assign(`/recovery/${id}`);
    });
  }
}

customElements.define('letterbox-recovery-end', EndElement);
