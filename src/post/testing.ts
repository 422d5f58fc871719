/** For tests: a real SMTP server on loopback that keeps what it takes in, and GOV.UK Notify. */
import { createHmac, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type FastifyReply, fastify } from 'fastify';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { z } from 'zod';

export type Arrived = { readonly from: string; readonly to: readonly string[]; readonly raw: string };
export type Postbox = {
  readonly url: string;
  readonly port: number;
  mails(): readonly Arrived[];
  /** Resolves once so many have come. */
  arrived(count: number): Promise<readonly Arrived[]>;
  close(): Promise<void>;
};

/** `refuse` says with which status an address is refused; undefined: it is taken. */
export async function openPostbox(
  refuse: (to: string) => number | undefined = () => undefined,
  options: SMTPServerOptions = {},
): Promise<Postbox> {
  const mails: Arrived[] = [];
  const waiting: (() => void)[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], hideSize: true },
    onRcptTo: ({ address }, _session, done) => {
      const status = refuse(address);
      done(status === undefined ? undefined : Object.assign(new Error('Not here'), { responseCode: status }));
    },
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(parts).toString('utf8'),
        });
        done();
        for (const wake of waiting.splice(0)) wake();
      });
    },
    ...options,
  });
  // A client that breaks off is part of what is tested.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = portOf(server.server.address());
  return {
    ...{ port, url: `smtp+insecure://127.0.0.1:${port}`, mails: () => mails },
    arrived: async (count) => {
      while (mails.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return mails;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function portOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('The postbox has no port.');
  return address;
}

export const NOTIFY_KEY = 'tests-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0';
export const NOTIFY_TEMPLATE = 'f33517ff-2a88-4f6e-b855-c550268ce08a';

type Taken = {
  readonly id: string;
  readonly reference: string;
  status: string;
  readonly email_address: string;
  readonly personalisation: Readonly<Record<string, string>>;
};
const emailShape = z.object({
  ...{ template_id: z.literal(NOTIFY_TEMPLATE), email_address: z.string(), reference: z.string() },
  personalisation: z.record(z.string(), z.string()),
});

/** For tests: GOV.UK Notify's API (v2) as it is published, as far as mail goes. The address says what becomes of a mail. */
export async function openNotifyService() {
  const taken: Taken[] = [];
  let template = { subject: '((subject))', body: '((message))' };
  const app = fastify();
  const refused = (reply: FastifyReply, status: number, error: string, message: string) =>
    reply.status(status).send({ status_code: status, errors: [{ error, message }] });
  app.addHook('onRequest', async (request, reply) => {
    if (!isSigned(request.headers.authorization ?? ''))
      return refused(reply, 403, 'AuthError', 'Invalid token: service not found');
  });
  app.post('/v2/notifications/email', async (request, reply) => {
    const { email_address, reference, personalisation } = emailShape.parse(request.body);
    if (email_address.startsWith('refused'))
      return refused(
        reply,
        400,
        'ValidationError',
        `email_address ${email_address} Not a valid email address`,
      );
    if (email_address.startsWith('limit'))
      return refused(reply, 429, 'TooManyRequestsError', 'Exceeded send limits (50) for today');
    const silent = email_address.includes('silent');
    if (!silent || email_address.startsWith('taken'))
      taken.push({ id: randomUUID(), reference, status: 'created', email_address, personalisation });
    // Never answered.
    if (silent) return reply.hijack();
    return reply.status(201).send({ id: taken.at(-1)?.id, reference });
  });
  app.get('/v2/template/:id', () => ({ id: NOTIFY_TEMPLATE, type: 'email', ...template }));
  app.get('/v2/notifications', (request) => {
    const asked = z
      .object({ reference: z.string(), status: z.string(), older_than: z.string() })
      .partial()
      .parse(request.query);
    const newest = taken.toReversed();
    const from = asked.older_than ? newest.findIndex(({ id }) => id === asked.older_than) + 1 : 0;
    const fits = (each: Taken) =>
      (!asked.reference || each.reference === asked.reference) &&
      (!asked.status || each.status.endsWith('failure'));
    return { notifications: newest.slice(from).filter(fits).slice(0, 250), links: {} };
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${portOf(app.server.address()).port}`,
    taken: (): readonly Taken[] => taken,
    fail: (reference: string, status: string) => {
      for (const each of taken) if (each.reference === reference) each.status = status;
    },
    template: (other: typeof template) => {
      template = other;
    },
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

/** A JSON Web Token of ours (RFC 7519): HS256 by the key's secret, issued by its service just now. */
function isSigned(header: string): boolean {
  const [service, secret] = [NOTIFY_KEY.slice(-73, -37), NOTIFY_KEY.slice(-36)];
  const [head = '', body = '', signature] = header.replace('Bearer ', '').split('.');
  if (createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url') !== signature) return false;
  const { iss, iat } = z
    .object({ iss: z.string(), iat: z.number() })
    .parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  return iss === service && Math.abs(iat - Date.now() / 1000) < 30;
}
