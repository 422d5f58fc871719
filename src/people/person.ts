/**
 * # Note: who is who
 *
 * An organisation begins with its founding document, signed by the founder's own key; its hash lies
 * in everybody's sealed staff identity and is the anchor of all trust. Each further person gives
 * their keys in an enrolment they sign themselves, and counts once enough managers have compared
 * their words and signed a membership: min(2, managers so far, those who left among them). Once a
 * second manager is there, nobody can add anybody by themselves, ever (two-managers.ts).
 *
 * A document counts only where its signer was in good standing at its position: confirmed, not gone,
 * not suspended (standing.ts). Who comes back after leaving is another person with other keys.
 *
 * Each membership names the newest founding or membership its signer knew of, and counts only where
 * that one counts. So nobody can hide an early membership (a second manager's, say, to make one
 * signature enough) without losing everything that was signed after it.
 *
 * This function is the whole rule. It runs in every browser before a grant is believed.
 *
 * LIMIT: as long as there is one manager, that one vouches alone; and a manager who conspires with the
 * server can sign as if the others had never come. It would show in the register, whose entries name
 * every document in order.
 */
import { fingerprint, parseRecipient, type Recipient } from '../sealing/keys.ts';
import { parseVerifyKey, sha256Hex, type VerifyKey, verifyText } from '../sealing/signature.ts';
import {
  type EnrolmentDocument,
  type FoundingDocument,
  HOST_CAPACITIES,
  leads,
  type MembershipDocument,
  mayHave,
  type OrganisationKind,
  parsePeopleDocument,
} from './documents.ts';
import { beginning, confirm, type Growing, stands, takeStanding, takeTraining } from './standing.ts';
import { signaturesNeeded } from './two-managers.ts';

/** A document as it is stored: `text` verbatim, `hash` its SHA-256 in hex, `position` its order. */
export type SignedDocument = {
  readonly kind: string;
  readonly hash: string;
  readonly signer: string;
  readonly text: string;
  readonly signature: string;
  readonly position: number;
};

export type PersonInDirectory = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly recipient: Recipient;
  readonly verifyKey: VerifyKey;
  /** Of recipient and verify key together; what grants name and words are made of. */
  readonly fingerprint: string;
  readonly capacities: readonly string[];
  /** The organisation they really belong to, where that is not this one. */
  readonly outside: string | null;
  /** Hash of the document by which they gave their keys. */
  readonly enrolment: string;
  readonly training: readonly Training[];
};
/** A training record that counts. Instants are ISO 8601 with milliseconds. */
export type Training = { readonly document: string; readonly since: string; readonly until: string };

export type Directory = {
  readonly organisation: string;
  /** A host's people sign about each other only: nothing of theirs lets anybody read. */
  readonly as: OrganisationKind;
  /** Hash of the newest founding or membership that counts: what the next membership names. */
  readonly newest: string;
  /** In good standing now: confirmed, not left, not suspended. */
  readonly people: ReadonlyMap<string, PersonInDirectory>;
  /** All who ever counted. */
  readonly everyone: ReadonlyMap<string, PersonInDirectory>;
  /** When each of them stood, by the positions of documents: from the first, up to but without the second. */
  readonly standing: ReadonlyMap<string, readonly Span[]>;
  readonly ignored: readonly { readonly hash: string; readonly why: string }[];
};
export type Span = { readonly from: number; readonly to: number | null };

/** Who somebody was if they were in good standing at that position of the documents, or null. */
export function stoodAt(directory: Directory, person: string, position: number): PersonInDirectory | null {
  const spans = directory.standing.get(person) ?? [];
  const stood = spans.some(({ from, to }) => from < position && (to === null || position < to));
  return stood ? (directory.everyone.get(person) ?? null) : null;
}

/**
 * The hash of the training record that keeps somebody in date at that instant the longest, or null. LIMIT: the instants
 * are their signers' own words; the desk refuses a record that is dated otherwise than now, and a server that conspires
 * with its signer would not.
 */
export function trainedAt(person: PersonInDirectory, at: string): string | null {
  const inDate = person.training.filter(({ since, until }) => since <= at && at < until);
  return (
    inDate.reduce<Training | null>((best, each) => (best && best.until >= each.until ? best : each), null)
      ?.document ?? null
  );
}

/** The people proven by signatures from the founding document (`anchor` is its hash) down. */
export async function verifyPeople(documents: readonly SignedDocument[], anchor: string): Promise<Directory> {
  const growing = beginning(anchor);
  for (const signed of [...documents].sort((a, b) => a.position - b.position)) {
    if (!KINDS.includes(signed.kind)) continue;
    const why = await take(growing, signed);
    if (why) growing.ignored.push({ hash: signed.hash, why });
  }
  const { organisation, as, everyone, standing, ignored } = growing;
  const people = new Map([...everyone].filter(([id]) => stands(growing, id)));
  return { organisation, as, newest: [...growing.chain].at(-1) ?? '', people, everyone, standing, ignored };
}

