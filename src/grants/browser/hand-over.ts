/** Handing a form's key to a grantee: only after this browser has verified the grant by itself. */
import { toHex } from '../../sealing/encoding.ts';
import { fingerprintWords, parseRecipient, recipientOf } from '../../sealing/keys.ts';
import { formId, personId } from '../../sealing/place.ts';
import { ask } from '../../web/browser/ask.ts';
import { sealFormKey } from '../form-key.ts';
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
  const keys = (await ownFormKeys()).filter((key) => key.form === form && key.generation >= fromGeneration);
  for (const key of keys) {
    const recipient = await recipientOf(key.identity);
    const known = proven.keys.some(
      ({ key: made }) =>
        made.form === form && made.generation === key.generation && made.recipient === recipient,
    );
    if (!known)
      throw new NotVerified(
        'A key of this form is not the one two people signed, so it was not handed over.',
      );
  }
  if (keys.length === 0) throw new NotVerified('You have no key to this form to hand over.');
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

const UNPROVEN =
  'No two signatures prove this grant, so the key was not handed over. Tell your data protection officer.';
