import { setTimeout as wait } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heading, next, type } from '../src/forms/browser/page.testing.ts';
import { checkPage } from '../src/forms/check.ts';
import { dayOf } from '../src/forms/day.ts';
import {
  type Answers,
  allQuestions,
  type FormDefinition,
  type Page as FormPage,
  journey,
} from '../src/forms/form.ts';
import { shipped } from '../src/forms/shipped.testing.ts';
import { expectAccessible } from './accessible.ts';
import { type Deployment, deploy, openBrowser } from './deployment.ts';
import { walks, wrongAnswers } from './walks.ts';

const MINUTES = 180_000;
/** The narrowest a page must fit: WCAG 2.2, 1.4.10. */
const NARROW = 320;
const today = dayOf(new Date());

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

async function visitor(javaScriptEnabled: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled, viewport: { width: NARROW, height: 640 } });
  return await context.newPage();
}

/** axe, and the width, of the page as it stands. */
async function look(page: Page, scripted: boolean): Promise<void> {
  // Where scripts are off no timer ever rings; axe waits for some that mean "a moment later".
  if (!scripted) await page.evaluate(impatient);
  await Promise.race([expectAccessible(page), tooLong(page)]);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width, `${page.url()} ${await heading(page)}`).toBeLessThanOrEqual(NARROW);
}

/** axe without timers would wait for ever for a style sheet that is missing. */
async function tooLong(page: Page): Promise<never> {
  await wait(30_000, undefined, { ref: false });
  throw new Error(`axe does not come to an end on ${page.url()}.`);
}

const impatient = `window.setTimeout = (then, after, ...args) => {
  if (!(after >= 50)) Promise.resolve().then(() => then(...args));
  return 0;
}`;

const PAPER = { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear Ana') };
const PROGRAM = { name: 'letter.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ') };

/** One person on the way through a form, who looks at each page that nobody has looked at before. */
class Walker {
  readonly page: Page;
  readonly form: FormDefinition;
  readonly scripted: boolean;
  readonly looked: Set<string>;

  constructor(page: Page, form: FormDefinition, scripted: boolean, looked: Set<string>) {
    this.page = page;
    this.form = form;
    this.scripted = scripted;
    this.looked = looked;
  }

  look(): Promise<void> {
    return look(this.page, this.scripted);
  }

  async begin(): Promise<void> {
    await this.page.goto(`${letterbox.publicUrl}/exampleshire/${this.form.id}/fill`);
    if (this.scripted) await this.page.waitForSelector('letterbox-fill[data-ready]');
  }

  async next(): Promise<void> {
    await next(this.page);
    await this.page.waitForLoadState();
  }

  async walk(answers: Answers): Promise<void> {
    await this.begin();
    for (const page of journey(this.form, answers, today).pages) {
      expect(await this.shown()).toBe(page.id);
      if (!this.looked.has(page.id)) await this.lookAt(page, answers);
      this.looked.add(page.id);
      await type(this.page, this.form, page.id, answers);
      await this.next();
    }
  }

  async lookAt(page: FormPage, answers: Answers): Promise<void> {
    // Without scripts nothing on a page changes, and its errors come in addition to all that it has when empty.
    const mayBeWrong = this.wrong(page, answers) !== null;
    if (this.scripted || !mayBeWrong) await this.look();
    await this.lookAtProblems(page, answers);
    await this.lookAtFiles(page);
    for (const question of page.questions) {
      if (question.kind !== 'radios') continue;
      for (const choice of question.choices.filter((each) => each.questions)) {
        await this.page.check(`[name="${question.id}"][value="${choice.value}"]`);
        await this.look();
      }
    }
  }

  /** The page with as many errors as it can have, if it can have any. */
  async lookAtProblems(page: FormPage, answers: Answers): Promise<void> {
    const wrong = this.wrong(page, answers);
    if (!wrong) return;
    await type(this.page, this.form, page.id, wrong);
    await this.next();
    expect(await this.page.title()).toMatch(/^Error: /);
    expect(await this.page.locator('.govuk-error-summary li').count()).toBeGreaterThan(0);
    await this.look();
  }

  /** What to type into a page to be told that it is wrong; null where nothing would be. */
  wrong(page: FormPage, answers: Answers): Answers | null {
    const own = allQuestions(page).map(({ id }) => id);
    const others = Object.fromEntries(Object.entries(answers).filter(([id]) => !own.includes(id)));
    const wrong = wrongAnswers(page);
    return checkPage(this.form, page.id, { ...others, ...wrong }, today).length > 0 ? wrong : null;
  }

  async lookAtFiles(page: FormPage): Promise<void> {
    for (const { id } of page.questions.filter(({ kind }) => kind === 'files')) {
      for (const file of [PROGRAM, PAPER]) {
        await this.page.setInputFiles(`#${id}`, file);
        if (!this.scripted) await this.page.click('text=Upload and add more');
        await this.page.waitForSelector(
          file === PAPER ? `text=Remove ${PAPER.name}` : '.govuk-error-summary',
        );
        await this.look();
      }
    }
  }

  /** From *check your answers* to the confirmation. */
  async send(): Promise<void> {
    await this.next();
    expect(await heading(this.page)).toBe('Declaration');
    await this.look();
    await this.next();
    await this.look();
    await this.page.check('#agree');
    await this.next();
    await this.page.waitForSelector('.govuk-panel');
    await this.look();
    const code = (await this.page.textContent('[data-receipt-code]')) ?? '';
    await this.page.goto(`${letterbox.publicUrl}/receipt`);
    await this.page.fill('#code', code);
    await this.page.click('main button');
    await this.page.waitForSelector('h1:has-text("What you sent")');
    await this.look();
  }

