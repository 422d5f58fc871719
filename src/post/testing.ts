/** For tests: a real SMTP server on loopback that keeps what it takes in. */
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

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
