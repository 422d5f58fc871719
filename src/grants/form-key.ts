/** Making a form's key and sealing it to people; pure, in the browser of a reader (or a demonstration). */
import { toHex } from '../sealing/encoding.ts';
import {
  generateIdentity,
  type Identity,
  parseRecipient,
  type Recipient,
  recipientOf,
} from '../sealing/keys.ts';
import { type FormId, formKeyPlace, type OrganisationId, type PersonId, personId } from '../sealing/place.ts';
import { type Sealed, sealEnvelope } from '../sealing/seal.ts';
import { signText } from '../sealing/signature.ts';
import type { StaffIdentity } from '../sealing/staff.ts';
import { documentText, type GrantsDocument, type Signed } from './documents.ts';
import { type Proven, provenLive } from './verify.ts';
import { type ProvenKey, wasLetRead } from './verify-keys.ts';

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

/** A form's first key, sealed to its maker and to the organisation's recovery recipient, with its document. */
export async function newFormKey(
  staff: StaffIdentity,
  of: Omit<KeyOf, 'generation'>,
  recovery: Recipient,
  now: Date,
): Promise<MadeFormKey> {
  const key = { ...of, generation: 1 };
  const { identity, recipient } = await generateIdentity();
  return {
    ...(await signKey(staff, key, recipient, { after: null, around: null }, now)),
    identity,
    own: await sealFormKey(key, identity, staff.person, staff.recipient, now),
    recovery: await sealFormKey(key, identity, null, recovery, now),
  };
}

type Chain = { readonly after: string | null; readonly around: string | null };

function signKey(
  staff: StaffIdentity,
  of: KeyOf,
  recipient: Recipient,
  chain: Chain,
  now: Date,
): Promise<Signed> {
  const { organisation, form, generation } = of;
  const by = { signer: staff.person, at: now.toISOString() };
  return sign(staff, { kind: 'form-key', organisation, form, generation, recipient, ...chain, ...by });
}

/** One envelope of a turned key, in hex; `person` null is the recovery recipient's. */
export type TurnEnvelope = { readonly person: string | null; readonly sealed: string };
export type Turn = Signed & { readonly envelopes: readonly TurnEnvelope[] };

/**
 * The next generation of a form's key, sealed to the recovery recipient and to each proven reader of it, but for `without`:
 * the lines that end in the same breath. A maker who does not read makes it around the plain key, so that it opens
 * nothing by itself; their browser keeps no copy. Null where no key of the form is proven, and for a maker who read the
 * form before: they may have kept what such a key lies around, so somebody else has to turn it.
 */
export async function turnFormKey(
  staff: StaffIdentity,
  proven: Proven,
  form: FormId,
  recovery: Recipient,
  now: Date,
  without: ReadonlySet<string> = new Set(),
): Promise<Turn | null> {
  const newest = newestKey(proven, form);
  const plain = newest && proven.keys.find(({ key }) => key.form === form && key.generation === newest.plain);
  if (!newest || !plain) return null;
  const at = now.toISOString();
  const lines = provenLive(proven, at).filter(
    (line) => line.form === form && line.case === null && !without.has(line.id),
  );
  const generation = newest.key.generation + 1;
  const reads = lines.some(
    (line) => line.person === staff.person && line.from <= at && line.fromGeneration <= generation,
  );
  if (!reads && wasLetRead(proven.grants, { signer: staff.person, form, at }, newest.plain)) return null;
  const readers = lines.filter((line) => line.fromGeneration <= (reads ? generation : newest.plain));
  const of = { organisation: staff.organisation, form, generation };
  const { identity, recipient } = await generateIdentity();
  const sealed = async (person: PersonId | null, to: Recipient): Promise<TurnEnvelope> => ({
    person,
    sealed: toHex(await sealFormKey(of, identity, person, to, now)),
  });
  const recipients = new Map(readers.map((line) => [line.person, parseRecipient(line.recipient)]));
  return {
    ...(await signKey(staff, of, recipient, { after: newest.hash, around: reads ? null : plain.hash }, now)),
    envelopes: await Promise.all([
      sealed(null, recovery),
      ...[...recipients].map(([person, to]) => sealed(personId(person), to)),
    ]),
  };
}

function newestKey(proven: Proven, form: string): ProvenKey | null {
  const keys = proven.keys.filter(({ key }) => key.form === form);
  return keys.reduce<ProvenKey | null>(
    (newest, each) => (newest && newest.key.generation >= each.key.generation ? newest : each),
    null,
  );
}

/** The secret of one generation of a form's key, opened; `around` names the generation it was made around. */
export type OwnKey = {
  readonly form: string;
  readonly generation: number;
  readonly around: number | null;
  readonly identity: Identity;
};

/**
 * A reader's keys of every generation in use whose cases are read from `fromGeneration` on, each the one that is proven;
 * a key that waits for its countersignature is left out. Null where one of them is missing or is another than the
 * proven one, and where none is in use: then nothing may be handed over.
 */
export async function keysToHand(
  own: readonly OwnKey[],
  proven: Proven,
  form: string,
  fromGeneration: number,
): Promise<OwnKey[] | null> {
  const signed = proven.keys
    .filter(({ key, plain }) => key.form === form && plain >= fromGeneration)
    .map(({ key }) => key);
  const generations = new Set(signed.map(({ generation }) => generation));
  const keys = own.filter((key) => key.form === form && generations.has(key.generation));
  for (const { identity, generation } of keys) {
    const recipient = await recipientOf(identity);
    if (!signed.some((key) => key.generation === generation && key.recipient === recipient)) return null;
  }
  return generations.size > 0 && keys.length === generations.size ? keys : null;
}
