/** The accounts that Watch signs in with: as somebody of a body, or as whoever runs the site. */
import { z } from 'zod';
import { type Asking, headerOf, jsonIn } from './asking.ts';
import { assertion, type Passkey } from './passkey.ts';

export type Account = Passkey & {
  readonly organisation: string;
  readonly organisationName: string;
  /** Of whoever runs the site, not of a body. */
  readonly host: boolean;
  readonly person: string;
};

/** Whoever is signed in: what their requests carry. Null: a stranger. */
export type Session = { readonly cookie: string } | null;

const started = z.object({ id: z.string(), options: z.object({ challenge: z.string() }) });

/** Signs in; null where the desk does not let the account in, or does not answer. */
export async function signIn(asking: Asking, desk: string, account: Passkey): Promise<Session> {
  const start = await post(asking, `${desk}/sign-in/passkey/start`, {});
  const begun = started.safeParse(start && jsonIn(start));
  if (!begun.success) return null;
  const { id, options } = begun.data;
  const response = assertion(account, options.challenge, new URL(desk).origin);
  const done = await post(asking, `${desk}/sign-in/passkey`, { id, response });
  const cookie = done?.status === 200 ? (headerOf(done, 'set-cookie').split(';')[0] ?? '') : '';
  return cookie === '' ? null : { cookie };
}

/** Posts JSON to the desk, as whoever holds the session. */
export function post(asking: Asking, url: string, body: unknown, session: Session = null) {
  const headers = {
    ...{ 'content-type': 'application/json', accept: 'application/json' },
    ...{ origin: new URL(url).origin, 'sec-fetch-site': 'same-origin', 'accept-encoding': 'identity' },
    ...session,
  };
  return asking.ask({ url, method: 'POST', headers, body: JSON.stringify(body) });
}

/** Asks the desk for JSON, as whoever holds the session. */
export function get(asking: Asking, url: string, session: Session) {
  const headers = { accept: 'application/json', 'accept-encoding': 'identity', ...session };
  return asking.ask({ url, headers });
}
