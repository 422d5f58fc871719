/** A whole running Letterbox of its own for a story, as `npm start` runs it, on free ports and a folder thrown away. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { freePort, startFlags } from '../bench/site.ts';

export type Deployment = {
  readonly publicUrl: string;
  readonly deskUrl: string;
  readonly data: string;
  /** The program's process, leader of its own group. */
  readonly pid: number;
  /** All it said so far, on both streams. */
  said(): string;
  /** kill -9 of the program and its database, as a power cut would. */
  kill(): Promise<void>;
  /** Starts again on the same data and ports. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

const LETTERBOX = join(import.meta.dirname, '..', 'src', 'cli', 'letterbox.ts');

/** `deskUrl`: where people reach the desk, when something stands in between; `watch`: whether a Watch goes round; `mail`: a relay. */
export async function deploy(
  args: readonly string[] = [],
  addresses: { readonly deskUrl?: string; readonly watch?: boolean; readonly mail?: string } = {},
): Promise<Deployment> {
  const data = mkdtempSync(join(tmpdir(), 'letterbox-story-'));
  chmodSync(data, 0o711);
  const [publicPort, deskPort] = [await freePort(), await freePort()];
  const publicUrl = `http://localhost:${publicPort}`;
  const deskUrl = `http://localhost:${deskPort}`;
  const said: string[] = [];
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [...startFlags(), LETTERBOX, 'start', ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        LETTERBOX_DATA: data,
        LETTERBOX_PUBLIC_PORT: String(publicPort),
        LETTERBOX_DESK_PORT: String(deskPort),
        LETTERBOX_DESK_URL: addresses.deskUrl ?? deskUrl,
        LETTERBOX_WATCH: String(addresses.watch ?? false),
        ...(addresses.mail && {
          ...{ LETTERBOX_MAIL_RELAY: addresses.mail, LETTERBOX_MAIL_FROM: 'letterbox@example.org' },
        }),
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => said.push(text));
    const before = said.length;
    while (!said.slice(before).join('').includes('Ctrl-C stops everything')) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`It did not start: ${said.join('')}`);
      await wait(50);
    }
    return child;
  };
  let child = await start();
  const ended = (of: ChildProcess) =>
    new Promise<void>((resolve) =>
      of.exitCode === null && of.signalCode === null ? of.once('exit', () => resolve()) : resolve(),
    );
  return {
    publicUrl,
    deskUrl,
    data,
    get pid() {
      return child.pid ?? 0;
    },
    said: () => said.join(''),
    kill: async () => {
      const over = ended(child);
      killTree(child.pid ?? 0, data);
      await over;
    },
    restart: async () => {
      child = await start();
    },
    close: async () => {
      const over = ended(child);
      child.kill('SIGTERM');
      await over;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Kills the program and the postmaster it started, found by the pid file in its own data folder. */
function killTree(pid: number, data: string): void {
  const postmaster = Number(readFirstLine(join(data, 'postgres', 'postmaster.pid')));
  process.kill(pid, 'SIGKILL');
  // The postmaster leads its own group: its backends go with it.
  if (postmaster > 1) process.kill(-postmaster, 'SIGKILL');
}

function readFirstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0] ?? '';
  } catch {
    return '';
  }
}

const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.LETTERBOX_CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS.split(' '),
  });
}

/** A colleague of the demonstration in a browser of their own, signed in with passphrase and code. */
export async function signIn(browser: Browser, deskUrl: string, name: string): Promise<Page> {
  return signInOn(await (await browser.newContext()).newPage(), deskUrl, name);
}

/** The same on a page that is there. */
export async function signInOn(page: Page, deskUrl: string, name: string): Promise<Page> {
  for (let used = ''; ; ) {
    const { email, passphrase, code } = await detailsOf(page, deskUrl, name, used);
    await page.goto(`${deskUrl}/sign-in`);
    await page.fill('#email', email);
    await page.fill('#passphrase', passphrase);
    await page.fill('#code', code);
    await page.click('form >> text=Sign in');
    const refused = page.locator('[data-status].govuk-error-message', { hasText: /\S/ });
    const home = page.waitForURL(({ pathname }) => ['/', '/host'].includes(pathname)).then(() => true);
    const problem = refused.waitFor().then(() => false);
    // Whichever is first; the other one runs into its time limit unheard.
    for (const each of [home, problem]) each.catch(() => undefined);
    if (await Promise.race([home, problem])) return page;
    if (used !== '') throw new Error(`${name} cannot sign in: ${await refused.textContent()}`);
    used = code;
  }
}

/** Everything to sign in with. A code counts once: after `used` it waits for the next one. */
async function detailsOf(page: Page, deskUrl: string, name: string, used: string) {
  for (;;) {
    await page.goto(`${deskUrl}/demonstration`);
    const card = page.locator('.govuk-summary-card', { hasText: name });
    const details = await card.locator('dd').allTextContents();
    const [, email = '', passphrase = '', code = ''] = details.map((text) => text.trim());
    if (code !== used) return { email, passphrase, code };
    await wait(200);
  }
}
