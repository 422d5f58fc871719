/** Making a form's key and sealing it to people; pure, in the browser of a reader (or a demonstration). */
import { generateIdentity, type Identity, type Recipient, recipientOf } from '../sealing/keys.ts';
import { type FormId, formKeyPlace, type OrganisationId, type PersonId } from '../sealing/place.ts';
import { type Sealed, sealEnvelope } from '../sealing/seal.ts';
import { signText } from '../sealing/signature.ts';
import type { StaffIdentity } from '../sealing/staff.ts';
import { documentText, type GrantsDocument, type Signed } from './documents.ts';
import type { Proven } from './verify.ts';

export type KeyOf = {
  readonly organisation: OrganisationId;
  readonly form: FormId;
  readonly generation: number;
};

/** Signs a document of this room. */
export async function sign(staff: StaffIdentity, document: GrantsDocument): Promise<Signed> {
  const text = documentText(document);
  return { text, signature: await signText(staff.signingKey, text) };
}

/** The envelope of one generation's secret to one person (null: the recovery recipient). */
export function sealFormKey(
  of: KeyOf,
  secret: Identity,
  person: PersonId | null,
  to: Recipient,
  now: Date,
): Promise<Sealed> {
  return sealEnvelope(to, { ...formKeyPlace(of, person), at: now.toISOString() }, secret);
}

export type MadeFormKey = Signed & {
  readonly identity: Identity;
  readonly own: Sealed;
  readonly recovery: Sealed;
};

/** A fresh form key, sealed to its maker and to the organisation's recovery recipient, with its document. */
export async function newFormKey(
  staff: StaffIdentity,
  of: KeyOf,
  recovery: Recipient,
  now: Date,
): Promise<MadeFormKey> {
  const { identity, recipient } = await generateIdentity();
  const signed = await sign(staff, {
    kind: 'form-key',
    organisation: of.organisation,
    form: of.form,
    generation: of.generation,
    recipient,
    signer: staff.person,
    at: now.toISOString(),
  });
  return {
    ...signed,
    identity,
    own: await sealFormKey(of, identity, staff.person, staff.recipient, now),
    recovery: await sealFormKey(of, identity, null, recovery, now),
  };
}

/** The secret of one generation of a form's key, opened. */
export type OwnKey = { readonly form: string; readonly generation: number; readonly identity: Identity };

/**
 * A reader's keys of every generation in use from `fromGeneration` on, each the one that two people
 * signed; a key that waits for its countersignature is left out. Null where one of them is missing or
 * is another than the signed one, and where none is in use: then nothing may be handed over.
 */
export async function keysToHand(
  own: readonly OwnKey[],
  proven: Proven,
  form: string,
  fromGeneration: number,
): Promise<OwnKey[] | null> {
  const signed = proven.keys
    .map(({ key }) => key)
    .filter((key) => key.form === form && key.generation >= fromGeneration);
  const generations = new Set(signed.map(({ generation }) => generation));
  const keys = own.filter((key) => key.form === form && generations.has(key.generation));
  for (const { identity, generation } of keys) {
    const recipient = await recipientOf(identity);
    if (!signed.some((key) => key.generation === generation && key.recipient === recipient)) return null;
  }
  return generations.size > 0 && keys.length === generations.size ? keys : null;
}
