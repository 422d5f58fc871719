/** The load generator, seen from the bench: one child process for a whole run, so that it is warm like the site. */
import { fork } from 'node:child_process';
import type { Order, Setup, Tally } from './load.ts';
import { type Mould, pack } from './posts.ts';
import type { Site } from './site.ts';

export type Loader = { run(order: Order): Promise<Tally>; close(): void };

type Told = { readonly ready?: true; readonly tally?: Tally; readonly failed?: string };

export async function startLoader(
  { publicPort, adminUrl }: Pick<Site, 'publicPort' | 'adminUrl'>,
  moulds: readonly Mould[],
): Promise<Loader> {
  const child = fork(new URL('./load.ts', import.meta.url));
  const ask = (message: { setup: Setup } | { order: Order }): Promise<Told> =>
    new Promise((resolve, reject) => {
      child.once('message', (told: Told) => resolve(told));
      child.once('exit', () => reject(new Error('The load generator ended.')));
      child.send(message);
    });
  await ask({ setup: { port: publicPort, adminUrl, packed: moulds.map(pack) } });
  const run = async (order: Order): Promise<Tally> => {
    child.removeAllListeners('exit');
    const { tally, failed } = await ask({ order });
    if (!tally) throw new Error(`The load generator failed: ${failed}`);
    if (tally.refused > 0) throw new Error(`${tally.refused} posts were not acknowledged.`);
    return tally;
  };
  return { run, close: () => child.disconnect() };
}
