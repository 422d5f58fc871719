/**
 * # Note: the conversation
 *
 * What a case's submitter and its readers write to each other. Each message is sealed to the case's key, which the
 * submitter opens with the receipt code and a reader with the form's key, so both sides read both. Its place says who wrote
 * it: somebody of the body (`person`) or the submitter (null), and opening refuses it as anybody else's.
 *
 *     {"text":"We have asked the force for its file.","files":[]}
 *
 * Who seals a message has to know the case's recipient, which stands nowhere: whoever opened the case knows it, and
 * nobody else. So a row that somebody writes into the database is no message that opens.
 *
 * The public process hands a submitter's messages to whoever shows the authenticator of the receipt code, after an entry in
 * the register. It never has the answers; those it can put in and not take out.
 *
 * LIMIT: without JavaScript the receipt code, and with it each message, is in the public process's memory while one request
 * is answered (`onreturn.ts`). The pages say so.
 * LIMIT: whoever finds a receipt code reads the conversation. Each return is in the register, and the page says when the last was.
 * LIMIT: a reader has the case's key anyway, so one who means ill could write as the submitter by a code they issued
 * themselves. That they issued one is in the register, and the submitter is shown it.
 */
import { z } from 'zod';
import { type Identity, recipientOf } from '../sealing/keys.ts';
import { caseId, formId, objectId, organisationId } from '../sealing/place.ts';
import {
  authenticatorHash,
  newReceiptCode,
  type ReceiptCode,
  receiptAuthenticator,
  receiptIdentity,
} from '../sealing/receipt.ts';
import { type Sealed, sealEnvelope } from '../sealing/seal.ts';
import { type CaseAddress, submissionPlace } from '../sealing/submission.ts';

/** In characters. A longer letter is a file. */
export const LONGEST_MESSAGE = 10_000;
/** In bytes, sealed: 10,000 characters and their place, filled up. */
export const LARGEST_REPLY = 70_000;
/** Of the body, which sends notices into conversations, too. */
export const LARGEST_MESSAGE = 262_144;
const MOST_READ = 60_000;

/** A message as it is handed over; `sealed` as base64url. `person`, `name`: who of the body wrote it; null: the submitter. */
export const sealedMessageShape = z.object({
  id: z.string().transform(objectId),
  person: z.string().nullable(),
  name: z.string().nullable(),
  arrival: z.enum(['browser', 'server']),
  at: z.string(),
  sealed: z.string(),
});
export type SealedMessage = z.output<typeof sealedMessageShape>;

const contentShape = z.object({ text: z.string().max(MOST_READ) });

/** What an opened message says. Either side wrote it, so its shape is theirs to break: null where it is none. */
export function readMessage(opened: unknown): string | null {
  const parsed = contentShape.safeParse(opened);
  return parsed.success ? parsed.data.text : null;
}

/** What somebody typed, as a message: without blank lines around it. Or what is wrong with it, in a sentence. */
export function parseText(typed: string): { readonly text: string } | { readonly problem: string } {
  const text = typed.replaceAll('\r\n', '\n').replaceAll('\0', '').trim();
  if (text === '') return { problem: 'Enter your message' };
  if (text.length <= LONGEST_MESSAGE) return { text };
  const over = text.length - LONGEST_MESSAGE;
  return {
    problem: `Your message must be ${LONGEST_MESSAGE.toLocaleString('en-GB')} characters or fewer. It is ${over.toLocaleString('en-GB')} too long`,
  };
}

/** Another receipt code for a case: the code, the hash of its authenticator, and the case's key sealed to it. */
export async function renewedReceipt(
  of: CaseAddress,
  caseIdentity: Identity,
  now: Date,
): Promise<{ readonly code: ReceiptCode; readonly authenticator: string; readonly receiptKey: Sealed }> {
  const code = newReceiptCode();
  const to = await recipientOf(await receiptIdentity(code));
  const place = { ...submissionPlace(of, 'receipt-key'), at: now.toISOString() };
  return {
    code,
    authenticator: await authenticatorHash(await receiptAuthenticator(code)),
    receiptKey: await sealEnvelope(to, place, caseIdentity),
  };
}

const opening = z.object({ person: z.string(), capacities: z.array(z.string()), at: z.string() });

/** What a submitter who comes back is handed; bytes as base64url. `day`: when it arrived. `renewedAt`: since when a newer code counts; `returnedAt`: when somebody came last, an hour ago or longer. */
export const returnedShape = z.object({
  ...{ organisation: z.string(), organisationName: z.string(), form: z.string(), title: z.string() },
  ...{
    version: z.number(),
    generation: z.number(),
    case: z.string(),
    reference: z.string(),
    day: z.string(),
  },
  receiptKey: z.string(),
  messages: z.array(sealedMessageShape),
  openings: z.array(opening),
  /** In the form's words; null before anybody took a step. */
  state: z.object({ label: z.string(), since: z.string() }).nullable(),
  renewedAt: z.string().nullable(),
  returnedAt: z.string().nullable(),
});
export type Returned = z.output<typeof returnedShape>;

export function addressIn(returned: Returned): CaseAddress {
  const { version, generation } = returned;
  return {
    ...{ organisation: organisationId(returned.organisation), form: formId(returned.form) },
    ...{ case: caseId(returned.case), version, generation },
  };
}

/** Somebody who opened the case, in the submitter's words, and when first and last. */
export type OpenedBy = {
  readonly who: string;
  readonly times: number;
  readonly first: string;
  readonly last: string;
};

const CAPACITIES: Readonly<Record<string, string>> = {
  caseworker: 'caseworker',
  manager: 'manager',
  'data-protection-officer': 'data protection officer',
  keyholder: 'keyholder',
};

/** Who opened a case, each person once, without their names: `A caseworker`, `Another caseworker`. */
export function openedBy(openings: Returned['openings']): OpenedBy[] {
  const seen = new Map<string, number>();
  return [...Map.groupBy(openings, ({ person }) => person).values()].map((same) => {
    const [first, last] = [same[0], same.at(-1)];
    const capacity =
      (first?.capacities ?? []).map((one) => CAPACITIES[one]).find((one) => one) ?? 'colleague';
    const before = seen.get(capacity) ?? 0;
    seen.set(capacity, before + 1);
    return {
      who: before === 0 ? `A ${capacity}` : `Another ${capacity} (${before + 1})`,
      ...{ times: same.length, first: first?.at ?? '', last: last?.at ?? '' },
    };
  });
}
