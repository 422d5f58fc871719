/** What this browser has verified by itself, from the founding record its person trusts. */
import { z } from 'zod';
import { unlocked } from '../../people/browser/unlocked.ts';
import { type Directory, verifyPeople } from '../../people/person.ts';
import type { StaffIdentity } from '../../sealing/staff.ts';
import { ask } from '../../web/browser/ask.ts';
import { type AccessState, isInForce, type Standing } from '../grant.ts';
import { type Proven, provenInForce, verifyGrants } from '../verify.ts';

export type Verified = {
  readonly staff: StaffIdentity;
  readonly directory: Directory;
  readonly proven: Proven;
  readonly founding: string;
};

const documentsShape = z.array(
  z.object({
    kind: z.string(),
    hash: z.string(),
    signer: z.string(),
    text: z.string(),
    signature: z.string(),
    position: z.coerce.number(),
  }),
);

export class NotVerified extends Error {}

/** Everything signed in the organisation, verified here. Throws `NotVerified` with a sentence to show. */
export async function verified(): Promise<Verified> {
  const staff = await unlocked();
  if (!staff) throw new NotVerified('Your keys are locked. Sign in again to unlock them.');
  const answer = await ask('/documents');
  if (!answer.ok) throw new NotVerified(answer.message);
  const documents = documentsShape.parse(answer.body);
  const directory = await verifyPeople(documents, staff.founding);
  if (!directory.people.has(staff.person)) {
    throw new NotVerified(
      'The signed documents do not lead from your founding record to you. Tell your data protection officer.',
    );
  }
  const founding = documents.find((each) => each.hash === staff.founding)?.text ?? '';
  return { staff, directory, proven: await verifyGrants(documents, directory), founding };
}

/**
 * Checks that the server's story of who reads a form is the one the signed documents prove: the same
 * grants in force, and for each person the name and address they enrolled with. A reader the server
 * hides, one it invents, or somebody under another's name, throws `NotVerified`: nothing is signed.
 */
export function checkTold(state: AccessState, { directory, proven }: Verified, at: string): void {
  const told = state.grants.filter((grant) => isInForce(grant, at)).map((grant) => grant.document);
  const shown = provenInForce(proven, at)
    .filter(({ grant }) => grant.form === state.form)
    .map(({ hash }) => hash);
  const named = state.people.every((person) => {
    const known = directory.people.get(person.id);
    return person.confirmed ? known?.name === person.name && known.email === person.email : !known;
  });
  if (!named || [...told].sort().join() !== [...shown].sort().join()) throw new NotVerified(DISAGREES);
}

/** Checks that a proposal says in its signed document what the page says of it. */
export function checkProposal(grant: Standing, { proven }: Verified): void {
  const signed = proven.proposals.find(({ hash }) => hash === grant.document)?.grant;
  const same =
    signed?.id === grant.id &&
    signed.person === grant.person &&
    signed.fromGeneration === grant.fromGeneration &&
    signed.until === grant.until &&
    signed.purpose === grant.purpose &&
    signed.signer === grant.proposer;
  if (!same) throw new NotVerified(DISAGREES);
}

const DISAGREES =
  'What the server says about who can read this form is not what the signed documents prove. Nothing was signed. Tell your data protection officer.';

/** The organisation's recovery recipient, from its founding document. */
export function recoveryRecipient(founding: string): string {
  const shape = z.object({ recovery: z.object({ recipient: z.string() }) });
  return shape.parse(JSON.parse(founding)).recovery.recipient;
}
