/** Mistakes at the doors: addresses passed on, proxies that keep, headers that are believed, pages without a check. */

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frontOf } from '../../bench/leaks.ts';
import { freePort } from '../../bench/site.ts';
import { HABITS } from '../../src/watch/habits.ts';
import { type Case, type Made, NOTHING_TO_UNDO, type Piece, piece } from '../case.ts';
import { ask, askAt, askDoors, openedByReader, withoutDecision } from '../probes.ts';
import { WITHDRAWN, type World } from '../world.ts';

const nothing = (refused: string, out: () => Promise<readonly Piece[]>): Made => ({
  ...{ refused, out, undo: NOTHING_TO_UNDO },
});
const LEAK = { name: '', site: 'desk', colour: 'red' } as const;
const STRANGER = { as: 'a stranger', session: null };
const everybodyReads = {
  how: 'The decision about who may read says yes to everybody.',
  out: (world: World) => withoutDecision(world, async () => askDoors(world, await world.unintended())),
};
/** A proxy that signs everybody in as somebody who may read. */
const signedInByProxy = {
  how: 'A proxy adds a reader’s cookie to everybody’s requests.',
  out: async (world: World): Promise<Piece[]> => {
    const reader = await world.reader();
    return askDoors(world, [{ as: 'a stranger', session: reader.session }], {
      only: ({ site }) => site === 'desk',
    });
  },
};
const debugging = (mark: string): Piece => piece('a stranger', '/debug', `{"last": "${mark}"}`);

