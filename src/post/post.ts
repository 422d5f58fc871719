/**
 * # Note: post
 *
 * Mail goes out to one address at a time. A mail here has one addressee by its type: no copy and no blind copy can be
 * written down, so none can be mixed up. What becomes of it is a value: it was accepted, it may be tried again later, or
 * it never will be. The identifier of a mail is its Message-ID, so one that went out twice because an answer was lost
 * can be told from two. A mail of which the relay had all and said nothing is neither sent nor not sent, and called so.
 *
 * Mail leaves encrypted (RFC 3207 or RFC 8314) unless the relay is on this machine, or its address says `smtp+insecure`.
 *
 * LIMIT: accepted means that the relay has it (RFC 5321 §4.2.5), not that anybody read it.
 */
import { PassThrough } from 'node:stream';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { Address } from './address.ts';

export type Mail = {
  /** A UUID: the left half of its Message-ID. */
  readonly id: string;
  readonly to: Address;
  readonly subject: string;
  /** Plain text; lines may be of any length. */
  readonly text: string;
};

export type Sending =
  | { readonly sent: true }
  /**
   * `later`: it did not go out, and may another time; `never`: the relay will not take this mail; `unknown`: all of it was
   * handed over and no answer came, so it may have gone out. `why` is a sentence.
   */
  | { readonly sent: false; readonly how: 'later' | 'never' | 'unknown'; readonly why: string };

/** Where mail is handed over. Parsed by `parseRelay`. */
export type RelayAddress = {
  readonly host: string;
  readonly port: number;
  readonly encrypted: 'from the start' | 'before anything is said' | 'not at all';
  readonly user: { readonly name: string; readonly password: string } | null;
};

const SCHEMES = {
  'smtps:': { port: 465, encrypted: 'from the start' },
  'smtp:': { port: 587, encrypted: 'before anything is said' },
  'smtp+insecure:': { port: 25, encrypted: 'not at all' },
} as const;

/** `smtp://user:password@mail.example.org:587`, `smtps://…`, `smtp+insecure://…`; null for anything else. */
export function parseRelay(text: string): RelayAddress | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const scheme = Object.entries(SCHEMES).find(([name]) => name === url.protocol)?.[1];
  const extra = url.pathname.replace('/', '') + url.search + url.hash;
  if (!scheme || url.hostname === '' || extra !== '') return null;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const local = ['localhost', '127.0.0.1', '::1'].includes(host);
  return {
    ...{ host, port: url.port === '' ? scheme.port : Number(url.port) },
    encrypted: local && scheme.encrypted === 'before anything is said' ? 'not at all' : scheme.encrypted,
    user:
      url.username === ''
        ? null
        : { name: decodeURIComponent(url.username), password: decodeURIComponent(url.password) },
  };
}

export type Relay = {
  send(mail: Mail): Promise<Sending>;
  /** Connects and signs in as for a mail, and sends none: null where that works, else why not, in a sentence. */
  trouble(): Promise<string | null>;
  close(): void;
};

/** How long to wait, in milliseconds: for a connection, and for each answer. */
export type Patience = { readonly connect: number; readonly answer: number };

/** Hands mails over to a relay, as `from`, over connections that are kept for a while. Never throws for what a relay does. */
export function openRelay(
  relay: RelayAddress,
  from: Address,
  patience: Patience = { connect: 10_000, answer: 30_000 },
  connections = 2,
): Relay {
  const transport = createTransport({
    ...{ host: relay.host, port: relay.port, pool: true, maxConnections: connections },
    // By itself it would send a mail again whose connection broke, which may have been taken.
    maxRequeues: 0,
    secure: relay.encrypted === 'from the start',
    requireTLS: relay.encrypted === 'before anything is said',
    ignoreTLS: relay.encrypted === 'not at all',
    ...(relay.user && { auth: { user: relay.user.name, pass: relay.user.password } }),
    ...{
      connectionTimeout: patience.connect,
      greetingTimeout: patience.connect,
      socketTimeout: patience.answer,
    },
    // Nothing of a mail is read from a file or fetched.
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  // The relay takes a mail when it has seen all of it: whatever fails before cannot have gone out.
  const whole = new Set<string>();
  transport.use('stream', ({ message, data }, done) => {
    message.processFunc((input) => {
      const tap = new PassThrough();
      tap.once('end', () => whole.add(String(data.messageId)));
      return input.pipe(tap);
    });
    done();
  });
  // What goes wrong with a connection is told to whoever sends by it.
  transport.on('error', () => undefined);
  return {
    send: async (mail) => {
      const [, host = 'letterbox'] = from.split('@');
      const messageId = `<${mail.id}@${host}>`;
      try {
        await transport.sendMail({
          ...{ from, to: [{ name: '', address: mail.to }], text: mail.text },
          subject: mail.subject.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 200),
          messageId,
          envelope: { from, to: [mail.to] },
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        });
        return { sent: true };
      } catch (error) {
        return whole.has(messageId) && !wasAnswered(error) ? notHeard(relay) : whyNot(error, relay);
      } finally {
        whole.delete(messageId);
      }
    },
    trouble: async () => {
      try {
        await transport.verify();
        return null;
      } catch (error) {
        const sending = whyNot(error, relay);
        return sending.sent ? null : sending.why;
      }
    },
    close: () => transport.close(),
  };
}

const problem = z.object({ code: z.string().optional(), responseCode: z.number().optional() });

function whyNot(error: unknown, { host, port }: RelayAddress): Sending {
  const { code = '', responseCode = 0 } = problem.safeParse(error).data ?? {};
  const where = `${host}:${port}`;
  if (code === 'EAUTH') return later(`The mail relay ${where} does not take its user name or password.`);
  if (code === 'ETLS')
    return later(`The mail relay ${where} offers no encryption, or one that cannot be trusted.`);
  // RFC 5321 §4.2.1: 5yz is for good, 4yz is not. About the mail itself, that is; anything else can be mended.
  if (responseCode >= 500 && ['EENVELOPE', 'EMESSAGE'].includes(code))
    return { sent: false, how: 'never', why: `The mail relay ${where} refuses this mail (${responseCode}).` };
  if (responseCode >= 400)
    return later(`The mail relay ${where} cannot take this mail just now (${responseCode}).`);
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code))
    return later(`The certificate of the mail relay ${where} is not trusted.`);
  return later(`The mail relay ${where} does not answer.`);
}
const wasAnswered = (error: unknown) => (problem.safeParse(error).data?.responseCode ?? 0) > 0;
const notHeard = ({ host, port }: RelayAddress): Sending => ({
  ...{ sent: false, how: 'unknown' },
  why: `The mail relay ${host}:${port} was given all of this mail and did not say whether it took it.`,
});
const later = (why: string): Sending => ({ sent: false, how: 'later', why });

const MINUTE = 60_000;
const PAUSES = [1, 5, 15, 60].map((minutes) => minutes * MINUTE);
const LONGEST = 3 * 24 * 60 * MINUTE;

/** When to try again what failed `failures` times and was made at `made`: null after three days. */
export function nextTry(failures: number, made: Date, now: Date): Date | null {
  const at = new Date(now.getTime() + (PAUSES[failures - 1] ?? 60 * MINUTE));
  return at.getTime() - made.getTime() > LONGEST ? null : at;
}
