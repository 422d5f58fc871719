/** Turning form keys whenever somebody is there who can: nobody has to decide it. */
import { z } from 'zod';
import { parseRecipient } from '../../sealing/keys.ts';
import { formId } from '../../sealing/place.ts';
import { ask } from '../../web/browser/ask.ts';
import { turnFormKey } from '../form-key.ts';
import { waitingShape } from '../shapes.ts';
import { recoveryRecipient, verified } from './proven.ts';

/** Turns each key that waits to be turned; how many were. Throws `NotVerified` where keys are locked. */
export async function turnAll(): Promise<number> {
  const answer = await ask('/waiting');
  if (!answer.ok) return 0;
  const due = z
    .array(waitingShape)
    .parse(answer.body)
    .filter(({ what }) => what === 'turn-key');
  let turned = 0;
  for (const { form } of due) turned += form !== null && (await turnOne(form)) ? 1 : 0;
  return turned;
}

async function turnOne(form: string): Promise<boolean> {
  const { staff, proven, founding } = await verified();
  const recovery = parseRecipient(recoveryRecipient(founding));
  const turn = await turnFormKey(staff, proven, formId(form), recovery, new Date());
  return turn !== null && (await ask(`/forms/${form}/key/turn`, turn)).ok;
}
