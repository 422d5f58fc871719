/**
 * The other side of the bench, in a process of its own: sends posts to the site, or inserts the same bytes into a
 * bare table, with so many at once and for so long. Answers each order by IPC.
 *
 * The HTTP client is a few lines over a socket: a comfortable one would take the processor from what is measured.
 */
import { connect } from 'node:net';
import pg from 'pg';
import { cast, type Mould, type Packed, unpack } from './posts.ts';

export type Order = {
  readonly kind: 'posts' | 'inserts';
  readonly atOnce: number;
  readonly milliseconds: number;
  /** Stop after so many, if that comes first. */
  readonly most?: number;
};
export type Setup = { readonly port: number; readonly adminUrl: string; readonly packed: readonly Packed[] };
/** `latencies` in milliseconds, of those that were done in time; `refused`: answers that were no acknowledgement. */
export type Tally = {
  readonly done: number;
  readonly seconds: number;
  readonly latencies: readonly number[];
  readonly refused: number;
};

/** Sends one and resolves to whether it was acknowledged. */
type Send = (mould: Mould) => Promise<boolean>;

let setup: Setup | null = null;
let moulds: readonly Mould[] = [];
let pool: pg.Pool | null = null;

process.on('message', (message: { setup: Setup } | { order: Order }) => {
  if ('setup' in message) {
    setup = message.setup;
    moulds = setup.packed.map(unpack);
    process.send?.({ ready: true });
    return;
  }
  run(message.order).then(
    (tally) => process.send?.({ tally }),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

async function run({ kind, atOnce, milliseconds, most = Number.POSITIVE_INFINITY }: Order): Promise<Tally> {
  if (!setup) throw new Error('Not set up yet.');
  const { port, adminUrl } = setup;
  pool ??= new pg.Pool({ connectionString: adminUrl, max: atOnce });
  const lanes = Array.from({ length: atOnce }, () =>
    kind === 'posts' ? poster(port) : { send: inserter(pool), end: () => undefined },
  );
  const latencies: number[] = [];
  let refused = 0;
  let started = 0;
  const begun = performance.now();
  const until = begun + milliseconds;
  let last = begun;
  await Promise.all(
    lanes.map(async ({ send }) => {
      while (performance.now() < until && started < most) {
        const mould = moulds[started % moulds.length];
        if (!mould) throw new Error('There are no posts to send.');
        started += 1;
        const at = performance.now();
        const acknowledged = await send(mould);
        const now = performance.now();
        if (now > until) break;
        last = now;
        if (acknowledged) latencies.push(now - at);
        else refused += 1;
      }
    }),
  );
  for (const { end } of lanes) end();
  const seconds = (started >= most ? last - begun : milliseconds) / 1000;
  return { done: latencies.length, seconds, latencies, refused };
}

/** One connection that is kept, one request at a time. */
function poster(port: number): { send: Send; end: () => void } {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  let received: Buffer = Buffer.alloc(0);
  let settle: { resolve: (acknowledged: boolean) => void; reject: (error: Error) => void } | null = null;
  const fail = (error: Error) => settle?.reject(error);
  socket.on('error', fail).on('close', () => fail(new Error('The site closed a connection.')));
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const head = received.indexOf('\r\n\r\n');
    if (head === -1) return;
    const text = received.toString('latin1', 0, head);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (received.length < head + 4 + length) return;
    received = Buffer.alloc(0);
    settle?.resolve(text.startsWith('HTTP/1.1 201'));
  });
  const send: Send = (mould) =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
      const { bytes } = cast(mould);
      socket.cork();
      socket.write(
        `POST ${mould.path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n` +
          `Content-Type: application/vnd.letterbox.sealed\r\nContent-Length: ${bytes.length}\r\n\r\n`,
      );
      socket.write(bytes);
      socket.uncork();
    });
  return { send, end: () => socket.removeAllListeners('close').destroy() };
}

/** The simplest durable home for the same bytes: one row, one statement, prepared once a connection. */
function inserter(pool: pg.Pool | null): Send {
  return async (mould) => {
    const { id, bytes } = cast(mould);
    await pool?.query({
      name: 'bare',
      text: 'insert into bench.bare (id, post) values ($1, $2)',
      values: [id, bytes],
    });
    return true;
  };
}
