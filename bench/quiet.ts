/** Whether ordinary use under load raises any alarm: the demonstration with Watch at its default pace, and people at work. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { watchConfigIn } from '../src/cli/watch-beside.ts';
import { openDatabase } from '../src/store/store.ts';
import { rawConfig, writeConfig } from '../src/watch/config.ts';
import type { Figure } from './figures.ts';
import { type Loader, startLoader } from './loader.ts';
import { makeMoulds } from './moulds.ts';
import { aSession } from './session.ts';
import { adminUrlIn, freePort, healthy, type Program, startProgram, temporaryFolder, until } from './site.ts';

type Options = { readonly minutes: number };
type Say = (line: string) => void;
type Database = ReturnType<typeof openDatabase>;

const ORGANISATION = 'exampleshire';
/** Posts in each second: some six hundred times what the body of the incident got in a year. */
const POSTS_A_SECOND = 10;
/** Each reader opens a case so often. */
const CASE_EVERY_MS = 120_000;
const PAGE_EVERY_MS = 2000;
const PROBE_EVERY_MS = 3000;

export async function measureQuiet({ minutes }: Options, say: Say): Promise<Figure[]> {
  const folder = temporaryFolder();
  const [publicPort, deskPort] = [await freePort(), await freePort()];
  const [publicUrl, deskUrl] = [`http://localhost:${publicPort}`, `http://localhost:${deskPort}`];
  const start = startProgram(['start'], {
    ...{ LETTERBOX_DATA: folder.path, LETTERBOX_WATCH: 'false', LETTERBOX_HOST: '127.0.0.1' },
    ...{ LETTERBOX_PUBLIC_PORT: String(publicPort), LETTERBOX_DESK_PORT: String(deskPort) },
    ...{ LETTERBOX_PUBLIC_URL: publicUrl, LETTERBOX_DESK_URL: deskUrl },
  });
  const open: { close(): unknown }[] = [{ close: () => start.stop() }, { close: () => folder.remove() }];
  try {
    await until(() => healthy(publicUrl), start, 'Letterbox');
    await until(async () => start.said().includes('Ctrl-C stops everything'), start, 'the demonstration');
    const watch = await startWatch(folder.path);
    open.unshift({ close: () => watch.stop() });
    const database = openDatabase('admin', adminUrlIn(folder.path), 2);
    open.unshift(database);
    const loader = await startLoader(
      { publicPort, adminUrl: adminUrlIn(folder.path) },
      await makeMoulds(publicUrl, ORGANISATION, 32),
    );
    open.unshift(loader);
    const end = Date.now() + minutes * 60_000;
    const done = await work({ database, loader, publicUrl, deskUrl, until: end, say });
    return [...(await seen(database, minutes)), ...done];
  } finally {
    for (const one of open) await one.close();
  }
}

/** As a real one runs: the demonstration's is slower. It rehearses meanwhile, which must alarm nobody. */
async function startWatch(data: string): Promise<Program> {
  const config = watchConfigIn(data);
  const { public: site, desk } = rawConfig(config);
  writeConfig(config, { public: site, desk, rehearseEvery: 300 });
  const watch = startProgram(['watch', '--config', config], {});
  await until(async () => watch.said().includes('Went round'), watch, 'Watch');
  return watch;
}

type Working = {
  readonly database: Database;
  readonly loader: Loader;
  readonly publicUrl: string;
  readonly deskUrl: string;
  readonly until: number;
  readonly say: Say;
};

