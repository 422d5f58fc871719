/** What people may cause about notices. */
import { z } from 'zod';
import { LARGEST_MESSAGE } from '../conversation/conversation.ts';
import { writeMessage } from '../conversation/store.ts';
import { attemptSaying } from '../people/acts.ts';
import { parseAddress } from '../post/address.ts';
import type { NotifyRelay } from '../post/notify.ts';
import type { Relay } from '../post/post.ts';
import { fromBase64url, fromHex } from '../sealing/encoding.ts';
import { objectId } from '../sealing/place.ts';
import { parseSealed } from '../sealing/seal.ts';
import type { Database, SessionSecret, Tx } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { CHANNELS, commitmentOf, type Fate, listHashOf, type MessageState, type Row } from './notice.ts';
import { casesShape, formsShape } from './store.ts';

const WORDS: Readonly<Record<string, string>> = {
  'not-minder': 'Only managers and data protection officers work on incidents. Ask one of yours.',
  'closed-already': 'This incident is closed. Open one of its phases again first.',
  'worded-anew':
    'The words were changed in the meantime. Look at them again, and propose the list once more.',
  'notice-already': 'A notice is under way already. Withdraw that one first, while nothing of it went out.',
  'approved-already': 'Somebody has agreed to this notice already.',
  'same-person': 'Your name or address is that of the colleague who proposed it. Another one has to agree.',
  'another-list': 'This is not the list that was proposed. Nothing was agreed to.',
  'not-approved': 'A second person has to agree to this notice first.',
  'sent-some': 'Some of it went out already, so it cannot be withdrawn. It can be stopped.',
  halted: 'This notice was halted because a message did not fit its list. It cannot go on.',
};
const tried = attemptSaying(WORDS);
const MISMATCH = refuse(
  'another-list',
  'invalid',
  'The messages do not fit the list that they came with. Nothing was proposed.',
);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const reference = z.string().regex(/^N[0-9A-Z]{5}-[0-9A-Z]{5}$/);
export const MOST_AT_ONCE = 20;

export const proposalShape = z.strictObject({
  ...{ notice: z.uuid(), step: z.int().positive(), source: z.enum(['cases', 'file']), forms: formsShape },
  /** Base64url; null where the list is in a file. */
  sealed: z.string().max(40_000_000).nullable(),
  ...{ list: hash, cases: casesShape.max(1_000_000), pace: z.int().min(60).max(12_000) },
  messages: z
    .array(z.strictObject({ key: z.uuid(), reference, channel: z.enum(CHANNELS), commitment: hash }))
    .min(1)
    .max(100_000),
  text: z.string().min(1).max(5000),
});
export type Proposal = z.output<typeof proposalShape>;

/** Proposes a notice: its list, sealed or in a file, and what each message will be held to. */
export async function proposeNotice(
  desk: Database,
  session: SessionSecret,
  incident: string,
  of: Proposal,
): Promise<{ done: true } | Refusal> {
  const sealed = of.sealed === null ? null : parseSealed(fromBase64url(of.sealed) ?? new Uint8Array());
  const fits = listHashOf(of.messages) === of.list && (of.source === 'cases') === (sealed !== null);
  if (!fits) return MISMATCH;
  const { notice, step, source, forms, list, cases, pace, messages, text } = of;
  return tried(desk, session, 'notice-proposed', async (tx) => {
    const sql = 'select letterbox.propose_notice($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)';
    await tx.run(sql, [
      ...[
        incident,
        notice,
        step,
        source,
        JSON.stringify(forms),
        sealed,
        fromHex(list),
        JSON.stringify(cases),
        pace,
      ],
      ...[JSON.stringify(messages), JSON.stringify({ text })],
    ]);
    return DONE;
  });
}
const DONE = { done: true } as const;

/** Agrees to the list: the second of two. */
export function approveNotice(
  desk: Database,
  session: SessionSecret,
  notice: string,
  list: string,
): Promise<{ done: true } | Refusal> {
  return tried(desk, session, 'notice-approved', async (tx) => {
    const facts = JSON.stringify({ text: 'The list was compared and is the same.' });
    await tx.run('select letterbox.approve_notice($1, $2, $3)', [notice, fromHex(list), facts]);
    return DONE;
  });
}

export const STEERS = ['stopped', 'resumed', 'withdrawn'] as const;
export type Steer = (typeof STEERS)[number];

