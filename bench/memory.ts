/** Whether the whole program stays small over a hundred thousand posts and a thousand releases. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { type Body, makeBody } from './body.ts';
import { type Figure, median } from './figures.ts';
import { startLoader } from './loader.ts';
import { makeMoulds } from './moulds.ts';
import { residentMegabytes, type Site, startTogether, temporaryFolder } from './site.ts';

export type Amount = { readonly posts: number; readonly releases: number };

const SLICES = 20;

/** One process, as `npm start` runs it: both sites, the sequencer, and nothing of PostgreSQL. */
export async function measureMemory(
  { posts, releases }: Amount,
  say: (line: string) => void,
): Promise<Figure[]> {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  mkdirSync(data);
  const site = await startTogether(data);
  let open = true;
  try {
    const body = await makeBody(site.adminUrl);
    const samples = await work(site, body, { posts, releases }, say);
    await site.close();
    open = false;
    const since = performance.now();
    const again = await startTogether(data);
    const seconds = (performance.now() - since) / 1000;
    await again.close();
    return [...figures(samples, { posts, releases }), start(seconds)];
  } finally {
    if (open) await site.close();
    folder.remove();
  }
}

async function work(
  site: Omit<Site, 'body'>,
  body: Body,
  { posts, releases }: Amount,
  say: (line: string) => void,
): Promise<number[]> {
  const { pid } = site.programs.start ?? { pid: 0 };
  const loader = await startLoader(site, await makeMoulds(site.publicUrl, body.slug, 32));
  const samples: number[] = [];
  for (let slice = 1; slice <= SLICES; slice += 1) {
    await loader.run({ kind: 'posts', atOnce: 32, milliseconds: 600_000, most: Math.ceil(posts / SLICES) });
    await release(site, body, Math.ceil(releases / SLICES));
    samples.push(residentMegabytes(pid));
    if (slice % 4 === 0)
      say(`${Math.round((slice / SLICES) * posts)} posts: ${samples.at(-1)?.toFixed(0)} MB`);
  }
  loader.close();
  return samples;
}

/** Opens so many cases as a reader does; their ciphertext goes over HTTP and is dropped. */
async function release({ adminUrl, deskUrl }: Omit<Site, 'body'>, body: Body, count: number): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  const found = await admin.query('select id from letterbox.cases order by received_at desc, id limit $1', [
    count,
  ]);
  await admin.end();
  for (const { id } of z.array(z.object({ id: z.string() })).parse(found.rows)) {
    const answer = await fetch(`${deskUrl}/cases/${id}/release`, {
      method: 'POST',
      headers: { cookie: `letterbox=${body.session}`, accept: 'application/json' },
    });
    const released = z.object({ answers: z.string() }).safeParse(await answer.json());
    if (!released.success) throw new Error(`A case was not released (${answer.status}).`);
  }
}

/** Growth is told by the last quarter of the run against the one before it: earlier, the program is still warming up. */
function figures(samples: readonly number[], { posts, releases }: Amount): Figure[] {
  const quarter = samples.length / 4;
  const last = median(samples.slice(-quarter));
  const before = median(samples.slice(-2 * quarter, -quarter));
  const after = `${posts.toLocaleString('en-GB')} posts and ${releases.toLocaleString('en-GB')} releases`;
  return [
    {
      name: 'memory',
      value: Math.max(...samples),
      unit: 'MB',
      bar: { most: 250 },
      says: `the program’s most, PostgreSQL aside, over ${after}`,
    },
    {
      name: 'memory_growth',
      value: (last / before - 1) * 100,
      unit: '%',
      bar: { most: 5 },
      says: 'of the last quarter over the one before',
    },
  ];
}

const start = (seconds: number): Figure => ({
  ...{ name: 'second_start', value: seconds, unit: 's', bar: { most: 5 } },
  says: 'until both listeners answer, on data that is there',
});