/** Posts, readers, visitors and the scanners that every public address meets, side by side. */
async function work(working: Working): Promise<Figure[]> {
  const { database, loader, publicUrl, deskUrl, until: end, say } = working;
  const readers = await signedIn(database);
  await remember(database);
  const counted = { posts: 0, cases: 0, pages: 0, probes: 0 };
  const repeat = async (everyMs: number, act: (nth: number) => Promise<void>) => {
    for (let nth = 0; Date.now() < end; nth += 1) {
      const next = Date.now() + everyMs;
      await act(nth);
      await wait(Math.max(0, Math.min(next, end) - Date.now()));
    }
  };
  await Promise.all([
    repeat(1000, async () => {
      const { done } = await loader.run({
        ...{ kind: 'posts', atOnce: 4, milliseconds: 5000, most: POSTS_A_SECOND },
      });
      counted.posts += done;
    }),
    repeat(CASE_EVERY_MS / readers.length, async (nth) => {
      const reader = readers[nth % readers.length];
      const [one] = await database.rows(
        z.object({ id: z.string() }),
        `select id from letterbox.cases c where form = any ($1) and not exists (
           select from letterbox.canary k where k.case_id = c.id) order by random() limit 1`,
        [reader?.forms ?? []],
      );
      if (!reader || !one) return;
      await asked(`${deskUrl}/cases/${one.id}`, reader.session);
      const released = await asked(`${deskUrl}/cases/${one.id}/release`, reader.session, 'POST');
      if (!released.ok) throw new Error(`A case was not released (${released.status}).`);
      counted.cases += 1;
    }),
    repeat(PAGE_EVERY_MS, async (nth) => {
      const paths = [`/${ORGANISATION}/review`, `/${ORGANISATION}/victims/fill`, '/healthz', '/'];
      await asked(`${publicUrl}${paths[nth % paths.length]}`);
      const desks = ['/', '/access', '/people', '/register', '/watch'];
      await asked(`${deskUrl}${desks[nth % desks.length]}`, readers[nth % readers.length]?.session);
      counted.pages += 2;
    }),
    repeat(PROBE_EVERY_MS, async (nth) => {
      const paths = ['/wp-login.php', '/.env', '/admin', `/cases/${nth}`, '/%2e%2e/etc/passwd'];
      await asked(`${nth % 2 ? publicUrl : deskUrl}${paths[nth % paths.length]}`);
      counted.probes += 1;
    }),
    repeat(60_000, async (nth) => say(`${nth} minutes: ${JSON.stringify(counted)}`)),
  ]);
  return [
    { name: 'quiet_posts', value: counted.posts, unit: '', says: 'posts came in meanwhile' },
    {
      name: 'quiet_cases',
      value: counted.cases,
      unit: '',
      says: `cases were opened, by ${readers.length} readers`,
    },
    { name: 'quiet_pages', value: counted.pages, unit: '', says: 'pages were looked at' },
    {
      name: 'quiet_probes',
      value: counted.probes,
      unit: '',
      says: 'addresses were tried that are not there',
    },
  ];
}

async function asked(url: string, session?: string, method = 'GET'): Promise<Response> {
  const cookie = session ? { cookie: `letterbox=${session}` } : {};
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...cookie, accept: 'text/html' },
  });
  await answer.arrayBuffer();
  return answer;
}

type Reader = { readonly session: string; readonly forms: readonly string[] };

/** A session for everybody whose grants are in force, written by the database's administrator: a fixture. */
async function signedIn(database: Database): Promise<Reader[]> {
  const people = await database.rows(
    z.object({ organisation: z.string(), person: z.string(), forms: z.array(z.string()) }),
    `select organisation, person, array_agg(distinct form) as forms from letterbox.grants
     where fulfilled_at is not null and ended_at is null and case_id is null group by 1, 2`,
  );
  if (people.length === 0) throw new Error('Nobody of the demonstration may read.');
  return Promise.all(
    people.map(async ({ organisation, person, forms }) => {
      return { session: await aSession(database, organisation, person), forms };
    }),
  );
}

/**
 * What the readers opened in the three weeks before, at the hours of this run: for who is new, working at night is odd,
 * and ought to be. Written into the register by the database's administrator: a fixture.
 */
async function remember(database: Database): Promise<void> {
  await database.run(
    `insert into letterbox.register_entry (organisation, at, kind, actor, case_id, body)
     select g.organisation, now() - make_interval(days => day), 'release', g.person, c.id,
       letterbox.register_body(g.organisation, 'release', g.person, c.id, '{}')
     from (select distinct organisation, person, form from letterbox.grants
       where fulfilled_at is not null and ended_at is null and case_id is null) g
     cross join generate_series(21, 1, -1) as day
     cross join lateral (select id from letterbox.cases where organisation = g.organisation and form = g.form
       order by md5(id::text || day) limit 8) c
     order by day desc`,
  );
}

async function seen(database: Database, minutes: number): Promise<Figure[]> {
  const alarms = await database.rows(
    z.object({ kind: z.string(), seen: z.string(), address: z.string().nullable() }),
    'select kind, seen, address from letterbox.alarm',
  );
  const one = async (sql: string) => Number((await database.one(z.object({ n: z.bigint() }), sql)).n);
  const rehearsals = await one('select count(*) as n from letterbox.rehearsal where found_at is not null');
  const told = alarms.map(({ kind, seen: what, address }) => `${kind}: ${what} ${address ?? ''}`).join('; ');
  return [
    {
      ...{ name: 'false_alarms', value: alarms.length, unit: '', bar: { most: 0 } },
      says: `in ${minutes} minutes of ordinary use under load${told ? ` (${told})` : ''}`,
    },
    { name: 'quiet_rehearsals', value: rehearsals, unit: '', says: 'planted leaks were found meanwhile' },
  ];
}
