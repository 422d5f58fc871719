/**
 * The signed documents of this room, as texts and back. A document is signed as text, verbatim:
 *
 *     {"kind":"grant","organisation":"0190…","id":"0190…",
 *      "people":[{"person":"0190…","fingerprint":"9f…","recipient":"age1pq1…"}],
 *      "scopes":[{"form":"review","case":null,"fromGeneration":1,"purpose":"Review cases"}],
 *      "from":"2026-11-02T09:00:00.000Z","until":"2027-01-31T23:59:59.000Z",
 *      "effect":"…64 hex…","state":"…64 hex…","signer":"0190…","at":"2026-11-02T09:00:00.000Z"}
 *
 * One grant document stands for each of its people and each of its scopes; what ends or is reviewed is one such
 * line, by the id that `grantIdOf` derives from the document.
 *
 * Parsers refuse unknown keys, anything that is not of its exact shape, and any other spelling of it than
 * canonical JSON (RFC 8785); they judge no signature.
 */
import { z } from 'zod';
import { count, instant, words } from '../people/holdable.ts';
import { canonicalJson } from '../sealing/encoding.ts';
import { sha256Hex } from '../sealing/signature.ts';

/** A document with its signature, base64url. */
export type Signed = { readonly text: string; readonly signature: string };

const id = z.uuid().lowercase();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const form = z.string().regex(/^[a-z0-9-]{1,40}$/);
const recipient = z.string().regex(/^age1pq1[0-9a-z]+$/);
const signed = { organisation: id, signer: id, at: instant };

const grantee = z.strictObject({
  /** Only ever a person: there is no value that means everyone. */
  person: id,
  fingerprint: hash,
  recipient,
});
const scope = z.strictObject({
  form,
  /** One case of the form only; null for all that the form's key opens. */
  case: id.nullable(),
  fromGeneration: count,
  purpose: words(200),
});
export const MOST_PEOPLE = 50;
export const MOST_SCOPES = 20;

const grantShape = z
  .strictObject({
    kind: z.literal('grant'),
    ...signed,
    id,
    people: z.array(grantee).min(1).max(MOST_PEOPLE),
    scopes: z.array(scope).min(1).max(MOST_SCOPES),
    from: instant,
    until: instant,
    effect: hash,
    state: hash,
  })
  .refine(({ people }) => areDistinct(people.map(({ person }) => person)))
  .refine(({ scopes }) => areDistinct(scopes.map((each) => `${each.form} ${each.case}`)));
const approvalShape = z.strictObject({
  kind: z.literal('approval'),
  ...signed,
  /** Hash of the grant document. */
  proposal: hash,
  effect: hash,
  state: hash,
  /** How many people will be able to read, as the approver typed it. */
  people: count,
});
const reason = words(500);
const withdrawalShape = z.strictObject({
  kind: z.literal('withdrawal'),
  ...signed,
  proposal: hash,
  reason,
});
const lines = z.array(id).min(1).max(1000).refine(areDistinct);
const endShape = z.strictObject({ kind: z.literal('grant-end'), ...signed, grants: lines, reason });
const reviewShape = z.strictObject({ kind: z.literal('review'), ...signed, grants: lines });
const formKeyShape = z
  .strictObject({
    kind: z.literal('form-key'),
    ...signed,
    form,
    generation: count,
    recipient,
    /** The key document before this one: null for a form's first key. */
    after: hash.nullable(),
    /** The plain key to which everything is sealed first: set where a manager who does not read turns the key. */
    around: hash.nullable(),
  })
  .refine(
    (key) => (key.generation === 1) === (key.after === null) && (key.after !== null || key.around === null),
  );
const formKeyApprovalShape = z.strictObject({
  kind: z.literal('form-key-approval'),
  ...signed,
  formKey: hash,
});

export type GrantDocument = z.infer<typeof grantShape>;
export type ApprovalDocument = z.infer<typeof approvalShape>;
export type FormKeyDocument = z.infer<typeof formKeyShape>;

const anyShape = z.discriminatedUnion('kind', [
  grantShape,
  approvalShape,
  withdrawalShape,
  endShape,
  reviewShape,
  formKeyShape,
  formKeyApprovalShape,
]);
export type GrantsDocument = z.infer<typeof anyShape>;
/** The words this room's documents begin with. */
export const KINDS: readonly string[] = anyShape.options.map((option) => option.shape.kind.value);

function areDistinct(words: readonly string[]): boolean {
  return new Set(words).size === words.length;
}

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

/**
 * The id of one line of a grant document: one person, one form or case. Derived, so that whoever holds the document
 * knows what an end or a review names; the database derives the same (`grant_line`).
 */
export async function grantIdOf(
  document: string,
  person: string,
  of: { readonly form: string; readonly case: string | null },
): Promise<string> {
  const hex = await sha256Hex(`letterbox grant line\n${document} ${person} ${of.form} ${of.case ?? '-'}\n`);
  // RFC 9562, version 8: an id of our own making.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
