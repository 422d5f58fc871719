/** The two sites, as they answer whoever asks at their addresses. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assets } from '../../web/assets.ts';
import { DOORS, type Site } from '../../web/doors.ts';
import { headersOf } from '../../web/headers.ts';
import type { Finding, Subject } from '../inspection.ts';
import {
  believedFindings,
  certificateFindings,
  cookieFindings,
  dateFindings,
  finding,
  headerFindings,
  loadedBy,
  NO_SUCH_HOST,
} from './answers.ts';
import { type Answer, type Asker, openAsker } from './asking.ts';
import { isLoopback } from './loopback.ts';

export type Sites = { readonly publicUrl: string; readonly deskUrl: string; readonly assets: Assets };

const NAMES = { slot: 'public side', desk: 'desk' } as const;
const PAGES = { slot: '/', desk: '/sign-in' } as const;
/** Five minutes of looks: sites are started later than this, and stopped to be updated. */
const PATIENCE = 20;

/** One site; `close` lets go of its connections. */
export function siteSubject(site: Site, sites: Sites, now: () => Date): Subject & { close(): void } {
  const asker = openAsker();
  const url = site === 'slot' ? sites.publicUrl : sites.deskUrl;
  const released = releasedFiles(site, sites.assets);
  return {
    ...{ name: `The ${NAMES[site]} (${url})`, patience: PATIENCE },
    look: async () => {
      const page = await asker.ask(`${url}${PAGES[site]}`).catch((error: unknown) => {
        const refused = certificateRefused(url, error);
        if (refused) return refused;
        throw new Error(
          'it does not answer. LETTERBOX_PUBLIC_URL and LETTERBOX_DESK_URL say where it is asked.',
        );
      });
      if ('key' in page) return [page];
      if (page.status !== 200) throw new Error(`it answers ${page.status}.`);
      const asked = { asker, url, site, page };
      const found = await Promise.all([
        headerFindings(url, page, headersOf(sites.assets)),
        certificateFindings(url, page, now()),
        dateFindings(url, page, now()),
        liedTo(asked),
        loaded(asked, released()),
        inTheClear(asker, url),
        site === 'slot' ? deskDoors(asker, url) : deskOnly(asked),
      ]);
      return found.flat();
    },
    close: () => asker.close(),
  };
}

type Asked = { readonly asker: Asker; readonly url: string; readonly site: Site; readonly page: Answer };

function certificateRefused(url: string, error: unknown): Finding | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/.test(code)) return null;
  return finding(
    `certificate ${url}`,
    url,
    `The certificate does not hold (${code}), so browsers warn of this site and people learn to go past warnings. Renew it, or have it made for this name; for an authority of your own, set NODE_EXTRA_CA_CERTS.`,
  );
}

/** What is said of a site is asked with a name that is not its own, and with a proxy's words. */
async function liedTo({ asker, url, site, page }: Asked): Promise<Finding[]> {
  const at = `${url}${PAGES[site]}`;
  // A proxy may well hang up on a name it does not know.
  const host = await asker.ask(at, { headers: { host: NO_SUCH_HOST } }).catch(() => null);
  const proxy = await asker.ask(at, { headers: forged(url) }).catch(() => null);
  return [
    ...(host ? believedFindings(url, page, host, 'host') : []),
    ...(proxy ? believedFindings(url, page, proxy, 'proxy') : []),
  ];
}

/** What only a proxy may say, said by anybody. */
const forged = (url: string): Record<string, string> => ({
  'x-forwarded-host': NO_SUCH_HOST,
  'x-forwarded-proto': url.startsWith('https:') ? 'http' : 'https',
  ...{ 'x-forwarded-for': '203.0.113.7', forwarded: `for=203.0.113.7;host=${NO_SUCH_HOST}` },
  ...{ 'x-forwarded-user': 'inspection', 'x-remote-user': 'inspection', 'remote-user': 'inspection' },
  ...{ 'x-forwarded-email': 'inspection@letterbox.invalid', authorization: 'Basic aW5zcGVjdGlvbjo=' },
});

/** Addresses of a release's files, each with the hash of its bytes. */
type Released = ReadonlyMap<string, string>;

