/** How notices are spoken of: channels, states, and what people find out. */
import type { Channel, Fate, MessageState } from './notice.ts';

export const CHANNEL_WORDS: Readonly<Record<Channel, string>> = {
  email: 'E-mail',
  letter: 'Letter',
  conversation: 'In the conversation of their case',
  hand: 'By telephone, or in person',
};
export const STATE_WORDS: Readonly<Record<MessageState, string>> = {
  waiting: 'Waits',
  sending: 'Is being sent',
  sent: 'Sent',
  unknown: 'May have gone out: look into it',
  refused: 'Refused by the mail relay',
  returned: 'Came back',
  told: 'Told in another way',
};
export const FATE_WORDS: Readonly<Record<Fate, { readonly text: string; readonly hint: string }>> = {
  posted: { text: 'Their letters were posted', hint: 'Printed, put into envelopes and handed to the post.' },
  returned: {
    text: 'They came back',
    hint: 'A mail that could not be delivered, or a letter that the post returned.',
  },
  told: { text: 'They were told in another way', hint: 'Such as by telephone; say how below.' },
  'did-go': { text: 'They did go out', hint: 'Whoever runs the mail relay finds them in its log.' },
  'did-not-go': { text: 'They did not go out', hint: 'They wait again, and are sent with the next.' },
  replied: { text: 'They replied', hint: 'Counted, for whoever asks later how many did.' },
};

type Stands = { readonly channel: Channel; readonly state: MessageState };

/** Whether there is any message to which it can apply. */
export function isOpenFate(fate: Fate, rows: readonly Stands[]): boolean {
  switch (fate) {
    case 'posted':
      return rows.some(({ channel, state }) => channel === 'letter' && state === 'waiting');
    case 'returned':
    case 'replied':
      return rows.some(({ state }) => state === 'sent' || state === 'told');
    case 'told':
      return rows.some(
        ({ channel, state }) =>
          ['unknown', 'refused', 'returned'].includes(state) || (state === 'waiting' && channel !== 'email'),
      );
    case 'did-go':
    case 'did-not-go':
      return rows.some(({ state }) => state === 'unknown');
  }
}

/** What became of what somebody said about messages. */
export function fatesInWords(done: readonly string[], asked: readonly string[]): string[] {
  const not = asked.filter((reference) => !done.includes(reference));
  const many = (count: number) => `${count} ${count === 1 ? 'message' : 'messages'}`;
  return [
    `${many(done.length)} changed.`,
    ...(not.length === 0
      ? []
      : [
          `${many(not.length)} did not: there is none of that reference, or it does not apply to it: ${not.slice(0, 50).join(', ')}${not.length > 50 ? ' …' : ''}`,
        ]),
  ];
}
