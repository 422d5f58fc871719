/**
 * Which grants and form keys are proven: by signatures of different people, verified from the founding
 * record down. Runs in every browser before it seals a key to anyone, so that a row written into the
 * database by whomever can never make anything readable.
 *
 * LIMIT: who was in good standing, and what came before what, is judged by the order in which the server
 * shows the documents, and times by their signers' clocks. A former manager who conspires with the server
 * can have a signature shown as older than their leaving; the register's order gives it away.
 */
import {
  type Directory,
  type PersonInDirectory,
  type SignedDocument,
  stoodAt,
  trainedAt,
} from '../people/person.ts';
import { type Checked, check, type Ignored, isManager, of } from './checked.ts';
import { type ApprovalDocument, type GrantDocument, grantIdOf, KINDS } from './documents.ts';
import { type Coverage, DAY, LONGEST_DAYS, reviewAfter } from './grant.ts';
import { isSamePerson } from './objection.ts';
import { type ProvenKey, provenKeys } from './verify-keys.ts';

/** One line of a grant that two managers signed. */
export type ProvenGrant = Coverage & {
  readonly id: string;
  readonly document: string;
  readonly person: string;
  readonly recipient: string;
  readonly fingerprint: string;
  readonly from: string;
  readonly until: string;
  readonly purpose: string;
  readonly proposer: string;
  readonly approver: string;
  readonly approvedAt: string;
  readonly reviewBy: string;
  readonly endedAt: string | null;
  /** Whether its person is confirmed, and neither suspended nor gone, as of the newest document. */
  readonly stands: boolean;
};

export type Proven = {
  readonly grants: readonly ProvenGrant[];
  /** Grants that would be proven by an approval, whether or not they have one. */
  readonly proposals: readonly { readonly hash: string; readonly grant: GrantDocument }[];
  readonly keys: readonly ProvenKey[];
  /** Form keys that their maker signed, whether or not they count. */
  readonly keysMade: readonly Pick<ProvenKey, 'hash' | 'key'>[];
  /** What was there and does not count, and why: shown, never trusted. */
  readonly ignored: readonly Ignored[];
};

/** Walks the documents of this room and keeps what confirmed people really signed. */
export async function verifyGrants(
  documents: readonly SignedDocument[],
  directory: Directory,
): Promise<Proven> {
  // Whoever runs the site has no forms, so nothing that its people sign lets anybody read.
  if (directory.as === 'host') return { grants: [], proposals: [], keys: [], keysMade: [], ignored: [] };
  const ignored: Ignored[] = [];
  const checked: Checked[] = [];
  for (const signed of [...documents].sort((a, b) => a.position - b.position)) {
    if (!KINDS.includes(signed.kind)) continue;
    const result = await check(signed, directory);
    if ('why' in result) ignored.push(result);
    else checked.push(result);
  }
  const proposals = of(checked, 'grant').filter((proposal) => {
    const why = objectionToProposal(proposal, directory);
    if (why !== null) ignored.push({ hash: proposal.hash, why });
    return why === null;
  });
  const lines: ProvenGrant[] = [];
  for (const proposal of proposals) {
    const approval = of(checked, 'approval').find((each) => approves(each, proposal, directory));
    if (!approval) ignored.push({ hash: proposal.hash, why: 'No second manager approved it.' });
    else if (isWithdrawn(proposal, approval, checked))
      ignored.push({ hash: proposal.hash, why: 'It was withdrawn.' });
    else lines.push(...(await linesOf(proposal, approval, directory)));
  }
  const grants = lines.map((line) => ended(reviewed(line, checked), checked));
  return {
    grants,
    proposals: proposals.map(({ hash, document: grant }) => ({ hash, grant })),
    keys: provenKeys(checked, grants),
    keysMade: of(checked, 'form-key').map(({ hash, document: key }) => ({ hash, key })),
    ignored,
  };
}

/** Proven lines that nothing but the calendar keeps from being read by: in force, or to come. */
export function provenLive(proven: Proven, at: string): ProvenGrant[] {
  return proven.grants.filter((line) => wasLive(line, at));
}

/** Proven lines by which their person may read at `at`. */
export function provenInForce(proven: Proven, at: string): ProvenGrant[] {
  return provenLive(proven, at).filter(({ from }) => from <= at);
}

