/** `<letterbox-form-key>`: makes a form's key as its first reader, or countersigns one as a manager. */

import { z } from 'zod';
import { onPress } from '../../people/browser/signing.ts';
import { toHex } from '../../sealing/encoding.ts';
import { parseRecipient } from '../../sealing/keys.ts';
import { formId } from '../../sealing/place.ts';
import { ask, carriedJson } from '../../web/browser/ask.ts';
import { newFormKey, sign } from '../form-key.ts';
import { formKeyShape } from '../shapes.ts';
import { provenInForce } from '../verify.ts';
import { NotVerified, recoveryRecipient, type Verified, verified } from './proven.ts';
import { turnAll } from './turn.ts';

const carried = z.object({
  form: z.string(),
  keys: z.array(formKeyShape),
  what: z.enum(['make', 'approve', 'turn']),
});
type Carried = z.infer<typeof carried>;

class FormKeyElement extends HTMLElement {
  connectedCallback(): void {
    onPress(this, async () => {
      const about = carried.parse(carriedJson(this));
      const who = await verified();
      if (about.what === 'make') await makeKey(about, who);
      else if (about.what === 'approve') await approveKey(about, who);
      else await turnAll();
      return `/forms/${about.form}/key`;
    });
  }
}

async function makeKey({ form }: Carried, { staff, proven, founding }: Verified): Promise<void> {
  const mine = readers(proven, form).includes(staff.person);
  if (!mine) throw new NotVerified('No two signatures prove that you may read this form.');
  const of = { organisation: staff.organisation, form: formId(form) };
  const made = await newFormKey(staff, of, parseRecipient(recoveryRecipient(founding)), new Date());
  const answer = await ask(`/forms/${form}/key`, {
    text: made.text,
    signature: made.signature,
    own: toHex(made.own),
    recovery: toHex(made.recovery),
  });
  if (!answer.ok) throw new NotVerified(answer.message);
}

/** Who may read the whole form now, by proven grants. */
function readers(proven: Verified['proven'], form: string): string[] {
  const lines = provenInForce(proven, new Date().toISOString());
  return lines.filter((line) => line.form === form && line.case === null).map(({ person }) => person);
}

async function approveKey({ form, keys }: Carried, { staff, directory, proven }: Verified): Promise<void> {
  const key = keys.find((each) => !each.approved);
  if (!key) throw new NotVerified('No key waits to be countersigned.');
  const reads = readers(proven, form).includes(key.maker);
  const signed = proven.keysMade.some(
    ({ hash, key: made }) => hash === key.document && made.signer === key.maker && made.form === form,
  );
  if (!signed || !reads || !directory.people.has(key.maker))
    throw new NotVerified(
      'Whoever made this key is not proven to be a reader of the form. Nothing was signed.',
    );
  const approval = await sign(staff, {
    kind: 'form-key-approval',
    organisation: staff.organisation,
    formKey: key.document,
    signer: staff.person,
    at: new Date().toISOString(),
  });
  const answer = await ask(`/forms/${form}/key/approval`, approval);
  if (!answer.ok) throw new NotVerified(answer.message);
}

customElements.define('letterbox-form-key', FormKeyElement);
