/**
 * A submission: a case is a key, and these are the objects sealed under it.
 *
 * The same code runs in the submitter's browser, in the one server file that seals on arrival, and in the filler of
 * demonstration data.
 */
import { bytesOf, canonicalJson } from './encoding.ts';
import { generateIdentity, type Identity, type Recipient, recipientOf } from './keys.ts';
import type {
  CaseId,
  ExpectedPlace,
  FormId,
  ObjectId,
  OrganisationId,
  PersonId,
  Place,
  PlaceKind,
} from './place.ts';
import { newCaseId } from './place.ts';
import type { ReceiptCode } from './receipt.ts';
import { authenticatorHash, newReceiptCode, receiptAuthenticator, receiptIdentity } from './receipt.ts';
import { type Sealed, sealEnvelope, sealInLayers, sealJson } from './seal.ts';

/** The one content type in which a `SealedPost` travels. */
export { decodePost, encodePost } from './post.ts';

/** The published form as a submitter meets it: where, and to whom to seal. */
export type FormTarget = {
  organisation: OrganisationId;
  form: FormId;
  version: number;
  generation: number;
  recipient: Recipient;
  /**
   * Set where this generation of the form's key was made around an older one: what goes to the form is sealed to this,
   * the older recipient, first, and that once more to `recipient`. It takes both secrets to open.
   */
  inner?: Recipient;
};

/** Which case, and under which version and key generation it was sent: what the places of its objects say. */
export type CaseAddress = {
  organisation: OrganisationId;
  form: FormId;
  version: number;
  generation: number;
  case: CaseId;
};

/** Where the sealing happened: in the submitter's browser, or in the server for want of JavaScript. */
export type Arrival = 'browser' | 'server';

/** A case before it is sent. Holds secrets: the identity and the receipt code never leave the sealing side. */
export type CaseDraft = CaseAddress & {
  arrival: Arrival;
  /** The form's recipient, and the one it lies around. */
  recipient: Recipient;
  inner?: Recipient;
  caseIdentity: Identity;
  caseRecipient: Recipient;
  receiptCode: ReceiptCode;
  at: string;
};

/** An attachment that is already uploaded: the length, the number of chunks and the SHA-256 are its ciphertext's. */
export type SealedAttachment = { id: ObjectId; size: number; chunks: number; sha256: string };

/** What is posted: one case, sealed. */
export type SealedPost = CaseAddress & {
  arrival: Arrival;
  /** The hash of the receipt authenticator, see `authenticatorHash`. */
  authenticator: string;
  answers: Sealed;
  summary: Sealed;
  caseKey: Sealed;
  receiptKey: Sealed;
  equality: Sealed | null;
  attachments: SealedAttachment[];
};

/** The kinds of sealed object that come with a submission or follow from it. */
export type SubmissionKind = Exclude<PlaceKind, 'form-key' | 'staff-identity' | 'recovery-share' | 'notice'>;

/** What the submitter says: `equality` is null where the form does not ask. All three must be JSON values. */
export type SubmissionContent = { answers: unknown; summary: unknown; equality: unknown };

/** A new case: its id, its key and its receipt code. Retries of one submission use one draft. */
export async function newCase(form: FormTarget, now: Date, arrival: Arrival = 'browser'): Promise<CaseDraft> {
  const { organisation, form: slug, version, generation, recipient, inner } = form;
  const { identity: caseIdentity, recipient: caseRecipient } = await generateIdentity();
  const address = { organisation, form: slug, version, generation, case: newCaseId(now) };
  const keys = {
    recipient,
    ...(inner && { inner }),
    caseIdentity,
    caseRecipient,
    receiptCode: newReceiptCode(),
  };
  return { ...address, ...keys, arrival, at: now.toISOString() };
}

/**
 * The place of a case's object, for the one who seals and the one who opens alike. Attachments, messages and notes
 * have an `object` id; the others are one of a kind.
 * Equality answers are kept apart from their case: their place names the form only.
 */
export function submissionPlace(
  of: CaseAddress,
  kind: SubmissionKind,
  object: ObjectId | null = null,
): ExpectedPlace {
  const { organisation, form, version, generation } = of;
  const inCase = kind === 'equality' ? null : of.case;
  return { organisation, form, version, generation, case: inCase, object, person: null, kind };
}

/**
 * Seals everything but the attachments, which `sealAttachment` has sent before.
 * Five sealings at most; some 20 ms in a browser.
 */
export async function sealSubmission(
  draft: CaseDraft,
  content: SubmissionContent,
  attachments: SealedAttachment[],
): Promise<SealedPost> {
  const { organisation, form, version, generation, case: id, arrival, caseIdentity, caseRecipient } = draft;
  const receiptRecipient = await recipientOf(await receiptIdentity(draft.receiptCode));
  const place = (kind: SubmissionKind): Place => ({
    ...submissionPlace(draft, kind),
    at: sealedAt(draft, kind),
  });
  return {
    ...{ organisation, form, version, generation, case: id, arrival },
    authenticator: await authenticatorHash(await receiptAuthenticator(draft.receiptCode)),
    answers: await sealJson(caseRecipient, place('answers'), content.answers),
    summary: await toForm(draft, place('summary'), bytesOf(canonicalJson(content.summary))),
    caseKey: await toForm(draft, place('case-key'), bytesOf(caseIdentity)),
    receiptKey: await sealEnvelope(receiptRecipient, place('receipt-key'), caseIdentity),
    equality:
      content.equality === null
        ? null
        : await toForm(draft, place('equality'), bytesOf(canonicalJson(content.equality))),
    attachments,
  };
}

/** Seals to the form: where its key lies around an older one, to that first, and what comes of it to the newer one. */
async function toForm({ recipient, inner }: CaseDraft, place: Place, content: Uint8Array): Promise<Sealed> {
  return sealInLayers(inner ? [recipient, inner] : [recipient], place, content);
}

/**
 * The key of one case, sealed to somebody who may read that case and no other of its form. Its place names them.
 */
export function sealCaseKeyTo(
  of: CaseAddress,
  person: PersonId,
  to: Recipient,
  caseIdentity: Identity,
  now: Date,
): Promise<Sealed> {
  return sealEnvelope(to, { ...caseKeyPlaceFor(of, person), at: now.toISOString() }, caseIdentity);
}

/** Where the key of a case lies that is sealed to one person. */
export function caseKeyPlaceFor(of: CaseAddress, person: PersonId): ExpectedPlace {
  return { ...submissionPlace(of, 'case-key'), person };
}

/** Where a message lies: of somebody of the body (`person`), or of the submitter (null). */
export function messagePlace(of: CaseAddress, message: ObjectId, person: PersonId | null): ExpectedPlace {
  return { ...submissionPlace(of, 'message', message), person };
}

export type NewMessage = { readonly id: ObjectId; readonly sealed: Sealed };

/** A message of somebody of the body, or of the submitter (null), sealed to the case's key. Who sends it again keeps its `id`. */
export async function sealMessage(
  of: CaseAddress,
  to: Recipient,
  {
    id,
    text,
    by,
    now,
  }: { readonly id: ObjectId; readonly text: string; readonly by: PersonId | null; readonly now: Date },
): Promise<NewMessage> {
  const place = { ...messagePlace(of, id, by), at: now.toISOString() };
  return { id, sealed: await sealJson(to, place, { text, files: [] }) };
}

/** Equality answers tell the day only: the exact instant would tie them to their case again. */
function sealedAt(draft: CaseDraft, kind: SubmissionKind): string {
  return kind === 'equality' ? `${draft.at.slice(0, 10)}T00:00:00.000Z` : draft.at;
}
