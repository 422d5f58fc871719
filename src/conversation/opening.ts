/**
 * Opening a conversation. Imported by browser code, and by the one file of the public process that stands in for a browser
 * without JavaScript (`onreturn.ts`); a test of the house reads the imports.
 */
import { fromBase64url } from '../sealing/encoding.ts';
import type { Identity } from '../sealing/keys.ts';
import { openEnvelope, openJson } from '../sealing/open.ts';
import { personId } from '../sealing/place.ts';
import { type ReceiptCode, receiptIdentity } from '../sealing/receipt.ts';
import { SealingError } from '../sealing/sealing.ts';
import { type CaseAddress, messagePlace, submissionPlace } from '../sealing/submission.ts';
import { addressIn, type Returned, readMessage, type SealedMessage } from './conversation.ts';

/** `text` null: it could not be opened, or is not what it should be. `name`: who of the body wrote it, where that is told. */
export type Message = {
  readonly id: string;
  readonly from: 'submitter' | 'body';
  readonly name: string | null;
  readonly at: string;
  readonly arrival: SealedMessage['arrival'];
  readonly text: string | null;
};

const bytes = (text: string): Uint8Array => fromBase64url(text) ?? new Uint8Array();

/** Each message by the case's key. One that does not open hinders no other. */
export function openMessages(
  caseIdentity: Identity,
  of: CaseAddress,
  messages: readonly SealedMessage[],
): Promise<Message[]> {
  return Promise.all(
    messages.map(async ({ id, person, name, at, arrival, sealed }) => {
      const place = messagePlace(of, id, person === null ? null : personId(person));
      const opened = await openJson(caseIdentity, bytes(sealed), place).catch((error: unknown) => {
        if (error instanceof SealingError) return null;
        throw error;
      });
      const from = person === null ? ('submitter' as const) : ('body' as const);
      return { id, from, name, at, arrival, text: readMessage(opened) };
    }),
  );
}

/** What a submitter finds who comes back: the case's key, and what was written. @throws SealingError where the code does not open it */
export async function openReturned(
  code: ReceiptCode,
  returned: Returned,
): Promise<{ readonly caseIdentity: Identity; readonly of: CaseAddress; readonly messages: Message[] }> {
  const of = addressIn(returned);
  const place = submissionPlace(of, 'receipt-key');
  const caseIdentity = await openEnvelope(await receiptIdentity(code), bytes(returned.receiptKey), place);
  return { caseIdentity, of, messages: await openMessages(caseIdentity, of, returned.messages) };
}
