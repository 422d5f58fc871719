/** The incident, replayed on the demonstration body: from the tip of a stranger to a complete report, and to the last letter. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWildRelay, type WildRelay } from '../src/notices/testing.ts';
import { expectAccessible } from './accessible.ts';
import { type Deployment, deploy, openBrowser, signIn } from './deployment.ts';

const TEN_MINUTES = 600_000;
const DAYS = 101;
const FORMS = { review: 'Ask for a review', victims: 'Contact the Victims' };
let letterbox: Deployment;
let browser: Browser;
let grace: Page;
let carys: Page;
let relay: WildRelay;

beforeAll(async () => {
  relay = await openWildRelay();
  letterbox = await deploy([], { mail: relay.url });
  browser = await openBrowser();
  await letGraceRead();
}, TEN_MINUTES);
afterAll(async () => {
  await browser?.close();
  await letterbox?.close();
  await relay?.close();
});

/** Whoever finds the people needs access, as for any reading: two managers sign that the data protection officer gets it. */
async function letGraceRead(): Promise<void> {
  const { deskUrl } = letterbox;
  const amara = await signIn(browser, deskUrl, 'Amara Okafor');
  await amara.goto(`${deskUrl}/access/propose`);
  await amara.check('label:has-text("Grace Lindqvist")');
  for (const form of Object.keys(FORMS)) {
    await amara.check(`[name=form][value=${form}]`);
    await amara.check(`[name=purpose-${form}] >> nth=0`);
  }
  await amara.click('text=See what this will change');
  await amara.click('text=Sign this proposal');
  await amara.waitForURL('**/proposals/*');
  const ben = await signIn(browser, deskUrl, 'Ben Whitlow');
  await ben.click('text=Look at a proposal');
  await ben.fill('#people', '2');
  await ben.click('text=Sign and give access');
  await ben.waitForSelector('text=Ben Whitlow approved this');
  carys = await signIn(browser, deskUrl, 'Carys Bevan');
  await carys.click('button:has-text("Hand the keys to")');
  await carys.waitForSelector('text=can open what they were given access to');
  grace = await signIn(browser, deskUrl, 'Grace');
}

async function fillMoment(name: string, at: Date): Promise<void> {
  const [day, month, year] = [at.getUTCDate(), at.getUTCMonth() + 1, at.getUTCFullYear()];
  for (const [part, value] of Object.entries({ day, month, year }))
    await grace.fill(`#${name}-${part}`, String(value));
  await grace.fill(`#${name}-time`, '10:00');
}

async function keep(text: string): Promise<void> {
  await grace.fill('#text', text);
  await grace.click('main form button');
  await grace.waitForSelector('text=What was done so far');
}

async function openIncident(): Promise<string> {
  await grace.goto(`${letterbox.deskUrl}/incidents/new`);
  await grace.fill('#title', 'Both forms open to everybody');
  await grace.check('text=Somebody from outside told us');
  await grace.fill('#text', 'A permission was set to everybody instead of four colleagues.');
  await grace.click('form >> text=Open the incident');
  await grace.waitForSelector('text=What was done so far');
  return grace.url();
}

async function sayWhatStoodOpen(incident: string, how: string): Promise<void> {
  for (const title of Object.values(FORMS)) {
    await grace.goto(`${incident}/steps/exposed`);
    await expectAccessible(grace);
    await grace.check(`label:has-text("${title}")`);
    await grace.check(`text=${how}`);
    await fillMoment('since', new Date(Date.now() - DAYS * 86_400_000));
    // It still stands open.
    for (const part of ['day', 'month', 'year', 'time']) await grace.fill(`#until-${part}`, '');
    await keep('The address answered without a sign-in.');
  }
}

/** Opens all cases and keeps the numbers; how many people and records it says. */
async function findPeople(incident: string): Promise<string> {
  await grace.goto(`${incident}/people`);
  await expectAccessible(grace);
  await grace.click('text=Open them and find the people');
  await grace.waitForSelector('text=Keep the numbers', { timeout: TEN_MINUTES });
  await expectAccessible(grace);
  expect(await grace.textContent('main'), 'nobody is left out').not.toContain('could not be opened');
  await grace.click('text=Keep the numbers');
  await expectAccessible(grace);
  await grace.click('main form button');
  await grace.waitForSelector('text=What was done so far');
  return (await grace.textContent('dl')) ?? '';
}

