/** From a preview to signed documents: what proposer, approver and whoever ends a grant sign. */
import type { PersonInDirectory } from '../people/person.ts';
import { sha256Hex } from '../sealing/signature.ts';
import type { StaffIdentity } from '../sealing/staff.ts';
import type { Signed } from './documents.ts';
import { sign } from './form-key.ts';
import { type AccessState, effectOf, effectText, type Proposal, type Standing, stateText } from './grant.ts';

/** The proposal, signed by its proposer over its effect and the state it was computed from. */
export async function signProposal(
  staff: StaffIdentity,
  state: AccessState,
  proposal: Proposal,
  grantee: PersonInDirectory,
  now: Date,
): Promise<Signed> {
  const at = now.toISOString();
  return sign(staff, {
    kind: 'grant',
    organisation: staff.organisation,
    id: proposal.id,
    person: proposal.person,
    fingerprint: grantee.fingerprint,
    recipient: grantee.recipient,
    form: state.form,
    fromGeneration: proposal.fromGeneration,
    until: proposal.until,
    purpose: proposal.purpose,
    effect: await sha256Hex(effectText(effectOf(state, proposal, at))),
    state: await sha256Hex(stateText(state, proposal.person, at)),
    signer: staff.person,
    at,
  });
}

/** The approval of a proposal, over the effect as the approver sees it now; `people` as they typed it. */
export async function signApproval(
  staff: StaffIdentity,
  state: AccessState,
  grant: Standing,
  people: number,
  now: Date,
): Promise<Signed> {
  const at = now.toISOString();
  return sign(staff, {
    kind: 'approval',
    organisation: staff.organisation,
    grant: grant.document,
    effect: await sha256Hex(effectText(effectOf(state, grant, at))),
    state: await sha256Hex(stateText(state, grant.person, at)),
    people,
    signer: staff.person,
    at,
  });
}

export async function signEnd(
  staff: StaffIdentity,
  grant: string,
  reason: string,
  now: Date,
): Promise<Signed> {
  return sign(staff, {
    kind: 'grant-end',
    organisation: staff.organisation,
    grant,
    reason,
    signer: staff.person,
    at: now.toISOString(),
  });
}
