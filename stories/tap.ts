/** A tap on the wire: passes everything on between browser and server, and keeps every byte that went by. */
import { connect, createServer, type Socket } from 'node:net';

export type Tap = { readonly url: string; readonly bytes: () => Buffer; close(): Promise<void> };

/** Listens on a port of its own and passes on to `to()` on loopback; null: there is nobody yet. */
export async function tap(to: () => string | null): Promise<Tap> {
  const kept: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const url = to();
    if (url === null) return void client.destroy();
    const upstream = connect(Number(new URL(url).port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    for (const socket of [client, upstream]) socket.on('data', (bytes: Buffer) => kept.push(bytes));
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://localhost:${port}`,
    bytes: () => Buffer.concat(kept),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The words that occur in `bytes`, as they are or in any encoding that programs put text into. */
export function wordsIn(bytes: Buffer, words: readonly string[]): string[] {
  const lower = Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1');
  return words.filter((word) =>
    encodings(word).some(
      (needle) =>
        bytes.includes(needle) ||
        lower.includes(Buffer.from(needle.toString('latin1').toLowerCase(), 'latin1')),
    ),
  );
}

function encodings(word: string): Buffer[] {
  const utf8 = Buffer.from(word, 'utf8');
  // base64 in each of its three alignments, without the characters that neighbours change.
  const base64 = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), utf8]).toString('base64');
    const inner = text.slice(shift === 0 ? 0 : 4, Math.floor(text.length / 4) * 4 - 4);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const texts = [
    ...base64,
    utf8.toString('hex'),
    encodeURIComponent(word),
    encodeURIComponent(word).replaceAll('%20', '+'),
    JSON.stringify(word).slice(1, -1),
    word.replaceAll(' ', '&#x20;'),
  ];
  return [
    utf8,
    Buffer.from(word, 'utf16le'),
    Buffer.from(word, 'utf16le').swap16(),
    ...texts.filter((text) => text.length >= 8).map((text) => Buffer.from(text, 'latin1')),
  ];
}
