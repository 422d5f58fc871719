/**
 * # Note: notices
 *
 * A notice tells the people whom an incident affects what happened. Its words are written once and filled in for each. Who
 * they are is sealed to the readers of the forms it is about, or lies in a file of the body's own; the server keeps of each
 * message an opaque key, a reference, its channel, its state, and a *commitment*: a hash over its address and words, blinded
 * by a secret of the list. Two people agree on all commitments at once. A message that does not meet its own is not sent, and
 * none after it: a list that slipped by a row is refused as a whole.
 *
 * What is sent leaves one at a time. That it is being sent is written down before the relay hears of it, so after a crash each
 * message was sent, was not, or is among those of which nobody knows; the last are looked into by people, and never sent
 * again by themselves.
 *
 * LIMIT: while a mail is handed over, our server sees its address and words, as does every mail relay after it. Letters are
 * made in the browser, and what goes into the conversation of a case is sealed there.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';
import { type Addressed, type Merged, merged, type Wording } from '../incidents/wording.ts';
import { bytesOf, canonicalJson, toHex } from '../sealing/encoding.ts';
import { shortName } from '../sealing/receipt.ts';

export const CHANNELS = ['email', 'letter', 'conversation', 'hand'] as const;
/** `conversation`: of their case, where they find it when they come back; `hand`: they have to be rung up, seen, or reached through somebody. */
export type Channel = (typeof CHANNELS)[number];

/**
 * `sent`: the relay has it, or the letter was posted; `unknown`: it may have gone out; `refused`: the relay does not take it;
 * `returned`: it came back; `told`: they were told in another way.
 */
export const STATES = ['waiting', 'sending', 'sent', 'unknown', 'refused', 'returned', 'told'] as const;
export type MessageState = (typeof STATES)[number];
export const isSettled = (state: MessageState): boolean => state === 'sent' || state === 'told';

/** Somebody who is to be told, and how. */
export type Addressee = Addressed & {
  readonly channel: Channel;
  /** An e-mail address, the lines of a postal one, the id of a case, or for `hand` what is known of how to reach them. */
  readonly to: string;
};

const addresseeShape = z.object({
  ...{ name: z.string(), references: z.array(z.string()).readonly(), received: z.string(), told: z.string() },
  ...{ channel: z.enum(CHANNELS), to: z.string() },
});
export const listShape = z.object({
  format: z.literal('letterbox-notice/1'),
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  addressees: z.array(addresseeShape).readonly(),
});
/** Whom a notice goes to. `secret`: 32 random bytes, or the hash of the file it was read from, in hex. */
export type List = z.output<typeof listShape>;

/** What the server keeps of a message, and two people agree on. */
export type Row = {
  readonly key: string;
  readonly reference: string;
  readonly channel: Channel;
  /** In hex. */
  readonly commitment: string;
};
export type Message = Row & Merged & { readonly to: string; readonly blind: string; readonly name: string };

const derived = (secret: string, what: 'key' | 'blind', nth: number) =>
  sha256(bytesOf(`letterbox notice ${what}\n${secret}\n${nth}\n`));

