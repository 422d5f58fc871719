/** Handing a form's key to a grantee: only after this browser has verified the grant by itself. */
import { toHex } from '../../sealing/encoding.ts';
import { fingerprintWords, parseRecipient } from '../../sealing/keys.ts';
import { formId, personId } from '../../sealing/place.ts';
import { ask } from '../../web/browser/ask.ts';
import { keysToHand, sealFormKey } from '../form-key.ts';
import { provenInForce } from '../verify.ts';
import { ownFormKeys } from './form-keys.ts';
import { NotVerified, verified } from './proven.ts';

export type Grantee = { readonly name: string; readonly words: readonly string[] };

/** Who a grant names, as proven by signatures; throws `NotVerified` where nothing proves it. */
export async function provenGrantee(grant: string): Promise<Grantee> {
  const { directory, proven } = await verified();
  const found = provenInForce(proven, new Date().toISOString()).find((each) => each.grant.id === grant);
  const person = found && directory.people.get(found.grant.person);
  if (!found || !person) throw new NotVerified(UNPROVEN);
  return { name: person.name, words: fingerprintWords(person.fingerprint) };
}

/** Seals each generation the grant covers to the recipient that two people signed, and posts them. */
export async function handOver(grant: string): Promise<void> {
  const { staff, proven } = await verified();
  const found = provenInForce(proven, new Date().toISOString()).find((each) => each.grant.id === grant);
  if (!found) throw new NotVerified(UNPROVEN);
  const { form, fromGeneration, person, recipient } = found.grant;
  const keys = await keysToHand(await ownFormKeys(), proven, form, fromGeneration);
  if (keys === null) throw new NotVerified(NOT_SIGNED);
  const sealed = await Promise.all(
    keys.map(async (key) => {
      const of = { organisation: staff.organisation, form: formId(form), generation: key.generation };
      const envelope = await sealFormKey(
        of,
        key.identity,
        personId(person),
        parseRecipient(recipient),
        new Date(),
      );
      return { generation: key.generation, sealed: toHex(envelope) };
    }),
  );
  const answer = await ask(`/grants/${grant}/fulfil`, { keys: sealed });
  if (!answer.ok) throw new NotVerified(answer.message);
}

const NOT_SIGNED =
  'You do not have every key that this grant covers just as two people signed it, so nothing was handed over.';
const UNPROVEN =
  'No two signatures prove this grant, so the key was not handed over. Tell your data protection officer.';
