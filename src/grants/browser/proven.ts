/** What this browser has verified by itself, from the founding record its person trusts. */
import { z } from 'zod';
import { known } from '../../people/browser/known.ts';
import { unlocked } from '../../people/browser/unlocked.ts';
import type { Directory } from '../../people/person.ts';
import type { StaffIdentity } from '../../sealing/staff.ts';
import type { AccessState, Standing } from '../grant.ts';
import { isProposedSo, isToldTruly } from '../told.ts';
import { type Proven, verifyGrants } from '../verify.ts';

export type Verified = {
  readonly staff: StaffIdentity;
  readonly directory: Directory;
  readonly proven: Proven;
  readonly founding: string;
};

export class NotVerified extends Error {}

/** Everything signed in the organisation, verified here. Throws `NotVerified` with a sentence to show. */
export async function verified(): Promise<Verified> {
  const staff = await unlocked();
  if (!staff) throw new NotVerified('Your keys are locked. Sign in again to unlock them.');
  const told = await known(staff);
  if ('problem' in told) throw new NotVerified(told.problem);
  const { documents, directory } = told;
  const founding = documents.find((each) => each.hash === staff.founding)?.text ?? '';
  return { staff, directory, proven: await verifyGrants(documents, directory), founding };
}

/** Throws `NotVerified` where the state a page shows is not the one the signed documents prove. */
export function checkTold(state: AccessState, { directory, proven }: Verified, at: string): void {
  if (!isToldTruly(state, directory, proven, at)) throw new NotVerified(DISAGREES);
}

/** Throws `NotVerified` where a proposal's signed document does not say what the page says of it. */
export function checkProposal(form: string, grant: Standing, { proven }: Verified): void {
  if (!isProposedSo(form, grant, proven)) throw new NotVerified(DISAGREES);
}

const DISAGREES =
  'What the server says about who can read this form is not what the signed documents prove. Nothing was signed. Tell your data protection officer.';

/** The organisation's recovery recipient, from its founding document. */
export function recoveryRecipient(founding: string): string {
  const shape = z.object({ recovery: z.object({ recipient: z.string() }) });
  return shape.parse(JSON.parse(founding)).recovery.recipient;
}
