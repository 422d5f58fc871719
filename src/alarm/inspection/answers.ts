/** What is wrong with an answer of one of the two sites. Pure. */
import type { Finding } from '../inspection.ts';
import type { Answer } from './asking.ts';

/** A name that no site has: it must come back in no answer. */
export const NO_SUCH_HOST = 'letterbox-inspection.invalid';

export const finding = (
  key: string,
  address: string,
  seen: string,
  colour: Finding['colour'] = 'amber',
): Finding => ({ key, colour, seen, address, whom: 'site' });

/** The headers that every page has to have: more is well, less is not. `always`: those of `headersOf`. */
export function headerFindings(
  url: string,
  answer: Answer,
  always: Readonly<Record<string, string>>,
): Finding[] {
  const wrong = Object.entries(always)
    .filter(([name, value]) => !(answer.headers.get(name) ?? '').includes(value))
    .map(([name]) => name);
  if (url.startsWith('https:') && !isStrict(answer.headers.get('strict-transport-security')))
    wrong.push('strict-transport-security');
  const found = wrong.map((name) =>
    finding(
      `header ${name} ${url}`,
      url,
      `Pages come without the header ${name} that Letterbox gives them, or with another one, so browsers do not refuse what they should. Let the proxy in front pass it on${name === 'strict-transport-security' ? ', and set LETTERBOX_TRUST_PROXY where it says X-Forwarded-Proto' : ''}.`,
    ),
  );
  const kept = answer.headers.get('cache-control') ?? '';
  const isCached =
    Number(answer.headers.get('age') ?? 0) > 0 || /\bhit\b/i.test(answer.headers.get('x-cache') ?? '');
  if (!/\bno-store\b/.test(kept) || isCached)
    found.push(
      finding(
        `cached ${url}`,
        url,
        'Pages may be kept by whoever stands between (no Cache-Control: no-store, or one came out of a cache), so one person could be shown another’s. Switch the cache of the proxy off, and let it pass Cache-Control on.',
      ),
    );
  return found;
}

const HALF_A_YEAR = 182 * 24 * 60 * 60;
function isStrict(header: string | undefined): boolean {
  return Number(/max-age=(\d+)/i.exec(header ?? '')?.[1] ?? 0) >= HALF_A_YEAR;
}

/** The session's cookie, as the desk takes it away from whoever has none. */
export function cookieFindings(url: string, { cookies }: Answer): Finding[] {
  const ours = cookies.filter((cookie) => /^(__Host-)?letterbox=/.test(cookie));
  const lacks = new Set<string>();
  for (const cookie of ours) {
    const flags = cookie
      .split(';')
      .slice(1)
      .map((flag) => flag.trim().toLowerCase());
    for (const flag of ['HttpOnly', 'SameSite=Strict', 'Path=/'])
      if (!flags.includes(flag.toLowerCase())) lacks.add(flag);
    if (cookie.startsWith('__Host-') && !flags.includes('secure')) lacks.add('Secure');
    if (flags.some((flag) => flag.startsWith('domain='))) lacks.add('no Domain');
  }
  if (ours.length > 0 && lacks.size === 0) return [];
  const what = ours.length === 0 ? 'does not come through' : `lacks ${[...lacks].join(', ')}`;
  return [
    finding(
      `cookie ${url}`,
      url,
      `The desk’s session cookie ${what}, so others than the person signed in could come to use it. Let the proxy in front leave cookies as they are.`,
    ),
  ];
}

/** An answer to a question with somebody else's Host, or with a proxy's headers made up by whoever asks. */
export function believedFindings(
  url: string,
  honest: Answer,
  lied: Answer,
  how: 'host' | 'proxy',
): Finding[] {
  const names = `${lied.headers.get('location') ?? ''} ${lied.body.toString('latin1')}`;
  const found: Finding[] = [];
  if (names.includes(NO_SUCH_HOST))
    found.push(
      finding(
        `believed ${how} ${url}`,
        url,
        `The site writes addresses with whatever name the asking program ${how === 'host' ? 'puts into Host' : 'puts into X-Forwarded-Host'}. Let the proxy answer to its own names only, and overwrite X-Forwarded-*.`,
      ),
    );
  const [strict, strictStill] = [honest, lied].map(({ headers }) => headers.has('strict-transport-security'));
  if (how === 'proxy' && strict !== strictStill)
    found.push(
      finding(
        `believed X-Forwarded-Proto ${url}`,
        url,
        'The site believes the X-Forwarded-* headers that anybody sends. Set LETTERBOX_TRUST_PROXY to false where no proxy stands in front; where one does, let it overwrite them, and let nobody reach the site past it.',
      ),
    );
  return found;
}

/** The certificate's days: two weeks before its end there is time to mend it. */
export function certificateFindings(url: string, { certificateUntil }: Answer, now: Date): Finding[] {
  if (!certificateUntil) return [];
  const days = Math.floor((certificateUntil.getTime() - now.getTime()) / 86_400_000);
  if (days >= 14) return [];
  return [
    finding(
      `certificate ${url}`,
      url,
      `The certificate ends on ${certificateUntil.toISOString().slice(0, 10)}, less than two weeks from now. Renew it, and see why that does not happen by itself.`,
    ),
  ];
}

/** Scripts and style sheets that a page loads, by their addresses. */
export function loadedBy(page: string): string[] {
  const scripts = [...page.matchAll(/<script\b[^>]*\bsrc=["']?([^"'\s>]+)/gi)];
  const sheets = [...page.matchAll(/<link\b[^>]*>/gi)]
    .filter(([tag]) => /\brel=["']?[^"'>]*stylesheet/i.test(tag))
    .map(([tag]) => /\bhref=["']?([^"'\s>]+)/i.exec(tag));
  return [...scripts, ...sheets].flatMap((match) => (match?.[1] ? [match[1]] : []));
}

const MINUTE = 60_000;
export function dateFindings(url: string, { headers }: Answer, now: Date): Finding[] {
  const said = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(said) || Math.abs(said - now.getTime()) <= MINUTE) return [];
  return [
    finding(
      `clock ${url}`,
      url,
      'The clock of the machine that serves this site and the clock of the one that looks after alarms are more than a minute apart. Let both follow the same time servers (NTP).',
    ),
  ];
}
