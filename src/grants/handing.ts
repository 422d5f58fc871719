/** What is handed over to fulfil a proven grant: pure, in the browser of whoever holds the keys. */
import { toHex } from '../sealing/encoding.ts';
import { parseRecipient } from '../sealing/keys.ts';
import { formId, type OrganisationId, personId } from '../sealing/place.ts';
import { keysToHand, type OwnKey, sealFormKey } from './form-key.ts';
import type { Proven, ProvenGrant } from './verify.ts';

/** A secret sealed to a grantee, in hex: one generation of the form's key, or (null) the key of the one case. */
export type HandedKey = {
  readonly grant: string;
  readonly generation: number | null;
  readonly sealed: string;
};

/** Each generation of the form's key that a line covers, sealed to its person; null where one of them is not at hand. */
export async function formKeysFor(
  organisation: OrganisationId,
  line: ProvenGrant,
  own: readonly OwnKey[],
  proven: Proven,
  now: Date,
): Promise<HandedKey[] | null> {
  const keys = await keysToHand(own, proven, line.form, line.fromGeneration);
  return (
    keys &&
    Promise.all(
      keys.map(async ({ generation, identity }) => {
        const of = { organisation, form: formId(line.form), generation };
        const sealed = await sealFormKey(
          of,
          identity,
          personId(line.person),
          parseRecipient(line.recipient),
          now,
        );
        return { grant: line.id, generation, sealed: toHex(sealed) };
      }),
    )
  );
}