/** Every part of the report that is left to people. */
async function writeTheReport(incident: string): Promise<void> {
  for (const section of ['what', 'consequences', 'before', 'training', 'actions', 'others']) {
    await grace.goto(`${incident}/steps/reported?section=${section}`);
    await keep(`As we know it today, about ${section}.`);
  }
}

async function answerSeverity(incident: string, confidentiality: string): Promise<void> {
  await grace.goto(`${incident}/steps/severity`);
  await expectAccessible(grace);
  const answers = { context: 'sensitive', identification: 'maximum', confidentiality };
  const rest = { integrity: 'none', availability: 'none', intent: 'mistake' };
  for (const [name, value] of Object.entries({ ...answers, ...rest }))
    await grace.check(`[name=${name}][value=${value}]`);
  await keep('Complaints about the police, with names and addresses.');
}

const WORDS = {
  text: 'On 17 August our forms were opened to everybody by mistake, ((name)).',
  meaning: 'A stranger may know that you wrote to us, and what about.',
  done: 'We closed them within the hour.',
  advice: 'Be wary of calls that mention what you wrote.',
};

/** Written by one, agreed to by another who reads the cases; how many people, and how many of them the page itself tells. */
async function agreeOnTheNotice(
  incident: string,
): Promise<{ people: number; mails: number; written: number }> {
  await grace.goto(`${incident}/steps/worded`);
  for (const [part, words] of Object.entries(WORDS)) await grace.fill(`#${part}`, words);
  await expectAccessible(grace);
  await keep(WORDS.text);
  await grace.goto(`${incident}/notice`);
  await expectAccessible(grace);
  await grace.click('button:has-text("Find the people")');
  await grace.waitForSelector('text=Propose this notice', { timeout: TEN_MINUTES });
  await expectAccessible(grace);
  expect(await grace.locator('[data-preview]').count()).toBe(5);
  const told = (await grace.textContent('[data-status]')) ?? '';
  const [, people, mails] = /(\d+) people: (\d+) e-mail/.exec(told) ?? [];
  const [, written] = /(\d+) in the conversation of their case/.exec(told) ?? [];
  expect(Number(written), 'who gave no way to reach them').toBeGreaterThan(0);
  await grace.fill('#notice-pace', '12000');
  await grace.click('text=Propose this notice');
  await grace.waitForSelector('a[href^="/notices/"]');
  await carys.goto(letterbox.deskUrl);
  await carys.click('text=Look at the notice that Grace Lindqvist wants to send');
  await carys.waitForSelector('h1:has-text("A notice to agree to")');
  await expectAccessible(carys);
  await carys.click('button:has-text("Compare the list")');
  await carys.click('button:has-text("Agree to this notice")', { timeout: TEN_MINUTES });
  await carys.waitForSelector('text=Carys Bevan agreed on');
  return { people: Number(people), mails: Number(mails), written: Number(written) };
}

