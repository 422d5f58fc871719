import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { partsOf } from '../src/forms/answers.ts';
import { heading } from '../src/forms/browser/page.testing.ts';
import { dayOf } from '../src/forms/day.ts';
import {
  type Answers,
  asked,
  type FormDefinition,
  type Page as FormPage,
  journey,
  pageTitle,
  type Question,
} from '../src/forms/form.ts';
import { shipped } from '../src/forms/shipped.testing.ts';
import { type Deployment, deploy, openBrowser } from './deployment.ts';
import { skipToMain, tabTo, tabToTheEnd, tabToTheTop } from './keys.ts';

const MINUTES = 180_000;
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

const ANSWERS: Answers = {
  danger: 'no',
  who: 'family',
  'behalf-name': { first: 'Ana', last: 'Silva' },
  agreement: 'yes',
  named: 'yes',
  name: { first: 'Bo', last: 'Silva' },
  phone: '07700 900 982',
  way: 'text',
  time: 'weekdays before 3pm',
  'say-who': 'no',
  'leave-message': 'no',
  adjustments: ['interpreter', 'other'],
  language: 'British Sign Language',
  'other-needs': 'Large print',
  happened: 'Her case was closed in March and nobody told us.',
  agencies: ['police', 'other'],
  'police-reference': 'CO/123/26',
  'other-agency': 'The housing association',
  'consent-police': 'yes',
  'consent-other': 'no',
};

const CONTINUE = '[data-view] button.govuk-button';

async function answerPage(page: Page, asks: FormPage, answers: Answers): Promise<void> {
  for (const question of asks.questions) await answer(page, question, answers);
}

async function answer(page: Page, question: Question, answers: Answers): Promise<void> {
  const given = answers[question.id];
  if (given === undefined || question.kind === 'files') return;
  if ('choices' in question) {
    for (const choice of question.choices.filter(({ value }) => [given].flat().includes(value))) {
      await choose(page, question, choice.value);
      for (const each of choice.questions ?? []) await answer(page, each, answers);
    }
    return;
  }
  for (const [part, value] of partsOf(question) ? Object.entries(given) : [[null, String(given)]]) {
    await tabTo(page, part === null ? `#${question.id}` : `#${question.id}-${part}`);
    await page.keyboard.type(String(value));
  }
}

/** Space ticks a box and the first radio; arrows go from radio to radio and choose as they go. */
async function choose(page: Page, question: Question, value: string): Promise<void> {
  const wanted = `[name="${question.id}"][value="${value}"]`;
  if (question.kind === 'radios') {
    await tabTo(page, `[name="${question.id}"]`);
    await page.keyboard.press('Space');
    while (!(await page.isChecked(wanted))) await page.keyboard.press('ArrowDown');
  } else {
    await tabTo(page, wanted);
    await page.keyboard.press('Space');
    expect(await page.isChecked(wanted)).toBe(true);
  }
}

const press = async (page: Page, selector: string, key: 'Enter' | 'Space') => {
  await tabTo(page, selector);
  await page.keyboard.press(key);
};

const arrivesAt = (page: Page, title: string) =>
  page.waitForFunction((wanted) => document.querySelector('h1')?.textContent?.trim() === wanted, title);

/** Fills in page after page; each begins at its heading, so that Tab goes on from there. */
async function fillIn(page: Page, form: FormDefinition): Promise<void> {
  for (const asks of journey(form, ANSWERS, dayOf(new Date())).pages) {
    await arrivesAt(page, pageTitle(asks));
    await answerPage(page, asks, ANSWERS);
    await tabToTheEnd(page);
    await tabToTheTop(page);
    for (const question of asked(asks, ANSWERS))
      if ('choices' in question && question.kind === 'radios')
        expect(await page.isChecked(`[name="${question.id}"][value="${ANSWERS[question.id]}"]`)).toBe(true);
    await press(page, CONTINUE, 'Enter');
  }
}

