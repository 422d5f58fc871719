/** Telling a program by HTTP, signed as the Standard Webhooks specification says (standardwebhooks.com, symmetric `v1`). */
import { createHmac } from 'node:crypto';
import type { Sending } from './post.ts';

export type Webhook = { readonly url: URL; readonly secret: Uint8Array };

/** An address with its secret behind a hash: `https://example.org/hook#whsec_…` (base64); null for anything else. */
export function parseWebhook(text: string): Webhook | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const secret = /^#whsec_([A-Za-z0-9+/]{32,}={0,2})$/.exec(url.hash)?.[1];
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (!secret || !(url.protocol === 'https:' || (url.protocol === 'http:' && local))) return null;
  url.hash = '';
  return { url, secret: Buffer.from(secret, 'base64') };
}

/** Posts `event` as JSON under an id that stays the same when it is tried again. Never throws for what the other side does. */
export async function sendWebhook(
  { url, secret }: Webhook,
  { id, event, now }: { readonly id: string; readonly event: object; readonly now: Date },
  patience = 10_000,
): Promise<Sending> {
  const body = JSON.stringify(event);
  const at = String(Math.floor(now.getTime() / 1000));
  const signature = createHmac('sha256', secret).update(`${id}.${at}.${body}`).digest('base64');
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...{ 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` },
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
    });
    await answer.body?.cancel();
    if (answer.ok) return { sent: true };
    return { sent: false, how: 'later', why: `The webhook answered ${answer.status}.` };
  } catch {
    return { sent: false, how: 'later', why: 'The webhook does not answer.' };
  }
}
