/** Mistakes with what stands beside a Letterbox: a name that lapsed, a log server and a queue that are open. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createListener, type Server } from 'node:net';
import { chromium, type Page } from 'playwright-core';
import { deploy, signInOn } from '../../stories/deployment.ts';
import { type Case, type Piece, piece } from '../case.ts';
import { ask } from '../probes.ts';
import { sendIn, type World } from '../world.ts';
import { options } from './browser.ts';

const listening = (server: Server, port: number): Promise<void> =>
  new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Answers at an address of loopback until it is closed. */
async function serverAt(url: string, answer: RequestListener): Promise<{ close(): Promise<void> }> {
  const server = createServer(answer);
  await listening(server, Number(new URL(url).port));
  return {
    close: () => {
      server.closeAllConnections();
      return closed(server);
    },
  };
}

/** Somebody else's site at a name that was the body's: it writes down what browsers send to it. */
async function takenOver(url: string) {
  const cookies = new Set<string>();
  const got: string[] = [];
  const { close } = await serverAt(url, (request, response) => {
    got.push(`${request.method} ${request.url}\n${request.rawHeaders.join('\n')}`);
    if (request.headers.cookie) cookies.add(request.headers.cookie);
    response.writeHead(200, { 'content-type': 'text/html' }).end('<p>This name may be for sale.');
  });
  return { got: () => got.join('\n'), cookies: () => [...cookies], close };
}

/**
 * A reader of a demonstration reads a case and then follows an old link to the name that is somebody else's now: what that
 * server got, and what the desk gives it for the cookies among it.
 */
async function oldLink(
  world: World,
  site: Awaited<ReturnType<typeof takenOver>>,
  before: (page: Page) => Promise<void>,
): Promise<Piece[]> {
  const as = 'whoever took the name over';
  const letterbox = await deploy();
  const browser = await chromium.launch(options);
  try {
    const sent = await sendIn(letterbox.publicUrl, 'review');
    world.lookFor(sent);
    const address = `/cases/${sent.case}`;
    const page = await signInOn(await browser.newPage(), letterbox.deskUrl, 'Carys Bevan');
    await page.goto(letterbox.deskUrl + address);
    await page.waitForFunction(
      (some) => some.some((mark) => document.body.textContent?.includes(mark)),
      sent.marks.map(({ mark }) => mark),
    );
    await before(page);
    await page.evaluate((to) => location.assign(to), new URL(address, world.beside.lapsed).href);
    await page.waitForSelector('text=may be for sale');
    const pieces = [piece(as, 'what browsers sent to it', site.got())];
    for (const cookie of ['', ...site.cookies()]) {
      const init = { method: 'POST', headers: { cookie, 'sec-fetch-site': 'same-origin' } };
      pieces.push(await ask(as, `${letterbox.deskUrl}${address}/release`, init));
    }
    return pieces;
  } finally {
    await browser.close();
    await letterbox.close();
  }
}

const asIsSet = async (): Promise<void> => undefined;

/** The session's cookie, made one for all names: loopback has none below one domain. */
const forAllNames = ({ beside }: World) =>
  async function alsoThere(page: Page): Promise<void> {
    const cookies = await page.context().cookies();
    await page.context().addCookies(cookies.map(({ name, value }) => ({ name, value, url: beside.lapsed })));
  };

const lapsed: Case = {
  n: 51,
  how: 'A name that was the body’s is somebody else’s now; a reader who is signed in follows an old link to it.',
  expects: { noticed: /^elsewhere/ },
  make: async (world) => {
    const site = await takenOver(world.beside.lapsed);
    return { refused: null, undo: site.close, out: () => oldLink(world, site, asIsSet) };
  },
  control: {
    how: 'The session’s cookie is for all names of the domain, and the server asks the desk with it.',
    out: async (world) => {
      const site = await takenOver(world.beside.lapsed);
      return oldLink(world, site, forAllNames(world)).finally(site.close);
    },
  },
};

/** A queue that hands what lies in it to whoever connects, as one without a password does. */
async function queueAt(url: string, lies: () => string): Promise<{ close(): Promise<void> }> {
  const server = createListener((socket) => {
    // Whoever only looks whether somebody listens is gone before anything is said.
    socket.on('error', () => socket.destroy());
    socket.end(lies());
  });
  await listening(server, Number(new URL(url).port));
  return { close: () => closed(server) };
}

const queued = ({ mail }: World): string => mail.taken.map(({ raw }) => raw).join('\n');

const open: Case = {
  n: 52,
  how: 'A server that collects all that the programs say, and the queue of the mail relay, are open to everybody.',
  expects: { noticed: /^elsewhere .*connected/ },
  make: async (world) => {
    const log = await serverAt(world.beside.log, (_request, response) => response.end(world.program.said()));
    const queue = await queueAt(world.beside.queue, () => queued(world));
    return {
      refused: null,
      out: async () => [
        await ask('a stranger', world.beside.log),
        piece('a stranger', 'the queue of the relay', queued(world)),
      ],
      undo: async () => {
        await log.close();
        await queue.close();
      },
    };
  },
  control: {
    how: 'The log holds an error that carries what somebody wrote.',
    out: async ({ beside, submissions }) => {
      const error = `TypeError: ${submissions[0]?.marks[0]?.mark} is not iterable`;
      const log = await serverAt(beside.log, (_request, response) => response.end(error));
      return ask('a stranger', beside.log)
        .then((got) => [got])
        .finally(log.close);
    },
  },
};

export const BESIDE: readonly Case[] = [lapsed, open];
