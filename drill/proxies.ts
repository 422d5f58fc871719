/** Proxies before the sites that do what proxies should not: keep what is somebody's, take turns with an older node, answer by themselves. */
import { createServer, type ServerResponse } from 'node:http';
import { type Front, frontOf } from '../bench/leaks.ts';
import { freePort } from '../bench/site.ts';
import type { Piece } from './case.ts';
import { ask, askDoors } from './probes.ts';
import type { World } from './world.ts';

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
export async function balancerOf(nodes: readonly string[]): Promise<Front> {
  let turn = 0;
  return frontOf(() => nodes[turn++ % nodes.length] ?? '', await freePort());
}

/** A reader looks at these paths through the proxy, and then a stranger does. */
export async function lookedAtFirst(
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

export const pagesOf = ({ submissions }: World): string[] =>
  submissions.flatMap(({ case: id, form }) => [`/forms/${form}/cases`, `/cases/${id}`]);

/** From now on this address of a site gives this to everybody; resolves to what ends that. */
export function answerAt(
  { fronts }: World,
  site: 'slot' | 'desk',
  path: string,
  content: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): () => Promise<void> {
  const { open } = fronts[site];
  const answer = (response: ServerResponse) => response.writeHead(200, headers).end(content);
  open.set(path, { name: path, colour: 'red', site, path, answer });
  return async () => {
    open.delete(path);
  };
}

/** A proxy that signs everybody in as somebody who may read. */
export const signedInByProxy = {
  how: 'A proxy adds a reader’s cookie to everybody’s requests.',
  out: async (world: World): Promise<Piece[]> => {
    const reader = await world.reader();
    return askDoors(world, [{ as: 'a stranger', session: reader.session }], {
      only: ({ site }) => site === 'desk',
    });
  },
};
