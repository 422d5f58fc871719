/** Asking an address as a stranger's program would: one request, no redirect followed, what came kept as it came. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export type Ask = {
  readonly url: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

export type Got = {
  readonly status: number;
  /** Name and value of each, in lower case and as it came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Not decoded; cut off where it is too long. */
  readonly bytes: Uint8Array;
  readonly whole: boolean;
};

export type Asking = { ask(ask: Ask): Promise<Got | null>; close(): void };

const LONGEST = 10_000;
const LARGEST = 32 * 1024 * 1024;

/** Asks over connections that are kept. Null: nobody answered within ten seconds. */
export function openAsking(connections = 8): Asking {
  const plain = new HttpAgent({ keepAlive: true, maxSockets: connections });
  const encrypted = new HttpsAgent({ keepAlive: true, maxSockets: connections });
  return {
    ask: (asked) => askOnce(asked, { plain, encrypted }),
    close: () => {
      plain.destroy();
      encrypted.destroy();
    },
  };
}

type Agents = { readonly plain: HttpAgent; readonly encrypted: HttpsAgent };

function askOnce({ url, method = 'GET', headers = {}, body }: Ask, agents: Agents): Promise<Got | null> {
  const secure = url.startsWith('https:');
  const options = {
    ...{ method, agent: secure ? agents.encrypted : agents.plain, signal: AbortSignal.timeout(LONGEST) },
    headers: {
      'accept-encoding': 'gzip, deflate, br, zstd',
      'user-agent': 'Letterbox-Watch',
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    },
  };
  return new Promise((resolve) => {
    const asking = (secure ? httpsRequest : httpRequest)(url, options, (answer) => resolve(collect(answer)));
    asking.on('error', () => resolve(null));
    asking.end(body);
  });
}

async function collect(answer: IncomingMessage): Promise<Got> {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2)
    headers.push([(answer.rawHeaders[at] ?? '').toLowerCase(), answer.rawHeaders[at + 1] ?? '']);
  const parts: Buffer[] = [];
  let length = 0;
  let whole = true;
  try {
    for await (const part of answer) {
      parts.push(Buffer.from(part));
      length += part.length;
      if (length > LARGEST) {
        whole = false;
        answer.destroy();
        break;
      }
    }
  } catch {
    whole = false;
  }
  return { status: answer.statusCode ?? 0, headers, bytes: Buffer.concat(parts), whole };
}

/** The value of a header, the last one where there are several; empty where there is none. */
export function headerOf({ headers }: Got, name: string): string {
  return headers.findLast(([each]) => each === name)?.[1] ?? '';
}

/** The body as JSON; null where it is none. */
export function jsonIn({ bytes, headers }: Got): unknown {
  if (headers.some(([name, value]) => name === 'content-encoding' && value !== 'identity')) return null;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}
