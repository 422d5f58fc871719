/** Watch's own voice, for when there is no desk, or none that answers: mail, a webhook, and a line on the terminal. */
import { randomUUID } from 'node:crypto';
import { parseAddress } from '../post/address.ts';
import { openRelay, parseRelay, type Relay } from '../post/post.ts';
import { parseWebhook, sendWebhook } from '../post/webhook.ts';
import type { Config, Standing } from './config.ts';
import type { Finding } from './judging.ts';

export type Voice = {
  tell(finding: Finding, standing: Standing): Promise<void>;
  close(): void;
};

/** When it is told again: after 15 minutes, an hour, four hours, then twice a day, until it is seen no more. */
const AGAIN = [15, 60, 240, 720].map((minutes) => minutes * 60_000);

export function isDue({ told, toldAt }: Standing, now: Date): boolean {
  if (told === 0) return true;
  return now.getTime() - Date.parse(toldAt) >= (AGAIN[told - 1] ?? AGAIN.at(-1) ?? 0);
}

export function openVoice({ mail, webhook }: Config, say: (line: string) => void): Voice {
  const relay = mail ? opened(mail) : null;
  const hook = webhook === undefined ? null : parseWebhook(webhook);
  return {
    tell: async (finding, standing) => {
      const { subject, text } = inWords(finding, standing);
      say(`${subject}. ${finding.seen}${finding.address ? ` ${finding.address}` : ''}`);
      for (const to of mail?.to ?? []) {
        const address = parseAddress(to);
        if (!address || !relay) continue;
        const sent = await relay.send({ id: randomUUID(), to: address, subject, text });
        if (!sent.sent) say(`The mail about it did not go out: ${sent.why}`);
      }
      if (!hook) return;
      const event = {
        type: 'letterbox.watch',
        timestamp: new Date().toISOString(),
        data: { ...finding, ...standing },
      };
      const sent = await sendWebhook(hook, { id: randomUUID(), event, now: new Date() });
      if (!sent.sent) say(sent.why);
    },
    close: () => relay?.close(),
  };
}

function opened({ relay, from }: NonNullable<Config['mail']>): Relay | null {
  const [address, sender] = [parseRelay(relay), parseAddress(from)];
  return address && sender && openRelay(address, sender);
}

const MOMENT = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'long',
  timeZone: 'Europe/London',
});

function inWords({ colour, seen, asWhom, address, kind }: Finding, { firstSeen, told }: Standing) {
  const subject = `${colour === 'red' ? 'Red' : 'Amber'} alarm from Watch${told > 0 ? ' (still open)' : ''}`;
  const lines = [
    seen,
    asWhom && `As whom: ${asWhom}.`,
    address && `Where: ${address}`,
    `Since when: ${MOMENT.format(new Date(firstSeen))}.`,
    kind === 'readable'
      ? 'The form was put in quarantine if its desk could be reached: its page Watch says so.'
      : 'Nothing was closed by itself.',
    'This is sent again until Watch does not see it any more.',
  ];
  return { subject, text: lines.filter((line) => line !== null).join('\n\n') };
}