function wasLive({ endedAt, until, reviewBy, stands }: ProvenGrant, at: string): boolean {
  return stands && endedAt === null && until > at && reviewBy > at;
}

/** `LONGEST_DAYS`, to the end of the last day. */
const LONGEST = (LONGEST_DAYS + 1) * DAY;

/** Why a grant does not count whoever approved it, or null. */
function objectionToProposal(
  { document, signer }: Checked<GrantDocument>,
  directory: Directory,
): string | null {
  if (!isManager(signer)) return 'Its proposer was not a manager.';
  if (trainedAt(signer, document.at) === null) return 'Its proposer was not in date with their training.';
  const start = Math.max(Date.parse(document.from), Date.parse(document.at));
  if (!(Date.parse(document.until) - start <= LONGEST)) return 'It lasts longer than a grant may.';
  for (const named of document.people) {
    const person = directory.everyone.get(named.person);
    if (!person) return 'A person it names was never confirmed.';
    if (person.recipient !== named.recipient || person.fingerprint !== named.fingerprint)
      return 'A key it names is not the key of the person it names.';
    if (named.person === signer.id) return 'Its proposer is a person it is for.';
    if (isSamePerson(person, signer)) return 'Its proposer looks like a person it is for.';
  }
  return null;
}

function approves(
  { document: approval, signer, position }: Checked<ApprovalDocument>,
  { hash, document: grant, signer: proposer, position: before }: Checked<GrantDocument>,
  directory: Directory,
): boolean {
  return (
    approval.proposal === hash &&
    approval.state === grant.state &&
    before < position &&
    signer.id !== proposer.id &&
    isManager(signer) &&
    trainedAt(signer, approval.at) !== null &&
    !isSamePerson(signer, proposer) &&
    // The proposer still counted when it was approved.
    stoodAt(directory, proposer.id, position) !== null &&
    grant.people.every(({ person }) => mayReceive(stoodAt(directory, person, position), signer, approval.at))
  );
}

function mayReceive(person: PersonInDirectory | null, approver: PersonInDirectory, at: string): boolean {
  return (
    person !== null &&
    person.id !== approver.id &&
    !isSamePerson(person, approver) &&
    trainedAt(person, at) !== null
  );
}

function isWithdrawn(proposal: Checked, approval: Checked, checked: readonly Checked[]): boolean {
  return of(checked, 'withdrawal').some(
    (each) =>
      each.document.proposal === proposal.hash && each.position < approval.position && isManager(each.signer),
  );
}

async function linesOf(
  { hash, document: grant, signer: proposer }: Checked<GrantDocument>,
  { document: approval, signer: approver }: Checked<ApprovalDocument>,
  directory: Directory,
): Promise<ProvenGrant[]> {
  const lines = grant.people.flatMap((named) => grant.scopes.map((scope) => ({ named, scope })));
  return Promise.all(
    lines.map(async ({ named, scope }) => ({
      ...scope,
      id: await grantIdOf(hash, named.person, scope),
      document: hash,
      person: named.person,
      recipient: named.recipient,
      fingerprint: named.fingerprint,
      from: grant.from,
      until: grant.until,
      proposer: proposer.id,
      approver: approver.id,
      approvedAt: approval.at,
      reviewBy: reviewAfter(approval.at),
      endedAt: null,
      stands: directory.people.has(named.person),
    })),
  );
}

/** With the reviews that came in time: each by a manager who is not the reader, none after silence ended it. */
export function reviewed(line: ProvenGrant, checked: readonly Checked[]): ProvenGrant {
  const times = of(checked, 'review')
    .filter(
      ({ document, signer }) =>
        document.grants.includes(line.id) &&
        signer.id !== line.person &&
        isManager(signer) &&
        trainedAt(signer, document.at) !== null,
    )
    .map(({ document }) => document.at)
    .sort();
  const reviewBy = times.reduce(
    (by, at) => (at < by && reviewAfter(at) > by ? reviewAfter(at) : by),
    line.reviewBy,
  );
  return { ...line, reviewBy };
}

/** Ending closes: one manager is enough, whatever their training. */
export function ended(line: ProvenGrant, checked: readonly Checked[]): ProvenGrant {
  const end = of(checked, 'grant-end').find(
    ({ document, signer }) => document.grants.includes(line.id) && isManager(signer),
  );
  return end ? { ...line, endedAt: end.document.at } : line;
}
