import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launch, type Served, serve } from '../browser.testing.ts';
import { type Answers, journey } from '../form.ts';
import { FULL, shipped, TODAY } from '../shipped.testing.ts';
import { answerUntil, heading, kept, next, problems, sent, type, written } from './page.testing.ts';

let served: Served;
let browser: Browser;
let open: BrowserContext[] = [];
const troubles: string[] = [];

beforeAll(async () => {
  [served, browser] = await Promise.all([serve(), launch()]);
});
afterEach(async () => {
  for (const context of open) await context.close();
  open = [];
  expect(troubles.splice(0)).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await served.close();
});

async function visitor(javaScriptEnabled = true): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled });
  open.push(context);
  // The day by which the answers for the tests are in time.
  await context.clock.setFixedTime(new Date('2026-04-10T12:00:00Z'));
  const page = await context.newPage();
  page.on('pageerror', (error) => troubles.push(error.message));
  return page;
}

async function arrive(page: Page, form: string, hash = ''): Promise<void> {
  await page.goto(`${served.url}/exampleshire/${form}/fill${hash}`);
  await page.waitForSelector('letterbox-fill[data-ready]');
}

describe.each(['review', 'victims'] as const)('with JavaScript, the form %s', (name) => {
  const form = shipped(name);

  test('goes to the end without asking the server for anything, and hands over what was typed', async () => {
    const page = await visitor();
    await arrive(page, name);
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await answerUntil(page, form, FULL[name], 'check');
    expect(await heading(page)).toBe('Check your answers');
    await next(page);
    await next(page);
    expect(await problems(page)).toEqual(['Select that you agree with the declaration']);
    expect(await page.title()).toMatch(/^Error: Declaration – /);
    await page.check('#agree');
    await next(page);
    expect(await sent(page)).toMatchObject({ answers: FULL[name], equality: null, files: [] });
    expect(requests).toEqual([]);
    expect(await kept(page)).toBe('{}');
  });

  test('the browser’s back and the page’s Back find each answer again', async () => {
    const page = await visitor();
    await arrive(page, name);
    const pages = journey(form, FULL[name], TODAY).pages.slice(0, 6);
    for (const { id } of pages) {
      await type(page, form, id, FULL[name]);
      await next(page);
    }
    const headings: string[] = [];
    for (const [index] of pages.entries()) {
      if (index % 2) await page.goBack();
      else await page.click('[data-back]');
      await page.waitForFunction(
        (before) => document.querySelector('h1')?.textContent?.trim() !== before,
        headings.at(-1) ?? '',
      );
      headings.push(await heading(page));
      expect(await page.title()).toContain(headings.at(-1));
    }
    await answerUntil(page, form, FULL[name], 'check');
    expect(await heading(page)).toBe('Check your answers');
  });

  test('a reload goes on where it was, and storage holds nothing that can be read', async () => {
    const page = await visitor();
    await arrive(page, name);
    const last = name === 'review' ? 'put-right' : 'agencies';
    await answerUntil(page, form, FULL[name], last);
    const before = await heading(page);
    await page.waitForSelector('letterbox-fill:not([data-saving])');
    const stored = await kept(page);
    for (const word of ['Nobody spoke', 'closed in March', 'Silva', 'answers', 'survivor'])
      expect(stored).not.toContain(word);
    await page.reload();
    await page.waitForSelector('letterbox-fill[data-ready]');
    expect(await heading(page)).toBe(before);
    await arrive(page, name, '#page-check');
    expect(await heading(page)).toBe(before);
  });
});

