/** The real sites behind a proxy that makes mistakes: each is found, and gone once it is mended. */

import { mkdtempSync, rmSync } from 'node:fs';
import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startDesk } from '../../cli/desk.ts';
import { readSettings } from '../../cli/settings.ts';
import { startSlot } from '../../cli/slot.ts';
import { type TestDatabase, testDatabase } from '../../store/testing.ts';
import { type Assets, freshAssets } from '../../web/assets.ts';
import type { Site } from '../../web/doors.ts';
import type { Answer } from './asking.ts';
import { certificateFor } from './certificate.testing.ts';
import { inTheClear, siteSubject } from './sites.ts';

const DAY = 86_400_000;
const CERTIFICATE = certificateFor(new Date(Date.now() - DAY), new Date(Date.now() + 90 * DAY));

/** What the proxy does wrongly; nothing at first. */
type Wrong = {
  answer?: (headers: IncomingHttpHeaders) => OutgoingHttpHeaders;
  body?: (body: Buffer, path: string, asked: IncomingHttpHeaders) => Buffer;
  /** What of the asking program's own headers it lets through. */
  lets?: readonly string[];
  /** It leads everything but the first page and the browser's files to the desk. */
  toDesk?: boolean;
  /** It shows whoever says who they are a page, and asks nobody. */
  signsIn?: boolean;
};
let wrong: Wrong = {};
let db: TestDatabase;
let assets: Assets;
let ports: Record<Site, number>;
let urls: Record<Site, string>;
const opened: (() => Promise<unknown>)[] = [];

/** Sets what a proxy sets, and lets nothing of X-Forwarded-* through. */
const proxyTo =
  (site: Site): RequestListener =>
  (request, response) => {
    const path = request.url ?? '/';
    const own = Object.entries(request.headers).filter(
      ([name]) => !/forwarded|^(x-)?remote-/.test(name) || wrong.lets?.includes(name),
    );
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': request.headers.host };
    const headers = { ...forwarded, ...Object.fromEntries(own) };
    const port = wrong.toDesk && path !== '/' && !path.startsWith('/assets/') ? ports.desk : ports[site];
    if (wrong.signsIn && request.headers['x-forwarded-user'] && path !== '/sign-in')
      return response.end('<p>Welcome');
    const asked = forward(
      { host: '127.0.0.1', port, path, method: request.method, headers },
      async (answer) => {
        const body = Buffer.concat(await answer.toArray());
        const said = { ...answer.headers };
        delete said['content-length'];
        response.writeHead(answer.statusCode ?? 500, wrong.answer?.(said) ?? said);
        response.end(wrong.body?.(body, path, request.headers) ?? body);
      },
    );
    request.pipe(asked);
  };

async function listening(server: Server, address: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('There is no port.');
  return `${address}:${bound.port}`;
}

beforeAll(async () => {
  setDefaultCACertificates([...getCACertificates('default'), CERTIFICATE.cert]);
  [db, assets] = await Promise.all([testDatabase(), freshAssets()]);
  const folder = mkdtempSync(join(tmpdir(), 'letterbox-sites-'));
  opened.push(async () => rmSync(folder, { recursive: true, force: true }), db.close);
  const proxies = (['slot', 'desk'] as const).map((site) =>
    listening(createSecure(CERTIFICATE, proxyTo(site)), 'https://localhost'),
  );
  const [slotUrl = '', deskUrl = ''] = await Promise.all(proxies);
  urls = { slot: slotUrl, desk: deskUrl };
  const free = async () => Number((await listening(createServer(), 'x')).split(':')[1]);
  ports = { slot: await free(), desk: await free() };
  await Promise.all(opened.splice(-2).map((close) => close()));
  const settings = readSettings({
    ...{ LETTERBOX_PUBLIC_PORT: String(ports.slot), LETTERBOX_DESK_PORT: String(ports.desk) },
    ...{ LETTERBOX_PUBLIC_URL: slotUrl, LETTERBOX_DESK_URL: deskUrl },
    ...{ LETTERBOX_DATA: folder, LETTERBOX_TRUST_PROXY: 'true' },
  });
  const parts = { settings, assets, demonstration: null, say: () => undefined };
  const slot = await startSlot({ ...parts, database: db.slot, demonstration: false });
  const desk = await startDesk({ ...parts, desk: db.desk, signin: db.signin });
  opened.push(slot.close, desk.close);
}, 60_000);
afterAll(async () => {
  for (const close of opened.reverse()) await close();
});
beforeEach(() => {
  wrong = {};
});