/** Read once: an update may replace them beneath a program that runs. */
function releasedFiles(site: Site, assets: Assets): () => Released {
  let kept: Released | null = null;
  return () => {
    kept ??= new Map(
      [`${site}.js`, `${site}.css`].map((name) => {
        const path = assets.url(name);
        return [path, hashOf(readFileSync(join(assets.folder, path.slice('/assets/'.length))))];
      }),
    );
    return kept;
  };
}
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The scripts and style sheets: those of the release, byte by byte, and no others. */
async function loaded({ asker, url, site, page }: Asked, released: Released): Promise<Finding[]> {
  const others = loadedBy(page.body.toString('utf8')).filter((path) => !released.has(path));
  if (others.length > 0) return others.map((path) => notReleased(site, path, url));
  const answers = await Promise.all(
    [...released].map(async ([path, hash]) => ({ path, hash, answer: await asker.ask(`${url}${path}`) })),
  );
  return answers
    .filter(({ hash, answer }) => answer.status !== 200 || hashOf(answer.body) !== hash)
    .map(({ path }) => altered(site, `${url}${path}`));
}

const notReleased = (site: Site, path: string, url: string): Finding =>
  finding(
    `script ${path} ${url}`,
    new URL(path, url).href,
    `The ${NAMES[site]} loads a script or style sheet that is not of this release. Either another version runs there than here: start all parts of the same one. Or somebody changed it: then let nobody type or open anything until it is found out who.`,
  );

const altered = (site: Site, address: string): Finding =>
  finding(
    `altered ${address}`,
    address,
    `The ${NAMES[site]} hands out a script or style sheet with other bytes than this release’s. It can read what people type or open there. Stop the site, compare it with the release, and look at what stands in front of it.`,
    'red',
  );

/** Nothing but a way to https may be answered without TLS, where others than this machine's own programs ask. */
export async function inTheClear(asker: Asker, url: string): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(url);
  if (isLoopback(hostname)) return [];
  if (protocol === 'http:')
    return [
      finding(
        `clear ${url}`,
        url,
        'The site is used without TLS, so whoever is on the way can read and change what it sends, its scripts too. Put a proxy with a certificate in front, and set the address to https.',
        'red',
      ),
    ];
  if (port !== '') return [];
  const plain = await asker.ask(`http://${hostname}/`).catch(() => null);
  return plain ? plainFindings(`http://${hostname}`, plain) : [];
}

function plainFindings(url: string, { status, headers }: Answer): Finding[] {
  const leadsOn = status >= 300 && status < 400 && (headers.get('location') ?? '').startsWith('https:');
  if (status >= 400 || leadsOn) return [];
  return [
    finding(
      `clear ${url}`,
      url,
      'The site also answers without TLS. Let plain HTTP lead to https, and serve nothing.',
    ),
  ];
}

/** Addresses of the desk without an id in them that the public side does not have. */
const DESK_PATHS = DOORS.filter(
  ({ site, method, path }) => site === 'desk' && method === 'GET' && !/[:*]/.test(path),
)
  .map(({ path }) => path)
  .filter((path) => !DOORS.some((door) => door.site === 'slot' && door.path === path));

async function deskDoors(asker: Asker, url: string): Promise<Finding[]> {
  const answers = await Promise.all(
    DESK_PATHS.map(async (path) => ({ path, answer: await asker.ask(`${url}${path}`) })),
  );
  const open = answers.filter(({ answer: { status, headers } }) =>
    status >= 300 && status < 400 ? /\/sign-in\b/.test(headers.get('location') ?? '') : status < 300,
  );
  if (open.length === 0) return [];
  const paths = open.map(({ path }) => path);
  return [
    finding(
      'desk on the public side',
      `${url}${paths[0]}`,
      `The desk answers at the public side’s address (${paths.slice(0, 4).join(', ')}). Give each site a host name of its own, and let the proxy pass each to its own port.`,
    ),
  ];
}

/** The session's cookie, and a staff page that a made-up user asks for. */
async function deskOnly({ asker, url }: Asked): Promise<Finding[]> {
  const [signedOut, people] = await Promise.all([
    asker.ask(`${url}/sign-out`, { method: 'POST' }),
    asker.ask(`${url}/people`, { headers: forged(url) }),
  ]);
  if (signedOut.status >= 400) throw new Error(`it answers ${signedOut.status} to signing out.`);
  const found = cookieFindings(url, signedOut);
  if (people.status < 300)
    found.push(
      finding(
        `believed user ${url}`,
        `${url}/people`,
        'A staff page is shown to whoever sends X-Forwarded-User or the like. Nobody but Letterbox decides who is signed in: take away whatever stands in front and believes that.',
        'red',
      ),
    );
  return found;
}
