/**
 * `<letterbox-end>`: ends access, and turns the keys it came with in the same request, so that nothing posted
 * afterwards opens with what was kept. One manager is enough to close.
 */

import { z } from 'zod';
import { onPress } from '../../people/browser/signing.ts';
import { parseRecipient } from '../../sealing/keys.ts';
import { formId } from '../../sealing/place.ts';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { type Turn, turnFormKey } from '../form-key.ts';
import { signEnd } from '../proposal.ts';
import { NotVerified, recoveryRecipient, type Verified, verified } from './proven.ts';
import { typedReason } from './signing.ts';

const carried = z.object({
  lines: z.array(z.object({ id: z.string(), form: z.string(), case: z.string().nullable() })).min(1),
});
type Carried = z.infer<typeof carried>;

class EndElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const { lines } = carried.parse(carriedJson(this));
      const reason = typedReason(this);
      const who = await verified();
      const ids = lines.map(({ id }) => id);
      const signed = await signEnd(who.staff, ids, reason, new Date());
      const answer = await ask('/grants/end', { ...signed, turns: await turnsFor(who, lines) });
      if (!answer.ok) throw new NotVerified(answer.message);
      return `/forms/${lines[0]?.form}/access`;
    });
  }
}

/** The next key of each form that somebody loses, for whoever still reads it. */
async function turnsFor({ staff, proven, founding }: Verified, lines: Carried['lines']): Promise<Turn[]> {
  const ending = new Set(lines.map(({ id }) => id));
  const forms = new Set(
    lines.filter((line) => line.case === null && losesKey(proven, line.id, ending)).map(({ form }) => form),
  );
  const recovery = parseRecipient(recoveryRecipient(founding));
  const turns = [...forms].map((form) =>
    turnFormKey(staff, proven, formId(form), recovery, new Date(), ending),
  );
  return (await Promise.all(turns)).filter((turn) => turn !== null);
}

/** False where the same person keeps the form by another grant, and where nothing proves that they ever had its key. */
function losesKey(proven: Verified['proven'], id: string, ending: ReadonlySet<string>): boolean {
  const line = proven.grants.find((each) => each.id === id);
  const at = new Date().toISOString();
  const keeps = proven.grants.some(
    (each) =>
      each.person === line?.person &&
      each.form === line.form &&
      each.case === null &&
      !ending.has(each.id) &&
      each.endedAt === null &&
      each.until > at &&
      each.reviewBy > at,
  );
  return line !== undefined && !keeps;
}

customElements.define('letterbox-end', EndElement);