export function steerNotice(
  desk: Database,
  session: SessionSecret,
  notice: string,
  what: Steer,
  why: string,
): Promise<{ done: true } | Refusal> {
  return tried(desk, session, `notice-${what}`, async (tx) => {
    await tx.run('select letterbox.steer_notice($1, $2, $3)', [notice, what, JSON.stringify({ text: why })]);
    return DONE;
  });
}

const mailShape = z.strictObject({
  ...{ key: z.uuid(), channel: z.literal('email'), to: z.string().max(254), blind: hash },
  ...{ subject: z.string().max(1000), text: z.string().max(40_000) },
});
/** `to`: the case; `text`: what the words hash to; `sealed`: the message of its conversation, base64url. */
const writtenShape = z.strictObject({
  ...{ key: z.uuid(), channel: z.literal('conversation'), to: z.uuid(), blind: hash },
  ...{ subject: z.string().max(1000), text: hash, sealed: z.string().max(LARGEST_MESSAGE * 2) },
});
const messageShape = z.discriminatedUnion('channel', [mailShape, writtenShape]);
export const sendingShape = z.strictObject({
  messages: z.array(messageShape).min(1).max(MOST_AT_ONCE),
});
export type Handed = z.output<typeof messageShape>;
type Mail = z.output<typeof mailShape>;
type Written = z.output<typeof writtenShape>;

/** `claimed`: these were tried, and what became of each; `stopped`, `halted`: none was. Keys that are in neither wait for their turn. */
export type Sent = {
  readonly outcome: 'claimed' | 'stopped' | 'halted';
  readonly results: readonly {
    readonly key: string;
    readonly state: MessageState;
    readonly why: string | null;
  }[];
};

const NO_RELAY = refuse(
  'no-relay',
  'conflict',
  'No mail goes out from here: neither a mail relay nor GOV.UK Notify is set up. Ask whoever runs the site; nothing was sent.',
);
const claimRow = z.object({
  outcome: z.enum(['claimed', 'stopped', 'halted']),
  claimed: z.array(z.string()),
});

/** Sends messages, each to its one address, after each was found to be what two people agreed on. */
export async function sendMessages(
  { desk, relay }: { readonly desk: Database; readonly relay: Relay | null },
  session: SessionSecret,
  notice: string,
  messages: readonly Handed[],
): Promise<Sent | Refusal> {
  const mails = messages.filter((each) => each.channel === 'email');
  const written = messages.filter((each) => each.channel === 'conversation');
  if (written.length > 0) return writeMessages(desk, session, notice, written);
  return relay ? sendMails({ desk, relay }, session, notice, mails) : NO_RELAY;
}

/** Takes those that may go now. */
function claim(tx: Tx, notice: string, messages: readonly Handed[]) {
  const commitments = messages.map((each) => fromHex(commitmentOf(each)) ?? new Uint8Array());
  const parameters = [notice, messages.map(({ key }) => key), commitments];
  return tx.one(claimRow, 'select * from letterbox.claim_messages($1, $2, $3)', parameters);
}

const LIES_THERE = {
  ...{
    state: 'refused' as const,
    why: 'Something else lies in the conversation under the name of this message.',
  },
};
const NOT_SEALED = refuse('not-sealed', 'invalid', 'This is not a sealed message. Nothing was sent.');

/** Into the conversations of their cases: written and written down as sent at once, or neither. */
async function writeMessages(
  desk: Database,
  session: SessionSecret,
  notice: string,
  messages: readonly Written[],
): Promise<Sent | Refusal> {
  const contents = new Map(
    messages.map(({ key, sealed }) => [key, parseSealed(fromBase64url(sealed) ?? new Uint8Array())]),
  );
  if ([...contents.values()].includes(null)) return NOT_SEALED;
  return tried(desk, session, 'notice-written', async (tx) => {
    const { outcome, claimed } = await claim(tx, notice, messages);
    const results: Sent['results'][number][] = [];
    for (const { key, to } of messages.filter((each) => claimed.includes(each.key))) {
      const content = contents.get(key);
      const reply = content ? await writeMessage(tx, to, { id: objectId(key), sealed: content }) : 'other';
      const result = reply === 'other' ? { key, ...LIES_THERE } : { key, state: 'sent' as const, why: null };
      await tx.run('select letterbox.message_done($1, $2, $3, $4)', [notice, key, result.state, result.why]);
      results.push(result);
    }
    return { outcome, results };
  });
}