/** A UUID of version 8 (RFC 9562 §5.8) from a hash. */
function uuidFrom(hash: Uint8Array): string {
  const hex = toHex(hash).slice(0, 32);
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4];
  return [
    ...[hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`],
    ...[`${variant}${hex.slice(17, 20)}`, hex.slice(20)],
  ].join('-');
}

const referenceFrom = (key: string) => `N${shortName(`letterbox notice reference\n${key}`)}`;

/** Every message of the list, in its order: the same from the same list and words. `from`: the body's name. */
export function messagesOf(list: List, wording: Wording, from: string): Message[] {
  return list.addressees.map((who, nth) => {
    const key = uuidFrom(derived(list.secret, 'key', nth));
    const reference = referenceFrom(key);
    const blind = toHex(derived(list.secret, 'blind', nth));
    const { subject, text } = merged(wording, who, { reference, from });
    const message = { key, channel: who.channel, to: who.to, subject, text, blind };
    return { ...message, reference, name: who.name, commitment: commitmentOf(handedOver(message)) };
  });
}

/** What the server keeps of a message, and what is handed over to be sent. */
export const rowOf = ({ key, reference, channel, commitment }: Row): Row => ({
  ...{ key, reference, channel, commitment },
});
export const handedOver = ({ key, channel, to, subject, text, blind }: Handed): Handed => ({
  ...{ key, channel, to, subject, blind },
  // What goes into a conversation is sealed, so of its words the server is shown only what they have to hash to.
  text: channel === 'conversation' ? toHex(sha256(bytesOf(text))) : text,
});
type Handed = Pick<Message, 'key' | 'channel' | 'to' | 'subject' | 'text' | 'blind'>;

/** What binds a message, as it is handed over, to its address and words and says nothing about them without the blind; 32 bytes in hex. */
export function commitmentOf({ key, channel, to, subject, text, blind }: Handed): string {
  return toHex(sha256(bytesOf(canonicalJson({ key, channel, to, subject, text, blind }))));
}

/** What names the whole: a hash over all rows in their order, in hex. */
export function listHashOf(rows: readonly Row[]): string {
  const plain = rows.map(({ key, reference, channel, commitment }) => [key, reference, channel, commitment]);
  return toHex(sha256(bytesOf(canonicalJson(plain))));
}

/** Five to look at before two people agree: the first, the last, the longest, and one of each channel. */
export function previewOf(messages: readonly Message[]): Message[] {
  const longest = messages.toSorted((one, other) => other.text.length - one.text.length).at(0);
  const wanted = [messages.at(0), messages.at(-1), longest];
  const ofChannels = CHANNELS.map((channel) => messages.find((each) => each.channel === channel));
  const middle = messages.filter((_, nth) => nth % Math.max(1, Math.floor(messages.length / 6)) === 1);
  const found = [...wanted, ...ofChannels, ...middle].filter((each) => each !== undefined);
  return [...new Map(found.map((each) => [each.key, each])).values()].slice(0, 5);
}

export type Tally = {
  readonly all: number;
  readonly settled: number;
  readonly states: Readonly<Record<MessageState, number>>;
  readonly channels: Readonly<Record<Channel, number>>;
  readonly replied: number;
};

/** How many stand how: all of them, each once. */
export function tallyOf(
  rows: readonly {
    readonly state: MessageState;
    readonly channel: Channel;
    readonly repliedAt: Date | null;
  }[],
): Tally {
  const state = (wanted: MessageState) => rows.filter((row) => row.state === wanted).length;
  const channel = (wanted: Channel) => rows.filter((row) => row.channel === wanted).length;
  return {
    all: rows.length,
    settled: rows.filter((row) => isSettled(row.state)).length,
    states: {
      ...{ waiting: state('waiting'), sending: state('sending'), sent: state('sent'), told: state('told') },
      ...{ unknown: state('unknown'), refused: state('refused'), returned: state('returned') },
    },
    channels: {
      ...{ email: channel('email'), letter: channel('letter') },
      ...{ conversation: channel('conversation'), hand: channel('hand') },
    },
    replied: rows.filter(({ repliedAt }) => repliedAt !== null).length,
  };
}

/** What somebody finds out about messages that are out, or were to be. */
export const FATES = ['posted', 'returned', 'told', 'did-go', 'did-not-go', 'replied'] as const;
export type Fate = (typeof FATES)[number];

/** Every reference in a text: one a line, or a whole returned mail. Letters that look alike are taken for each other. */
export function referencesIn(text: string): string[] {
  const found = text.toUpperCase().matchAll(/\bN([0-9A-Z]{5})[-\s]?([0-9A-Z]{5})\b/g);
  return [...new Set([...found].map(([, one = '', other = '']) => `N${plain(one)}-${plain(other)}`))];
}
const plain = (text: string) => text.replaceAll('O', '0').replaceAll(/[IL]/g, '1');
