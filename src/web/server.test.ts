import { expect, test } from 'vitest';
import { testAssets } from './assets.ts';
import { DOORS } from './doors.ts';
import { createSite, type SiteOptions } from './server.ts';

const options = (more: Partial<SiteOptions> = {}): SiteOptions => ({
  site: 'slot',
  assets: testAssets(),
  ready: async () => true,
  demonstration: () => false,
  ...more,
});

test('a route without an audience keeps the server from starting', async () => {
  const app = await createSite(options());
  expect(() => app.get('/', async () => 'x')).toThrow('declares no audience');
});

test('a route that the list of doors does not know keeps the server from starting', async () => {
  const app = await createSite(options());
  expect(() => app.get('/debug', { config: { audience: 'public' } }, async () => 'x')).toThrow(
    'not in the list of doors',
  );
});

test('a route for another audience than the list says keeps the server from starting', async () => {
  const app = await createSite(options());
  expect(() => app.get('/', { config: { audience: 'staff' } }, async () => 'x')).toThrow(
    'the list of doors says public',
  );
});

test('negative control: a listed route with its audience starts and answers', async () => {
  const app = await createSite(options());
  app.get('/', { config: { audience: 'public' } }, async () => 'x');
  expect((await app.inject('/')).statusCode).toBe(200);
});

test('a stranger at a staff door is sent to sign in, and a program is told 401', async () => {
  const app = await createSite(options({ site: 'desk', whoIs: async () => null }));
  const door = DOORS.find(
    (each) => each.site === 'desk' && each.method === 'GET' && each.audience === 'staff',
  );
  if (!door) throw new Error('There is no staff door.');
  let reached = false;
  app.get(door.path, { config: { audience: 'staff' } }, async () => {
    reached = true;
    return 'secret';
  });
  const path = door.path.replace(/:\w+/g, 'x');
  const page = await app.inject({ url: path, headers: { accept: 'text/html' } });
  const program = await app.inject({ url: path });
  expect([page.statusCode, page.headers.location, program.statusCode, reached]).toEqual([
    303,
    '/sign-in',
    401,
    false,
  ]);
});

test('a page that is kept is given only for what it was written for, however many there are', async () => {
  const app = await createSite(options());
  app.get('/', { config: { audience: 'public' } }, (request, reply) =>
    reply.samePage('forms/pages/list.njk', {
      forms: [{ title: `Form ${request.url.split('?')[1]}.`, organisation: 'A body', url: '/', lead: '' }],
    }),
  );
  for (const n of [...Array(120).keys(), ...Array(120).keys()]) {
    const { body } = await app.inject(`/?${n}`);
    expect(body.match(/Form \d+\./g)).toEqual([`Form ${n}.`]);
  }
});

test('a post from another site is refused before any room sees it', async () => {
  const app = await createSite(options());
  app.post('/receipt', { config: { audience: 'receipt' } }, async () => 'taken');
  const from = (headers: Record<string, string>) =>
    app.inject({ method: 'POST', url: '/receipt', headers: { host: 'box.example', ...headers } });
  expect((await from({ origin: 'https://evil.example' })).statusCode).toBe(403);
  expect((await from({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
  expect((await from({ origin: 'null' })).statusCode).toBe(403);
  expect((await from({ origin: 'http://box.example' })).statusCode).toBe(200);
});

test('every answer forbids foreign scripts, framing, referrers to others and caching', async () => {
  const app = await createSite(options());
  const { headers } = await app.inject({ url: '/nothing-here', headers: { accept: 'text/html' } });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['content-security-policy']).toContain("require-trusted-types-for 'script'");
  expect(headers['referrer-policy']).toBe('same-origin');
  expect(headers['cache-control']).toBe('no-store');
});

test('a defect is told without what was typed', async () => {
  const lines: string[] = [];
  const app = await createSite(options({ diagnostics: (line) => lines.push(line) }));
  app.post('/receipt', { config: { audience: 'receipt' } }, async () => {
    throw new Error('Jane Doe, 1 Acacia Avenue');
  });
  const answer = await app.inject({ method: 'POST', url: '/receipt?name=Jane' });
  expect(answer.statusCode).toBe(500);
  expect(answer.body + lines.join()).not.toMatch(/Jane|Acacia/);
  expect(lines).toHaveLength(1);
});

test('healthz follows what is behind the site', async () => {
  let up = false;
  const app = await createSite(options({ ready: async () => up }));
  expect((await app.inject('/healthz')).statusCode).toBe(503);
  up = true;
  expect((await app.inject('/healthz')).statusCode).toBe(200);
});
