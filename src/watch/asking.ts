/** Asking an address as a stranger's program would: one request, no redirect followed, what came kept as it came. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { OVERLAP } from './search.ts';

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

/** Takes a piece of a long answer; the next one is waited for when it resolves. */
export type OnPiece = (piece: Got) => Promise<void>;
export type Asking = {
  /**
   * What somebody answers. Null: nobody did within ten seconds. An answer of more than 32 MB comes in pieces of as much,
   * each with the end of the one before, and each within ten seconds: all but the last to `onPiece`, where it is given;
   * eight pieces at most. Without it, or when it is packed, it is cut off.
   */
  ask(ask: Ask, onPiece?: OnPiece): Promise<Got | null>;
  close(): void;
};

const LONGEST = 10_000;
/** `piece` in bytes. */
export type Length = { readonly piece: number; readonly pieces: number };
const LENGTH: Length = { piece: 32 * 1024 * 1024, pieces: 8 };

/** Asks over connections that are kept. */
export function openAsking(connections = 8, length = LENGTH): Asking {
  const plain = new HttpAgent({ keepAlive: true, maxSockets: connections });
  const encrypted = new HttpsAgent({ keepAlive: true, maxSockets: connections });
  return {
    ask: (asked, onPiece) => askOnce(asked, { plain, encrypted }, { ...length, onPiece }),
    close: () => {
      plain.destroy();
      encrypted.destroy();
    },
  };
}

type Agents = { readonly plain: HttpAgent; readonly encrypted: HttpsAgent };

function askOnce(
  { url, method = 'GET', headers = {}, body }: Ask,
  agents: Agents,
  taking: Taking,
): Promise<Got | null> {
  const secure = url.startsWith('https:');
  const patience = new Patience();
  const options = {
    ...{ method, agent: secure ? agents.encrypted : agents.plain, signal: patience.signal },
    headers: {
      'accept-encoding': 'gzip, deflate, br, zstd',
      'user-agent': 'Letterbox-Watch',
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    },
  };
  return new Promise<Got | null>((resolve) => {
    const asking = (secure ? httpsRequest : httpRequest)(url, options, (answer) =>
      resolve(collect(answer, patience, taking)),
    );
    asking.on('error', () => resolve(null));
    asking.end(body);
  }).finally(() => patience.stop());
}

/** Ends an exchange ten seconds after it was begun, or begun again. */
class Patience {
  readonly #ending = new AbortController();
  #timer = this.#begun();
  readonly signal = this.#ending.signal;
  #begun(): NodeJS.Timeout {
    return setTimeout(() => this.#ending.abort(), LONGEST);
  }
  stop(): void {
    clearTimeout(this.#timer);
  }
  again(): void {
    this.#timer = this.#begun();
  }
}

type Taking = Length & { readonly onPiece: OnPiece | undefined };

async function collect(answer: IncomingMessage, patience: Patience, taking: Taking): Promise<Got> {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2)
    headers.push([(answer.rawHeaders[at] ?? '').toLowerCase(), answer.rawHeaders[at + 1] ?? '']);
  let parts: Buffer[] = [];
  let length = 0;
  let pieces = 1;
  const got = (whole: boolean): Got => ({
    ...{ status: answer.statusCode ?? 0, headers, bytes: Buffer.concat(parts), whole },
  });
  const inPieces = answer.headers['content-encoding'] === undefined ? taking.onPiece : undefined;
  try {
    for await (const part of answer) {
      parts.push(Buffer.from(part));
      length += part.length;
      if (length < taking.piece) continue;
      if (!inPieces || pieces === taking.pieces) return got(false);
      patience.stop();
      const piece = got(true);
      await inPieces(piece);
      patience.again();
      parts = [Buffer.from(piece.bytes.subarray(-OVERLAP))];
      length = OVERLAP;
      pieces += 1;
    }
  } catch {
    return got(false);
  }
  return got(true);
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
