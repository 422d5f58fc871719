/**
 * # Note: who could read, then
 *
 * What two people signed says not only who can read now but who could at any moment before: a grant counts from its
 * approval on, until its last day, an end, silence at a review, or until its reader no longer stood. So whoever has the
 * signed documents in their order can say it again without asking anybody, and can ask of each opening in the register
 * whether it was allowed.
 *
 * A moment is an instant and a place between two documents. The place says what was signed by then; it comes from the
 * register's order, which nobody can change afterwards, and not from signers' clocks.
 */
import { type Directory, type SignedDocument, stoodAt, verifyPeople } from '../people/person.ts';
import { type Checked, check, of } from './checked.ts';
import type { ApprovalDocument } from './documents.ts';
import { reviewAfter } from './grant.ts';
import { ended, type Proven, type ProvenGrant, reviewed, verifyGrants } from './verify.ts';

export type Moment = {
  /** ISO 8601 with milliseconds and `Z`. */
  readonly at: string;
  /** Documents whose position is smaller were there. */
  readonly position: number;
};

/** A proven line, with what was signed about it later. */
type Line = { readonly begun: ProvenGrant; readonly approved: number; readonly later: readonly Checked[] };
export type History = {
  readonly directory: Directory;
  readonly proven: Proven;
  /** By person. */
  readonly lines: ReadonlyMap<string, readonly Line[]>;
};

export type Asked = {
  readonly form: string | null;
  /** One case, with the plain generation whose secret opens it; null: whichever. */
  readonly case: { readonly id: string; readonly generation: number } | null;
  readonly person: string | null;
};

/** Everything signed in an organisation, judged from the founding document (`anchor` is its hash) down. */
export async function historyOf(documents: readonly SignedDocument[], anchor: string): Promise<History> {
  const directory = await verifyPeople(documents, anchor);
  const proven = await verifyGrants(documents, directory);
  const checked = await checkedOf(documents, directory);
  const about = new Map<string, Checked[]>();
  for (const each of [...of(checked, 'review'), ...of(checked, 'grant-end')])
    for (const id of each.document.grants) about.set(id, [...(about.get(id) ?? []), each]);
  const approvals = new Map(of(checked, 'approval').map((each) => [approvalName(each), each.position]));
  const lines = new Map<string, Line[]>();
  for (const grant of proven.grants) {
    const approved = approvals.get(`${grant.document} ${grant.approver} ${grant.approvedAt}`);
    if (approved === undefined) continue;
    const begun = { ...grant, reviewBy: reviewAfter(grant.approvedAt), endedAt: null };
    const line = { begun, approved, later: about.get(grant.id) ?? [] };
    lines.set(grant.person, [...(lines.get(grant.person) ?? []), line]);
  }
  return { directory, proven, lines };
}

const approvalName = ({ document, signer }: Checked<ApprovalDocument>): string =>
  `${document.proposal} ${signer.id} ${document.at}`;

/** The approvals, reviews and ends that their signers really signed, in order. */
async function checkedOf(documents: readonly SignedDocument[], directory: Directory): Promise<Checked[]> {
  const later = documents.filter(({ kind }) => ['approval', 'review', 'grant-end'].includes(kind));
  const results = await Promise.all(later.map((signed) => check(signed, directory)));
  const checked = results.flatMap((result) => ('why' in result ? [] : [result]));
  return checked.sort((a, b) => a.position - b.position);
}

/** The proven lines by which somebody could read at that moment, each as it stood then. */
export function couldRead({ directory, lines }: History, asked: Asked, moment: Moment): ProvenGrant[] {
  const candidates = asked.person === null ? [...lines.values()].flat() : (lines.get(asked.person) ?? []);
  return candidates
    .filter(({ begun }) => isAskedFor(begun, asked))
    .flatMap((line) => {
      const then = asOf(line, moment);
      return then && stoodAt(directory, then.person, moment.position) ? [then] : [];
    });
}

function isAskedFor(line: ProvenGrant, asked: Asked): boolean {
  if (asked.form !== null && line.form !== asked.form) return false;
  if (asked.person !== null && line.person !== asked.person) return false;
  if (asked.case === null) return true;
  return line.case === null ? line.fromGeneration <= asked.case.generation : line.case === asked.case.id;
}

/** A line as it was in force at that moment, or null where it was not. */
function asOf({ begun, approved, later }: Line, { at, position }: Moment): ProvenGrant | null {
  if (!(approved < position && begun.from <= at && at < begun.until)) return null;
  const known = later.filter((each) => each.position < position);
  const then = ended(reviewed(begun, known), known);
  return then.endedAt === null && at < then.reviewBy ? then : null;
}

/** Why a line that was in force at a moment is not in force any more, and since when. */
export type Over = {
  readonly since: string;
  readonly why: 'ended' | 'until' | 'silence' | 'left' | 'suspended';
};

/** The first of what ended a line before `now`; null while it stands. Instants, or null where it did not happen. */
export function overBefore(
  now: string,
  line: {
    readonly until: string;
    readonly reviewBy: string;
    readonly endedAt: string | null;
    readonly leftAt: string | null;
    readonly suspendedAt: string | null;
  },
): Over | null {
  const causes: readonly (readonly [Over['why'], string | null])[] = [
    ['ended', line.endedAt],
    ['left', line.leftAt],
    ['suspended', line.suspendedAt],
    ['until', line.until],
    ['silence', line.reviewBy],
  ];
  const past = causes.flatMap(([why, since]) => (since !== null && since <= now ? [{ why, since }] : []));
  return past.sort((a, b) => (a.since < b.since ? -1 : 1))[0] ?? null;
}
