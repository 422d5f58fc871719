/**
 * # Note: what is noticed
 *
 * Four things see what stands open: Watch, from outside and without rights; the inspection of the configuration, from
 * inside; the rules about odd reading; and the register's witnesses. What any of them finds is one *alarm* in the
 * database, however often it is found. Red says that a submission could be read, or that nobody looks; amber that
 * something sealed lies loose, or that a wall has a hole behind which others still stand.
 *
 * A red finding about a form puts that form in *quarantine* in the same transaction, before anybody is told: nothing of
 * its cases is released to anybody until two managers have signed that it may be again. Then each person who minds alarms
 * is told by mail, and again, until one of them acknowledges it.
 *
 * LIMIT: Watch is believed. Whoever has its keys can put every form in quarantine; it cannot lift one, and it cannot read.
 */
import { z } from 'zod';
import { instant, words } from '../people/holdable.ts';
import { canonicalJson } from '../sealing/encoding.ts';
import { signText } from '../sealing/signature.ts';
import type { StaffIdentity } from '../sealing/staff.ts';

export const ALARM_KINDS = [
  ...(['readable', 'loose', 'elsewhere', 'blind', 'silence'] as const),
  ...(['configuration', 'odd-reading', 'register', 'by-hand', 'incident', 'tip'] as const),
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];
export const COLOURS = ['red', 'amber'] as const;

/** What is known of an alarm wherever it is shown or sent. */
export type Alarm = {
  readonly id: string;
  readonly kind: AlarmKind;
  readonly colour: (typeof COLOURS)[number];
  /** The form it is about, as people call it; null where it is about no form, or about all. */
  readonly title: string | null;
  /** What was seen, in a sentence; where; and as whom Watch asked. */
  readonly seen: string;
  readonly address: string | null;
  readonly asWhom: string | null;
  /** `quarantined`: its form is released to nobody; `nothing` was done else. */
  readonly done: string;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
  readonly times: number;
};

const HEADLINES: Readonly<Record<AlarmKind, string>> = {
  readable: 'Submissions can be read',
  loose: 'Sealed submissions lie loose',
  elsewhere: 'Something can be seen that must not be',
  blind: 'Watch cannot see everything',
  silence: 'Watch is silent',
  configuration: 'Something is not set as it should be',
  'odd-reading': 'Cases were read in an unusual way',
  register: 'The register does not add up',
  'by-hand': 'A colleague raised the alarm',
  tip: 'Somebody has told you of a data problem',
  incident: 'A regulator has to be told',
};

const MINDERS = ['manager', 'data-protection-officer', 'operator'];
/** Whether somebody looks after alarms, and after the incidents that come of them. */
export const minds = ({ capacities }: { readonly capacities: readonly string[] }): boolean =>
  capacities.some((each) => MINDERS.includes(each));

/** An alarm in a few words: what a mail's subject and a page's heading say. */
export function headline({ kind, title }: Pick<Alarm, 'kind' | 'title'>): string {
  const what = HEADLINES[kind];
  return title ? `${what}: ${title}` : what;
}

/** What was done about it by itself, in a sentence. */
export function doneInWords({ done, colour, kind }: Pick<Alarm, 'done' | 'colour' | 'kind'>): string {
  if (done === 'quarantined')
    return 'The form is in quarantine: none of its cases is released to anybody until two managers sign that it may be.';
  if (kind === 'register' && colour === 'red')
    return 'No case of any form is released to anybody while a witness objects.';
  return colour === 'red' ? 'Nothing was closed by itself: look at once.' : 'Nothing was closed by itself.';
}

const MOMENT = new Intl.DateTimeFormat('en-GB', {
  ...{ dateStyle: 'long', timeStyle: 'long', timeZone: 'Europe/London' },
});

/** The mail that tells one person of an alarm. It holds nobody's personal data and no answer. `nth`: 1 for the first. */
export function mailOf(
  alarm: Alarm,
  to: { readonly organisation: string; readonly name: string; readonly nth: number },
  deskUrl: string,
): { readonly subject: string; readonly text: string } {
  const again = to.nth > 1 ? ` (told ${to.nth} times, nobody has acknowledged it)` : '';
  const lines = [
    `${to.name},`,
    `${headline(alarm)}${again}.`,
    `What was seen: ${alarm.seen}`,
    alarm.asWhom && `As whom: ${alarm.asWhom}`,
    alarm.address && `Where: ${alarm.address}`,
    `Since when: ${MOMENT.format(alarm.firstSeen)}; last seen ${MOMENT.format(alarm.lastSeen)}.`,
    `What was done: ${doneInWords(alarm)}`,
    `What to do: sign in at ${deskUrl}/watch and acknowledge it, so that your colleagues know that you are on it.`,
    `This mail was sent by Letterbox for ${to.organisation}. It goes out again until somebody acknowledges the alarm.`,
  ];
  return {
    subject: `${alarm.colour === 'red' ? 'Red' : 'Amber'} alarm: ${headline(alarm)}${again}`,
    text: lines.filter((line) => line !== null).join('\n\n'),
  };
}

const id = z.uuid().lowercase();
const liftShape = z.strictObject({
  kind: z.literal('quarantine-lift'),
  ...{ organisation: id, signer: id, at: instant },
  quarantine: id,
  form: z.string().regex(/^[a-z0-9-]{1,40}$/),
  reason: words(500),
});
export type LiftDocument = z.infer<typeof liftShape>;

/** A signed lifting from its text, or null for anything not exactly of its shape, in canonical JSON (RFC 8785). */
export function parseLift(text: string): LiftDocument | null {
  try {
    const parsed = liftShape.safeParse(JSON.parse(text));
    return parsed.success && canonicalJson(parsed.data) === text ? parsed.data : null;
  } catch {
    return null;
  }
}

/** One of the two signatures by which a form is released again. */
export async function signLift(
  staff: StaffIdentity,
  about: Pick<LiftDocument, 'quarantine' | 'form' | 'reason'>,
  now: Date,
): Promise<{ text: string; signature: string }> {
  const { organisation, person: signer } = staff;
  const document = {
    kind: 'quarantine-lift' as const,
    organisation,
    signer,
    at: now.toISOString(),
    ...about,
  };
  const text = canonicalJson(liftShape.parse(document));
  return { text, signature: await signText(staff.signingKey, text) };
}

const sentence = (most: number) => words(most);

/** What Watch says of one thing it saw. `key` is the same whenever the same thing is seen again. */
const findingShape = z.strictObject({
  key: sentence(300),
  kind: z.enum(['readable', 'loose', 'elsewhere', 'blind']),
  colour: z.enum(COLOURS),
  form: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .nullable(),
  seen: sentence(1000),
  asWhom: sentence(200).nullable(),
  address: sentence(500).nullable(),
});

/** Watch's report of one round, as JSON. `every` and `took` are seconds; `gone`: keys of what it no longer sees. */
export const reportShape = z.strictObject({
  every: z.number().min(1).max(3600),
  took: z.number().min(0).max(86_400),
  /** 0: something red, told in the middle of a round. */
  asked: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  findings: z.array(findingShape).max(200),
  gone: z.array(sentence(300)).max(500),
});
export type Report = z.infer<typeof reportShape>;
