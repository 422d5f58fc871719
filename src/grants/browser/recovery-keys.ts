/** Opening the forms' keys with the recovery identity, and sealing them to the one person named: in memory only. */
import { fromHex, toHex } from '../../sealing/encoding.ts';
import { type Identity, type Recipient, recipientOf } from '../../sealing/keys.ts';
import { openEnvelope } from '../../sealing/open.ts';
import { formId, formKeyPlace, type OrganisationId, personId } from '../../sealing/place.ts';
import { SealingError } from '../../sealing/sealing.ts';
import { type KeyOf, sealFormKey } from '../form-key.ts';
import type { HandOver } from '../recovery.ts';
import type { Proven } from '../verify.ts';

/** An envelope as the server gives it, or one as it is posted back; `sealed` in hex. */
export type SealedKey = { readonly form: string; readonly generation: number; readonly sealed: string };
export type Recovered = {
  readonly keys: readonly SealedKey[];
  /** Generations that should be there and did not open as the key that counts: said, and left closed. */
  readonly failed: readonly { readonly form: string; readonly generation: number }[];
};

/**
 * Each generation in use that the hand-over covers, opened with the recovery identity, compared with the proven form
 * key, and sealed to the recipient that the person's grant names. What does not open keeps none of the others closed.
 */
export async function recoverKeys(
  recovery: Identity,
  organisation: OrganisationId,
  { person, forms }: HandOver,
  envelopes: readonly SealedKey[],
  proven: Proven,
  now: Date,
): Promise<Recovered> {
  const keys: SealedKey[] = [];
  const failed: { form: string; generation: number }[] = [];
  for (const { key, plain } of proven.keys) {
    const { form, generation } = key;
    if (!forms.some((each) => each.form === form && each.fromGeneration <= plain)) continue;
    const of: KeyOf = { organisation, form: formId(form), generation };
    const found = envelopes.find((each) => each.form === form && each.generation === generation);
    const opened = await openKey(recovery, of, key.recipient, found?.sealed ?? '');
    if (opened === null) failed.push({ form, generation });
    else keys.push({ form, generation, sealed: await sealTo(of, opened, person.id, person.recipient, now) });
  }
  return { keys, failed };
}

/** The generation's secret; null where the envelope does not open here, or holds another key than the proven one. */
async function openKey(
  recovery: Identity,
  of: KeyOf,
  recipient: string,
  sealed: string,
): Promise<Identity | null> {
  try {
    const place = formKeyPlace(of, null);
    const identity = await openEnvelope(recovery, fromHex(sealed) ?? new Uint8Array(), place);
    return (await recipientOf(identity)) === recipient ? identity : null;
  } catch (error) {
    if (error instanceof SealingError) return null;
    throw error;
  }
}

async function sealTo(of: KeyOf, key: Identity, person: string, to: Recipient, now: Date): Promise<string> {
  return toHex(await sealFormKey(of, key, personId(person), to, now));
}
