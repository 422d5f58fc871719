/**
 * Mail by GOV.UK Notify (its REST API, version 2): one address a mail by the API itself. The service's template has nothing
 * but two places, `((subject))` as its subject and `((message))` as its message. A mail's identifier is its `reference`, so
 * whether it was taken can be asked where an answer was lost.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { NotifyClient } from 'notifications-node-client';
import { z } from 'zod';
import type { Mail, Relay, Sending } from './post.ts';

export type Notify = { readonly url: string; readonly key: string; readonly template: string };

const LIVE = 'https://api.notifications.service.gov.uk';
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const keyShape = new RegExp(`^.*${uuid}-${uuid}$`);

/** `LETTERBOX_NOTIFY`: the API key and the template's id with a space between, and the API's address where it is another. Null for anything else. */
export function parseNotify(text: string): Notify | null {
  const [key = '', template = '', url = LIVE, ...more] = text.trim().split(/\s+/);
  if (!keyShape.test(key) || !new RegExp(`^${uuid}$`).test(template) || more.length > 0) return null;
  return /^https:\/\/[^/]+$|^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/.test(url)
    ? { url, key, template }
    : null;
}

export type NotifyRelay = Relay & {
  /** Those that Notify could not deliver after it had taken them, by the mail's identifier; the newest ten thousand are looked through. */
  undelivered(): Promise<readonly { readonly id: string; readonly why: string }[]>;
};

/** Never throws for what Notify does. `patience`: how long to wait for an answer, in milliseconds. */
export function openNotify({ url, key, template }: Notify, patience = 30_000): NotifyRelay {
  const client = new NotifyClient(url, key);
  const inTime = async <T>(asked: Promise<T>): Promise<T> => {
    const late = new AbortController();
    try {
      return await Promise.race([
        asked,
        wait(patience, undefined, { signal: late.signal }).then(() => {
          throw new Error('Notify does not answer.');
        }),
      ]);
    } finally {
      late.abort();
      asked.catch(() => undefined);
    }
  };
  return {
    send: async (mail) => {
      try {
        const personalisation = { subject: mail.subject, message: mail.text };
        await inTime(client.sendEmail(template, mail.to, { personalisation, reference: mail.id }));
        return { sent: true };
      } catch (error) {
        const { status, why } = refusalIn(error);
        if (status >= 400 && status < 500) return refused(status, why);
        return (await inTime(known(client, mail)).catch(() => false)) ? { sent: true } : NOT_HEARD;
      }
    },
    trouble: () =>
      inTime(client.getTemplateById(template)).then(
        ({ data: { subject = '', body } }) =>
          subject.trim() === '((subject))' && body.trim() === '((message))'
            ? null
            : 'The template of GOV.UK Notify has to have ((subject)) as its subject and ((message)) as its message, and nothing else.',
        (error: unknown) => `GOV.UK Notify says: ${refusalIn(error).why || 'nothing'}.`,
      ),
    undelivered: async () => {
      const found: { id: string; why: string }[] = [];
      let olderThan: string | undefined;
      for (let page = 0; page < 40; page += 1) {
        const { data } = await inTime(client.getNotifications('email', 'failed', undefined, olderThan));
        const { notifications } = pageShape.parse(data);
        for (const { reference, status } of notifications)
          if (reference) found.push({ id: reference, why: FAILURES[status] ?? 'It did not arrive.' });
        olderThan = notifications.at(-1)?.id;
        if (olderThan === undefined) break;
      }
      return found;
    },
    close: () => undefined,
  };
}

const pageShape = z.object({
  notifications: z.array(z.object({ id: z.string(), reference: z.string().nullish(), status: z.string() })),
});
const FAILURES: Readonly<Record<string, string>> = {
  'permanent-failure': 'There is no such address.',
  'temporary-failure': 'The mailbox could not take it for three days: it may be full.',
  'technical-failure': 'Something failed between GOV.UK Notify and the mailbox.',
};

/** Whether Notify has this mail. */
async function known(client: NotifyClient, { id }: Mail): Promise<boolean> {
  const { data } = await client.getNotifications('email', undefined, id);
  return pageShape.parse(data).notifications.some(({ reference }) => reference === id);
}

const problem = z.object({
  response: z.object({
    status: z.number(),
    data: z.object({ errors: z.array(z.object({ message: z.string() })) }).catch({ errors: [] }),
  }),
});

function refusalIn(error: unknown): { readonly status: number; readonly why: string } {
  const { response } = problem.safeParse(error).data ?? {};
  return { status: response?.status ?? 0, why: response?.data.errors[0]?.message ?? '' };
}

/** 400: about this mail. 403: the key, and 429: a limit of the account, which both can be mended. */
function refused(status: number, why: string): Sending {
  // What Notify says may repeat the address.
  const says = why.replaceAll(/\S+@\S+/g, '…').slice(0, 200);
  if (status === 400)
    return { sent: false, how: 'never', why: `GOV.UK Notify refuses this mail: ${says || status}` };
  return { sent: false, how: 'later', why: `GOV.UK Notify cannot take it just now: ${says || status}` };
}
const NOT_HEARD: Sending = {
  ...{ sent: false, how: 'unknown' },
  why: 'GOV.UK Notify was given this mail and did not say whether it took it.',
};
