/** Addresses that are no Letterbox: a shared folder, a spreadsheet's link, a supplier's form, a bucket, a relay's port. */
import { connect } from 'node:net';
import { type Asking, type Got, headerOf } from './asking.ts';
import type { Elsewhere } from './config.ts';
import { type Finding, STRANGER, searchGot } from './judging.ts';
import type { Hit, Needles } from './needles.ts';

/** As many are looked at together: one that a firewall keeps silent takes ten seconds, and must not hold up the others. */
const TOGETHER = 50;

/** What of all these is wrong now. */
export async function lookAtAll(asking: Asking, rules: readonly Elsewhere[]): Promise<Finding[]> {
  const found: Finding[] = [];
  const left = rules.values();
  const looking = async () => {
    for (const rule of left) {
      const finding = await look(asking, rule);
      if (finding) found.push(finding);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, looking));
  return found;
}

/** What of this is wrong now, or null. `blind` where nobody answers and something must be looked for in the answer. */
export async function look(asking: Asking, rule: Elsewhere): Promise<Finding | null> {
  const about = {
    ...{ organisation: null, form: null, asWhom: STRANGER, address: rule.url.slice(0, 500), by: 'elsewhere' },
  };
  if (rule.must === 'never answer') {
    const seen = await whatIsGiven(asking, rule.url);
    if (!seen) return null;
    return { ...about, key: `elsewhere ${rule.url}`.slice(0, 300), kind: 'elsewhere', colour: 'red', seen };
  }
  const got = await followed(asking, rule.url);
  if (!got) {
    const seen = 'Nobody answers there, so it cannot be looked for what must not be there.';
    return { ...about, key: `unanswered ${rule.url}`.slice(0, 300), kind: 'blind', colour: 'amber', seen };
  }
  const { found } = await searchGot(got, needleOf(rule.text));
  if (found.length === 0) return null;
  const seen = 'A text stands there that must never appear there.';
  return {
    ...about,
    key: `text ${rule.url} ${rule.text}`.slice(0, 300),
    kind: 'elsewhere',
    colour: 'red',
    seen,
  };
}

/** What a stranger gets at an address that must give nothing, in a sentence; null where that is nothing. */
async function whatIsGiven(asking: Asking, url: string): Promise<string | null> {
  if (url.startsWith('tcp:'))
    return (await isListening(new URL(url)))
      ? 'A stranger is connected there, and must not be: something listens at that port.'
      : null;
  const got = await followed(asking, url);
  if (!got || !isGiven(got)) return null;
  const kind = headerOf(got, 'content-type').slice(0, 60) || 'of an unknown kind';
  return `A stranger gets ${sizeOf(got)} there (${kind}), and must get nothing.`;
}

const MOST_SILENT = 10_000;

/** Whether anybody takes a connection there. Nothing is said to whoever does. */
const isListening = ({ hostname, port }: URL): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
    const over = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(MOST_SILENT, () => over(false));
    socket.once('connect', () => over(true));
    socket.once('error', () => over(false));
  });

const MOST_HOPS = 5;

/** The answer behind at most five redirections: shared links answer by sending somebody on. */
async function followed(asking: Asking, url: string): Promise<Got | null> {
  let at = url;
  for (let hops = 0; ; hops += 1) {
    const got = await asking.ask({ url: at, headers: { accept: '*/*' } });
    const location = got && got.status >= 300 && got.status < 400 ? headerOf(got, 'location') : '';
    if (!location || hops === MOST_HOPS || !URL.canParse(location, at)) return got;
    const next = new URL(location, at);
    if (!['http:', 'https:'].includes(next.protocol)) return got;
    at = next.href;
  }
}

/** Something is given where it is 2xx and not a page on which one signs in. */
function isGiven(got: Got): boolean {
  if (got.status < 200 || got.status > 299 || got.bytes.length === 0) return false;
  const text = Buffer.from(got.bytes.subarray(0, 200_000)).toString('latin1');
  return !(headerOf(got, 'content-type').includes('html') && /type\s*=\s*["']?password/i.test(text));
}

const sizeOf = ({ bytes }: Got): string =>
  bytes.length < 2000 ? `${bytes.length} bytes` : `${Math.round(bytes.length / 1000)} kB`;

/** Looks for a text, whatever its case. */
function needleOf(text: string): Needles {
  const wanted = Buffer.from(text.toLowerCase(), 'utf8').toString('latin1');
  const hit: Hit = { colour: 'red', source: { canary: 'text', form: '', part: 'text' } };
  return { find: (_bytes, found) => (found.toLowerCase().includes(wanted) ? [hit] : []) };
}
