/**
 * # Note: recovery
 *
 * If every reader of a form is gone, k of the n keyholders together can still open what was sent, with the printed
 * sheets of the founding day. So that nobody does it quietly: a manager begins a recovery by a signed document that
 * names one person and some forms; everybody of the body sees it from then on; k different keyholders consent, each
 * signed in as themselves; and only then does the server give out the keys that are sealed to the recovery recipient,
 * to one browser, in which k sheets are typed. That browser seals the forms' keys to the person named, who needs a
 * grant of two signatures like every reader.
 *
 * The person named does not count among the k, and a recovery lapses after 72 hours.
 *
 * This is the whole rule. It runs in the browser that opens the keys, over documents verified from the founding
 * record down: a server that lies about who consented, who gets the keys or how far it is opens nothing by it. The
 * database decides by the same rule for itself before it gives the keys out.
 *
 * LIMIT: who has k sheets and a copy of the database needs none of this (`letterbox disaster`). What the consents
 * stop is the quiet way through the running service.
 */
import { parsePeopleDocument } from '../people/documents.ts';
import { type Directory, type PersonInDirectory, type SignedDocument, stoodAt } from '../people/person.ts';
import { parseRecipient, type Recipient } from '../sealing/keys.ts';
import { sha256Hex, verifyText } from '../sealing/signature.ts';
import { isManager } from './checked.ts';
import { isSamePerson } from './objection.ts';
import {
  parseRecoveryDocument,
  RECOVERY_KINDS,
  type RecoveryDocument,
  type RecoveryRoomDocument,
} from './recovery-documents.ts';
import type { ProvenGrant } from './verify.ts';

const HOUR = 60 * 60 * 1000;
const LAPSES_AFTER = 72 * HOUR;
export const REHEARSE_EVERY_DAYS = 180;

/** What the founding document says of recovery: any k of n sheets rebuild the recipient's identity. */
export type RecoveryRule = { readonly recipient: Recipient; readonly k: number; readonly n: number };

/** The rule, from the text of the founding document; throws where it is none. */
export function recoveryRule(founding: string): RecoveryRule {
  const document = parsePeopleDocument(founding);
  if (document?.kind !== 'founding' || !document.recovery)
    throw new Error('This is no body’s founding document.');
  const { recipient, k, n } = document.recovery;
  return { recipient: parseRecipient(recipient), k, n };
}

export type ProvenRecovery = {
  /** Hash of the document by which it was begun. */
  readonly hash: string;
  readonly recovery: RecoveryDocument;
  /** The different keyholders whose consent counts today. */
  readonly consents: readonly string[];
  readonly end: { readonly by: string; readonly done: boolean } | null;
};
export type ProvenRecoveries = {
  readonly recoveries: readonly ProvenRecovery[];
  /** What was there and does not count, and why: shown, never trusted. */
  readonly ignored: readonly { readonly hash: string; readonly why: string }[];
};

type Checked = {
  readonly hash: string;
  readonly document: RecoveryRoomDocument;
  readonly signer: PersonInDirectory;
};

/** The recoveries that are proven, each with the consents that count. */
export async function verifyRecoveries(
  documents: readonly SignedDocument[],
  directory: Directory,
): Promise<ProvenRecoveries> {
  const ignored: { hash: string; why: string }[] = [];
  const checked: Checked[] = [];
  for (const signed of documents) {
    if (!RECOVERY_KINDS.includes(signed.kind)) continue;
    const result = await check(signed, directory);
    if ('why' in result) ignored.push(result);
    else checked.push(result);
  }
  const recoveries = checked.flatMap(({ hash, document }) =>
    document.kind === 'recovery' ? [proven(hash, document, checked, directory)] : [],
  );
  return { recoveries, ignored };
}

async function check(
  signed: SignedDocument,
  directory: Directory,
): Promise<Checked | { hash: string; why: string }> {
  const hash = await sha256Hex(signed.text);
  const document = parseRecoveryDocument(signed.text);
  if (!document || hash !== signed.hash) return { hash, why: 'It is not a well-formed document.' };
  if (document.organisation !== directory.organisation)
    return { hash, why: 'It is about another organisation.' };
  const signer = stoodAt(directory, document.signer, signed.position);
  if (!signer) return { hash, why: 'Its signer was not a member in good standing.' };
  if (!(await verifyText(signer.verifyKey, signed.text, signed.signature)))
    return { hash, why: 'Its signature is not that of its signer.' };
  const why = objectionToSigner(document, signer);
  return why === null ? { hash, document, signer } : { hash, why };
}

