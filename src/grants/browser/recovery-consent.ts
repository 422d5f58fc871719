/** `<letterbox-recovery-consent>`: a keyholder's own signature, over the recovery as their browser proves it. */
import { z } from 'zod';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { stateOfRecovery } from '../recovery.ts';
import { signRecovery } from '../recovery-documents.ts';
import { NotVerified } from './proven.ts';
import { onPressed } from './recovery-fields.ts';
import { verifiedRecovery } from './recovery-proven.ts';

const carried = z.object({ document: z.string(), id: z.string(), person: z.string() });

class ConsentElement extends HTMLElement {
  connectedCallback(): void {
    onPressed(this, async () => {
      const { document, id, person } = carried.parse(carriedJson(this));
      const { staff, directory, recovery, rule } = await verifiedRecovery(document);
      const now = new Date();
      if (directory.people.get(recovery.recovery.person)?.name !== person)
        throw new NotVerified(
          'The signed documents name somebody else than this page does. Nothing was signed. Tell your data protection officer.',
        );
      if (['done', 'ended', 'lapsed'].includes(stateOfRecovery(recovery, rule.k, now.toISOString())))
        throw new NotVerified('This recovery is over. Nothing was signed.');
      const signed = await signRecovery(staff, { kind: 'recovery-consent', recovery: document }, now);
      const answer = await ask(`/recovery/${id}/consent`, signed);
      if (!answer.ok) throw new NotVerified(answer.message);
      location.assign(`/recovery/${id}`);
    });
  }
}

customElements.define('letterbox-recovery-consent', ConsentElement);
