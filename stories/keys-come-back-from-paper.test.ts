/** The real thing in real browsers: a manager begins, two keyholders consent, two sheets are typed. */
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { grantsRoutes } from '../src/grants/routes.ts';
import { keysOf, letRead, openForm, turn } from '../src/grants/testing.ts';
import { sessionRoutes } from '../src/people/sessions.ts';
import { findActor } from '../src/people/store.ts';
import { aFoundedBody, join, type SignedIn, settled, type TestBody } from '../src/people/testing.ts';
import { shareText, splitIdentity } from '../src/sealing/shares.ts';
import { encodeStaff } from '../src/sealing/staff.ts';
import { testDatabase } from '../src/store/testing.ts';
import { freshAssets } from '../src/web/assets.ts';
import { createSite } from '../src/web/server.ts';
import { expectAccessible } from './accessible.ts';
import { openBrowser } from './deployment.ts';

let browser: Browser;
let body: TestBody;
let app: FastifyInstance;
let url = '';
const errors: string[] = [];
beforeAll(async () => {
  browser = await openBrowser();
  body = await aFoundedBody(await testDatabase());
  const { desk, signin } = body.db;
  const site = {
    site: 'desk',
    assets: await freshAssets(),
    ready: async () => true,
    demonstration: () => false,
  } as const;
  app = await createSite({ ...site, whoIs: (cookies) => findActor(desk, cookies) });
  const party = { id: 'localhost', origin: 'http://localhost' };
  sessionRoutes(app, {
    desk,
    signin,
    party,
    opaqueSetup: '',
    deskUrl: party.origin,
    onFounded: async () => undefined,
  });
  await app.register(grantsRoutes({ desk }));
  url = `http://localhost:${new URL(await app.listen({ host: 'localhost', port: 0 })).port}`;
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await app?.close();
  await body?.db.close();
});

/** Somebody's own browser, signed in and unlocked as signing in would leave it. */
async function at(who: SignedIn, path: string): Promise<Page> {
  const context = await browser.newContext();
  await context.addCookies([{ name: 'letterbox', value: who.session, url }]);
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${url}/recovery`);
  await page.evaluate(
    async (staff) => {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
        'encrypt',
        'decrypt',
      ]);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const sealed = new Uint8Array(
        await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array(staff)),
      );
      const half = [...iv, ...sealed].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      const headers = { 'content-type': 'application/json' };
      await fetch('/session/kept', { method: 'PUT', headers, body: JSON.stringify({ half }) });
      await new Promise((resolve, reject) => {
        const opening = indexedDB.open('letterbox-desk', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('session');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const putting = opening.result
            .transaction('session', 'readwrite')
            .objectStore('session')
            .put(key, 'key');
          putting.onsuccess = resolve;
        };
      });
    },
    [...encodeStaff(who.staff)],
  );
  await page.goto(url + path);
  return page;
}

test('a manager begins it, two keyholders consent, and two sheets bring the keys to whoever was named', {
  timeout: 180_000,
}, async () => {
  const managers = [body.founder, body.second];
  const kim = await join(body.db, body.founder, 'Kim Keyholder', ['keyholder'], managers);
  const lee = await join(body.db, body.founder, 'Lee Sheetwright', ['keyholder'], managers);
  await letRead(body, body.ben);
  await openForm(body, body.ben);
  settled(await turn(body, body.ben));
  await letRead(body, body.ana);

  const founder = await at(body.founder, '/recovery/begin');
  await expectAccessible(founder);
  await founder.click('text=Sign, and tell everyone');
  await founder.waitForSelector('.govuk-error-summary:has-text("Enter why the keys have to be recovered")');
  await expectAccessible(founder);
  await founder.check(`[value="${body.ana.staff.person}"]`);
  await founder.check('[name=forms]');
  await founder.fill('#reason', 'Ben has gone');
  await founder.click('text=Sign, and tell everyone');
  await founder.waitForURL(/\/recovery\/[0-9a-f-]{36}$/);
  await expectAccessible(founder);
  const path = new URL(founder.url()).pathname;

  const ana = await at(body.ana, '/recovery');
  expect(await ana.textContent('header, .govuk-notification-banner')).toBeTruthy();
  expect(await ana.textContent('body')).toContain('A recovery of keys has been under way since');
  await expectAccessible(ana);

  const runner = await at(kim, path);
  for (const page of [runner, await at(lee, path)]) {
    await expectAccessible(page);
    await page.click('text=Sign that I consent');
    await page.waitForSelector('text=Sign that I consent', { state: 'detached' });
  }
  await runner.goto(url + path);
  await expectAccessible(runner);
  const { organisation } = body.founder.staff;
  const sheets = (await splitIdentity(body.recovery, organisation, { k: 2, n: 3 })).map(shareText);
  const asked: string[] = [];
  runner.on('request', (request) =>
    asked.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`),
  );
  const press = async () => {
    await runner.fill('#sheet-1', sheets[2] ?? '');
    await runner.fill('#sheet-2', sheets[0]?.toLowerCase() ?? '');
    await runner.click('text=Open the keys and hand them over');
  };

  // A server that hides a consent is not asked for a single envelope.
  const documents = /\/documents(\?|$)/;
  await runner.route(documents, async (route) => {
    const all = z.array(z.looseObject({ kind: z.string() })).parse(await (await route.fetch()).json());
    const [hidden] = all.filter(({ kind }) => kind === 'recovery-consent');
    await route.fulfill({ json: all.filter((each) => each !== hidden) });
  });
  await press();
  await runner.waitForSelector('.govuk-error-message:has-text("Not enough keyholders")');
  expect(asked.join('\n')).not.toContain('/envelopes');
  expect(await runner.inputValue('#sheet-1'), 'nothing typed is lost').toBe(sheets[2]);

  await runner.unroute(documents);
  await press();
  await runner.waitForSelector('.govuk-panel:has-text("The keys are handed over")');
  expect(await runner.textContent('main')).toContain('2 keys are sealed to Ana Caseworker');
  await expectAccessible(runner);
  const sent = asked.join('\n').toUpperCase();
  for (const sheet of sheets) {
    const data = /^Data (.*)$/m.exec(sheet)?.[1] ?? 'no data';
    for (const part of [data.slice(0, 14), data.replaceAll(' ', '').slice(0, 12)])
      expect(sent).not.toContain(part);
  }
  expect(sent).not.toContain('AGE-SECRET-KEY');

  expect((await keysOf(body, body.ana)).map(({ generation }) => generation)).toEqual([1, 2]);
  await ana.reload();
  expect(await ana.textContent('body')).not.toContain('has been under way since');
  await ana.goto(url + path);
  expect(await ana.textContent('main')).toContain('Done: Kim Keyholder handed the keys over');
  await expectAccessible(ana);
  expect(errors).toEqual([]);
});
