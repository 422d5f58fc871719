/** Asking a site as anybody could, with whatever Host and headers; nothing is followed, kept or trusted. */
import { Agent as HttpAgent, type IncomingMessage, request as overHttp } from 'node:http';
import { Agent as HttpsAgent, request as overHttps } from 'node:https';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';

export type Answer = {
  readonly status: number;
  /** By name in lower case; several of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
  /** Until when the certificate holds; null without TLS. */
  readonly certificateUntil: Date | null;
};

export type Question = {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
};

export type Asker = {
  /** @throws where nobody answers within five seconds, or the certificate does not hold */
  ask(url: string, question?: Question): Promise<Answer>;
  close(): void;
};

const PATIENCE = 5000;
const LARGEST = 16 * 1024 * 1024;

export function openAsker(): Asker {
  // A resumed session would show no certificate.
  const https = new HttpsAgent({ keepAlive: true, maxSockets: 4, maxCachedSessions: 0 });
  const http = new HttpAgent({ keepAlive: true, maxSockets: 4 });
  return {
    ask: (url, { method = 'GET', headers = {} } = {}) =>
      new Promise((resolve, reject) => {
        const secure = url.startsWith('https:');
        const asked = (secure ? overHttps : overHttp)(url, {
          ...{ method, headers: { accept: 'text/html', ...headers }, agent: secure ? https : http },
          // Whatever Host is sent, the certificate is the address's own.
          ...(secure && isIP(new URL(url).hostname) === 0 && { servername: new URL(url).hostname }),
          signal: AbortSignal.timeout(PATIENCE),
        });
        asked.once('error', reject);
        asked.once('response', (response) => read(response).then(resolve, reject));
        asked.end();
      }),
    close: () => {
      https.destroy();
      http.destroy();
    },
  };
}

async function read(response: IncomingMessage): Promise<Answer> {
  const { socket } = response;
  const certificateUntil =
    socket instanceof TLSSocket ? new Date(socket.getPeerCertificate().valid_to) : null;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    if (!Buffer.isBuffer(part)) continue;
    size += part.length;
    if (size > LARGEST) throw new Error('what it answers never ends.');
    parts.push(part);
  }
  const headers = Object.entries(response.headersDistinct).map(
    ([name, values]) => [name, (values ?? []).join(', ')] as const,
  );
  return {
    ...{ status: response.statusCode ?? 0, headers: new Map(headers), certificateUntil },
    ...{ cookies: response.headers['set-cookie'] ?? [], body: Buffer.concat(parts) },
  };
}
