import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminUrlIn } from '../bench/site.ts';
import { answerUntil, next } from '../src/forms/browser/page.testing.ts';
import { shipped } from '../src/forms/shipped.testing.ts';
import { expectAccessible } from './accessible.ts';
import { type Deployment, deploy, openBrowser, signIn } from './deployment.ts';
import { disk } from './disk.ts';
import { type Tap, tap, wordsIn } from './tap.ts';

const TEN_MINUTES = 600_000;
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

/** Words that stand nowhere else; each in another kind of question. */
const words = (mark: string) => ({
  first: `Quillon${mark}`,
  last: `Fennimarsh${mark}`,
  email: `zephyrwold${mark}@example.org`.toLowerCase(),
  force: `Ostrelland${mark} Constabulary`,
  why: `The sergeant mislaid my brindlecoat${mark} and laughed about it`,
  file: `vellumhart${mark}.txt`,
  inFile: `Dear complainant, thistledown${mark} regrets nothing whatsoever`,
});
type Words = ReturnType<typeof words>;

const form = shipped('review');

function answersWith(say: Words) {
  const letter = new Date(Date.now() - 5 * 24 * 60 * 60 * 1000);
  const [year = '', month = '', day = ''] = letter.toISOString().slice(0, 10).split('-');
  return {
    'dealt-with': 'yes',
    'review-body': 'yes',
    name: { title: 'Ms', first: say.first, last: say.last },
    email: say.email,
    preferred: 'email',
    'leave-message': 'no',
    acting: 'no',
    force: say.force,
    'letter-date': { day: String(Number(day)), month: String(Number(month)), year },
    'unhappy-with': ['process'],
    why: say.why,
    sharing: ['understood'],
  };
}

/** Fills the whole form in as a person would, and gives the reference from the confirmation. */
async function fillIn(page: Page, say: Words, scripted: boolean): Promise<string> {
  await page.goto(`${slotTap.url}/exampleshire/review`);
  await page.click('text=Start now');
  await page.waitForLoadState();
  if (scripted) await page.waitForSelector('letterbox-fill[data-ready]');
  await answerUntil(page, form, answersWith(say), 'letter');
  await page.setInputFiles('input[type=file]', {
    name: say.file,
    mimeType: 'text/plain',
    buffer: Buffer.from(`${say.inFile}\n`.repeat(40)),
  });
  await answerUntil(page, form, answersWith(say), 'check');
  expect(await page.textContent('main')).toContain(say.why);
  await next(page);
  await page.check('#agree');
  await next(page);
  await page.waitForSelector('.govuk-panel--confirmation');
  const reference = /[0-9A-Z]{5}-[0-9A-Z]{5}/.exec((await page.textContent('.govuk-panel')) ?? '')?.[0] ?? '';
  expect(reference).not.toBe('');
  return reference;
}

/** What the database's owner could do, and the program never does: the words as they are, where sealed ones belong. */
async function storeUnsealed(all: readonly string[]): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrlIn(letterbox.data) });
  await admin.connect();
  await admin.query(
    `insert into letterbox.equality_answer (organisation, form, generation, received_on, sealed)
     select id, 'review', 1, now(), convert_to($1, 'UTF8') from letterbox.organisation limit 1`,
    [all.join('\n')],
  );
  await admin.end();
}

