/** The key of one case, for handing it to somebody who may read that case only. */
import { z } from 'zod';
import { fromBase64url, toHex } from '../../sealing/encoding.ts';
import { parseRecipient } from '../../sealing/keys.ts';
import { openCaseKey } from '../../sealing/open.ts';
import { caseId, formId, organisationId, personId } from '../../sealing/place.ts';
import { sealCaseKeyTo } from '../../sealing/submission.ts';
import { ask } from '../../web/browser/ask.ts';
import type { HandedKey } from '../handing.ts';
import type { ProvenGrant } from '../verify.ts';
import { formKeyOf } from './form-keys.ts';
import { NotVerified } from './proven.ts';

const released = z.object({
  organisation: z.string(),
  form: z.string(),
  version: z.number(),
  generation: z.number(),
  caseKey: z.string(),
  toPerson: z.boolean(),
});

/** Has the case released to this reader, which the register shows, and seals its key to the person of that line. */
export async function caseKeyFor(line: ProvenGrant, id: string): Promise<HandedKey> {
  const answer = await ask(`/cases/${id}/release`, {});
  if (!answer.ok) throw new NotVerified(answer.message);
  const { organisation, form, version, generation, caseKey, toPerson } = released.parse(answer.body);
  // Whoever was given one case hands it to nobody: a reader of the form does.
  if (toPerson || form !== line.form)
    throw new NotVerified(
      'Only somebody who reads the whole form can hand over the key of one of its cases.',
    );
  const place = { version, generation, case: caseId(id), form: formId(form) };
  const of = { organisation: organisationId(organisation), ...place };
  const identity = await openCaseKey(
    await formKeyOf(form, generation),
    of,
    fromBase64url(caseKey) ?? new Uint8Array(),
  );
  const to = parseRecipient(line.recipient);
  const sealed = await sealCaseKeyTo(of, personId(line.person), to, identity, new Date());
  return { grant: line.id, generation: null, sealed: toHex(sealed) };
}
