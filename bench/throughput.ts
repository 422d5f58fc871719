/** How many posts a second become durable, beside what the same PostgreSQL takes of the same bytes. */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { type Figure, median, quantile } from './figures.ts';
import type { Tally } from './load.ts';
import { startLoader } from './loader.ts';
import { makeMoulds, textsUsed } from './moulds.ts';
import { residentMegabytes, startApart } from './site.ts';

/** `inserts`: the bare rows; `posts`: the product; `unregistered`: the product with its register switched off. */
type Variant = 'inserts' | 'posts' | 'unregistered';

/** There and back in each round, so that a machine that slows down or recovers meanwhile favours none. */
const ROUND: readonly Variant[] = ['inserts', 'posts', 'unregistered', 'unregistered', 'posts', 'inserts'];
const AT_ONCE = 32;

export type Length = { readonly rounds: number; readonly milliseconds: number };

export async function measureThroughput(
  { rounds, milliseconds }: Length,
  say: (line: string) => void,
): Promise<Figure[]> {
  const site = await startApart(['slot', 'register']);
  const admin = new pg.Client({ connectionString: site.adminUrl });
  await admin.connect();
  try {
    await admin.query(BARE);
    const moulds = await makeMoulds(site.publicUrl, site.body.slug, 32);
    const loader = await startLoader(site, moulds);
    const register = await registerSwitch(admin);
    const lags: number[] = [];
    const slice = async (variant: Variant, length: number) => {
      await register(variant !== 'unregistered');
      const tally = await loader.run({
        kind: variant === 'inserts' ? 'inserts' : 'posts',
        atOnce: AT_ONCE,
        milliseconds: length,
      });
      const lag = await settled(admin);
      if (variant === 'posts') lags.push(lag);
      return tally;
    };
    for (const variant of ROUND) await slice(variant, milliseconds); // warm, not counted
    const measured: Record<Variant, Tally[]>[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const tallies: Record<Variant, Tally[]> = { inserts: [], posts: [], unregistered: [] };
      for (const variant of ROUND) tallies[variant].push(await slice(variant, milliseconds));
      measured.push(tallies);
      say(
        `round ${round + 1} of ${rounds}: ${ROUND.slice(0, 3)
          .map((each) => `${each} ${Math.round(rate(tallies[each]))}/s`)
          .join(', ')}`,
      );
    }
    const memory = Object.entries(site.programs).map(
      ([name, { pid }]) => [name, residentMegabytes(pid)] as const,
    );
    loader.close();
    const lag = 'until every entry of a burst has its place, signed (median)';
    return [
      ...figures(measured, Math.round(median(moulds.map(({ bytes }) => bytes.length))), memory),
      { name: 'register_lag', value: median(lags), unit: 'ms', says: lag },
    ];
  } finally {
    await admin.end();
    await site.close();
  }
}

/** The simplest home for the same bytes: a key and the post. No index but the key's, nothing checked. */
const BARE = `create schema bench;
  create table bench.bare (id uuid primary key, post bytea not null);
  alter table bench.bare alter post set storage external`;

/** Turns the register's appending on and off in this database, by giving its functions an empty body. */
async function registerSwitch(admin: pg.Client): Promise<(on: boolean) => Promise<void>> {
  const { rows } = await admin.query<{ real: string; head: string; returns: string }>(
    `select pg_get_functiondef(p.oid) as real, pg_get_function_result(p.oid) as returns,
       format('create or replace function letterbox.%I(%s) returns %s language sql volatile as ', p.proname,
         pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)) as head
     from pg_proc p where p.pronamespace = 'letterbox'::regnamespace and p.proname like 'register\\_append%'`,
  );
  if (rows.length === 0) throw new Error('The register has no function to append by.');
  const empty: Record<string, string> = { bigint: "'select 1::bigint'", void: "'select null'" };
  let now = true;
  return async (on) => {
    if (on === now) return;
    for (const { real, head, returns } of rows) await admin.query(on ? real : head + empty[returns]);
    now = on;
  };
}

const rate = (tallies: readonly Tally[]): number =>
  tallies.reduce((sum, { done }) => sum + done, 0) / tallies.reduce((sum, { seconds }) => sum + seconds, 0);

function figures(
  rounds: readonly Record<Variant, Tally[]>[],
  bytes: number,
  memory: readonly (readonly [string, number])[],
): Figure[] {
  const rates = (variant: Variant) => rounds.map((round) => rate(round[variant]));
  const ratio = (over: Variant, under: Variant) =>
    median(rounds.map((round) => rate(round[over]) / rate(round[under]))) * 100;
  const latencies = rounds.flatMap(({ posts }) => posts.flatMap((tally) => tally.latencies));
  return [
    {
      name: 'post_share',
      value: ratio('posts', 'inserts'),
      unit: '%',
      bar: { least: 60 },
      says: 'durable public posts, of bare inserts',
    },
    {
      name: 'register_cost',
      value: 100 - ratio('posts', 'unregistered'),
      unit: '%',
      bar: { most: 15 },
      says: 'of the posts without a register',
    },
    {
      name: 'posts',
      value: median(rates('posts')),
      unit: '/s',
      says: `over HTTP, ${AT_ONCE} at once, ${bytes} bytes each, from ${textsUsed}`,
    },
    {
      name: 'inserts',
      value: median(rates('inserts')),
      unit: '/s',
      says: `bare single-row inserts of the same bytes, ${AT_ONCE} at once, one pool`,
    },
    {
      name: 'post_p50',
      value: quantile(latencies, 0.5),
      unit: 'ms',
      says: 'half of the posts were acknowledged by then',
    },
    { name: 'post_p99', value: quantile(latencies, 0.99), unit: 'ms', says: '99 of 100 were' },
    ...memory.map(([name, value]) => ({
      name: `${name}_rss`,
      value,
      unit: 'MB',
      says: `memory of letterbox ${name} afterwards`,
    })),
  ];
}

/** Lets the sequencer finish, so that one slice's work does not weigh on the next; how long that took, in milliseconds. */
async function settled(admin: pg.Client): Promise<number> {
  const since = performance.now();
  for (;;) {
    const { rows } = await admin.query(
      'select from letterbox.register_logs() where waiting or signed < size',
    );
    if (rows.length === 0) return performance.now() - since;
    await wait(10);
  }
}
