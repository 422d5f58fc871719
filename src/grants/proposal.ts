/** From a preview to signed documents: what proposer, approver, and whoever reviews or ends a grant sign. */
import type { PersonInDirectory } from '../people/person.ts';
import { sha256Hex } from '../sealing/signature.ts';
import type { StaffIdentity } from '../sealing/staff.ts';
import type { Signed } from './documents.ts';
import { sign } from './form-key.ts';
import { type AccessState, effectOf, effectText, type Proposal, stateText } from './grant.ts';

/** The proposal, signed by its proposer over its effect and the state it was computed from. */
export async function signProposal(
  staff: StaffIdentity,
  state: AccessState,
  proposal: Proposal,
  grantees: readonly PersonInDirectory[],
  now: Date,
): Promise<Signed> {
  return sign(staff, {
    kind: 'grant',
    id: proposal.id,
    people: grantees.map(({ id, fingerprint, recipient }) => ({ person: id, fingerprint, recipient })),
    scopes: proposal.scopes.map((scope) => ({ ...scope })),
    from: proposal.from,
    until: proposal.until,
    ...(await computed(state, proposal, now)),
    ...by(staff, now),
  });
}

/** The approval of a proposal, over the effect as the approver sees it now; `people` as they typed it. */
export async function signApproval(
  staff: StaffIdentity,
  state: AccessState,
  proposal: Proposal & { readonly document: string },
  people: number,
  now: Date,
): Promise<Signed> {
  return sign(staff, {
    kind: 'approval',
    proposal: proposal.document,
    people,
    ...(await computed(state, proposal, now)),
    ...by(staff, now),
  });
}

export function signWithdrawal(
  staff: StaffIdentity,
  proposal: string,
  reason: string,
  now: Date,
): Promise<Signed> {
  return sign(staff, { kind: 'withdrawal', proposal, reason, ...by(staff, now) });
}

/** Ends these lines of grants; one manager is enough to close. */
export function signEnd(
  staff: StaffIdentity,
  grants: readonly string[],
  reason: string,
  now: Date,
): Promise<Signed> {
  return sign(staff, { kind: 'grant-end', grants: [...grants], reason, ...by(staff, now) });
}

/** Says that each of these lines is still needed. */
export function signReview(staff: StaffIdentity, grants: readonly string[], now: Date): Promise<Signed> {
  return sign(staff, { kind: 'review', grants: [...grants], ...by(staff, now) });
}

async function computed(state: AccessState, proposal: Proposal, now: Date) {
  const at = now.toISOString();
  return {
    effect: await sha256Hex(effectText(effectOf(state, proposal, at))),
    state: await sha256Hex(stateText(state, proposal, at)),
  };
}

const by = ({ organisation, person: signer }: StaffIdentity, now: Date) => ({
  ...{ organisation, signer, at: now.toISOString() },
});
