/** A caseworker says that something is wrong; the data protection officer works on it, without JavaScript, against the clock. */
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

/** The same person in a browser that runs no script. */
async function withoutScript(page: Page): Promise<Page> {
  const storageState = await page.context().storageState();
  return (await browser.newContext({ javaScriptEnabled: false, storageState })).newPage();
}

test('it is opened by a caseworker, stands on every page until the regulator was told, and is closed at the end', {
  timeout: FIVE_MINUTES,
}, async () => {
  const { deskUrl } = letterbox;
  const caseworker = await signIn(browser, deskUrl, 'Dev');
  await caseworker.goto(`${deskUrl}/incidents`);
  await expectAccessible(caseworker);
  await caseworker.click('text=Open an incident');
  await caseworker.fill('#title', 'A mail went to the wrong person');
  await caseworker.click('form >> text=Open the incident');
  await caseworker.waitForSelector('text=There is a problem');
  await expectAccessible(caseworker);
  expect(await caseworker.inputValue('#title'), 'nothing typed is lost').toBe(
    'A mail went to the wrong person',
  );
  await caseworker.fill('#text', 'An address was completed to somebody else’s.');
  await caseworker.check('text=It happened elsewhere');
  await caseworker.click('form >> text=Open the incident');
  expect(await caseworker.textContent('h1')).toBe('The incident is open');
  await expectAccessible(caseworker);

  const officer = await signIn(browser, deskUrl, 'Grace');
  await officer.waitForSelector('text=The regulator has to be told by');
  const page = await withoutScript(officer);
  await page.goto(`${deskUrl}/incidents`);
  await page.click('table a');
  await page.waitForSelector('h1:has-text("A mail went to the wrong person")');
  await officer.goto(page.url());
  await expectAccessible(officer);
  const take = async (task: string, fill: () => Promise<void>) => {
    await page.click(`.govuk-task-list >> text=${task}`);
    await fill();
    await page.fill('#text', 'As was said on the telephone.');
    await page.click('main form button');
    await page.waitForSelector('text=What was done so far');
  };
  const nothing = async () => undefined;
  await take('Stop it', nothing);
  await take('Assess how bad it is', () => page.check('text=A high risk to people'));
  await take('Decide whether the regulator', () => page.check('text=They have to be told'));
  expect(await page.textContent('body')).toContain('The regulator has to be told by');
  await take('Tell the regulator', nothing);
  expect(await page.textContent('body')).not.toContain('The regulator has to be told by');
  expect(await page.textContent('main')).toContain('The regulator was told in time.');
  await officer.goto(`${page.url()}/steps/people`);
  await expectAccessible(officer);
  await take('Decide whether the people', () => page.check('text=They need not be told'));
  await take('Learn from it', nothing);
  await page.click('text=Close the incident');
  await page.fill('#text', 'Addresses are no longer completed.');
  await page.click('main form button');
  expect(await page.textContent('main')).toContain('Closed.');
  await officer.goto(`${deskUrl}/register`);
  expect(await officer.textContent('main')).toContain('of an incident: closed');
});