/** The mails and conversations, the letters, and those who have to be rung up; what the page says of them all at the end. */
async function sendTheNotice(incident: string, byItself: number): Promise<string> {
  await grace.goto(`${incident}/notice`);
  await expectAccessible(grace);
  await grace.click('button:has-text("Open the list")');
  await grace.click('button:has-text("Send them")');
  await grace.waitForSelector(`text=/^${byItself} of \\d+ people are told/`, { timeout: TEN_MINUTES });
  await grace.click('button:has-text("Make the letters")');
  const [letters] = await Promise.all([
    grace.waitForEvent('download'),
    grace.click('text=letters as PDF', { timeout: TEN_MINUTES }),
  ]);
  expect(letters.suggestedFilename()).toBe('letters.pdf');
  await expectAccessible(grace);
  await grace.click('button:has-text("Keep it")');
  await expectAccessible(grace);
  const csv = await (await grace.request.get(`${incident}/notice.csv`)).text();
  const byHand = [...csv.matchAll(/^(N\S+),"By telephone/gm)].map(([, reference]) => reference);
  await grace.check('text=They were told in another way');
  await grace.fill('#references', byHand.join('\n'));
  await grace.click('button:has-text("Keep it")');
  return (await grace.textContent('main')) ?? '';
}

test('as it was: readable for 101 days; the people are found, and the report is complete', {
  timeout: TEN_MINUTES,
}, async () => {
  const incident = await openIncident();
  await sayWhatStoodOpen(incident, 'What was written could be read');
  await grace.goto(`${incident}/exposure`);
  await expectAccessible(grace);
  expect(await grace.textContent('main')).toMatch(/In all 394 cases: 394 could be read/);

  expect(await findPeople(incident)).toMatch(/\d+ people, 394 records/);
  await answerSeverity(incident, 'unknown');
  await grace.goto(`${incident}/steps/people`);
  await grace.check('text=They have to be told');
  await keep('What they wrote could be read by anybody.');
  await grace.goto(`${incident}/report`);
  await expectAccessible(grace);
  expect(await grace.textContent('main')).toContain('Not known yet');
  await writeTheReport(incident);
  await grace.goto(`${incident}/report`);
  const report = (await grace.textContent('main')) ?? '';
  expect(report).toContain('Complete: nothing is marked as not known.');
  expect(report).toContain('394 of them could be read');
  expect(report).not.toContain('unintelligible');
  const file = await grace.request.get(`${incident}/report.pdf`);
  expect(file.headers()['content-type']).toBe('application/pdf');
  expect((await file.body()).subarray(0, 5).toString()).toBe('%PDF-');
  const whole = await (await grace.request.get(`${incident}/whole.json`)).text();
  expect(JSON.parse(whole)).toMatchObject({ cases: 394, readable: 394 });
  const register = await (await grace.request.get(`${letterbox.deskUrl}/incidents/register.csv`)).text();
  expect(register).toContain('Both forms open to everybody');

  const { people, mails, written } = await agreeOnTheNotice(incident);
  const end = await sendTheNotice(incident, mails + written);
  expect(end).toContain(`${people} of ${people} people are told.`);
  const notices = relay.taken.filter(({ raw }) => raw.includes('Subject: Your data'));
  expect(new Set(notices.map(({ id }) => id)).size, 'nobody is told twice').toBe(mails);
  expect(notices.map(({ to }) => to.length)).toEqual(notices.map(() => 1));
  await grace.click('text=Keep that they were told');
  await grace.click('main form button');
  await grace.waitForSelector('text=wrote down that the people affected were told');
});

test('with the walls up: nothing readable, and who was given which ciphertext', {
  timeout: TEN_MINUTES,
}, async () => {
  const incident = await openIncident();
  await sayWhatStoodOpen(incident, 'Only what is sealed came out');
  await grace.goto(`${incident}/exposure`);
  const exposure = (await grace.textContent('main')) ?? '';
  expect(exposure).toMatch(/In all 394 cases: 0 could be read, of 394 only what is sealed came out/);
  // What Grace opened in the story before is there, by name and number.
  expect(exposure.match(/Grace Lindqvist\s*197/g)).toHaveLength(2);
  await grace.goto(`${incident}/report`);
  expect(await grace.textContent('main')).toContain('unintelligible to anybody else');
});

test('whoever looks after the incident without access to the forms finds nobody, and is told so', {
  timeout: TEN_MINUTES,
}, async () => {
  const amara = await signIn(browser, letterbox.deskUrl, 'Amara Okafor');
  await amara.goto(`${letterbox.deskUrl}/incidents`);
  await amara.click('table a');
  await amara.goto(`${amara.url()}/people`);
  await amara.click('text=Open them and find the people');
  await amara.waitForSelector('text=394 cases could not be opened here');
  await expectAccessible(amara);
  expect(await amara.textContent('[data-status]')).toContain('0 people in 0 cases');
  await amara.goto(`${letterbox.deskUrl}/register`);
  expect(await amara.textContent('main')).not.toContain('Amara Okafor was refused: release');
});