describe('the review with JavaScript', () => {
  const form = shipped('review');

  test('shows errors in the same markup as without', async () => {
    const [page, plain] = [await visitor(), await visitor(false)];
    await arrive(page, 'review');
    await plain.goto(page.url());
    const view = (of: Page) => of.locator('[data-view]').evaluate(written);
    for (const { id } of journey(form, FULL.review, TODAY).pages) {
      if (id === 'why') break;
      await Promise.all([next(page), next(plain)]);
      if ((await problems(plain)).length === 0) continue;
      expect.soft(await view(page)).toBe(await view(plain));
      expect(await page.title()).toBe(await plain.title());
      expect(await page.evaluate(() => document.activeElement?.className)).toContain('govuk-error-summary');
      for (const of of [page, plain]) {
        await type(of, form, id, FULL.review);
        await next(of);
      }
    }
  });

  test('what a choice asks is revealed by it, and its error links to it', async () => {
    const page = await visitor();
    await arrive(page, 'review');
    await answerUntil(page, form, FULL.review, 'adjustments');
    expect(await page.isVisible('#language')).toBe(false);
    await page.check('[value="interpreter"]');
    expect(await page.isVisible('#language')).toBe(true);
    await next(page);
    expect(await problems(page)).toEqual(['Enter the language']);
    await page.click('.govuk-error-summary a');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('language');
  });

  test('Change brings the old answer and goes straight back', async () => {
    const page = await visitor();
    await arrive(page, 'review');
    await answerUntil(page, form, FULL.review, 'check');
    await page.click('text=Change police force');
    expect(await page.inputValue('#force')).toBe('Exampleshire Police');
    await page.fill('#force', 'Otherton Police');
    await page.press('#force', 'Enter');
    expect(await heading(page)).toBe('Check your answers');
    expect(await page.textContent('[data-rows]')).toContain('Otherton Police');
    await page.click('text=Change asking for someone else');
    await page.check('#acting-2');
    await next(page);
    expect(await heading(page)).toBe('Who are you acting for?');
  });

  test('files are added, removed and handed over; a reload says that they are lost', async () => {
    const page = await visitor();
    await arrive(page, 'review');
    await answerUntil(page, form, FULL.review, 'letter');
    const file = (name: string) => ({ name, mimeType: 'application/pdf', buffer: Buffer.from('content') });
    await page.setInputFiles('#letter', [file('one.pdf'), file('virus.exe')]);
    expect(await problems(page)).toEqual([expect.stringMatching(/^‘virus.exe’ must be a PDF/)]);
    await page.setInputFiles('#letter', [file('two.pdf')]);
    expect(await problems(page)).toEqual([]);
    await page.click('text=Remove one.pdf');
    expect(await page.locator('[data-files] li').allInnerTexts()).toEqual([
      expect.stringContaining('two.pdf (1 kB)'),
    ]);
    await next(page);
    await page.waitForFunction(() => sessionStorage.length === 1);
    await page.reload();
    await page.waitForSelector('letterbox-fill[data-ready]');
    expect(await page.textContent('[role="alert"]')).toContain('Add them again: ‘two.pdf’');
    expect(await heading(page)).toContain('Upload every page of the outcome letter');
    await page.setInputFiles('#letter', [file('two.pdf')]);
    for (let left = 5; left > 0 && (await heading(page)) !== 'Declaration'; left -= 1) {
      await type(page, form, 'sharing', (await page.isVisible('[name="sharing"]')) ? FULL.review : {});
      await next(page);
    }
    if ((await heading(page)) === 'Check your answers') await next(page);
    await page.check('#agree');
    await next(page);
    expect(await sent(page)).toMatchObject({ files: [['letter', expect.any(String), 7]] });
  });

  test('when sending fails everything stays, and can be sent again', async () => {
    const page = await visitor();
    await arrive(page, 'review');
    await answerUntil(page, form, FULL.review, 'check');
    await next(page);
    await page.check('#agree');
    await page.evaluate('window.refusing = "The key of this form has changed. Load the page again."');
    await next(page);
    expect(await page.textContent('[role="alert"]')).toContain('The key of this form has changed.');
    await page.evaluate('window.refusing = undefined');
    await next(page);
    expect(await sent(page)).toMatchObject({ answers: FULL.review });
  });

  test('a script that comes late takes over what was carried, by asking for the whole document once', async () => {
    const page = await visitor();
    await page.route('**/slot.js', (route) => route.abort());
    await page.goto(`${served.url}/exampleshire/review/fill`);
    await answerUntil(page, form, FULL.review, 'contact-choice');
    await page.waitForSelector('[name="preferred"]', { state: 'attached' });
    await page.waitForLoadState('load');
    await page.unroute('**/slot.js');
    const posts: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && posts.push(request.url()));
    await next(page);
    await page.waitForSelector('letterbox-fill[data-ready]');
    expect(posts).toHaveLength(1);
    const before = await heading(page);
    await page.click('[data-back]');
    await page.waitForFunction((old) => document.querySelector('h1')?.textContent?.trim() !== old, before);
    await answerUntil(page, form, FULL.review, 'check');
    expect(await heading(page)).toBe('Check your answers');
    expect(posts).toHaveLength(1);
  });
});

