/** The host's operator lets a body be founded, takes a second operator in, and finds nothing of any body. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf } from '../src/people/second-factor.ts';
import { DOORS } from '../src/web/doors.ts';
import { expectAccessible } from './accessible.ts';
import { type Deployment, deploy, openBrowser, signIn } from './deployment.ts';

const MINUTES = 300_000;
let letterbox: Deployment;
let browser: Browser;

beforeAll(async () => {
  letterbox = await deploy();
  browser = await openBrowser();
}, MINUTES);
afterAll(async () => {
  await browser?.close();
  await letterbox?.close();
});

const newcomer = async (): Promise<Page> => (await browser.newContext()).newPage();
const main = async (page: Page): Promise<string> =>
  ((await page.textContent('main')) ?? '').replaceAll(/\s+/g, ' ');

async function lookAround(page: Page, path: string): Promise<string> {
  await page.goto(letterbox.deskUrl + path);
  await expectAccessible(page);
  return main(page);
}

/** Makes keys behind a passphrase and an authenticator app. */
async function enrol(page: Page): Promise<void> {
  await page.check('[value="passphrase"]');
  await page.click('text=Use this one');
  await page.click('text=Make my keys');
  const totp = (await page.textContent('[data-secret]')) ?? '';
  await page.fill('#code', codeOf(totp, new Date()));
  await page.click('text=Continue');
}

async function foundBody(link: string): Promise<Page> {
  const founder = await newcomer();
  await founder.goto(link);
  await founder.fill('#organisation', 'Northshire Ombudsman');
  await founder.fill('#name', 'Una Marsh');
  await founder.fill('#email', 'una@example.net');
  await enrol(founder);
  await founder.click('text=I have printed all three sheets');
  await founder.waitForURL('**/people');
  return founder;
}

async function takeIn(operator: Page, name: string, email: string): Promise<Page> {
  await operator.goto(`${letterbox.deskUrl}/people/invite`);
  await expectAccessible(operator);
  expect(await operator.locator('form [type="checkbox"], #outside').count()).toBe(0);
  await operator.fill('#name', name);
  await operator.fill('#email', email);
  await operator.click('text=Make a one-time link');
  const link = (await operator.textContent('[data-link]'))?.trim() ?? '';
  const colleague = await newcomer();
  await colleague.goto(link);
  await enrol(colleague);
  await colleague.waitForURL('**/people');
  expect((await colleague.goto(`${letterbox.deskUrl}/host`))?.url()).toMatch(/\/people$/);
  await operator.goto(`${letterbox.deskUrl}/people`);
  await operator.click(`tr:has-text("${name}") >> text=Compare words`);
  await operator.waitForSelector('.letterbox-words li');
  expect(await main(operator)).toMatch(/with: operator\. .*For everyone after, two operators are needed/);
  await operator.click('text=The words are the same');
  await operator.waitForURL('**/people');
  return colleague;
}

test('an operator sees that bodies are there, lets another be founded, and finds nothing in them', {
  timeout: MINUTES,
}, async () => {
  const hana = await newcomer();
  await hana.goto(`${letterbox.deskUrl}/demonstration`);
  await expectAccessible(hana);
  const host = hana.locator('h2:has-text("People of the host") ~ .govuk-summary-card');
  expect(await host.locator('h3').allTextContents()).toEqual([expect.stringContaining('Hana Okoye')]);

  const operator = await signIn(browser, letterbox.deskUrl, 'Hana Okoye');
  expect(new URL(operator.url()).pathname).toBe('/host');
  await expectAccessible(operator);
  const site = await main(operator);
  expect(site).toContain('Exampleshire Office for Policing');
  expect(site).toContain('You cannot see their people, forms or cases');
  for (const what of ['Database', 'Registers', 'Schema', 'PostgreSQL', 'Node'])
    expect(site).toMatch(new RegExp(`${what} In order`));
  for (const never of ['Amara', 'Carys', '394', 'review']) expect(site).not.toContain(never);

  // What staff of a body open is answered as a page that nobody wrote.
  await operator.goto(`${letterbox.deskUrl}/no-such-page`);
  const absent = await main(operator);
  for (const { path } of DOORS.filter((door) => door.audience === 'staff' && door.method === 'GET')) {
    const answer = await operator.goto(letterbox.deskUrl + path.replaceAll(/:\w+/g, 'review'));
    expect([answer?.status(), await main(operator)], path).toEqual([404, absent]);
  }

  await lookAround(operator, '/host/bodies/invite');
  await operator.fill('#slug', 'exampleshire');
  await operator.click('text=Make a one-time link');
  expect(await operator.textContent('.govuk-error-summary')).toContain(
    'There is a body with this address already',
  );
  await expectAccessible(operator);
  await operator.fill('#slug', 'northshire');
  await operator.click('text=Make a one-time link');
  await expectAccessible(operator);
  const link = (await operator.textContent('[data-link]'))?.trim() ?? '';
  expect(await lookAround(operator, '/host')).toMatch(/Not founded yet \/northshire\/… Its link works until/);

  const founder = await foundBody(link);
  expect(await lookAround(operator, '/host')).toMatch(/Northshire Ombudsman \/northshire\/…/);
  await expect
    .poll(() => lookAround(founder, '/register'))
    .toContain('by a link of an operator of Exampleshire Digital');
  await expect
    .poll(() => lookAround(operator, '/register'))
    .toContain('made a link by which northshire can be founded');
  expect((await founder.goto(`${letterbox.deskUrl}/host`))?.status()).toBe(404);

  const colleague = await takeIn(operator, 'Ivo Strand', 'ivo@example.com');
  expect(await lookAround(colleague, '/host')).toContain('Northshire Ombudsman');
  const people = await lookAround(colleague, '/people');
  expect(people).toMatch(/Hana Okoye.*operator.*Ivo Strand.*operator/);
  expect(people).not.toMatch(/manager|Training/);
});
