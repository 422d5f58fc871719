/** For tests: a notice to invented people, a mail relay that behaves as relays do, and what a browser does to send it. */
import { createHash } from 'node:crypto';
import { SMTPServer } from 'smtp-server';
import { openIncident, takeStep } from '../incidents/acts.ts';
import type { Wording } from '../incidents/wording.ts';
import { type SignedIn, settled, type TestBody } from '../people/testing.ts';
import type { Relay } from '../post/post.ts';
import { newId } from '../sealing/place.ts';
import { act, type Database } from '../store/store.ts';
import { isRefusal } from '../web/refusal.ts';
import { MOST_AT_ONCE, type Proposal, proposeNotice, sendMessages } from './acts.ts';
import {
  type Addressee,
  handedOver,
  type List,
  listHashOf,
  type Message,
  messagesOf,
  rowOf,
} from './notice.ts';
import { type MessageRow, noticeMessages } from './store.ts';

export const WORDING: Wording = {
  ...{ subject: 'Your data and what happened to it', text: 'A form of ours stood open, ((name)).' },
  ...{ meaning: 'Others may know that you wrote.', done: 'We closed it.', advice: 'Be wary of calls.' },
  contact: 'Grace, data protection officer, grace@example.com',
};
export const FROM = 'Exampleshire Office for Policing';

export const person = (name: string, more: Partial<Addressee> = {}): Addressee => ({
  ...{ name, references: ['4QXKC-9T1ZD'], received: '3 May 2026', told: 'names' },
  ...{ channel: 'email', to: `${name.toLowerCase().replaceAll(/\W+/g, '.')}@people.example` },
  ...more,
});
export const listTo = (addressees: readonly Addressee[], secret = 'ab'.repeat(32)): List => ({
  ...{ format: 'letterbox-notice/1', secret, addressees },
});

/** An incident with words to send; its id and the step of the words. */
export async function aWordedIncident(
  desk: Database,
  by: SignedIn,
): Promise<{ incident: string; step: number }> {
  const opening = {
    title: 'A form stood open',
    source: 'public',
    alarm: null,
    aware: new Date(),
    text: 'Somebody rang',
  } as const;
  const { id } = settled(await openIncident(desk, by.session, opening));
  const { n } = settled(await takeStep(desk, by.session, id, { kind: 'worded', facts: WORDING }));
  return { incident: id, step: n };
}

export function proposalOf(
  list: List,
  step: number,
  more: Partial<Proposal> = {},
): Proposal & { list: string } {
  const messages = messagesOf(list, WORDING, FROM);
  return {
    ...{
      notice: newId(),
      step,
      source: 'file',
      forms: [],
      sealed: null,
      cases: [],
      pace: 12_000,
      text: 'Some people',
    },
    list: listHashOf(messages),
    messages: messages.map(rowOf),
    ...more,
  };
}

export type Proposed = {
  readonly incident: string;
  readonly notice: string;
  readonly list: string;
  readonly messages: Message[];
};

export async function proposed(
  desk: Database,
  { founder }: TestBody,
  addressees: readonly Addressee[],
  more: Partial<Proposal> = {},
): Promise<Proposed> {
  const { incident, step } = await aWordedIncident(desk, founder);
  const list = listTo(addressees);
  const proposal = proposalOf(list, step, more);
  settled(await proposeNotice(desk, founder.session, incident, proposal));
  return {
    incident,
    notice: proposal.notice,
    list: proposal.list,
    messages: messagesOf(list, WORDING, FROM),
  };
}

export const rowsOf = async (desk: Database, by: SignedIn, notice: string): Promise<MessageRow[]> =>
  settled(await act(desk, by.session, (tx) => noticeMessages(tx, notice)));

export const handed = (message: Message) => ({ ...handedOver(message), channel: 'email' }) as const;

/** What a browser does: all that wait, a few at a time, each tried once; the time it took, in seconds. */
export async function sendAll(
  desk: Database,
  relay: Relay,
  by: SignedIn,
  { notice, messages }: Pick<Proposed, 'notice' | 'messages'>,
): Promise<number> {
  const began = performance.now();
  const rows = await rowsOf(desk, by, notice);
  const waiting = new Set(
    rows.filter(({ state, channel }) => state === 'waiting' && channel === 'email').map(({ key }) => key),
  );
  const queue = messages.filter(({ key }) => waiting.has(key));
  while (queue.length > 0) {
    const batch = queue.slice(0, MOST_AT_ONCE);
    const sent = await sendMessages({ desk, relay }, by.session, notice, batch.map(handed));
    if (isRefusal(sent) || sent.outcome !== 'claimed') break;
    const tried = new Set(sent.results.map(({ key }) => key));
    queue.splice(0, batch.length, ...batch.filter(({ key }) => !tried.has(key)));
    // Too fast for the pace of the notice.
    if (tried.size === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return (performance.now() - began) / 1000;
}

export type WildRelay = {
  readonly url: string;
  /** Every mail that was taken: its identifier, to whom, and the whole of it. */
  readonly taken: readonly { readonly id: string; readonly to: readonly string[]; readonly raw: string }[];
  close(): Promise<void>;
};

/**
 * A relay as relays are. The name before the @ says what it does: `refused` at once and for good, `busy` the first time,
 * `kept-silent` takes the mail and says nothing, `lost-silent` does not take it and says nothing.
 */
export async function openWildRelay(): Promise<WildRelay> {
  const taken: { id: string; to: string[]; raw: string }[] = [];
  const busy = new Set<string>();
  const refusal = (status: number) => Object.assign(new Error('Not now'), { responseCode: status });
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], hideSize: true },
    onRcptTo: ({ address }, _session, done) => {
      if (address.startsWith('refused')) return done(refusal(550));
      if (!address.startsWith('busy') || busy.has(address)) return done();
      busy.add(address);
      done(refusal(451));
    },
    onData: (stream, { envelope }, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address);
        const raw = Buffer.concat(parts).toString('utf8');
        if (!to[0]?.startsWith('lost-silent'))
          taken.push({ id: /Message-ID: <([^@]+)@/.exec(raw)?.[1] ?? '', to, raw });
        if (!to[0]?.includes('silent')) done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('The relay has no port.');
  return {
    url: `smtp+insecure://127.0.0.1:${address.port}`,
    taken,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Invented people, some with addresses at which a relay does what it says; the same ones each time. */
export const crowd = (size: number): Addressee[] =>
  Array.from({ length: size }, (_, n) => {
    const which = createHash('sha256').update(`person ${n}`).digest().readUInt16BE() % 500;
    const kind =
      which < 5
        ? 'refused'
        : which < 15
          ? 'busy'
          : which < 16
            ? 'kept-silent'
            : which < 17
              ? 'lost-silent'
              : 'person';
    return person(`Person ${n}`, { to: `${kind}-${n}@people.example` });
  });
