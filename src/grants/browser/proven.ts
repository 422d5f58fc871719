/** What this browser has verified by itself, from the founding record its person trusts. */
import { z } from 'zod';
import { known } from '../../people/browser/known.ts';
import { NotSigned } from '../../people/browser/signing.ts';
import { unlocked } from '../../people/browser/unlocked.ts';
import type { Directory, SignedDocument } from '../../people/person.ts';
import type { StaffIdentity } from '../../sealing/staff.ts';
import type { AccessState } from '../grant.ts';
import { isToldTruly, proposedBy } from '../told.ts';
import { type Proven, verifyGrants } from '../verify.ts';

export type Verified = {
  readonly staff: StaffIdentity;
  readonly directory: Directory;
  readonly proven: Proven;
  readonly founding: string;
  /** As the server gave them: only what a rule verifies from them counts. */
  readonly documents: readonly SignedDocument[];
};

/** Why nothing was signed, or is believed, in a sentence to show. */
export class NotVerified extends NotSigned {}

/** What is signed in the organisation about today's access, or all that ever was, verified here. Throws `NotVerified` with a sentence to show. */
export async function verified(about: 'now' | 'ever' = 'now'): Promise<Verified> {
  const staff = await unlocked();
  if (!staff) throw new NotVerified('Your keys are locked. Sign in again to unlock them.');
  const told = await known(staff, about);
  if ('problem' in told) throw new NotVerified(told.problem);
  const { documents, directory } = told;
  const founding = documents.find((each) => each.hash === staff.founding)?.text ?? '';
  return { staff, directory, proven: await verifyGrants(documents, directory), founding, documents };
}

/** Throws `NotVerified` where the state a page shows is not the one the signed documents prove. */
export function checkTold(state: AccessState, { directory, proven }: Verified, at: string): void {
  if (!isToldTruly(state, directory, proven, at)) throw new NotVerified(DISAGREES);
}

/** A proposal's terms, from its signed document. Throws `NotVerified` where nothing proves them. */
export function proposedTerms({ proven }: Verified, document: string) {
  const terms = proposedBy(proven, document);
  if (!terms) throw new NotVerified(DISAGREES);
  return terms;
}

const DISAGREES =
  'What the server says about who can read this form is not what the signed documents prove. Nothing was signed. Tell your data protection officer.';

/** The organisation's recovery recipient, from its founding document. */
export function recoveryRecipient(founding: string): string {
  const shape = z.object({ recovery: z.object({ recipient: z.string() }) });
  return shape.parse(JSON.parse(founding)).recovery.recipient;
}
