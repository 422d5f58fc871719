/** A person's keys: what an unlocked browser holds, and what is sealed once per unlock method. */
import { bytesOf, jsonOf } from './encoding.ts';
import {
  generateIdentity,
  type Identity,
  parseIdentity,
  parseRecipient,
  type Recipient,
  recipientOf,
} from './keys.ts';
import type { ExpectedPlace, OrganisationId, PersonId } from './place.ts';
import { organisationId, personId } from './place.ts';
import { type Sealed, sealJson } from './seal.ts';
import type { SigningKey, VerifyKey } from './signature.ts';
import { generateSigningKey, parseSigningKey, parseVerifyKey, verifyKeyOf } from './signature.ts';

/** One person's two key pairs. */
export type StaffKeys = {
  identity: Identity;
  recipient: Recipient;
  signingKey: SigningKey;
  verifyKey: VerifyKey;
};

/**
 * A person's keys and what they trust. Secret as a whole; as JSON exactly these keys:
 *
 *     {"organisation":"0190f3c1-…","person":"0190f3c4-…","identity":"AGE-SECRET-KEY-PQ-1…","recipient":"age1pq1…",
 *      "signingKey":"…","verifyKey":"…","founding":"…64 hex…"}
 */
export type StaffIdentity = StaffKeys & {
  organisation: OrganisationId;
  person: PersonId;
  /** SHA-256 of the founding document's text, hex: the anchor from which this person verifies everything else. */
  founding: string;
};

/** Fresh keys for somebody who enrols. */
export async function generateStaffKeys(): Promise<StaffKeys> {
  return { ...(await generateIdentity()), ...(await generateSigningKey()) };
}

/** Where a staff identity belongs, whichever unlock method it is sealed to. */
export function staffPlace({
  organisation,
  person,
}: Pick<StaffIdentity, 'organisation' | 'person'>): ExpectedPlace {
  const nowhere = { form: null, version: null, generation: null, case: null, object: null };
  return { organisation, ...nowhere, person, kind: 'staff-identity' };
}

/** Seals a staff identity to one unlock method's recipient. Opened by `openStaff`. */
export async function sealStaff(unlock: Recipient, staff: StaffIdentity, now: Date): Promise<Sealed> {
  return await sealJson(unlock, { ...staffPlace(staff), at: now.toISOString() }, staff);
}

/** The JSON text of a staff identity: what the browser remembers, encrypted, while a session lasts. */
export function encodeStaff(staff: StaffIdentity): Uint8Array<ArrayBuffer> {
  return bytesOf(JSON.stringify(staff));
}

/** The bytes of `encodeStaff` (or a sealed one's content) as a staff identity; null for anything else. */
export function decodeStaff(bytes: Uint8Array): StaffIdentity | null {
  const value = jsonOf(bytes);
  if (typeof value !== 'object' || value === null) return null;
  const staff: { [Key in keyof StaffIdentity]?: unknown } = value;
  const text = (part: unknown): string => (typeof part === 'string' ? part : '');
  const founding = text(staff.founding);
  if (!/^[0-9a-f]{64}$/.test(founding)) return null;
  try {
    return {
      ...{ organisation: organisationId(text(staff.organisation)), person: personId(text(staff.person)) },
      ...{ identity: parseIdentity(text(staff.identity)), recipient: parseRecipient(text(staff.recipient)) },
      ...{
        signingKey: parseSigningKey(text(staff.signingKey)),
        verifyKey: parseVerifyKey(text(staff.verifyKey)),
      },
      founding,
    };
  } catch {
    return null;
  }
}

/** Whether the public halves are those of the secret halves. */
export async function isWholeStaff(staff: StaffIdentity): Promise<boolean> {
  const recipient = await recipientOf(staff.identity);
  return recipient === staff.recipient && (await verifyKeyOf(staff.signingKey)) === staff.verifyKey;
}