test('with JavaScript: filled, sealed, posted, granted by two, opened, verified; and the server never saw an answer', {
  timeout: TEN_MINUTES,
}, async () => {
  const say = words('Qx');
  const visitor = await (await browser.newContext()).newPage();
  const reference = await fillIn(visitor, say, true);

  // Two managers let a third colleague read, and a reader hands the key over.
  const amara = await signIn(browser, deskTap.url, 'Amara Okafor');
  await amara.goto(`${deskTap.url}/forms/review/access`);
  await amara.click('text=Propose access for colleagues');
  await amara.click('label:has-text("Dev Malhotra")');
  await amara.check('input[name=purpose-review] >> nth=0');
  await amara.click('text=See what this will change');
  expect(await amara.textContent('main')).toMatch(/2 people\s+can read\s+198 submissions/);
  await amara.click('text=Sign this proposal');
  await amara.waitForURL('**/proposals/*');

  const ben = await signIn(browser, deskTap.url, 'Ben Whitlow');
  await ben.click('text=Look at a proposal');
  await ben.fill('#people', '3');
  await ben.click('text=Sign and give access');
  await ben.waitForSelector('.govuk-error-message:has-text("how many people")');
  await ben.fill('#people', '2');
  await ben.click('text=Sign and give access');
  await ben.waitForSelector('text=Ben Whitlow approved this');

  const dev = await signIn(browser, deskTap.url, 'Dev Malhotra');
  expect(await dev.textContent('main')).toContain('Not yet handed to you');

  const carys = await signIn(browser, deskTap.url, 'Carys Bevan');
  await carys.click('text=Hand the keys to Dev Malhotra');
  await carys.waitForSelector('text=Done. Dev Malhotra can open');

  await dev.reload();
  await dev.click('text=See the cases >> nth=0');
  await dev.waitForSelector('progress', { state: 'detached' });
  await expectAccessible(dev);
  await dev.click(`a:has-text("${reference}")`);
  await dev.waitForSelector('[data-title]');
  await dev.waitForSelector('progress', { state: 'detached' });
  await expectAccessible(dev);
  const shown = (await dev.textContent('letterbox-case')) ?? '';
  for (const word of [say.first, say.last, say.email, say.force, say.why, say.file])
    expect(shown).toContain(word);
  expect(shown).toContain("Sealed in the submitter's browser");
  await dev.click(`text=Open ${say.file}`);
  const [saved] = await Promise.all([dev.waitForEvent('download'), dev.click(`text=Save ${say.file}`)]);
  expect(readFileSync(await saved.path(), 'utf8')).toContain(say.inFile);

  // What an auditor checks, offline.
  await dev.goto(`${deskTap.url}/register`);
  const [log] = await Promise.all([dev.waitForEvent('download'), dev.click('text=Download the register')]);
  const program = join(import.meta.dirname, '..', 'src', 'cli', 'letterbox.ts');
  const verified = execFileSync(process.execPath, [program, 'verify', await log.path()], {
    encoding: 'utf8',
  });
  expect(verified).toContain('are exactly those that its operator signed');

  // The end of the grant stops the reader at once.
  await amara.goto(`${deskTap.url}/forms/review/access`);
  await amara.click('tr:has-text("Dev Malhotra") >> text=End');
  await expectAccessible(amara);
  await amara.fill('#reason', 'The project is over');
  await amara.click('text=End access now');
  await amara.waitForURL(`${deskTap.url}/forms/review/access`);
  await dev.goto(`${deskTap.url}/forms/review/cases`);
  expect(await dev.textContent('h1')).toBe('Page not found');
  await expectAccessible(dev);

  const all = Object.values(say);
  expect(wordsIn(slotTap.bytes(), all)).toEqual([]);
  expect(wordsIn(deskTap.bytes(), all)).toEqual([]);
  expect(wordsIn(Buffer.from(letterbox.said()), all)).toEqual([]);
  expect(wordsIn(disk(letterbox.data), all)).toEqual([]);
});

test('without JavaScript: every step works, the case is sealed on arrival, and nothing of it is stored or told', {
  timeout: TEN_MINUTES,
}, async () => {
  const say = words('Zy');
  const visitor = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await fillIn(visitor, say, false);
  const all = Object.values(say);
  // Negative control: with sealing in the browser switched off, the same search finds the answers on the wire.
  expect(wordsIn(slotTap.bytes(), all)).toEqual(all);
  expect(wordsIn(Buffer.from(letterbox.said()), all)).toEqual([]);
  expect(wordsIn(disk(letterbox.data), all)).toEqual([]);
  // Negative control: stored without sealing, they are found on the disk.
  await storeUnsealed(all);
  expect(wordsIn(disk(letterbox.data), all)).toEqual(all);
});
