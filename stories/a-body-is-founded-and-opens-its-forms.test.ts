import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { codeOf } from '../src/people/second-factor.ts';
import { QUESTIONS } from '../src/people/training.ts';
import { expectAccessible } from './accessible.ts';
import { type Deployment, deploy, openBrowser } from './deployment.ts';

const TEN_MINUTES = 600_000;
let letterbox: Deployment;
let browser: Browser;

beforeAll(async () => {
  letterbox = await deploy(['--empty']);
  browser = await openBrowser();
}, TEN_MINUTES);
afterAll(async () => {
  await browser?.close();
  await letterbox?.close();
});

/** A person's own browser; `prf` says whether its passkeys can also open keys. */
async function someone(prf: boolean): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  // Chromium forgets the authenticator when it changes the process behind the page, so we go there first.
  await page.goto(`${letterbox.deskUrl}/sign-in`);
  const client = await page.context().newCDPSession(page);
  await client.send('WebAuthn.enable');
  await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf: prf,
    },
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      problems.push(`${page.url()} ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(error.message));
  return page;
}
const problems: string[] = [];

/** What a timeout alone does not say: each page's own words at that moment. */
async function tellWhatEverybodySees(): Promise<void> {
  for (const page of browser.contexts().flatMap((context) => context.pages()))
    console.error(page.url(), (await page.textContent('main'))?.slice(0, 600));
  console.error(problems);
}

async function invite(
  manager: Page,
  name: string,
  email: string,
  capacities: readonly string[],
): Promise<string> {
  await manager.goto(`${letterbox.deskUrl}/people/invite`);
  await manager.fill('#name', name);
  await manager.fill('#email', email);
  for (const capacity of capacities) await manager.check(`[value="${capacity}"]`);
  await expectAccessible(manager);
  await manager.click('text=Make a one-time link');
  await manager.waitForSelector('[data-link]');
  await expectAccessible(manager);
  return (await manager.textContent('[data-link]'))?.trim() ?? '';
}

async function enrolWithPasskey(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.check('[value="passkey"]');
  await page.click('text=Make my keys');
  await page.waitForURL('**/people');
}

/** Enrols with a passphrase; gives it with the authenticator app's secret. */
async function enrolWithPassphrase(page: Page, link: string): Promise<{ passphrase: string; totp: string }> {
  await page.goto(link);
  await page.check('[value="passphrase"]');
  await page.click('text=Use this one');
  const passphrase = await page.inputValue('#passphrase');
  await page.click('text=Make my keys');
  const totp = (await page.textContent('[data-secret]')) ?? '';
  await expectAccessible(page);
  await page.fill('#code', codeOf(totp, new Date()));
  await page.click('text=Continue');
  await page.waitForURL('**/people');
  return { passphrase, totp };
}

const wordsOf = async (page: Page): Promise<string[]> => {
  await page.waitForSelector('.letterbox-words li');
  return page.locator('.letterbox-words li').allTextContents();
};

/** A manager compares the words with the colleague's own screen, and signs. */
async function confirm(manager: Page, colleague: Page, name: string): Promise<void> {
  await colleague.goto(`${letterbox.deskUrl}/people`);
  const own = await wordsOf(colleague);
  expect(own).toHaveLength(8);
  await manager.goto(`${letterbox.deskUrl}/people`);
  await manager.click(`tr:has-text("${name}") >> text=Compare words`);
  expect(await wordsOf(manager)).toEqual(own);
  await expectAccessible(manager);
  await manager.click('text=The words are the same');
  await manager.waitForURL('**/people');
}

/** Until somebody has taken the course, they can neither propose, approve nor be given access. */
async function takeTheCourse(page: Page): Promise<void> {
  await page.goto(`${letterbox.deskUrl}/training`);
  for (const [index, { right }] of QUESTIONS.entries())
    await page.check(`[name="q${index + 1}"][value="${right}"]`);
  await page.click('text=Check my answers');
  await page.click('main button:has-text("Sign that I took this course")');
  await page.waitForSelector('text=Your training is in date until');
}

/** Whoever runs the site founds the host, and lets the body be founded; gives the link for its founder. */
async function letByTheOperator(hostLink: string): Promise<string> {
  const operator = await someone(true);
  await operator.goto(hostLink);
  await expectAccessible(operator);
  await operator.fill('#organisation', 'Northshire Council');
  await operator.fill('#name', 'Otto Lind');
  await operator.fill('#email', 'otto@example.com');
  await operator.click('text=Make my keys');
  await operator.waitForURL('**/people');
  await expectAccessible(operator);
  await operator.click('nav >> text=This site');
  expect(await operator.textContent('main')).toContain('Not founded yet');
  await expectAccessible(operator);
  await operator.click('text=Let a body be founded');
  await operator.fill('#slug', 'Our body');
  await operator.click('text=Make a one-time link');
  expect(await operator.textContent('.govuk-error-summary')).toContain('small letters, figures and dashes');
  await expectAccessible(operator);
  await operator.fill('#slug', 'our-body');
  await operator.click('text=Make a one-time link');
  await expectAccessible(operator);
  const link = (await operator.textContent('[data-link]'))?.trim() ?? '';
  // What staff of a body open is not there for them.
  for (const path of ['/', '/access', '/access/propose', '/recovery'])
    expect((await operator.goto(letterbox.deskUrl + path))?.status(), path).toBe(404);
  return link;
}

test('an operator, a founder, two managers, a first reader: the form opens to the public only at the end', {
  timeout: TEN_MINUTES,
}, async () => {
  onTestFailed(tellWhatEverybodySees);
  const [, hostLink = ''] = letterbox.said().match(/http:\S+\/join\/[0-9a-f]{64}/g) ?? [];
  const link = await letByTheOperator(hostLink);
  const founder = await someone(true);
  await founder.goto(link);
  await expectAccessible(founder);
  await founder.fill('#organisation', 'Northshire Office for Policing');
  await founder.fill('#name', 'Una Marsh');
  await founder.fill('#email', 'una@example.org');
  await founder.click('text=Make my keys');
  await founder.waitForSelector('[data-share]');
  expect(await founder.locator('[data-share]').count()).toBe(3);
  await expectAccessible(founder);
  await founder.click('text=I have printed all three sheets');
  await founder.waitForURL('**/people');
  await expectAccessible(founder);

  // The link worked once.
  const late = await someone(true);
  await late.goto(link);
  expect(await late.textContent('main')).toContain('This link has been used or is too old');

  // A passkey without PRF cannot open keys: it says so, and the passphrase is as good.
  const second = await someone(false);
  const toSecond = await invite(founder, 'Victor Lane', 'victor@example.org', ['manager']);
  await second.goto(toSecond);
  await second.check('[value="passkey"]');
  await second.click('text=Make my keys');
  await second.waitForSelector('.govuk-error-message:has-text("Choose a passphrase instead")');
  const { passphrase, totp } = await enrolWithPassphrase(second, toSecond);
  await confirm(founder, second, 'Victor Lane');

  // From now on one manager alone confirms nobody.
  const reader = await someone(true);
  await enrolWithPasskey(reader, await invite(founder, 'Wren Holt', 'wren@example.org', ['caseworker']));
  await confirm(founder, reader, 'Wren Holt');
  await founder.goto(`${letterbox.deskUrl}/people`);
  expect(await founder.textContent('tr:has-text("Wren Holt")')).toContain('1 of 2 confirmed');
  await confirm(second, reader, 'Wren Holt');
  await reader.goto(`${letterbox.deskUrl}/`);
  expect(await reader.textContent('main')).toContain('You cannot read any form');
  await expectAccessible(reader);

  expect((await fetch(`${letterbox.publicUrl}/our-body/victims`)).status).toBe(404);
  for (const page of [founder, second]) await takeTheCourse(page);
  await founder.goto(`${letterbox.deskUrl}/access/propose?form=victims`);
  expect(await founder.textContent('main')).toContain(
    'The data-protection training of Wren Holt is not in date',
  );
  await takeTheCourse(reader);
  await founder.reload();
  await founder.click('label:has-text("Wren Holt")');
  await founder.check('[name=purpose-victims] >> nth=0');
  await expectAccessible(founder);
  await founder.click('text=See what this will change');
  await expectAccessible(founder);
  await founder.click('text=Sign this proposal');
  await founder.waitForURL('**/proposals/*');

  // The proposer cannot approve what they proposed.
  expect(await founder.textContent('main')).toContain('Another manager has to look at it');

  // Signing in again by passphrase and a code that was not used before.
  await second.click('text=Sign out');
  await second.waitForURL('**/locked');
  await expectAccessible(second);
  await second.click('main >> text=Sign in');
  await expectAccessible(second);
  const used = codeOf(totp, new Date());
  await second.waitForFunction(
    (before) => Date.now() / 30_000 >= before,
    Math.floor(Date.now() / 30_000) + 1,
    { timeout: 40_000, polling: 500 },
  );
  await second.fill('#email', 'victor@example.org');
  await second.fill('#passphrase', passphrase);
  await second.fill('#code', used === codeOf(totp, new Date()) ? '000000' : '123456');
  await second.click('form >> text=Sign in');
  await second.waitForSelector('.govuk-error-message:has-text("is not right")');
  await second.fill('#code', codeOf(totp, new Date()));
  await second.click('form >> text=Sign in');
  await second.waitForURL(`${letterbox.deskUrl}/`);
  await second.click('text=Look at a proposal');
  await second.fill('#people', '1');
  await expectAccessible(second);
  await second.click('text=Sign and give access');
  await second.waitForSelector('text=Victor Lane approved this');
  await expectAccessible(second);

  await reader.goto(`${letterbox.deskUrl}/`);
  await reader.click('text=Make the key of');
  await expectAccessible(reader);
  await reader.click('button:has-text("Make the key")');
  await reader.waitForSelector('text=Waits for a manager');
  expect((await fetch(`${letterbox.publicUrl}/our-body/victims`)).status).toBe(404);

  await second.goto(`${letterbox.deskUrl}/forms/victims/key`);
  await second.click('text=Countersign the key');
  await second.waitForSelector('text=In use: the form is open to the public');
  expect((await fetch(`${letterbox.publicUrl}/our-body/victims`)).status).toBe(200);

  // A passkey's one gesture signs in and unlocks.
  await reader.click('text=Sign out');
  await reader.waitForURL('**/locked');
  expect(await reader.evaluate(async () => (await fetch('/documents')).status)).toBe(401);
  await reader.goto(`${letterbox.deskUrl}/sign-in`);
  await reader.click('text=Use my passkey');
  await reader.waitForURL(`${letterbox.deskUrl}/`);
  await reader.goto(`${letterbox.deskUrl}/forms/victims/cases`);
  expect(await reader.textContent('main')).toContain('No cases yet');
  for (const path of ['/access', '/forms/victims/access', '/register', '/people', '/forms/victims/cases']) {
    await reader.goto(letterbox.deskUrl + path);
    await expectAccessible(reader);
  }
  expect(problems).toEqual([]);
});
