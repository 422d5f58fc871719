import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf } from '../src/people/second-factor.ts';
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

/** The founder, and the three sheets their browser printed. */
async function found(page: Page): Promise<string[]> {
  await page.goto(/http:\S+\/join\/[0-9a-f]{64}/.exec(letterbox.said())?.[0] ?? '');
  await page.fill('#organisation', 'Northshire Office for Policing');
  await page.fill('#name', 'Una Marsh');
  await page.fill('#email', 'una@example.org');
  await page.check('[value="passphrase"]');
  await page.click('text=Use this one');
  await page.click('text=Make my keys');
  await page.fill('#code', codeOf((await page.textContent('[data-secret]')) ?? '', new Date()));
  await page.click('text=Continue');
  await page.waitForSelector('[data-share]');
  const sheets = await page.locator('[data-share]').allTextContents();
  await page.click('text=I have printed all three sheets');
  await page.waitForURL('**/people');
  return sheets;
}

test('two printed sheets are typed in, with mistakes and without, and nothing of them leaves the page', {
  timeout: TEN_MINUTES,
}, async () => {
  const page = await (await browser.newContext()).newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  const [first = '', second = '', third = ''] = await found(page);

  await page.goto(`${letterbox.deskUrl}/recovery`);
  expect(await page.textContent('main')).toContain('The sheets were never rehearsed');
  await expectAccessible(page);
  await page.click('text=Rehearse the sheets');
  await expectAccessible(page);

  const posted: string[] = [];
  page.on('request', (request) =>
    posted.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`),
  );
  const mistyped = second.replace(/^Data /m, 'Data 7');
  await page.fill('#sheet-1', first.toLowerCase().replace(/\s+/g, ' '));
  await page.fill('#sheet-2', mistyped);
  await page.click('text=Check these sheets');
  await page.waitForSelector('.govuk-error-summary:has-text("The line “Data” has 53 letters and digits")');
  await expectAccessible(page);
  expect(await page.inputValue('#sheet-2'), 'nothing typed is lost').toBe(mistyped);
  await page.fill('#sheet-2', first);
  await page.click('text=Check these sheets');
  await page.waitForSelector('.govuk-error-summary:has-text("This is sheet 1 again")');

  await page.fill('#sheet-2', third);
  await page.click('text=Check these sheets');
  await page.waitForSelector('.govuk-panel:has-text("The sheets work")');
  expect(await page.textContent('main')).toContain(
    'Sheets 1 and 3 rebuild the recovery key. Nothing was opened.',
  );
  await expectAccessible(page);

  const data = [first, second, third].map(
    (sheet) => /^Data (.*)$/m.exec(sheet)?.[1]?.slice(0, 14) ?? 'no data',
  );
  const sent = posted.join('\n').toUpperCase();
  for (const part of data)
    for (const spelt of [part, part.replaceAll(' ', '')]) expect(sent).not.toContain(spelt);
  expect(
    posted.filter((line) => line.startsWith('POST')),
    'only the signed word that they worked',
  ).toHaveLength(1);
  expect(posted.join('\n')).not.toContain('/envelopes');

  await page.goto(`${letterbox.deskUrl}/recovery`);
  expect(await page.textContent('main')).toMatch(/Last rehearsed on .* by Una Marsh, with sheets 1 and 3/);
  await page.goto(`${letterbox.deskUrl}/recovery/begin`);
  expect(await page.textContent('main')).toContain('too few');
  await expectAccessible(page);
  expect(problems).toEqual([]);
});
