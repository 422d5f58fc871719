/** What readers do in a conversation: each act is one transaction with its entry; a refusal is registered in one of its own. */
import type { Address } from '../post/address.ts';
import type { Relay } from '../post/post.ts';
import { newId } from '../sealing/place.ts';
import type { NewMessage } from '../sealing/submission.ts';
import { act, type Database, type SessionSecret, type Tx } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { renewReceipt, tellSubmitter, writeMessage } from './store.ts';

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

const WORDS: Readonly<Record<string, string>> = {
  'nothing-to-tell': 'Nobody has written to them yet. Write your message first.',
  'told-already': 'They were told less than ten minutes ago. One mail is enough.',
};

const NO_RELAY = refuse(
  'no-relay',
  'conflict',
  'No mail goes out from here: no mail relay is set up. Tell them in another way.',
);

/** By what mail goes out, and where a submitter comes back. */
export type Telling = { readonly relay: Relay | null; readonly publicUrl: string };

/** Tells a submitter by mail that there is a message: from which body, where to read it, and nothing else. */
export async function tell(
  { desk, relay, publicUrl }: Telling & { readonly desk: Database },
  { session, organisationName }: { readonly session: SessionSecret; readonly organisationName: string },
  of: string,
  to: Address,
): Promise<null | Refusal> {
  if (!relay) return NO_RELAY;
  const allowed = await attempt(desk, session, { name: 'tell', of }, (tx) => tellSubmitter(tx, of));
  if (isRefusal(allowed)) {
    return { ...allowed, message: WORDS[allowed.refusal] ?? allowed.message };
  }
  const sending = await relay.send({ id: newId(), to, ...mailFrom(organisationName, publicUrl) });
  if (sending.sent) return null;
  return refuse('not-sent', 'conflict', `The mail did not go out. ${sending.why} Tell them in another way.`);
}

const mailFrom = (organisationName: string, publicUrl: string) => ({
  subject: `There is a message for you from ${organisationName}`,
  text: `There is a message for you. To read it you need your receipt code.\n\n${publicUrl}/receipt\n\nThis mail was sent by a program. Answers to it are not read. We never ask for your receipt code by e-mail or by telephone.\n`,
});

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