async function found(
  site: Site,
  at: Partial<Record<Site, string>> = {},
  now = new Date(),
): Promise<string[]> {
  const { slot: publicUrl, desk: deskUrl } = { ...urls, ...at };
  const subject = siteSubject(site, { publicUrl, deskUrl, assets }, () => now);
  try {
    return (await subject.look()).map(({ colour, key, seen }) => `${colour} ${key}: ${seen}`);
  } finally {
    subject.close();
  }
}

describe('where all is as it should be, nothing is found', () => {
  test('behind a proxy with a certificate', async () => {
    expect(await found('slot')).toEqual([]);
    expect(await found('desk')).toEqual([]);
  });

  test('on loopback without a proxy', async () => {
    const settings = readSettings({
      ...{ LETTERBOX_PUBLIC_PORT: '1', LETTERBOX_DESK_PORT: '2', LETTERBOX_DATA: tmpdir() },
    });
    const direct = { assets, demonstration: null, say: () => undefined };
    const free = await listening(createServer(), 'x');
    await opened.pop()?.();
    const at = { ...settings, publicPort: Number(free.split(':')[1]) };
    const slot = await startSlot({ ...direct, settings: at, database: db.slot, demonstration: false });
    expect(await found('slot', { slot: slot.address })).toEqual([]);
    await slot.close();
  });
});

describe('a mistake of a proxy', () => {
  const MISTAKES: readonly (readonly [what: string, site: Site, wrong: Wrong, said: RegExp])[] = [
    [
      '24: no policy for scripts',
      'slot',
      { answer: ({ 'content-security-policy': _, ...rest }) => rest },
      /^amber header content-security-policy/,
    ],
    [
      '24: a looser policy for scripts',
      'desk',
      {
        answer: (headers) => ({
          ...headers,
          'content-security-policy': "script-src 'self' https://example.org",
        }),
      },
      /^amber header content-security-policy/,
    ],
    [
      '24: no strict transport',
      'desk',
      { answer: ({ 'strict-transport-security': _, ...rest }) => rest },
      /^amber header strict-transport-security/,
    ],
    [
      '20: pages may be kept',
      'desk',
      { answer: (headers) => ({ ...headers, 'cache-control': 'public' }) },
      /^amber cached/,
    ],
    [
      '20: a page came out of a cache',
      'slot',
      { answer: (headers) => ({ ...headers, age: '17' }) },
      /^amber cached/,
    ],
    [
      'the session’s cookie without its flags',
      'desk',
      {
        answer: (headers) => ({
          ...headers,
          'set-cookie': [headers['set-cookie'] ?? []]
            .flat()
            .map((cookie) => cookie.replace(/; (HttpOnly|Secure)/g, '')),
        }),
      },
      /^amber cookie .*lacks HttpOnly, Secure/,
    ],
    [
      'the session’s cookie for a whole domain',
      'desk',
      {
        answer: (headers) => ({
          ...headers,
          'set-cookie': [headers['set-cookie'] ?? []].flat().map((cookie) => `${cookie}; Domain=example.org`),
        }),
      },
      /^amber cookie .*no Domain/,
    ],
    [
      '25: whoever asks may say how',
      'slot',
      { lets: ['x-forwarded-proto'] },
      /^amber believed X-Forwarded-Proto/,
    ],
    ['25: whoever asks may say who', 'desk', { signsIn: true }, /^red believed user/],
    [
      '24: addresses with whatever Host was sent',
      'slot',
      {
        body: (body, path, { host }) =>
          path === '/' ? Buffer.concat([body, Buffer.from(`<a href="//${host}/">`)]) : body,
      },
      /^amber believed host/,
    ],
    [
      '24: addresses with whatever X-Forwarded-Host was sent',
      'desk',
      {
        body: (body, _path, asked) =>
          Buffer.concat([body, Buffer.from(`<a href="//${asked['x-forwarded-host']}/">`)]),
      },
      /^amber believed proxy/,
    ],
    ['23: the desk on the public side’s address', 'slot', { toDesk: true }, /^amber desk on the public side/],
    [
      '41: a script with other bytes',
      'slot',
      {
        body: (body, path) =>
          path.endsWith('.js') ? Buffer.concat([body, Buffer.from('fetch("//evil")')]) : body,
      },
      /^red altered .*other bytes than this release’s/,
    ],
    [
      '38: a third party’s script',
      'desk',
      {
        body: (body) =>
          Buffer.from(
            body.toString().replace('</head>', '<script src="https://example.org/a.js"></script></head>'),
          ),
      },
      /^amber script https:\/\/example\.org\/a\.js/,
    ],
    [
      '31: the clock an hour off',
      'slot',
      { answer: (headers) => ({ ...headers, date: new Date(Date.now() - 3_600_000).toUTCString() }) },
      /^amber clock /,
    ],
  ];
  test.each(MISTAKES)('%s', async (_what, site, mistake, said) => {
    wrong = mistake;
    expect(await found(site)).toContainEqual(expect.stringMatching(said));
    wrong = {};
    expect(await found(site)).toEqual([]);
  });
});

