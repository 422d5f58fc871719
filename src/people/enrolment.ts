/** Making keys and signing the documents about people; pure, in the browser of whoever signs. */
import { generateIdentity, type Identity } from '../sealing/keys.ts';
import { newHostId, newId, organisationId, type PersonId, personId } from '../sealing/place.ts';
import { sha256Hex, signText } from '../sealing/signature.ts';
import { generateStaffKeys, type StaffIdentity } from '../sealing/staff.ts';
import { type FoundingDocument, type MembershipDocument, peopleText } from './documents.ts';

export type Signed = { readonly text: string; readonly signature: string };
export type Called = { readonly name: string; readonly email: string };

/** How a body's recovery identity is split unless it decides otherwise: any 2 of 3. */
export const RECOVERY = { k: 2, n: 3 } as const;

type Founded = Signed & { readonly staff: StaffIdentity };
export type Founding = Founded & { readonly recovery: Identity };

/** A new body: its founder's keys, its recovery identity, and the founding document. */
export async function makeFounding(organisation: string, founder: Called, now: Date): Promise<Founding> {
  const { identity, recipient } = await generateIdentity();
  const as = { as: 'controller', recovery: { recipient, ...RECOVERY } } as const;
  return { ...(await foundingBy(organisation, founder, now, as)), recovery: identity };
}

/** The organisation that runs the site. It has no keys to recover. */
export function makeHostFounding(organisation: string, founder: Called, now: Date): Promise<Founded> {
  return foundingBy(organisation, founder, now, { as: 'host', recovery: null });
}

async function foundingBy(
  organisation: string,
  founder: Called,
  now: Date,
  as: Pick<FoundingDocument, 'as' | 'recovery'>,
): Promise<Founded> {
  const keys = await generateStaffKeys();
  const org = as.as === 'host' ? newHostId() : organisationId(newId());
  const person = personId(newId());
  const text = peopleText({
    kind: 'founding',
    organisation: org,
    signer: person,
    ...as,
    name: organisation,
    person: { id: person, name: founder.name, email: founder.email },
    recipient: keys.recipient,
    verifyKey: keys.verifyKey,
    at: now.toISOString(),
  });
  const staff = { ...keys, organisation: org, person, founding: await sha256Hex(text) };
  return { text, signature: await signText(keys.signingKey, text), staff };
}

export type Invited = Called & {
  readonly organisation: string;
  readonly person: string;
  readonly founding: string;
};

/** A colleague's keys and the document by which they give them. */
export async function makeEnrolment(
  invited: Invited,
  now: Date,
): Promise<Signed & { readonly staff: StaffIdentity }> {
  const keys = await generateStaffKeys();
  const [organisation, person] = [organisationId(invited.organisation), personId(invited.person)];
  const text = peopleText({
    kind: 'enrolment',
    organisation,
    signer: person,
    name: invited.name,
    email: invited.email,
    recipient: keys.recipient,
    verifyKey: keys.verifyKey,
    founding: invited.founding,
    at: now.toISOString(),
  });
  const staff = { ...keys, organisation, person, founding: invited.founding };
  return { text, signature: await signText(keys.signingKey, text), staff };
}

type Confirmed = {
  readonly person: PersonId | string;
  readonly enrolment: string;
  /** `newest` of the directory that the manager's own browser verified. */
  readonly after: string;
  readonly capacities: MembershipDocument['capacities'];
  /** The organisation they really belong to, where that is not this one. */
  readonly outside?: string | null;
};

/** A manager's word that these keys are this person's. */
export async function signMembership(staff: StaffIdentity, about: Confirmed, now: Date): Promise<Signed> {
  const text = peopleText({
    kind: 'membership',
    organisation: staff.organisation,
    person: about.person,
    enrolment: about.enrolment,
    after: about.after,
    capacities: about.capacities,
    outside: about.outside ?? null,
    signer: staff.person,
    at: now.toISOString(),
  });
  return { text, signature: await signText(staff.signingKey, text) };
}
