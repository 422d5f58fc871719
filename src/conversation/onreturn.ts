/**
 * Opened on return: THE one file in which the server, for want of JavaScript on the other side, opens something. A submitter
 * who comes back types the receipt code into a page; it travels in their own pages and is here, with what it opens, only
 * while one of their requests is answered. Nothing of it is stored, or written to diagnostics.
 */
import { recipientOf } from '../sealing/keys.ts';
import { objectId } from '../sealing/place.ts';
import type { ReceiptCode } from '../sealing/receipt.ts';
import { type NewMessage, sealMessage } from '../sealing/submission.ts';
import type { Returned } from './conversation.ts';
import { type Message, openReturned } from './opening.ts';

/** What was written in a case, for the page on which its submitter comes back. @throws SealingError */
export async function openedOnReturn(code: ReceiptCode, returned: Returned): Promise<Message[]> {
  return (await openReturned(code, returned)).messages;
}

/** What a submitter wrote, sealed to their case under this id. @throws SealingError */
export async function sealedOnReturn(
  code: ReceiptCode,
  returned: Returned,
  { id, text, now }: { readonly id: string; readonly text: string; readonly now: Date },
): Promise<NewMessage> {
  const { caseIdentity, of } = await openReturned(code, { ...returned, messages: [] });
  const to = await recipientOf(caseIdentity);
  return sealMessage(of, to, { id: objectId(id), text, by: null, now });
}