describe('the review without JavaScript, in the same browser', () => {
  test('goes to the end by mouse and by Enter, back and forth, with a file', async () => {
    const form = shipped('review');
    const page = await visitor(false);
    await page.goto(`${served.url}/exampleshire/review`);
    await page.click('text=Start now');
    await answerUntil(page, form, FULL.review, 'force');
    await page.fill('#force', 'Otherton Police');
    await page.press('#force', 'Enter');
    await page.waitForSelector('#reference');
    await page.click('[data-back]');
    expect(await page.inputValue('#force')).toBe('Otherton Police');
    await answerUntil(page, form, FULL.review, 'letter');
    const file = { name: 'letter.pdf', mimeType: 'application/pdf', buffer: Buffer.from('content') };
    await page.setInputFiles('#letter', [file]);
    await page.click('text=Upload and add more');
    expect(await page.textContent('[data-files]')).toContain('Remove letter.pdf');
    await answerUntil(page, form, FULL.review, 'check');
    await page.click('button:has-text("Change police force")');
    expect(await page.inputValue('#force')).toBe('Exampleshire Police');
    await page.click('[data-back]');
    await answerUntil(page, form, FULL.review, 'declaration');
    await page.check('#agree');
    await next(page);
    await page.waitForSelector('text=case-');
    expect(served.site.sent.at(-1)).toMatchObject({
      answers: FULL.review,
      files: [{ name: 'letter.pdf', size: 7 }],
    });
  });
});

describe('who may be watched', () => {
  test('leaves at once by the button, and nothing typed stays', async () => {
    const page = await visitor();
    await page.route('https://www.bbc.co.uk/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: 'Weather' }),
    );
    await arrive(page, 'victims');
    await answerUntil(page, shipped('victims'), FULL.victims, 'agencies');
    await page.waitForFunction(() => sessionStorage.length === 1);
    await page.click('.govuk-exit-this-page__button');
    await page.waitForURL('https://www.bbc.co.uk/weather');
    await page.goto(`${served.url}/exampleshire/victims`);
    expect(await kept(page)).toBe('{}');
    await arrive(page, 'victims', '#page-happened');
    expect(await heading(page)).toBe('Are you in danger now?');
  });

  test('leaves by pressing Shift three times', async () => {
    const page = await visitor();
    await page.route('https://www.bbc.co.uk/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: 'Weather' }),
    );
    await arrive(page, 'victims');
    for (let times = 0; times < 3; times += 1) await page.keyboard.press('Shift');
    await page.waitForURL('https://www.bbc.co.uk/weather');
  });
});

describe('accessibility', () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const violations = async (page: Page) => {
    await page.evaluate(axe);
    const found: { id: string; nodes: { html: string }[] }[] = await page.evaluate(
      'axe.run().then((r) => r.violations)',
    );
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' ')}`);
  };

  test.each(['review', 'victims'] as const)(
    'no page of %s has a violation, with errors and without',
    async (name) => {
      const form = shipped(name);
      const page = await visitor();
      for (const path of ['/', `/exampleshire/${name}`]) {
        await page.goto(served.url + path);
        expect(await violations(page)).toEqual([]);
      }
      await arrive(page, name);
      const answers: Answers =
        name === 'victims'
          ? {
              ...FULL.victims,
              named: 'yes',
              email: 'a@example.com',
              way: 'email',
              'say-who': 'no',
              'leave-message': 'no',
            }
          : FULL.review;
      for (const { id } of journey(form, answers, TODAY).pages) {
        expect(await violations(page)).toEqual([]);
        await next(page);
        if ((await problems(page)).length > 0) {
          expect(await violations(page)).toEqual([]);
          await type(page, form, id, answers);
          await next(page);
        }
      }
      expect(await heading(page)).toBe('Check your answers');
      expect(await violations(page)).toEqual([]);
      await next(page);
      expect(await violations(page)).toEqual([]);
    },
  );
});
