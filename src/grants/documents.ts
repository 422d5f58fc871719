/**
 * The signed documents of this room, as texts and back. A document is signed as text, verbatim:
 *
 *     {"kind":"grant","organisation":"0190…","id":"0190…","person":"0190…","fingerprint":"9f…","recipient":"age1pq1…",
 *      "form":"review","fromGeneration":1,"until":"2027-01-31T23:59:59.000Z","purpose":"Review cases",
 *      "effect":"…64 hex…","state":"…64 hex…","signer":"0190…","at":"2026-11-02T09:00:00.000Z"}
 *
 * Parsers refuse unknown keys, anything that is not of its exact shape, and any other spelling of it than
 * canonical JSON (RFC 8785); they judge no signature.
 */
import { z } from 'zod';
import { canonicalJson } from '../sealing/encoding.ts';

/** A document with its signature, base64url. */
export type Signed = { readonly text: string; readonly signature: string };

const id = z.uuid().lowercase();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime({ precision: 3 });
const form = z.string().regex(/^[a-z0-9-]{1,40}$/);
const recipient = z.string().regex(/^age1pq1[0-9a-z]+$/);
const signed = { organisation: id, signer: id, at: instant };

const grantShape = z.strictObject({
  kind: z.literal('grant'),
  ...signed,
  id,
  /** Only ever a person: there is no value that means everyone. */
  person: id,
  fingerprint: hash,
  recipient,
  form,
  fromGeneration: z.number().int().positive(),
  until: instant,
  purpose: z.string().min(1).max(200),
  effect: hash,
  state: hash,
});
const approvalShape = z.strictObject({
  kind: z.literal('approval'),
  ...signed,
  grant: hash,
  effect: hash,
  state: hash,
  /** How many people will be able to read, as the approver typed it. */
  people: z.number().int().positive(),
});
const endShape = z.strictObject({
  kind: z.literal('grant-end'),
  ...signed,
  grant: hash,
  reason: z.string().min(1).max(500),
});
const formKeyShape = z.strictObject({
  kind: z.literal('form-key'),
  ...signed,
  form,
  generation: z.number().int().positive(),
  recipient,
});
const formKeyApprovalShape = z.strictObject({
  kind: z.literal('form-key-approval'),
  ...signed,
  formKey: hash,
});

export type GrantDocument = z.infer<typeof grantShape>;
export type ApprovalDocument = z.infer<typeof approvalShape>;
export type EndDocument = z.infer<typeof endShape>;
export type FormKeyDocument = z.infer<typeof formKeyShape>;
export type FormKeyApprovalDocument = z.infer<typeof formKeyApprovalShape>;
export type GrantsDocument =
  | GrantDocument
  | ApprovalDocument
  | EndDocument
  | FormKeyDocument
  | FormKeyApprovalDocument;

const anyShape = z.discriminatedUnion('kind', [
  grantShape,
  approvalShape,
  endShape,
  formKeyShape,
  formKeyApprovalShape,
]);

/** The text that gets signed. */
export function documentText(document: GrantsDocument): string {
  return canonicalJson(anyShape.parse(document));
}

/** A document of this room from its text, or null for anything else. */
export function parseDocument(text: string): GrantsDocument | null {
  try {
    const parsed = anyShape.safeParse(JSON.parse(text));
    return parsed.success && canonicalJson(parsed.data) === text ? parsed.data : null;
  } catch {
    return null;
  }
}
