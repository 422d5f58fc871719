/** A course is taken, somebody is suspended by one, let back in by two, and leaves: each page in a real browser. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { QUESTIONS } from '../src/people/training.ts';
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

const [FIRST, SECOND, DEV] = ['Amara Okafor', 'Ben Whitlow', 'Dev Malhotra'];

/** Opens what a person's row on the people page offers. */
async function follow(page: Page, name: string, words: string): Promise<void> {
  await page.goto(`${letterbox.deskUrl}/people`);
  await page.click(`tr:has-text("${name}") >> text=${words}`);
}
async function signAndReturn(page: Page, button: string, to = '**/people'): Promise<void> {
  await expectAccessible(page);
  await page.click(`main button:has-text("${button}")`);
  await page.waitForURL(to);
  await expectAccessible(page);
}
const rowOf = async (page: Page, name: string) => {
  await page.goto(`${letterbox.deskUrl}/people`);
  return (await page.textContent(`tr:has-text("${name}")`))?.replace(/\s+/g, ' ') ?? '';
};

test('a course, a suspension and a leaving, each signed in the browser', {
  timeout: FIVE_MINUTES,
}, async () => {
  const dev = await signIn(browser, letterbox.deskUrl, DEV);
  const first = await signIn(browser, letterbox.deskUrl, FIRST);
  const second = await signIn(browser, letterbox.deskUrl, SECOND);
  await takeTheCourse(dev);
  await tellLeave(dev);
  await recordElsewhere(first);

  await follow(first, DEV, 'Suspend');
  await first.click('main button:has-text("Sign and suspend")');
  await first.waitForSelector('.govuk-error-message:has-text("Enter why")');
  await first.fill('#reason', 'A lost laptop');
  await signAndReturn(first, 'Sign and suspend');
  expect(await rowOf(first, DEV)).toContain('Suspended');
  await dev.goto(`${letterbox.deskUrl}/`);
  expect(dev.url(), 'signed out at once').toContain('/sign-in');

  for (const manager of [first, second]) {
    await follow(manager, DEV, 'Lift the suspension');
    await manager.waitForSelector(`[data-why]:has-text("${FIRST} wrote: A lost laptop")`);
    await signAndReturn(manager, 'Sign that it be lifted');
    expect(await rowOf(manager, DEV)).toContain(manager === first ? '1 of 2 signatures' : 'Confirmed');
  }
  const back = await signIn(browser, letterbox.deskUrl, DEV);
  await follow(back, DEV, 'Leave');
  await back.fill('#reason', 'A new post');
  await signAndReturn(back, 'Sign that you leave', '**/locked');
  expect(await rowOf(second, DEV)).toContain('Left');

  // Nobody is left alone to open.
  await follow(first, SECOND, 'Has left');
  expect(await first.textContent('main')).toContain('Fewer than two managers would remain');
  await expectAccessible(first);
});

async function takeTheCourse(page: Page): Promise<void> {
  await follow(page, DEV, 'your training');
  await expectAccessible(page);
  for (const [index, { right }] of QUESTIONS.entries())
    await page.check(`[name="q${index + 1}"][value="${index === 0 ? 2 : right}"]`);
  await page.click('text=Check my answers');
  await page.waitForSelector('.govuk-error-summary:has-text("Question 1: not that")');
  await expectAccessible(page);
  expect(await page.isChecked(`[name="q2"][value="${QUESTIONS[1]?.right}"]`), 'nothing is lost').toBe(true);
  await page.check(`[name="q1"][value="${QUESTIONS[0]?.right}"]`);
  await page.click('text=Check my answers');
  await page.waitForSelector('h1:has-text("All your answers are right")');
  await expectAccessible(page);
  await page.click('main button:has-text("Sign that I took this course")');
  await page.waitForSelector('text=Your training is in date until');
  await expectAccessible(page);
}

async function tellLeave(page: Page): Promise<void> {
  await follow(page, DEV, 'Say when you are away');
  const year = String(new Date().getFullYear() + 1);
  for (const which of ['first', 'last']) {
    await page.fill(`#${which}-day`, which === 'first' ? '1' : '9');
    await page.fill(`#${which}-month`, '3');
    await page.fill(`#${which}-year`, year);
  }
  await expectAccessible(page);
  await page.click('main button:has-text("Save")');
  await page.waitForSelector(`text=From 1 March ${year} to 9 March ${year}`);
  await expectAccessible(page);
  expect(await rowOf(page, DEV)).toContain(`Away from 1 March ${year}`);
}

async function recordElsewhere(page: Page): Promise<void> {
  const year = String(new Date().getFullYear() + 2);
  await follow(page, DEV, 'Record training');
  await page.fill('#course', 'A day at a college');
  await page.fill('#until-day', '31');
  await page.fill('#until-month', '2');
  await page.fill('#until-year', year);
  await page.click('main button:has-text("Sign this record")');
  await page.waitForSelector('.govuk-error-message:has-text("Enter until when")');
  await page.fill('#until-month', '1');
  await signAndReturn(page, 'Sign this record');
  expect(await rowOf(page, DEV)).toContain(`In date until 31 January ${year}`);
}