test('somebody fills in and sends the victims form with keys alone, and sees where they are at every step', {
  timeout: MINUTES,
}, async () => {
  const form = shipped('victims');
  // Where the button that leaves the page is as wide as the page, and stays over it as it scrolls.
  const page = await (await browser.newContext({ viewport: { width: 320, height: 640 } })).newPage();
  await page.goto(`${letterbox.publicUrl}/exampleshire/victims`);
  await skipToMain(page);
  await page.reload();
  await press(page, '.govuk-button--start', 'Space');
  await page.waitForSelector('letterbox-fill[data-ready]');

  // An error takes the focus, and its link leads to the field.
  await press(page, CONTINUE, 'Space');
  expect(await page.evaluate(() => document.activeElement?.className)).toContain('govuk-error-summary');
  await press(page, '.govuk-error-summary a', 'Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('danger');
  await page.keyboard.press('Space');
  expect(await page.isChecked('#danger')).toBe(true);
  await page.keyboard.press('ArrowDown');
  await press(page, CONTINUE, 'Enter');
  await arrivesAt(page, 'Who are you?');

  // A reload after the skip link finds the same page.
  await page.waitForFunction(() => sessionStorage.length === 1);
  await press(page, '.govuk-skip-link', 'Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'main-content');
  await page.reload();
  await page.waitForSelector('letterbox-fill[data-ready]');
  expect(await heading(page)).toBe('Who are you?');
  await press(page, '[data-back]', 'Enter');
  await arrivesAt(page, 'Are you in danger now?');

  await fillIn(page, form);
  await arrivesAt(page, 'Check your answers');
  await press(page, 'a[href="#page-happened"]', 'Enter');
  await arrivesAt(page, 'What happened, and when?');
  await tabTo(page, '#happened');
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' Nor did they tell her sister.');
  await press(page, CONTINUE, 'Enter');
  await arrivesAt(page, 'Check your answers');
  expect(await page.textContent('[data-rows]')).toContain('nobody told us. Nor did they tell her sister.');
  await tabToTheEnd(page);
  await press(page, CONTINUE, 'Enter');
  await arrivesAt(page, 'Declaration');
  await press(page, '#agree', 'Space');
  await press(page, CONTINUE, 'Enter');
  await page.waitForSelector('.govuk-panel');
  expect(await page.evaluate(() => document.activeElement?.className)).toContain('govuk-panel');
  const left = await tabToTheEnd(page);
  expect(left).toEqual(expect.arrayContaining(['Print this page', 'Copy the receipt code']));
});

test('somebody who is watched leaves by pressing Shift three times', async () => {
  const context = await browser.newContext();
  await context.route('https://www.bbc.co.uk/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<title>Weather</title>' }),
  );
  const page = await context.newPage();
  await page.goto(`${letterbox.publicUrl}/exampleshire/victims/fill`);
  await page.waitForSelector('letterbox-fill[data-ready]');
  for (const _ of [1, 2, 3]) await page.keyboard.press('Shift');
  await page.waitForURL('https://www.bbc.co.uk/weather');
});

/** What the demonstration tells of a colleague: an email address, a passphrase and the code of this half minute. */
async function credentials(page: Page, name: string): Promise<readonly [string, string, string]> {
  await page.goto(`${letterbox.deskUrl}/demonstration`);
  const told = page.locator('.govuk-summary-card', { hasText: name }).locator('dd');
  const [, email = '', passphrase = '', code = ''] = (await told.allTextContents()).map((text) =>
    text.trim(),
  );
  return [email, passphrase, code];
}

test('a caseworker signs in, reads a case and signs out with keys alone, and sees where they are at every step', {
  timeout: MINUTES,
}, async () => {
  const page = await (await browser.newContext()).newPage();
  const [email, passphrase, code] = await credentials(page, 'Carys Bevan');
  await page.goto(`${letterbox.deskUrl}/sign-in`);
  await skipToMain(page);
  for (const [field, value] of [
    ['#email', email],
    ['#passphrase', passphrase],
    ['#code', code],
  ] as const) {
    await tabTo(page, field);
    await page.keyboard.type(value);
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(`${letterbox.deskUrl}/`);
  await skipToMain(page);
  await tabToTheEnd(page);

  await press(page, 'a[href="/forms/victims/cases"]', 'Enter');
  await page.waitForURL('**/forms/victims/cases');
  await page.waitForSelector('progress', { state: 'detached' });
  await skipToMain(page);
  await press(page, 'table a', 'Enter');
  await page.waitForSelector('[data-title]');
  await page.waitForSelector('progress', { state: 'detached' });
  expect(await page.textContent('letterbox-case')).toContain('What happened');
  await skipToMain(page);
  await tabToTheEnd(page);
  await press(page, 'form[action="/sign-out"] button', 'Enter');
  await page.waitForURL('**/locked');
  await skipToMain(page);
});
