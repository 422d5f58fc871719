/**
 * # Note: who is who
 *
 * An organisation begins with its founding document, signed by the founder's own key; its hash lies
 * in everybody's sealed staff identity and is the anchor of all trust. Each further person gives
 * their keys in an enrolment they sign themselves, and counts once enough managers have compared
 * their words and signed a membership: min(2, managers so far). Once a second manager is there,
 * nobody can add anybody by themselves.
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
  type MembershipDocument,
  parsePeopleDocument,
} from './documents.ts';

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
  /** Hash of the document by which they gave their keys. */
  readonly enrolment: string;
};

export type Directory = {
  readonly organisation: string;
  /** Hash of the newest founding or membership that counts: what the next membership names. */
  readonly newest: string;
  readonly people: ReadonlyMap<string, PersonInDirectory>;
  readonly ignored: readonly { readonly hash: string; readonly why: string }[];
};

type Growing = {
  organisation: string;
  anchor: string;
  /** The founding and the memberships that count so far, in order. */
  chain: Set<string>;
  people: Map<string, PersonInDirectory>;
  enrolments: Map<string, EnrolmentDocument>;
  signers: Map<string, Set<string>>;
  ignored: { hash: string; why: string }[];
};

/** The people proven by signatures from the founding document (`anchor` is its hash) down. */
export async function verifyPeople(documents: readonly SignedDocument[], anchor: string): Promise<Directory> {
  const growing: Growing = {
    organisation: '',
    anchor,
    chain: new Set(),
    people: new Map(),
    enrolments: new Map(),
    signers: new Map(),
    ignored: [],
  };
  for (const signed of [...documents].sort((a, b) => a.position - b.position)) {
    if (!KINDS.includes(signed.kind)) continue;
    const why = await take(growing, signed);
    if (why) growing.ignored.push({ hash: signed.hash, why });
  }
  const { organisation, people, ignored } = growing;
  return { organisation, newest: [...growing.chain].at(-1) ?? '', people, ignored };
}

const KINDS: readonly string[] = ['founding', 'enrolment', 'membership'];

/** Takes one document in; returns why it does not count, or null. */
async function take(growing: Growing, signed: SignedDocument): Promise<string | null> {
  const document = parsePeopleDocument(signed.text);
  if (!document || (await sha256Hex(signed.text)) !== signed.hash) return 'It is not a well-formed document.';
  if (document.kind === 'founding') return takeFounding(growing, signed, document);
  if (document.organisation !== growing.organisation)
    return 'It is about another organisation, or comes before the founding.';
  if (document.kind === 'enrolment') return takeEnrolment(growing, signed, document);
  return takeMembership(growing, signed, document);
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
  growing.chain.add(signed.hash);
  growing.people.set(document.signer, {
    ...known(document, document.person, signed.hash),
    capacities: ['manager'],
  });
  return null;
}

async function takeEnrolment(
  growing: Growing,
  signed: SignedDocument,
  document: EnrolmentDocument,
): Promise<string | null> {
  if (document.founding !== growing.anchor) return 'It names another founding document.';
  if (growing.people.has(document.signer)) return 'This person is confirmed with other keys already.';
  if (!areKeys(document)) return 'Its keys are not well-formed.';
  if (!(await verifyText(document.verifyKey, signed.text, signed.signature))) return BAD_SIGNATURE;
  growing.enrolments.set(signed.hash, document);
  return null;
}

async function takeMembership(
  growing: Growing,
  signed: SignedDocument,
  document: MembershipDocument,
): Promise<string | null> {
  const enrolment = growing.enrolments.get(document.enrolment);
  const signer = growing.people.get(document.signer);
  if (!enrolment || enrolment.signer !== document.person) return 'It names no enrolment of this person.';
  if (!signer?.capacities.includes('manager')) return 'Its signer is not a confirmed manager.';
  if (document.signer === document.person) return 'Nobody can confirm themselves.';
  if (!growing.chain.has(document.after))
    return 'A membership signed before it is missing or does not count.';
  if (!(await verifyText(signer.verifyKey, signed.text, signed.signature))) return BAD_SIGNATURE;
  growing.chain.add(signed.hash);
  if (growing.people.has(document.person)) return null;
  const vote = `${document.enrolment} ${document.capacities.join()}`;
  const signers = (growing.signers.get(vote) ?? new Set()).add(document.signer);
  growing.signers.set(vote, signers);
  if (signers.size < signaturesNeeded(growing.people.values())) return null;
  const person = { id: enrolment.signer, name: enrolment.name, email: enrolment.email };
  growing.people.set(person.id, {
    ...known(enrolment, person, document.enrolment),
    capacities: document.capacities,
  });
  return null;
}

/** How many managers must confirm the next person. */
export function signaturesNeeded(people: Iterable<{ readonly capacities: readonly string[] }>): number {
  return Math.min(2, [...people].filter((person) => person.capacities.includes('manager')).length);
}

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

function known(keys: Keys, person: Called, enrolment: string): Omit<PersonInDirectory, 'capacities'> {
  const recipient = parseRecipient(keys.recipient);
  const verifyKey = parseVerifyKey(keys.verifyKey);
  return { ...person, recipient, verifyKey, fingerprint: fingerprint(recipient, verifyKey), enrolment };
}
