/** How long it takes from a mistake to its alarm: Watch with its default settings, before which a proxy makes mistakes. */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { watchConfigIn } from '../src/cli/watch-beside.ts';
import { openDatabase } from '../src/store/store.ts';
import { type Canary, canaryShape } from '../src/watch/canary.ts';
import { rawConfig, stateFile, writeConfig } from '../src/watch/config.ts';
import { type Figure, quantile } from './figures.ts';
import { type Front, frontOf, type Leak, leaksOf } from './leaks.ts';
import { adminUrlIn, freePort, healthy, startProgram, temporaryFolder, until } from './site.ts';

type Options = { readonly turns: number };
type Say = (line: string) => void;

/** Each kind of leak is opened at a moment of its own in each turn, and closed when all were alarmed. */
export async function measureDetection({ turns }: Options, say: Say): Promise<Figure[]> {
  const folder = temporaryFolder();
  const [publicPort, deskPort] = [await freePort(), await freePort()];
  const publicProxy = await frontOf(() => `http://127.0.0.1:${publicPort}`, await freePort());
  const deskProxy = await frontOf(() => `http://127.0.0.1:${deskPort}`, await freePort());
  const start = startProgram(['start'], {
    ...{ LETTERBOX_DATA: folder.path, LETTERBOX_WATCH: 'false', LETTERBOX_HOST: '127.0.0.1' },
    ...{ LETTERBOX_PUBLIC_PORT: String(publicPort), LETTERBOX_DESK_PORT: String(deskPort) },
    ...{ LETTERBOX_PUBLIC_URL: publicProxy.url, LETTERBOX_DESK_URL: deskProxy.url },
  });
  try {
    await until(() => healthy(publicProxy.url), start, 'Letterbox');
    await until(async () => start.said().includes('Ctrl-C stops everything'), start, 'the demonstration');
    const config = watchConfigIn(folder.path);
    // As a real one runs: the demonstration's is slower.
    const { public: site, desk } = rawConfig(config);
    writeConfig(config, { public: site, desk });
    const watch = startProgram(['watch', '--config', config], {});
    try {
      await until(async () => watch.said().includes('Went round'), watch, 'Watch');
      const database = openDatabase('admin', adminUrlIn(folder.path), 2);
      const proxies = { slot: publicProxy, desk: deskProxy };
      const seconds: { leak: Leak; took: number }[] = [];
      for (let turn = 1; turn <= turns; turn += 1) {
        const found = await oneTurn(database, proxies, leaksOf(canariesIn(config)));
        seconds.push(...found);
        say(`turn ${turn} of ${turns}: ${found.map(({ took }) => took.toFixed(0)).join(' ')} s`);
      }
      await database.close();
      return figures(seconds);
    } finally {
      await watch.stop();
    }
  } finally {
    await start.stop();
    await Promise.all([publicProxy.close(), deskProxy.close()]);
    folder.remove();
  }
}

function canariesIn(config: string): Canary[] {
  const shape = z.object({ canaries: z.array(canaryShape) });
  return shape
    .parse(JSON.parse(readFileSync(stateFile(config), 'utf8')))
    .canaries.filter(({ retired }) => !retired);
}

type Database = ReturnType<typeof openDatabase>;
const alarmRow = z.object({ address: z.string(), colour: z.string(), at: z.date() });
const SPREAD = 40_000;
const LONGEST = 120_000;

async function oneTurn(
  database: Database,
  proxies: Readonly<Record<Leak['site'], Front>>,
  leaks: readonly Leak[],
): Promise<{ leak: Leak; took: number }[]> {
  const took = await Promise.all(
    leaks.map(async (leak) => {
      await wait(Math.random() * SPREAD);
      const { open, url } = proxies[leak.site];
      open.set(leak.path, leak);
      const since = Date.now();
      const sql = `select address, colour, first_seen as at from letterbox.alarm
        where gone_at is null and address like '%' || $1 and colour = $2 and (colour = 'amber' or done = 'quarantined')`;
      while (Date.now() - since < LONGEST) {
        const [alarm] = await database.rows(alarmRow, sql, [url + leak.path, leak.colour]);
        if (alarm) return { leak, took: Math.max(0, alarm.at.getTime() - since) / 1000 };
        await wait(100);
      }
      return { leak, took: Number.POSITIVE_INFINITY };
    }),
  );
  for (const { open } of Object.values(proxies)) open.clear();
  const standing = z.object({ n: z.bigint() });
  const open = () =>
    database.one(standing, 'select count(*) as n from letterbox.alarm where gone_at is null');
  while ((await open()).n > 0n) await wait(500);
  // A lifting without signatures would be an alarm of the inspection's.
  await database.run('delete from letterbox.quarantine');
  return took;
}

function figures(seconds: readonly { leak: Leak; took: number }[]): Figure[] {
  const all = seconds.map(({ took }) => took);
  const kinds = new Set(seconds.map(({ leak }) => leak.name)).size;
  return [
    { name: 'leaks', value: all.length, unit: '', bar: { least: 100 }, says: `opened, of ${kinds} kinds` },
    { name: 'kinds', value: kinds, unit: '', bar: { least: 10 }, says: 'of leaks' },
    {
      name: 'alarmed_p50',
      value: quantile(all, 0.5),
      unit: 's',
      bar: { most: 15 },
      says: 'half were alarmed, and closed where red, by then',
    },
    { name: 'alarmed_p99', value: quantile(all, 0.99), unit: 's', bar: { most: 60 }, says: '99 of 100 were' },
  ];
}
