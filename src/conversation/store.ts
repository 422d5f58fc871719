/** What the database knows of conversations; rows are parsed on their way in. */
import { z } from 'zod';
import { fromBase64url } from '../sealing/encoding.ts';
import { caseId } from '../sealing/place.ts';
import { authenticatorHash } from '../sealing/receipt.ts';
import type { Arrival, NewMessage } from '../sealing/submission.ts';
import type { Database, Statements } from '../store/store.ts';

const bytes = z.instanceof(Uint8Array);

const returnedRow = z.object({
  case_id: z.string().transform(caseId),
  ...{ organisation: z.string(), organisation_name: z.string(), form: z.string(), form_title: z.string() },
  ...{ version: z.number(), generation: z.number(), day: z.string(), closed: z.boolean() },
  receipt_key: bytes.nullable(),
  ...{ messages: z.unknown(), openings: z.unknown(), renewed_at: z.date().nullable() },
  returned_at: z.date().nullable(),
});
export type ReturnedRow = z.output<typeof returnedRow>;

const hashed = async (authenticator: string) => fromBase64url(await authenticatorHash(authenticator));

/** The case that a receipt's authenticator stands for, with an entry that its submitter came back; null where there is none. */
export async function comeBack(
  slot: Database,
  authenticator: string,
  opened: Arrival,
): Promise<ReturnedRow | null> {
  return slot.maybe(returnedRow, 'select *, received_on::text as day from letterbox.slot_return($1, $2)', [
    await hashed(authenticator),
    opened,
  ]);
}

const stateRow = z.object({ label: z.string(), since: z.date() });

/** In which state of its form the case of a receipt is, in the form's words; null before anybody took a step. */
export async function stateFor(
  slot: Database,
  authenticator: string,
): Promise<z.output<typeof stateRow> | null> {
  return slot.maybe(stateRow, 'select * from letterbox.slot_state($1)', [await hashed(authenticator)]);
}

const replies = ['kept', 'again', 'other', 'unknown', 'closed', 'too-many'] as const;
export type Reply = (typeof replies)[number];

/** Stores what a submitter wrote; the same message may come any number of times. */
export async function keepReply(
  slot: Database,
  authenticator: string,
  { id, sealed }: NewMessage,
  arrival: Arrival,
): Promise<Reply> {
  const sql = 'select letterbox.slot_reply($1, $2, $3, $4) as reply';
  const parameters = [await hashed(authenticator), id, arrival, sealed];
  return (await slot.one(z.object({ reply: z.enum(replies) }), sql, parameters)).reply;
}

const proofRow = z.object({
  ...{ case_id: z.string(), organisation: z.string(), vkey: z.string(), size: z.bigint(), note: z.string() },
  entries: z.array(z.object({ index: z.number(), body: z.string() })),
});
export type ProofRow = z.output<typeof proofRow>;

/** What the register says of the case that an authenticator stands for; null where there is none, or no checkpoint yet. */
export async function proofFor(slot: Database, authenticator: string): Promise<ProofRow | null> {
  return slot.maybe(proofRow, 'select * from letterbox.slot_proof($1)', [await hashed(authenticator)]);
}

/** Stores what a reader wrote; refuses (LB404) what they may not read. */
export async function writeMessage(
  on: Statements,
  of: string,
  { id, sealed }: NewMessage,
): Promise<'kept' | 'again' | 'other'> {
  const row = z.object({ reply: z.enum(['kept', 'again', 'other']) });
  return (await on.one(row, 'select letterbox.write_message($1, $2, $3) as reply', [of, id, sealed])).reply;
}

/** Another receipt for a case, of which only this counts from now on; refuses as `writeMessage`. */
export async function renewReceipt(
  on: Statements,
  of: string,
  authenticator: Uint8Array,
  receiptKey: Uint8Array,
): Promise<undefined> {
  await on.run('select letterbox.renew_receipt($1, $2, $3)', [of, authenticator, receiptKey]);
  return undefined;
}

/** Keeps that a case's submitter is told of a message; refuses as `writeMessage`, and where there is none, or they were just told. */
export async function tellSubmitter(on: Statements, of: string): Promise<undefined> {
  await on.run('select letterbox.tell_submitter($1)', [of]);
  return undefined;
}

const unansweredRow = z.object({
  ...{ case_id: z.string().transform(caseId), form: z.string(), title: z.string(), at: z.date() },
  messages: z.bigint(),
});
export type Unanswered = z.output<typeof unansweredRow>;

/** Cases that the actor may read whose submitter wrote last, the longest waiting first. */
export const unanswered = (on: Statements): Promise<Unanswered[]> =>
  on.rows(unansweredRow, 'select * from letterbox.unanswered()');
