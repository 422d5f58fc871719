import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAccessible } from './accessible.ts';
import { type Deployment, deploy, openBrowser, signIn } from './deployment.ts';

const FIVE_MINUTES = 300_000;
let letterbox: Deployment;
let browser: Browser;

beforeAll(async () => {
  letterbox = await deploy();
  browser = await openBrowser();
}, FIVE_MINUTES);
afterAll(async () => {
  await browser?.close();
  await letterbox?.close();
});

const WARNING = 'text=You have been idle';

/** Whether this browser still holds its half of the keys. */
const holdsKey = (page: Page): Promise<boolean> =>
  page.evaluate(
    () =>
      new Promise<boolean>((resolve, reject) => {
        const opening = indexedDB.open('letterbox-desk', 1);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const asked = opening.result.transaction('session').objectStore('session').count();
          asked.onsuccess = () => resolve(asked.result > 0);
        };
      }),
  );

test('after 13 idle minutes it warns, after 15 every tab is locked and the keys are forgotten', {
  timeout: FIVE_MINUTES,
}, async () => {
  const reader = await signIn(browser, letterbox.deskUrl, 'Carys Bevan');
  const [session] = await reader.context().cookies();
  await reader.goto(`${letterbox.deskUrl}/demonstration`);
  await expectAccessible(reader);
  const other = await reader.context().newPage();
  // One clock for both tabs.
  await reader.clock.install();
  for (const page of [reader, other]) {
    await page.goto(`${letterbox.deskUrl}/forms/review/cases`);
    await page.waitForSelector('[data-summary] strong');
  }
  expect(await holdsKey(reader)).toBe(true);

  await reader.clock.runFor('14:00');
  for (const page of [reader, other]) await page.waitForSelector(WARNING);
  await expectAccessible(reader);
  // Whoever works in one tab is not idle in another.
  await reader.click('text=Stay signed in');
  for (const page of [reader, other]) await page.waitForSelector(WARNING, { state: 'detached' });

  await reader.clock.runFor('15:01');
  for (const page of [reader, other]) await page.waitForSelector('h1:has-text("The desk is locked")');
  expect(await holdsKey(reader)).toBe(false);
  const again = await fetch(`${letterbox.deskUrl}/session/kept`, {
    headers: { cookie: `${session?.name}=${session?.value}`, accept: 'application/json' },
  });
  expect(again.status).toBe(401);
  await reader.goto(`${letterbox.deskUrl}/forms/review/cases`);
  expect(await reader.textContent('h1')).toContain('Sign in');
});