describe('a certificate', () => {
  test('is told of two weeks before its end, and no earlier', async () => {
    expect(await found('slot', {}, new Date(Date.now() + 77 * DAY))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^amber certificate .*less than two weeks/)]),
    );
    expect(
      (await found('slot', {}, new Date(Date.now() + 70 * DAY))).filter((line) => /certificate/.test(line)),
    ).toEqual([]);
  });

  test('that nobody knows, or for another name, is told of', async () => {
    const unknown = certificateFor(new Date(Date.now() - DAY), new Date(Date.now() + 90 * DAY));
    const url = await listening(createSecure(unknown, proxyTo('slot')), 'https://localhost');
    expect(await found('slot', { slot: url })).toEqual([
      expect.stringMatching(/^amber certificate .*does not hold/),
    ]);
    const other = urls.slot.replace('localhost', '127.0.0.1');
    expect(await found('slot', { slot: other })).toEqual([
      expect.stringMatching(/^amber certificate .*does not hold/),
    ]);
  });
});

describe('TLS', () => {
  const plain = (status: number, location = ''): Answer => ({
    ...{ status, headers: new Map([['location', location]]), cookies: [], certificateUntil: null },
    body: Buffer.alloc(0),
  });
  const asker = (answer: Answer | null) => ({
    ask: async () => {
      if (!answer) throw new Error('nobody answers');
      return answer;
    },
    close: () => undefined,
  });

  test('is needed wherever others than this machine can come', async () => {
    expect(await inTheClear(asker(null), 'http://letters.example.org')).toMatchObject([{ colour: 'red' }]);
    expect(await inTheClear(asker(null), 'http://localhost:3000')).toEqual([]);
  });

  test('is all there is: plain HTTP may lead to it only', async () => {
    expect(await inTheClear(asker(plain(200)), 'https://letters.example.org')).toMatchObject([
      { colour: 'amber' },
    ]);
    expect(
      await inTheClear(asker(plain(301, 'http://letters.example.org/x')), 'https://letters.example.org'),
    ).toHaveLength(1);
    for (const well of [null, plain(404), plain(308, 'https://letters.example.org/')])
      expect(await inTheClear(asker(well), 'https://letters.example.org')).toEqual([]);
  });
});

test('a site that does not answer cannot be looked at', async () => {
  await expect(found('slot', { slot: 'http://127.0.0.1:9' })).rejects.toThrow('it does not answer');
});
