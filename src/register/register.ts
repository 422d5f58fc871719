/**
 * # Note: the register
 *
 * One append-only log an organisation: every release, grant, membership, publication, sign-in and
 * refusal is an entry, durable in the same transaction as what it tells of. A sequencer then gives
 * entries their places in a Merkle tree (RFC 6962) and signs its head as a C2SP checkpoint. Whoever
 * keeps a checkpoint can show that nothing before it was changed or taken out.
 *
 * A leaf is exactly the bytes of an entry's text, which carries no submitter's personal data:
 *
 *     {"v":1,"entry":"0b6e…","organisation":"0190…","kind":"release","actor":"0190…","case":"0190…",
 *      "at":"2026-11-02T09:00:00.000Z","form":"review","generation":1,"sealed":"…64 hex…"}
 *
 * LIMIT: it proves what was handed over, not what a reader does with it; and an operator's signature
 * alone cannot exclude a second, hidden log. Witnesses elsewhere do; they are a later part.
 */
import { z } from 'zod';

const entryShape = z.looseObject({
  v: z.literal(1),
  entry: z.uuid(),
  organisation: z.uuid(),
  kind: z.string(),
  at: z.iso.datetime({ precision: 3 }),
  actor: z.uuid().optional(),
  case: z.uuid().optional(),
});
export type Entry = z.infer<typeof entryShape>;

/** An entry from its text, or null for anything else. */
export function parseEntry(text: string): Entry | null {
  try {
    const parsed = entryShape.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

type Names = (id: unknown) => string;

const SENTENCES: Record<string, (entry: Entry, name: Names) => string> = {
  submission: (entry) => `A submission to ${entry.form} arrived and was stored sealed.`,
  list: (entry, name) =>
    `${name(entry.actor)} was given ${count(entry.cases)} sealed summaries of ${entry.form}.`,
  release: (entry, name) => `${name(entry.actor)} was given a case of ${entry.form}.`,
  'attachment-release': (entry, name) =>
    `${name(entry.actor)} was given an attachment of a case of ${entry.form}.`,
  founding: (entry, name) => `${name(entry.actor)} founded the organisation.`,
  invitation: (entry, name) => `${name(entry.actor)} invited ${name(entry.subject)}.`,
  enrolment: (entry, name) => `${name(entry.actor)} enrolled with keys of their own.`,
  membership: (entry, name) => `${name(entry.actor)} confirmed the words of ${name(entry.subject)}.`,
  publication: (entry, name) => `${name(entry.actor)} published version ${entry.version} of ${entry.form}.`,
  grant: (entry, name) => `${name(entry.actor)} proposed that ${name(entry.subject)} may read ${entry.form}.`,
  approval: (entry, name) => `${name(entry.actor)} approved a proposal.`,
  fulfilment: (entry, name) =>
    `${name(entry.actor)} handed the key of ${entry.form} to ${name(entry.subject)}.`,
  'grant-end': (entry, name) => `${name(entry.actor)} ended a grant or turned a proposal down.`,
  'form-key': (entry, name) => `${name(entry.actor)} made a key for ${entry.form}.`,
  'form-key-approval': (entry, name) => `${name(entry.actor)} countersigned a form's key.`,
  'sign-in': (entry, name) => `${name(entry.actor)} signed in by ${entry.how}.`,
  'sign-out': (entry, name) => `${name(entry.actor)} signed out.`,
  refusal: (entry, name) => `${name(entry.actor)} was refused: ${entry.act} (${entry.why}).`,
};

const count = (list: unknown): number => (Array.isArray(list) ? list.length : 0);

/** What an entry says, in plain words; `names` gives people's names by id where they are known. */
export function sentence(entry: Entry, names: ReadonlyMap<string, string> = new Map()): string {
  const name: Names = (id) =>
    typeof id === 'string' ? (names.get(id) ?? `Person ${id.slice(0, 8)}`) : 'Somebody';
  return SENTENCES[entry.kind]?.(entry, name) ?? `An entry of the kind ${entry.kind}.`;
}