/** A proxy that keeps answers and gives them to whoever asks next; `obeys` what the sites say about keeping. */
async function keepingProxy(
  world: World,
  { obeys, by = (url: string) => url }: { obeys: boolean; by?: (url: string) => string },
) {
  const kept = new Map<string, { readonly status: number; readonly body: Buffer }>();
  const server = createServer(async (request, response) => {
    const url = request.url ?? '/';
    const found = kept.get(url);
    if (found) return void response.writeHead(found.status).end(found.body);
    const cookie = request.headers.cookie;
    const answer = await fetch(`${world.deskUrl}${by(url)}`, {
      redirect: 'manual',
      headers: { accept: 'text/html', ...(cookie ? { cookie } : {}) },
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const mayKeep = !/no-store|private/.test(answer.headers.get('cache-control') ?? '');
    if (answer.ok && (mayKeep || !obeys)) kept.set(url, { status: answer.status, body });
    response.writeHead(answer.status).end(body);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** Sends one request to the first of these, the next to the second, and so on. */
async function balancerOf(nodes: readonly string[]) {
  let turn = 0;
  const front = await frontOf(() => nodes[turn++ % nodes.length] ?? '', await freePort());
  return front;
}

/** A reader looks at these paths through the proxy, and then a stranger does. */
async function lookedAtFirst(
  world: World,
  paths: readonly string[],
  options: Parameters<typeof keepingProxy>[1],
): Promise<Piece[]> {
  const proxy = await keepingProxy(world, options);
  const { session } = await world.reader();
  const pieces: Piece[] = [];
  for (const path of paths) {
    await ask('a reader', `${proxy.url}${path}`, { headers: { cookie: `letterbox=${session}` } });
    pieces.push(await ask('a stranger behind the same proxy', `${proxy.url}${path}`));
  }
  await proxy.close();
  return pieces;
}

const pagesOf = ({ submissions }: World): string[] =>
  submissions.flatMap(({ case: id, form }) => [`/forms/${form}/cases`, `/cases/${id}`]);

/** A copy of the program in which one text is another, as a developer writes it. */
function patchedCopy(changes: readonly (readonly [file: string, from: string, to: string])[]) {
  const root = new URL('../..', import.meta.url).pathname;
  const copy = mkdtempSync(join(tmpdir(), 'letterbox-drill-'));
  for (const part of ['src', 'forms', 'build', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, from, to] of changes) {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no ${from}.`);
    writeFileSync(path, text.replace(from, to));
  }
  return { folder: copy, remove: () => rmSync(copy, { recursive: true, force: true }) };
}

/** A desk from a copy, against the deployment's database: its address where it serves, else what it said when it ended. */
async function deskFrom(
  world: World,
  folder: string,
): Promise<{ readonly url: string | null; readonly said: string; stop(): Promise<void> }> {
  const [port, publicPort] = [await freePort(), await freePort()];
  const data = mkdtempSync(join(folder, 'data-'));
  const child = spawn(process.execPath, [join(folder, 'src/cli/letterbox.ts'), 'desk'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      ...{
        LETTERBOX_DATA: data,
        LETTERBOX_DESK_PORT: String(port),
        LETTERBOX_PUBLIC_PORT: String(publicPort),
      },
      ...{ DATABASE_URL_DESK: world.db.urlOf('desk'), DATABASE_URL_SIGNIN: world.db.urlOf('signin') },
    },
  });
  let said = '';
  const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(false)));
  const serves = new Promise<boolean>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Serving')) resolve(true);
      });
  });
  const url = (await Promise.race([serves, ended])) ? `http://127.0.0.1:${port}` : null;
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, said, stop };
}

const OPEN_ROUTE = `app.get('/all-cases', async () => desk.rows(z.object({ id: z.string() }), 'select * from letterbox.cases'));\n  app.get('/', staff,`;

export const AT_THE_DOORS: readonly Case[] = [
  {
    n: 7,
    how: 'Everybody who gets to know a case’s address asks for it, and for everything below it.',
    expects: 'refused',
    make: async (world) =>
      nothing('Whoever may not read is told that there is no such case.', async () =>
        askDoors(world, await world.unintended(), { only: ({ path }) => path.includes(':case') }),
      ),
    control: everybodyReads,
  },
  {
    n: 10,
    how: 'Everything that the public side answers is looked through after others have sent something in.',
    expects: 'refused',
    make: async (world) =>
      nothing('The public side can insert cases and select none.', async () =>
        askDoors(world, await world.unintended(), { only: ({ site }) => site === 'slot' }),
      ),
    control: signedInByProxy,
  },
  {
    n: 20,
    how: 'A proxy that keeps what it is allowed to keep stands before the desk; a reader looks first, a stranger after.',
    expects: 'refused',
    make: async (world) =>
      nothing('Every page says that it is not to be kept.', () =>
        lookedAtFirst(world, pagesOf(world), { obeys: true }),
      ),
    control: {
      how: 'The proxy keeps everything, whatever it is told.',
      out: (world) => lookedAtFirst(world, pagesOf(world), { obeys: false }),
    },
  },
  {
    n: 21,
    how: 'A reader is sent to a case’s address with .css behind it, through a proxy that keeps style sheets.',
    expects: 'refused',
    make: async (world) =>
      nothing('There is no page at such an address.', () =>
        lookedAtFirst(
          world,
          pagesOf(world).flatMap((path) => [
            `${path}.css`,
            `${path}/x.css`,
            `${path};x.css`,
            `${path}%2fx.css`,
          ]),
          { obeys: false },
        ),
      ),
    control: {
      how: 'The site answers such an address as if the ending were not there.',
      out: (world) =>
        lookedAtFirst(
          world,
          pagesOf(world).map((path) => `${path}/x.css`),
          { obeys: false, by: (url) => url.replace(/\/x\.css$/, '') },
        ),
    },
  },
  {
    n: 22,
    how: 'A dump of the database’s cases is left in the web root.',
    expects: { noticed: /^loose/ },
    make: async (world) => {
      const { rows } = await world.db.admin.pool.query<{ line: string }>(
        'select row_to_json(c)::text as line from letterbox.cases c',
      );
      const dump = rows.map(({ line }) => line).join('\n');
      const { open } = world.fronts.slot;
      const path = '/dump.sql';
      open.set(path, {
        name: '',
        site: 'slot',
        path,
        colour: 'amber',
        answer: (response) => response.writeHead(200).end(dump),
      });
      return {
        refused: null,
        out: async () => [await askAt(world, STRANGER, { site: 'slot', method: 'GET' }, path)],
        undo: async () => {
          open.delete(path);
        },
      };
    },
    control: { how: 'The dump’s ciphertext is opened with a reader’s key.', out: openedByReader },
  },
  {
    n: 24,
    how: 'The public side’s address is asked for the desk’s pages, with the desk’s and other host names.',
    expects: 'refused',
    make: async (world) =>
      nothing('The desk is another listener; no host name leads there.', async () => {
        const pieces: Piece[] = [];
        for (const host of [new URL(world.deskUrl).host, 'desk.example.org', 'localhost'])
          for (const path of pagesOf(world))
            pieces.push(
              await ask('a stranger', `${world.direct.slot}${path}`, {
                headers: { 'x-forwarded-host': host, forwarded: `host=${host}` },
              }),
            );
        return pieces;
      }),
    control: signedInByProxy,
  },
  {
    n: 25,
    how: 'A stranger says in every customary header that they are the reader, or the machine itself.',
    expects: 'refused',
    make: async (world) => {
      const { name, staff } = world.body.ana;
      const claims = [
        'x-forwarded-user',
        'x-remote-user',
        'remote-user',
        'x-user',
        'x-authenticated-user',
        'x-forwarded-email',
        'x-auth-request-user',
      ];
      const headers = Object.fromEntries([
        ...claims.flatMap((claim) => [
          [claim, name],
          [`${claim}-id`, staff.person],
        ]),
        ...['x-forwarded-for', 'x-real-ip', 'client-ip'].map((claim) => [claim, '127.0.0.1']),
        ['authorization', `Bearer ${staff.person}`],
      ]);
      return nothing('Who somebody is, the database finds out from the session’s secret.', () =>
        askDoors(world, [STRANGER], { headers, only: ({ site }) => site === 'desk' }),
      );
    },
    control: signedInByProxy,
  },
  {
    n: 26,
    how: 'Whatever debuggers and profilers are called is asked of both sites; then a page for debugging is switched on that shows what was sent in last: a canary.',
    expects: { noticed: /^readable/, quarantines: true },
    make: async (world) => {
      const canary = world.canaries().at(-1);
      const { open } = world.fronts.desk;
      const shown = `{"last": "${canary?.marks[0]?.mark}"}`;
      open.set('/debug', {
        ...LEAK,
        path: '/debug',
        answer: (response) => response.writeHead(200).end(shown),
      });
      return {
        refused: null,
        out: async () => {
          const pieces: Piece[] = [];
          for (const habit of HABITS)
            for (const site of ['slot', 'desk'] as const)
              pieces.push(await askAt(world, STRANGER, { site, method: 'GET' }, `/${habit}`));
          return pieces;
        },
        undo: async () => {
          open.delete('/debug');
        },
      };
    },
    control: {
      how: 'The page shows what one of the drill’s own submissions says.',
      out: async ({ submissions }) => [debugging(submissions[0]?.marks[0]?.mark ?? '')],
    },
  },
  {
    n: 27,
    how: 'A proxy before the public side writes down every address and every body while somebody sends something in.',
    expects: {
      unseen:
        'The log is the proxy’s; what it holds is sealed. Without JavaScript a body is readable to whatever stands between TLS and the program.',
    },
    make: async (world) =>
      nothing('', async () => [
        piece('whoever reads the proxy’s log', 'every address and body', world.recorded()),
      ]),
    control: { how: 'What the log holds is opened with a reader’s key.', out: openedByReader },
  },
  {
    n: 32,
    how: 'A developer adds a page that lists all cases, and forgets to say for whom it is.',
    expects: 'refused',
    make: async (world) => {
      const copy = patchedCopy([['src/cases/routes.ts', "app.get('/', staff,", OPEN_ROUTE]]);
      const { url, said, stop } = await deskFrom(world, copy.folder);
      return {
        refused:
          url === null && /declares no audience/.test(said)
            ? 'The desk does not start: the page declares no audience.'
            : null,
        out: async () =>
          url ? [await ask('a stranger', `${url}/all-cases`)] : [piece('a stranger', 'what it said', said)],
        undo: async () => {
          await stop();
          copy.remove();
        },
      };
    },
    control: everybodyReads,
  },
  {
    n: 33,
    how: 'Everybody who must not read asks for the data behind the pages, as programs do.',
    expects: 'refused',
    make: async (world) =>
      nothing('Each door asks the database anew.', async () =>
        askDoors(world, await world.unintended(), {
          accept: 'application/json',
          only: ({ site }) => site === 'desk',
        }),
      ),
    control: everybodyReads,
  },
  {
    n: 34,
    how: 'Somebody who may read one form writes cases of every other kind into the address.',
    expects: 'refused',
    make: async (world) =>
      nothing('A case of a form one may not read is not there.', async () =>
        askDoors(world, await world.unintended(), { only: ({ path }) => /:case|:form/.test(path) }),
      ),
    control: everybodyReads,
  },
  {
    n: 36,
    how: 'All that every page and answer carries is searched, decoded and unpacked, not only what it shows.',
    expects: 'refused',
    make: async (world) =>
      nothing('Nothing of a submission is in any of them.', async () =>
        askDoors(world, await world.unintended()),
      ),
    control: everybodyReads,
  },
  {
    n: 40,
    how: 'A switch in a copy of the program lets everybody past the sign-in of the desk, and the copy is started.',
    expects: 'refused',
    make: async (world) => {
      const copy = patchedCopy([
        ['src/web/server.ts', 'if (!audience || OPEN.includes(audience)) return;', 'if (audience) return;'],
      ]);
      const { url, said, stop } = await deskFrom(world, copy.folder);
      if (!url) throw new Error(`The copy did not start: ${said}`);
      return {
        refused: 'Past the sign-in, the database finds nobody behind the request, and hands nothing over.',
        out: () => askDoors({ ...world, deskUrl: url }, [STRANGER], { only: ({ site }) => site === 'desk' }),
        undo: async () => {
          await stop();
          copy.remove();
        },
      };
    },
    control: everybodyReads,
  },
  {
    n: 53,
    how: 'A second node with an older program, which asks nobody to sign in, answers every other request behind the same address.',
    expects: 'refused',
    make: async (world) => {
      const copy = patchedCopy([
        ['src/web/server.ts', 'if (!audience || OPEN.includes(audience)) return;', 'if (audience) return;'],
      ]);
      const { url, said, stop } = await deskFrom(world, copy.folder);
      if (!url) throw new Error(`The older node did not start: ${said}`);
      const balancer = await balancerOf([world.direct.desk, url]);
      return {
        refused: 'Both ask the same database who is behind a request, and it finds nobody.',
        out: async () => [
          ...(await askDoors({ ...world, deskUrl: balancer.url }, await world.unintended(), {
            only: ({ site }) => site === 'desk',
          })),
          ...(await askDoors({ ...world, deskUrl: balancer.url }, [STRANGER], {
            only: ({ site }) => site === 'desk',
          })),
        ],
        undo: async () => {
          await balancer.close();
          await stop();
          copy.remove();
        },
      };
    },
    control: everybodyReads,
  },
  {
    n: 62,
    how: 'A list is taken off the page that links to it, and its address goes on answering.',
    expects: { noticed: /^elsewhere/ },
    make: async (world) => {
      const { open } = world.fronts.slot;
      open.set(WITHDRAWN, {
        name: '',
        site: 'slot',
        path: WITHDRAWN,
        colour: 'red',
        answer: (response) => response.writeHead(200).end('name,town'),
      });
      return {
        refused: null,
        out: async () => [await askAt(world, STRANGER, { site: 'slot', method: 'GET' }, WITHDRAWN)],
        undo: async () => {
          open.delete(WITHDRAWN);
        },
      };
    },
    control: {
      how: 'The list holds what somebody sent in.',
      out: async ({ submissions }) => [debugging(submissions[1]?.marks[0]?.mark ?? '')],
    },
  },
];
