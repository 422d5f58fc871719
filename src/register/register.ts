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
 *      "at":"2026-11-02T09:00:00.000Z","form":"review","generation":1,"sealed":"…64 hex…","grant":"…64 hex…"}
 *
 * A release names the signed document by which the database allowed it. Whether two people signed that one is for
 * the register's reader to check (`letterbox verify`, and the desk's own page in the browser).
 *
 * LIMIT: it proves what was handed over, not what a reader does with it; and an operator's signature
 * alone cannot exclude a second, hidden log. Witnesses elsewhere do (witness.ts), where the site asks any (cosigning.ts).
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

/** The signed document that an entry stands for, by its hash; null for entries that stand for none. */
export function documentOf(entry: Entry): string | null {
  const named = z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .safeParse(entry.document);
  return named.success ? named.data : null;
}

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
type Say = (entry: Entry, name: Names) => string;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** `Ana, Ben and 3 others`: an entry may name fifty. */
function named(ids: unknown, name: Names): string {
  const names = list(ids).map(name);
  if (names.length === 0) return 'somebody';
  if (names.length > 6) return `${names.slice(0, 5).join(', ')} and ${names.length - 5} others`;
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
/** The forms an entry is about: one (`form`) or several (`forms`). */
function forms({ form, forms: several }: Entry): string {
  const each = list(several ?? [form]).filter((one) => typeof one === 'string');
  return each.length === 0 ? 'a form' : each.join(', ');
}
/** Whose data-protection training was in date: the record a regulator's form asks for. */
function trained({ training }: Entry, name: Names): string {
  const people = typeof training === 'object' && training !== null ? Object.keys(training) : [];
  return people.length === 0 ? '' : ` Training was in date for ${named(people, name)}.`;
}

const READING: Record<string, Say> = {
  submission: (entry) => `A submission to ${entry.form} arrived and was stored sealed.`,
  list: (entry, name) =>
    `${name(entry.actor)} was given ${list(entry.cases).length} sealed summaries of ${entry.form}.`,
  release: (entry, name) => `${name(entry.actor)} was given a case of ${entry.form}.`,
  'attachment-release': (entry, name) =>
    `${name(entry.actor)} was given an attachment of a case of ${entry.form}.`,
  message: (entry, name) =>
    entry.actor
      ? `${name(entry.actor)} wrote to the submitter of a case of ${entry.form}.`
      : `The submitter of a case of ${entry.form} wrote a message.`,
  'case-state': (entry, name) =>
    `${name(entry.actor)} took a case of ${entry.form} to the state ${entry.state}${entry.outcome ? ` (${entry.outcome})` : ''}.`,
  'case-assigned': (entry, name) =>
    `${name(entry.actor)} gave a case of ${entry.form} to ${entry.subject ? name(entry.subject) : 'nobody in particular'}.`,
  'message-told': (entry, name) =>
    `${name(entry.actor)} set out to tell the submitter of a case of ${entry.form} by e-mail that there is a message.`,
  return: (entry) => `Somebody came back to a case of ${entry.form} with its receipt code.`,
  'receipt-renewed': (entry, name) =>
    `${name(entry.actor)} issued another receipt code for a case of ${entry.form}. The one before counts no longer.`,
  refusal: (entry, name) =>
    `${name(entry.actor)} was refused: ${entry.act} (${entry.why})${entry.form ? `, about ${entry.form}` : ''}.`,
};

const PEOPLE: Record<string, Say> = {
  founding: (entry, name) =>
    `${name(entry.actor)} founded the organisation${typeof entry.host === 'string' ? `, by a link of an operator of ${entry.host}` : ''}.`,
  invitation: (entry, name) => `${name(entry.actor)} invited ${name(entry.subject)}.`,
  enrolment: (entry, name) => `${name(entry.actor)} enrolled with keys of their own.`,
  'body-invitation': (entry, name) =>
    `${name(entry.actor)} made a link by which ${entry.slug} can be founded.`,
  membership: (entry, name) => `${name(entry.actor)} confirmed the words of ${name(entry.subject)}.`,
  leaving: (entry, name) =>
    entry.actor === entry.subject
      ? `${name(entry.actor)} left.`
      : `${name(entry.actor)} recorded that ${name(entry.subject)} has left.`,
  suspension: (entry, name) => `${name(entry.actor)} suspended ${name(entry.subject)}.`,
  resumption: (entry, name) =>
    `${name(entry.actor)} signed that the suspension of ${name(entry.subject)} be lifted. It takes two signatures.`,
  training: (entry, name) =>
    entry.actor === entry.subject
      ? `${name(entry.actor)} passed the data-protection course.`
      : `${name(entry.actor)} recorded training of ${name(entry.subject)}, held elsewhere.`,
  away: (entry, name) =>
    `${name(entry.subject)} is away from ${entry.first} to ${entry.last}, as ${name(entry.actor)} said.`,
  'away-forgotten': (entry, name) => `${name(entry.actor)} took back that ${name(entry.subject)} is away.`,
  'sign-in': (entry, name) => `${name(entry.actor)} signed in by ${entry.how}.`,
  'sign-out': (entry, name) => `${name(entry.actor)} signed out.`,
};

const ACCESS: Record<string, Say> = {
  publication: (entry, name) => `${name(entry.actor)} published version ${entry.version} of ${entry.form}.`,
  grant: (entry, name) =>
    `${name(entry.actor)} proposed that ${named(entry.people, name)} may read ${forms(entry)}.${trained(entry, name)}`,
  approval: (entry, name) =>
    `${name(entry.actor)} approved that ${named(entry.people, name)} may read ${forms(entry)}.${trained(entry, name)}`,
  withdrawal: (entry, name) => `${name(entry.actor)} withdrew a proposal or turned it down.`,
  fulfilment: (entry, name) =>
    `${name(entry.actor)} handed the keys of ${forms(entry)} to ${named(entry.people, name)}.`,
  'grant-end': (entry, name) =>
    `${name(entry.actor)} ended access of ${named(entry.people, name)} to ${forms(entry)}.`,
  review: (entry, name) =>
    `${name(entry.actor)} confirmed that access of ${named(entry.people, name)} to ${forms(entry)} is still needed.${trained(entry, name)}`,
  'form-key': (entry, name) =>
    Number(entry.generation ?? 1) > 1
      ? `${name(entry.actor)} turned the key of ${entry.form} to generation ${entry.generation}.`
      : `${name(entry.actor)} made a key for ${entry.form}.`,
  'form-key-approval': (entry, name) => `${name(entry.actor)} countersigned a form's key.`,
};

const RECOVERY: Record<string, Say> = {
  rehearsal: (entry, name) =>
    `${name(entry.actor)} showed that sheets ${list(entry.sheets).join(', ')} rebuild the recovery key. Nothing was opened.`,
  recovery: (entry, name) =>
    `${name(entry.actor)} began a recovery of the keys of ${forms(entry)} for ${name(entry.subject)}.`,
  'recovery-consent': (entry, name) =>
    `${name(entry.actor)} agreed to a recovery of keys for ${name(entry.subject)}.`,
  'recovery-envelopes': (entry, name) =>
    `${name(entry.actor)} was given the envelopes of a recovery for ${name(entry.subject)}: ${list(entry.keys).join(', ')}.`,
  'recovery-end': (entry, name) =>
    entry.done === true
      ? `${name(entry.actor)} ended a recovery: its keys were handed to ${name(entry.subject)}.`
      : `${name(entry.actor)} stopped a recovery of keys for ${name(entry.subject)}.`,
};

const WATCHING: Record<string, Say> = {
  canaries: (entry, name) =>
    `${name(entry.actor)} said which ${list(entry.cases).length} cases of ${entry.form} will be canaries, before they came.`,
  'canaries-retired': (entry, name) => `${name(entry.actor)} took ${list(entry.cases).length} canaries away.`,
  watched: (entry, name) => `${name(entry.actor)} has been round, with ${entry.asked} questions asked.`,
  alarm: (entry, name) =>
    `${entry.colour === 'red' ? 'A red' : 'An amber'} alarm (${entry.what})${entry.form ? ` about ${entry.form}` : ''} was raised${entry.actor ? ` by ${name(entry.actor)}` : ''}.`,
  'alarm-acknowledged': (entry, name) => `${name(entry.actor)} is on an alarm.`,
  quarantine: (entry, name) =>
    `${name(entry.actor)} put ${entry.form} in quarantine: its cases are released to nobody.`,
  'quarantine-lift': (entry, name) =>
    `${name(entry.actor)} signed that ${entry.form} may be read again. It takes two signatures.`,
};

const INCIDENTS: Record<string, Say> = {
  incident: (entry, name) => `${name(entry.actor)} opened an incident (${entry.source}).`,
  'incident-step': (entry, name) =>
    `${name(entry.actor)} took step ${entry.n} of an incident: ${entry.step}.`,
  'notice-list': (entry, name) => `${name(entry.actor)} was given the sealed list of a notice.`,
  'notice-message': (entry, name) =>
    `${name(entry.actor)} saw to a message of a notice: ${String(entry.state).replaceAll('-', ' ')}.`,
};

const SENTENCES: Record<string, Say> = {
  ...READING,
  ...PEOPLE,
  ...ACCESS,
  ...RECOVERY,
  ...WATCHING,
  ...INCIDENTS,
};

/** What an entry says, in plain words; `names` gives people's names by id where they are known. */
export function sentence(entry: Entry, names: ReadonlyMap<string, string> = new Map()): string {
  const name: Names = (id) =>
    typeof id === 'string' ? (names.get(id) ?? `Person ${id.slice(0, 8)}`) : 'Somebody';
  return SENTENCES[entry.kind]?.(entry, name) ?? `An entry of the kind ${entry.kind}.`;
}
