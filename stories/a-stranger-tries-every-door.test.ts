/** Every listed door, asked as a stranger and as a colleague without a grant: no ciphertext leaves to either. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { DOORS, type Door } from '../src/web/doors.ts';
import { type Deployment, deploy, openBrowser, signIn } from './deployment.ts';

const FIVE_MINUTES = 300_000;
let letterbox: Deployment;
let browser: Browser;
let carys: Page;
let ids: Record<string, string>;

beforeAll(async () => {
  letterbox = await deploy();
  browser = await openBrowser();
  carys = await signIn(browser, letterbox.deskUrl, 'Carys Bevan');
  ids = await someIds();
}, FIVE_MINUTES);
afterAll(async () => {
  await browser?.close();
  await letterbox?.close();
});

const listed = z.object({ cases: z.array(z.object({ id: z.string(), attachments: z.number() })) });
const released = z.object({ files: z.array(z.object({ id: z.string() })) });

/** Names for what stands in the paths: a real case with a real attachment, a real form, a real grant. */
async function someIds(): Promise<Record<string, string>> {
  let path = `${letterbox.deskUrl}/forms/review/cases`;
  for (;;) {
    await carys.goto(path);
    const carried = await carys.textContent('letterbox-case-list script[type="application/json"]');
    const found = listed.parse(JSON.parse(carried ?? '')).cases.find(({ attachments }) => attachments > 0);
    if (found) return { ...FIXED, case: found.id, ...(await attachmentAndGrant(found.id)) };
    path = letterbox.deskUrl + (await carys.getAttribute('a:has-text("Older")', 'href'));
  }
}
const FIXED = {
  ...{ organisation: 'exampleshire', form: 'review', n: '0', secret: '0'.repeat(64) },
  ...{ '*': 'slot.js', person: '00000000-0000-4000-8000-000000000000' },
};

async function attachmentAndGrant(of: string): Promise<Record<string, string>> {
  const answer = await ask(
    { site: 'desk', method: 'POST', path: `/cases/${of}/release`, audience: 'staff' },
    await cookieOf(carys),
  );
  const [attachment] = released.parse(JSON.parse(answer.text)).files;
  await carys.goto(`${letterbox.deskUrl}/forms/review/access`);
  const grant = /\/grants\/([0-9a-f-]{36})/.exec(await carys.content())?.[1] ?? '';
  return { attachment: attachment?.id ?? '', grant };
}

async function cookieOf(page: Page): Promise<string> {
  const [cookie] = await page.context().cookies();
  return `${cookie?.name}=${cookie?.value}`;
}

type Answer = { readonly status: number; readonly text: string; readonly to: string };

async function ask(door: Door, cookie: string | null): Promise<Answer> {
  const base = door.site === 'slot' ? letterbox.publicUrl : letterbox.deskUrl;
  const path = door.path.replace(/:(\w+)|\*/g, (whole, name) => ids?.[name ?? whole] ?? whole);
  const response = await fetch(base + path, {
    method: door.method,
    redirect: 'manual',
    headers: {
      ...{ accept: 'text/html', origin: base, 'sec-fetch-site': 'same-origin' },
      ...(cookie ? { cookie } : {}),
      ...(door.method === 'GET' ? {} : { 'content-type': 'application/json' }),
    },
    ...(door.method === 'GET' ? {} : { body: '{}' }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return {
    status: response.status,
    text: bytes.toString('latin1'),
    to: response.headers.get('location') ?? '',
  };
}

/** Sealed objects begin so, as bytes, in base64 and in hex. */
const SEALED = ['age-encryption.org/v1', 'YWdlLWVuY3J5cHRpb24ub3Jn', '6167652d656e6372797074696f6e'];
const carriesCiphertext = ({ text }: Answer): boolean => SEALED.some((mark) => text.includes(mark));
const spelt = ({ method, site, path }: Door): string => `${method} ${site} ${path}`;

/** Signing out would end the persona's session before the other doors are asked. */
const doors = DOORS.filter(({ path }) => path !== '/sign-out');

test('a stranger is sent to sign in at each staff door, and gets no ciphertext at any', async () => {
  for (const door of DOORS) {
    const answer = await ask(door, null);
    expect(carriesCiphertext(answer), spelt(door)).toBe(false);
    expect(answer.status, spelt(door)).toBeLessThan(500);
    if (door.audience === 'public' || door.audience === 'receipt') continue;
    if (door.method === 'GET') expect([answer.status, answer.to], spelt(door)).toEqual([303, '/sign-in']);
    else expect(answer.status, spelt(door)).toBe(401);
  }
});

test('a colleague without a grant gets no ciphertext at any door', async () => {
  const cookie = await cookieOf(await signIn(browser, letterbox.deskUrl, 'Dev Malhotra'));
  for (const door of doors) {
    const answer = await ask(door, cookie);
    expect(carriesCiphertext(answer), spelt(door)).toBe(false);
    expect(answer.status, spelt(door)).toBeLessThan(500);
  }
  const people = { site: 'desk', method: 'GET', path: '/people', audience: 'staff' } as const;
  expect((await ask(people, cookie)).status).toBe(200);
});

test('negative control: a reader gets ciphertext, at the doors that hand it over and at no other', async () => {
  const cookie = await cookieOf(carys);
  const found: string[] = [];
  for (const door of doors) if (carriesCiphertext(await ask(door, cookie))) found.push(spelt(door));
  expect(found).toEqual([
    'GET desk /keys',
    'GET desk /forms/:form/cases',
    'POST desk /cases/:case/release',
    'GET desk /cases/:case/attachments/:attachment',
  ]);
});
