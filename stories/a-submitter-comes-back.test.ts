import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerUntil, next } from '../src/forms/browser/page.testing.ts';
import { dayOf } from '../src/forms/day.ts';
import { shipped } from '../src/forms/shipped.testing.ts';
import { expectAccessible } from './accessible.ts';
import { type Deployment, deploy, openBrowser, signIn } from './deployment.ts';
import { disk } from './disk.ts';
import { type Tap, tap, wordsIn } from './tap.ts';
import { walks } from './walks.ts';

const TEN_MINUTES = 600_000;
const form = shipped('review');
let letterbox: Deployment;
let browser: Browser;
let slotTap: Tap;
let deskTap: Tap;

beforeAll(async () => {
  deskTap = await tap(() => letterbox?.deskUrl ?? null);
  slotTap = await tap(() => letterbox?.publicUrl ?? null);
  letterbox = await deploy([], { deskUrl: deskTap.url });
  browser = await openBrowser();
}, TEN_MINUTES);
afterAll(async () => {
  await browser?.close();
  await slotTap?.close();
  await deskTap?.close();
  await letterbox?.close();
});

/** Sends the form in; the receipt code that was shown. */
async function sendIn(page: Page, scripted: boolean): Promise<string> {
  await page.goto(`${slotTap.url}/exampleshire/review`);
  await page.click('text=Start now');
  await page.waitForLoadState();
  if (scripted) await page.waitForSelector('letterbox-fill[data-ready]');
  await answerUntil(page, form, walks(form, dayOf(new Date()))[0]?.answers ?? {}, 'check');
  await next(page);
  await page.check('#agree');
  await next(page);
  await page.waitForSelector('.govuk-panel--confirmation');
  return (await page.textContent('[data-receipt-code]')) ?? '';
}

const referenceOn = async (page: Page) =>
  /[0-9A-Z]{5}-[0-9A-Z]{5}/.exec((await page.textContent('main')) ?? '')?.[0] ?? '';

async function comeBack(page: Page, code: string): Promise<void> {
  await page.goto(`${slotTap.url}/receipt`);
  await page.fill('#code', code);
  await page.click('main >> text=Continue');
  await page.waitForSelector('h1:has-text("What you sent")');
}

async function write(page: Page, text: string): Promise<void> {
  await page.fill('#text', text);
  await page.click('main >> text=Send');
  await page.waitForSelector(`[data-text]:has-text("${text.slice(0, 30)}")`);
}

/** A caseworker opens the case from what waits for an answer. */
async function openCase(page: Page, reference: string): Promise<void> {
  await page.goto(`${deskTap.url}/`);
  await page.click(`table a:has-text("${reference}")`);
  await page.waitForSelector('progress', { state: 'detached' });
}

/** The whole conversation of one submitter, and where of it something was found. */
async function conversation(scripted: boolean, mark: string): Promise<void> {
  const says = {
    question: `Has my brindlecoat${mark} been found?`,
    answer: `Sergeant Thistledown${mark} has looked for it.`,
    thanks: `Then I shall ask at Ostrelland${mark}.`,
  };
  const context = await browser.newContext({ javaScriptEnabled: scripted });
  const visitor = await context.newPage();
  const code = await sendIn(visitor, scripted);
  const before = slotTap.bytes().length;
  await comeBack(visitor, code);
  const reference = await referenceOn(visitor);
  expect(await visitor.textContent('main')).toContain('Nobody has opened it yet');
  if (scripted) await expectAccessible(visitor);
  await visitor.click('main >> text=Send');
  await visitor.waitForSelector('.govuk-error-summary >> text=Enter your message');
  if (scripted) await expectAccessible(visitor);
  await write(visitor, says.question);
  if (scripted) await expectAccessible(visitor);

  const carys = await signIn(browser, deskTap.url, 'Carys Bevan');
  await openCase(carys, reference);
  expect(await carys.textContent('[data-messages]')).toContain(says.question);
  await carys.click('text=Send to the submitter');
  await carys.waitForSelector('text=Enter your message');
  await carys.fill('#message', says.answer);
  await carys.click('text=Send to the submitter');
  await carys.waitForSelector(`[data-messages] >> text=${says.answer}`);
  await expectAccessible(carys);

  await comeBack(visitor, code.toLowerCase());
  const main = (await visitor.textContent('main')) ?? '';
  for (const text of [says.question, says.answer]) expect(main).toContain(text);
  expect(main).toMatch(/A caseworker, \d/);
  await write(visitor, says.thanks);
  const [proof] = await Promise.all([
    visitor.waitForEvent('download'),
    visitor.click('text=Save the proof from the register'),
  ]);
  const program = join(import.meta.dirname, '..', 'src', 'cli', 'letterbox.ts');
  const verified = execFileSync(process.execPath, [program, 'verify', await proof.path()], {
    encoding: 'utf8',
  });
  expect(verified).toContain('was given a case of review');

  // How far it is, in the form's words, for both.
  await carys.selectOption('#state', 'acknowledged');
  await carys.click('text=Keep the state');
  await carys.waitForSelector('#work >> text=Acknowledged, by Carys Bevan');
  await carys.waitForSelector('progress', { state: 'detached' });
  await carys.selectOption('#person', { label: 'Carys Bevan' });
  await carys.click('text=Give it to them');
  await carys.waitForSelector('#work >> text=Given to Carys Bevan');
  await expectAccessible(carys);
  await carys.goto(`${deskTap.url}/due?whose=mine`);
  expect(await carys.textContent('main')).toContain('Nothing is late');
  await carys.goto(`${deskTap.url}/due`);
  await expectAccessible(carys);
  await comeBack(visitor, code);
  expect(await visitor.textContent('main')).toContain('Acknowledged, since');

  // A lost code: the caseworker makes another, and only that one opens from now on.
  await openCase(carys, reference);
  await carys.click('text=They have lost their receipt code');
  await carys.click('text=Make a new code');
  await carys.waitForSelector('text=Say first that you have made sure');
  await carys.check('#sure');
  await carys.click('text=Make a new code');
  const renewed = (await (await carys.waitForSelector('[data-code]')).textContent()) ?? '';
  await expectAccessible(carys);
  await comeBack(visitor, renewed);
  expect(await visitor.textContent('main')).toContain('You were given a new receipt code on');
  await visitor.goto(`${slotTap.url}/receipt`);
  await visitor.fill('#code', code);
  await visitor.click('main >> text=Continue');
  await visitor.waitForSelector('.govuk-error-summary >> text=Nothing has arrived');

  const written = Object.values(says);
  const onTheWire = wordsIn(slotTap.bytes().subarray(before), [...written, code, renewed]);
  if (scripted) expect(onTheWire).toEqual([]);
  // Negative control: with nothing opened or sealed in the browser, the same search finds it all on the wire.
  else expect(onTheWire).toEqual([...written, code, renewed]);
  expect(wordsIn(deskTap.bytes(), [...written, renewed])).toEqual([]);
  for (const place of [disk(letterbox.data), Buffer.from(letterbox.said())])
    expect(wordsIn(place, [...written, code, renewed])).toEqual([]);
  await context.close();
  await carys.context().close();
}

test('with JavaScript: both write, nothing but ciphertext passes or stays, and a lost code is replaced', {
  timeout: TEN_MINUTES,
}, async () => {
  await conversation(true, 'Qx');
});

test('without JavaScript it is the same, and only while a page is made can the server read it', {
  timeout: TEN_MINUTES,
}, async () => {
  await conversation(false, 'Zy');
});
