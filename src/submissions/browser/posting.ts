/** Sending bytes to the slot, patiently: everything sent here may safely be sent again. */
import type { CaseId } from '../../sealing/place.ts';
import { postContentType } from '../../sealing/post.ts';

/** It did not get through although it was tried several times; trying once more later may help. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
}

/** The slot took it in and said no. Sending the same again would not help. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** Where a form takes submissions: `/exampleshire/review`. */
export type Door = { readonly organisation: string; readonly form: string };

const url = ({ organisation, form }: Door, rest: string) => `/${organisation}/${form}/cases${rest}`;

/** Puts one chunk of an attachment. @throws NotSentError, RefusedError */
export async function sendChunk(
  door: Door,
  of: CaseId,
  attachment: string,
  n: number,
  chunk: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const to = url(door, `/${of}/attachments/${attachment}/${n}`);
  await deliver(to, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: chunk });
}

/** Posts a case and returns the reference it is acknowledged by. @throws NotSentError, RefusedError */
export async function sendPost(door: Door, of: CaseId, post: Uint8Array<ArrayBuffer>): Promise<string> {
  const sent = { method: 'POST', headers: { 'content-type': postContentType }, body: post };
  const told: unknown = await (await deliver(url(door, ''), sent)).json();
  const answer = new Map(typeof told === 'object' && told !== null ? Object.entries(told) : []);
  const reference = answer.get('reference');
  if (answer.get('case') !== of || typeof reference !== 'string') throw new NotSentError(strange);
  return reference;
}

/** Waits between tries, in milliseconds, each made up to half longer by chance so that not everyone comes at once. */
const pauses = [500, 1500, 4000, 8000];
const longestPause = 30_000;
const longestTry = 120_000;

const offline = 'Your device is not connected to the internet. Connect it, then try again.';
const unreachable = 'The service could not be reached. Check your connection, then try again.';
const troubled = 'The service is busy or being repaired. Wait a few minutes, then try again.';
const strange = 'The service answered in an unexpected way. Wait a few minutes, then try again.';

async function deliver(to: string, request: RequestInit): Promise<Response> {
  for (let failed = 0; ; failed += 1) {
    const response = await attempt(to, request);
    if (response?.ok) return response;
    if (response && !isPassing(response.status)) throw new RefusedError(await reasonIn(response));
    const pause = pauses[failed];
    if (pause === undefined || !navigator.onLine) {
      throw new NotSentError(response ? troubled : navigator.onLine ? unreachable : offline);
    }
    await wait(Math.min(longestPause, Math.max(askedPause(response), pause * (1 + Math.random() / 2))));
  }
}

/** The answer, or null when there was none. */
async function attempt(to: string, request: RequestInit): Promise<Response | null> {
  const headers = { accept: 'application/json', ...request.headers };
  const plainly: RequestInit = { credentials: 'omit', redirect: 'error', cache: 'no-store' };
  try {
    return await fetch(to, { ...plainly, ...request, headers, signal: AbortSignal.timeout(longestTry) });
  } catch {
    return null;
  }
}

const isPassing = (status: number): boolean =>
  status >= 500 || status === 408 || status === 425 || status === 429;

function askedPause(response: Response | null): number {
  return Number(response?.headers.get('retry-after') ?? 0) * 1000 || 0;
}

async function reasonIn(response: Response): Promise<string> {
  const told: unknown = await response.json().catch(() => null);
  const message = typeof told === 'object' && told !== null && 'message' in told ? told.message : null;
  return typeof message === 'string' ? message : strange;
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