/** By the relay. That one is being sent is written down before the relay hears of it. */
async function sendMails(
  { desk, relay }: { readonly desk: Database; readonly relay: Relay },
  session: SessionSecret,
  notice: string,
  messages: readonly Mail[],
): Promise<Sent | Refusal> {
  const claimed = await tried(desk, session, 'notice-sending', (tx) => claim(tx, notice, messages));
  if (isRefusal(claimed)) return claimed;
  const mine = messages.filter(({ key }) => claimed.claimed.includes(key));
  let failures = 0;
  const results = await inLanes(mine, async (message) => {
    // A relay that is not well is not asked for each of the rest.
    const { state, why } = failures >= LANES ? WAITS : await sendOne(relay, message);
    failures = state === 'waiting' || state === 'unknown' ? failures + 1 : 0;
    await tried(desk, session, 'notice-sent', async (tx) => {
      await tx.run('select letterbox.message_done($1, $2, $3, $4)', [notice, message.key, state, why]);
      return DONE;
    });
    return { key: message.key, state, why };
  });
  return {
    outcome: claimed.outcome,
    results: mine.map(({ key }, n) => results[n] ?? { key, ...ON_ITS_WAY }),
  };
}

/** Relays are wary of more from one sender. */
const LANES = 4;
/** So many messages more may be with a relay that says nothing of them; the others do not wait for its answer. */
const MOST_ASIDE = 12;
const SET_ASIDE_AFTER = 2000;
/** At most so many connections to a relay. */
export const CONNECTIONS = LANES + MOST_ASIDE;
let aside = 0;

/**
 * Does the work for all, a few at a time, in their order. Null for what takes long: it goes on, and nobody waits for it.
 * Where that fails later, nothing is written down, and what is known of it is what was before.
 */
async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<(R | null)[]> {
  const done: Promise<R | null>[] = [];
  const lane = async () => {
    for (let item = items[done.length]; item !== undefined; item = items[done.length]) {
      const doing = orAside(work(item));
      done.push(doing);
      await doing;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return Promise.all(done);
}

/** What comes of it, or null after a while, where not too much else was set aside. */
async function orAside<R>(doing: Promise<R>): Promise<R | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => {
    if (aside >= MOST_ASIDE) return;
    aside += 1;
    const back = () => {
      aside -= 1;
    };
    doing.then(back, back);
    resolve(null);
  }, SET_ASIDE_AFTER);
  return Promise.race([doing, late]).finally(() => clearTimeout(timer));
}

const ON_ITS_WAY: { readonly state: MessageState; readonly why: string | null } = {
  ...{ state: 'sending', why: 'The relay has not said yet whether it takes it.' },
};
const WAITS: { readonly state: MessageState; readonly why: string | null } = {
  ...{ state: 'waiting', why: 'It was not tried: several before it had not gone out.' },
};

async function sendOne(
  relay: Relay,
  { key, to, subject, text }: Mail,
): Promise<{ state: MessageState; why: string | null }> {
  const address = parseAddress(to);
  if (!address) return { state: 'refused', why: 'The address is none that mail goes to.' };
  const sending = await relay.send({ id: key, to: address, subject, text });
  if (sending.sent) return { state: 'sent', why: null };
  const states = { later: 'waiting', never: 'refused', unknown: 'unknown' } as const;
  return { state: states[sending.how], why: sending.why };
}

const keptRow = z.object({ done: z.array(z.string()) });

/** Keeps what somebody found out about messages; the references to which it applied. */
export async function keepFates(
  desk: Database,
  session: SessionSecret,
  notice: string,
  {
    fate,
    references,
    why,
  }: { readonly fate: Fate; readonly references: readonly string[]; readonly why: string },
): Promise<string[] | Refusal> {
  return tried(desk, session, `notice-${fate}`, async (tx) => {
    const sql = 'select letterbox.keep_fates($1, $2, $3, $4) as done';
    return (await tx.one(keptRow, sql, [notice, fate, references, why])).done;
  });
}

/** Asks GOV.UK Notify which it could not deliver, and keeps that they came back. */
export async function keepUndelivered(
  desk: Database,
  session: SessionSecret,
  notice: string,
  rows: readonly (Row & { readonly state: MessageState })[],
  notify: NotifyRelay,
): Promise<string[] | Refusal> {
  const failed = new Map((await notify.undelivered()).map(({ id, why }) => [id, why]));
  const back = rows.filter(({ key, state }) => state === 'sent' && failed.has(key));
  const done: string[] = [];
  for (const [why, of] of Map.groupBy(back, ({ key }) => failed.get(key) ?? '')) {
    const references = of.map(({ reference: each }) => each);
    const kept = await keepFates(desk, session, notice, { fate: 'returned', references, why });
    if (isRefusal(kept)) return kept;
    done.push(...kept);
  }
  return done;
}