function objectionToSigner(document: RecoveryRoomDocument, signer: PersonInDirectory): string | null {
  const [manages, holds] = [isManager(signer), signer.capacities.includes('keyholder')];
  if (document.kind === 'recovery-consent') return holds ? null : 'Its signer is not a keyholder.';
  if (document.kind === 'recovery' || (document.kind === 'recovery-end' && !document.done))
    return manages ? null : 'Its signer is not a manager.';
  return manages || holds ? null : 'Its signer is neither a manager nor a keyholder.';
}

function proven(
  hash: string,
  recovery: RecoveryDocument,
  all: readonly Checked[],
  directory: Directory,
): ProvenRecovery {
  const about = all.filter(({ document }) => 'recovery' in document && document.recovery === hash);
  const grantee = directory.everyone.get(recovery.person);
  const consents: PersonInDirectory[] = [];
  for (const { document, signer } of about) {
    if (document.kind !== 'recovery-consent' || signer.id === recovery.person) continue;
    // Who has left or is suspended since consents no more; who has two accounts consents once.
    const others = grantee ? [grantee, ...consents] : consents;
    if (isKeyholder(directory, signer.id) && !others.some((other) => isSamePerson(other, signer)))
      consents.push(signer);
  }
  const ends = about.flatMap(({ document }) =>
    document.kind === 'recovery-end' ? [{ by: document.signer, done: document.done }] : [],
  );
  return { hash, recovery, consents: consents.map(({ id }) => id).sort(), end: ends[0] ?? null };
}

function isKeyholder(directory: Directory, person: string): boolean {
  return directory.people.get(person)?.capacities.includes('keyholder') ?? false;
}

export type RecoveryState = 'waits-for-consents' | 'ready' | 'done' | 'ended' | 'lapsed';

/** How far a recovery is at `at`; nothing is given out or opened unless it is `ready`. */
export function stateOfRecovery(
  { recovery, consents, end }: ProvenRecovery,
  k: number,
  at: string,
): RecoveryState {
  if (end) return end.done ? 'done' : 'ended';
  const age = Date.parse(at) - Date.parse(recovery.at);
  // A document from the future would lapse later than it may.
  if (age >= LAPSES_AFTER || age < -HOUR) return 'lapsed';
  return consents.length < k ? 'waits-for-consents' : 'ready';
}

/** A line of a proven grant in force. */
export type LineInForce = Pick<ProvenGrant, 'person' | 'form' | 'case' | 'fromGeneration' | 'recipient'>;

/** What goes to whom: one person's recipient, and the first generation of each form. */
export type HandOver = {
  readonly person: PersonInDirectory;
  readonly forms: readonly { readonly form: string; readonly fromGeneration: number }[];
};

/**
 * What this recovery hands over, or the sentence that says why nothing: `lines` are the proven grants in force.
 * A form counts where a grant covers all of it from some generation on; the earliest counts.
 */
export function handOverOf(
  recovery: ProvenRecovery | undefined,
  k: number,
  directory: Directory,
  lines: readonly LineInForce[],
  at: string,
): HandOver | { readonly problem: string } {
  if (!recovery) return { problem: UNPROVEN };
  const state = stateOfRecovery(recovery, k, at);
  if (state !== 'ready') return { problem: NOT_READY[state] };
  const person = directory.people.get(recovery.recovery.person);
  if (!person) return { problem: NOT_A_MEMBER };
  const forms = [];
  for (const form of recovery.recovery.forms) {
    const from = lines
      .filter((line) => line.form === form && line.case === null && line.person === person.id)
      .filter((line) => line.recipient === person.recipient)
      .map(({ fromGeneration }) => fromGeneration);
    if (from.length === 0) return { problem: noGrant(person.name, form) };
    forms.push({ form, fromGeneration: Math.min(...from) });
  }
  return { person, forms };
}

const UNPROVEN =
  'No manager’s signature proves this recovery, so nothing was opened. Tell your data protection officer.';
const NOT_A_MEMBER =
  'The person who is to get the keys is not a confirmed colleague in good standing. Nothing was opened.';
const NOT_READY: Record<Exclude<RecoveryState, 'ready'>, string> = {
  'waits-for-consents':
    'Not enough keyholders have signed that they consent, as far as this browser can prove. Nothing was opened.',
  done: 'This recovery was carried out already. Nothing was opened.',
  ended: 'This recovery was stopped. Nothing was opened.',
  lapsed: 'This recovery has lapsed: 72 hours have passed since it began. Nothing was opened.',
};
const noGrant = (name: string, form: string) =>
  `No two signatures prove that ${name} may read “${form}” now. Nothing was opened.`;

/** Whether sheets should be rehearsed: never done, or longer ago than `REHEARSE_EVERY_DAYS`. */
export function isRehearsalDue(last: string | null, at: string): boolean {
  return last === null || Date.parse(at) - Date.parse(last) > REHEARSE_EVERY_DAYS * 24 * HOUR;
}
