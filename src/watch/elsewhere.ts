/** Addresses that are no Letterbox: a shared folder, a spreadsheet's link, a supplier's form, a bucket. */
import { type Asking, type Got, headerOf } from './asking.ts';
import type { Elsewhere } from './config.ts';
import { type Finding, STRANGER, searchGot } from './judging.ts';
import type { Hit, Needles } from './needles.ts';

/** What of this is wrong now, or null. `blind` where nobody answers and something must be looked for in the answer. */
export async function look(asking: Asking, rule: Elsewhere): Promise<Finding | null> {
  const got = await followed(asking, rule.url);
  const about = {
    ...{ organisation: null, form: null, asWhom: STRANGER, address: rule.url.slice(0, 500), by: 'elsewhere' },
  };
  if (rule.must === 'never answer') {
    if (!got || !isGiven(got)) return null;
    const seen = `A stranger gets ${sizeOf(got)} there (${headerOf(got, 'content-type').slice(0, 60) || 'of an unknown kind'}), and must get nothing.`;
    return { ...about, key: `elsewhere ${rule.url}`.slice(0, 300), kind: 'elsewhere', colour: 'red', seen };
  }
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