  shown(): Promise<string> {
    return this.page.evaluate(() => {
      const carried = document.querySelector<HTMLInputElement>('input[name="page"]')?.value ?? '';
      return location.hash.startsWith('#page-') ? location.hash.slice('#page-'.length) : carried;
    });
  }
}

describe.each([
  ['with JavaScript', true],
  ['without JavaScript', false],
] as const)('%s', (_, scripted) => {
  test.each(['review', 'victims'] as const)(
    'every page of the form %s is accessible and narrow enough',
    {
      timeout: MINUTES,
    },
    async (name) => {
      const form = shipped(name);
      const looked = new Set<string>();
      const page = await visitor(scripted);
      await page.goto(`${letterbox.publicUrl}/exampleshire/${name}`);
      await look(page, scripted);
      for (const [index, { answers, exit }] of walks(form, today).entries()) {
        const walker = new Walker(await visitor(scripted), form, scripted, looked);
        await walker.walk(answers);
        await walker.look();
        expect(await heading(walker.page)).toBe(exit?.title ?? 'Check your answers');
        if (index === 0) await walker.send();
        await walker.page.context().close();
      }
      expect([...looked].sort()).toEqual(form.pages.map(({ id }) => id).sort());
    },
  );

  test('the list of forms, the pages for a receipt code and those that say no are too', {
    timeout: MINUTES,
  }, async () => {
    const page = await visitor(scripted);
    for (const path of ['/', '/about', '/receipt', '/no/such/page/here', '/exampleshire/no-such-form']) {
      await page.goto(letterbox.publicUrl + path);
      await look(page, scripted);
    }
    for (const [code, told] of [
      ['no code', 'Enter the receipt code'],
      ['Q1RT-HYE5-A8TP-MMQD-898K-JFGR', 'Nothing has arrived'],
    ] as const) {
      await page.goto(`${letterbox.publicUrl}/receipt`);
      await page.fill('#code', code);
      await page.click('main button');
      await page.waitForSelector(`.govuk-error-summary:has-text("${told}")`);
      await look(page, scripted);
    }
  });
});

test('with JavaScript, the pages of a sending that stops and of files lost in a reload are too', {
  timeout: MINUTES,
}, async () => {
  const form = shipped('review');
  const walker = new Walker(await visitor(true), form, true, everyPage(form));
  const { page } = walker;
  const answers = walks(form, today)[0]?.answers ?? {};
  await walker.walk(answers);
  await walker.next();
  await page.check('#agree');
  let letGo = async (): Promise<void> => undefined;
  await page.route('**/cases', (route) => {
    letGo = () => route.abort();
  });
  await Promise.all([page.waitForRequest('**/cases'), walker.next()]);
  await walker.look();
  expect(await heading(page)).toBe('Declaration');
  expect(await page.isVisible('h1:text-is("Sending")')).toBe(true);
  await page.context().setOffline(true);
  await letGo();
  await page.waitForSelector('h1:text-is("It has not been sent yet")');
  await walker.look();
  await page.click('text=Back to my answers');
  await page.waitForSelector('.govuk-notification-banner');
  await walker.look();
  await page.context().setOffline(false);

  await page.click('[data-back]');
  await page.click(`text=Change ${changeWords(form)}`);
  await page.setInputFiles('input[type=file]', PAPER);
  await page.waitForSelector(`text=Remove ${PAPER.name}`);
  await walker.next();
  expect(await heading(page)).toBe('Check your answers');
  await page.waitForFunction(() => sessionStorage.length === 1);
  await page.reload();
  await page.waitForSelector('[role="alert"]:has-text("Add them again")');
  await walker.look();
});

test('without JavaScript, the pages of a post that is spoilt, too large or out of date are too', {
  timeout: MINUTES,
}, async () => {
  const form = shipped('victims');
  const spoilt: readonly (readonly [status: number, carried: string, told: string])[] = [
    [400, 'not what the page had', 'We could not read all of what your browser sent'],
    [413, 'x'.repeat(4 * 1024 * 1024), 'What you entered is too large'],
    [409, '"version":99', 'The questions of this form have changed'],
  ];
  for (const [status, carried, told] of spoilt) {
    const walker = new Walker(await visitor(false), form, false, everyPage(form));
    await walker.begin();
    await walker.page.evaluate((text) => {
      const field = document.querySelector<HTMLInputElement>('input[name="carried"]');
      if (field)
        field.value = text.startsWith('"version"') ? field.value.replace(/"version":\d+/, text) : text;
    }, carried);
    const answered = walker.page.waitForResponse((response) => response.request().method() === 'POST');
    await walker.next();
    expect((await answered).status()).toBe(status);
    await walker.page.waitForSelector(`main :text("${told}")`);
    await walker.look();
    // Whoever may be watched can leave from here as well.
    expect(await walker.page.isVisible('text=Exit this page')).toBe(true);
  }
});

const everyPage = (form: FormDefinition) => new Set(form.pages.map(({ id }) => id));

/** What the Change link of the form's first question for files says, beyond *Change*. */
function changeWords(form: FormDefinition): string {
  const short = form.pages.flatMap(allQuestions).filter(({ kind }) => kind === 'files');
  const shown = short.find(({ id }) => form.pages.some((page) => page.id === id && !page.when));
  return (shown?.short ?? '').toLowerCase();
}