/** Takes one document in; returns why it does not count, or null. */
async function take(growing: Growing, signed: SignedDocument): Promise<string | null> {
  const document = parsePeopleDocument(signed.text);
  if (!document || (await sha256Hex(signed.text)) !== signed.hash) return 'It is not a well-formed document.';
  if (document.kind === 'founding') return takeFounding(growing, signed, document);
  if (document.organisation !== growing.organisation)
    return 'It is about another organisation, or comes before the founding.';
  if (document.kind === 'enrolment') return takeEnrolment(growing, signed, document);
  const signer = growing.everyone.get(document.signer);
  if (!signer || !stands(growing, signer.id)) return 'Its signer is not a person in good standing.';
  if (!(await verifyText(signer.verifyKey, signed.text, signed.signature))) return BAD_SIGNATURE;
  if (document.kind === 'membership') return takeMembership(growing, signed, document, signer);
  if (document.kind === 'training') return takeTraining(growing, signed.hash, document, signer);
  return takeStanding(growing, signed, document, signer);
}

async function takeFounding(
  growing: Growing,
  signed: SignedDocument,
  document: FoundingDocument,
): Promise<string | null> {
  if (signed.hash !== growing.anchor) return 'It is not the founding document this identity trusts.';
  if (document.person.id !== document.signer) return 'Its founder is not its signer.';
  if (!areKeys(document)) return 'Its keys are not well-formed.';
  if (!(await verifyText(document.verifyKey, signed.text, signed.signature))) return BAD_SIGNATURE;
  growing.organisation = document.organisation;
  growing.as = document.as;
  growing.chain.add(signed.hash);
  const founder = known(document, document.person, signed.hash);
  const capacities = document.as === 'host' ? HOST_CAPACITIES : (['manager'] as const);
  confirm(growing, { ...founder, capacities, outside: null }, signed.position);
  return null;
}

async function takeEnrolment(
  growing: Growing,
  signed: SignedDocument,
  document: EnrolmentDocument,
): Promise<string | null> {
  if (document.founding !== growing.anchor) return 'It names another founding document.';
  if (growing.everyone.has(document.signer)) return 'This person is confirmed with other keys already.';
  if (!areKeys(document)) return 'Its keys are not well-formed.';
  if (!(await verifyText(document.verifyKey, signed.text, signed.signature))) return BAD_SIGNATURE;
  growing.enrolments.set(signed.hash, document);
  return null;
}

function takeMembership(
  growing: Growing,
  signed: SignedDocument,
  document: MembershipDocument,
  signer: PersonInDirectory,
): string | null {
  const enrolment = growing.enrolments.get(document.enrolment);
  if (!enrolment || enrolment.signer !== document.person) return 'It names no enrolment of this person.';
  if (!leads(signer)) return `Its signer is not ${growing.as === 'host' ? 'an operator' : 'a manager'}.`;
  if (document.signer === document.person) return 'Nobody can confirm themselves.';
  if (document.outside !== null && document.capacities.includes('manager'))
    return 'Nobody from outside the organisation manages.';
  if (!mayHave(growing.as, document.capacities))
    return 'Its capacities are not those of this kind of organisation.';
  if (!growing.chain.has(document.after))
    return 'A membership signed before it is missing or does not count.';
  growing.chain.add(signed.hash);
  if (growing.everyone.has(document.person)) return null;
  const { capacities, outside } = document;
  const vote = JSON.stringify([document.enrolment, capacities, outside]);
  const signers = (growing.signers.get(vote) ?? new Set()).add(document.signer);
  growing.signers.set(vote, signers);
  if (signers.size < signaturesNeeded(growing.everyone.values())) return null;
  const person = { id: enrolment.signer, name: enrolment.name, email: enrolment.email };
  confirm(growing, { ...known(enrolment, person, document.enrolment), capacities, outside }, signed.position);
  return null;
}

const KINDS: readonly string[] = [
  'founding',
  'enrolment',
  'membership',
  'leaving',
  'suspension',
  'resumption',
  'training',
];
const BAD_SIGNATURE = 'Its signature is not that of its signer.';

type Keys = { readonly recipient: string; readonly verifyKey: string };
// One person's broken keys must not keep everybody from verifying the rest.
function areKeys({ recipient, verifyKey }: Keys): boolean {
  try {
    parseRecipient(recipient);
    parseVerifyKey(verifyKey);
    return true;
  } catch {
    return false;
  }
}

type Called = { readonly id: string; readonly name: string; readonly email: string };

function known(
  keys: Keys,
  person: Called,
  enrolment: string,
): Omit<PersonInDirectory, 'capacities' | 'outside'> {
  const recipient = parseRecipient(keys.recipient);
  const verifyKey = parseVerifyKey(keys.verifyKey);
  return {
    ...person,
    recipient,
    verifyKey,
    fingerprint: fingerprint(recipient, verifyKey),
    enrolment,
    training: [],
  };
}
