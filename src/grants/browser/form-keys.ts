/** The form keys this person may use now, opened in this page only. */
import { z } from 'zod';
import { unlocked } from '../../people/browser/unlocked.ts';
import { fromHex } from '../../sealing/encoding.ts';
import { type FormIdentities, openEnvelope } from '../../sealing/open.ts';
import { formId, formKeyPlace } from '../../sealing/place.ts';
import { ask } from '../../web/browser/ask.ts';
import type { OwnKey } from '../form-key.ts';
import { NotVerified } from './proven.ts';

const shape = z.array(
  z.object({
    form: z.string(),
    generation: z.number(),
    around: z.number().nullable(),
    sealed: z.string(),
  }),
);

let opened: Promise<OwnKey[]> | null = null;

/** All of the person's form keys. Throws `NotVerified` when their keys are locked. */
export function ownFormKeys(): Promise<OwnKey[]> {
  opened ??= openAll().catch((error) => {
    opened = null;
    throw error;
  });
  return opened;
}

/** What opens an object of one generation of a form. Throws `NotVerified` where the person has not all of it. */
export async function formKeyOf(form: string, generation: number): Promise<FormIdentities> {
  const outer = await ownKey(form, generation);
  return outer.around === null
    ? outer.identity
    : [outer.identity, (await ownKey(form, outer.around)).identity];
}

async function ownKey(form: string, generation: number): Promise<OwnKey> {
  const found = (await ownFormKeys()).find((key) => key.form === form && key.generation === generation);
  if (found) return found;
  throw new NotVerified(
    'You have no key to this form yet. A colleague who reads it hands it over when they next sign in.',
  );
}

async function openAll(): Promise<OwnKey[]> {
  const staff = await unlocked();
  if (!staff) throw new NotVerified('Your keys are locked. Sign in again to unlock them.');
  const answer = await ask('/keys');
  if (!answer.ok) throw new NotVerified(answer.message);
  return Promise.all(
    shape.parse(answer.body).map(async ({ form, generation, around, sealed }) => {
      const place = formKeyPlace(
        { organisation: staff.organisation, form: formId(form), generation },
        staff.person,
      );
      const identity = await openEnvelope(staff.identity, fromHex(sealed) ?? new Uint8Array(), place);
      return { form, generation, around, identity };
    }),
  );
}
