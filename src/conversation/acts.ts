/** What readers do in a conversation: each act is one transaction with its entry; a refusal is registered in one of its own. */
import { act, type Database, type SessionSecret, type Tx } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import type { NewMessage } from './conversation.ts';
import { renewReceipt, writeMessage } from './store.ts';

/** The one answer for a case that is absent, another body's, or not for this person: nothing tells them apart. */
export const NO_CASE = refuse(
  'missing',
  'missing',
  'There is no such case for you. Check the address, or whether your access has ended.',
);

async function attempt<T>(
  desk: Database,
  session: SessionSecret,
  { name, of }: { readonly name: string; readonly of: string },
  work: (tx: Tx) => Promise<T>,
): Promise<T | Refusal> {
  const result = await act(desk, session, work);
  if (!isRefusal(result)) return result;
  const facts = [name, result.refusal, of, null];
  await act(desk, session, (tx) => tx.run('select letterbox.register_refusal($1, $2, $3, $4)', facts));
  return result.kind === 'missing' ? NO_CASE : result;
}

/** Writes to a case's submitter. The same message may be written again, and is there once. */
export async function write(
  desk: Database,
  session: SessionSecret,
  of: string,
  message: NewMessage,
): Promise<null | Refusal> {
  const reply = await attempt(desk, session, { name: 'message', of }, (tx) => writeMessage(tx, of, message));
  if (isRefusal(reply)) return reply;
  return reply === 'other' ? TAKEN : null;
}

const TAKEN = refuse(
  'taken',
  'conflict',
  'Another message lies here already. Reload the page and send it again.',
);

/** Issues another receipt code for a case; the one before counts no longer. */
export function renew(
  desk: Database,
  session: SessionSecret,
  of: string,
  { authenticator, receiptKey }: { readonly authenticator: Uint8Array; readonly receiptKey: Uint8Array },
): Promise<undefined | Refusal> {
  return attempt(desk, session, { name: 'receipt', of }, (tx) =>
    renewReceipt(tx, of, authenticator, receiptKey),
  );
}
