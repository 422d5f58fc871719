/** What a round of Watch costs the site: 500 addresses as six personas, at the pace that Watch has by itself. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { openDatabase } from '../src/store/store.ts';
import { openAsking } from '../src/watch/asking.ts';
import type { Canary } from '../src/watch/canary.ts';
import { doorQuestions, otherQuestions, type Question } from '../src/watch/census.ts';
import { USUAL_RATE as RATE } from '../src/watch/config.ts';
import { needlesOf } from '../src/watch/needles.ts';
import { type Asked, ask, type Persona } from '../src/watch/round.ts';
import { DOORS } from '../src/web/doors.ts';
import { type Figure, median } from './figures.ts';
import { type Loader, startLoader } from './loader.ts';
import { makeMoulds } from './moulds.ts';
import { aSession } from './session.ts';
import { adminUrlIn, freePort, healthy, startProgram, temporaryFolder, until } from './site.ts';

type Options = { readonly rounds: number };
type Say = (line: string) => void;
type Database = ReturnType<typeof openDatabase>;

const ADDRESSES = 500;
const PERSONAS = 6;
const POSTING = { kind: 'posts', atOnce: 32 } as const;

export async function measureCensus({ rounds }: Options, say: Say): Promise<Figure[]> {
  const folder = temporaryFolder();
  const [publicPort, deskPort] = [await freePort(), await freePort()];
  const sites = {
    public: `http://localhost:${publicPort}`,
    desk: `http://localhost:${deskPort}`,
    others: [],
  };
  const start = startProgram(['start'], {
    ...{ LETTERBOX_DATA: folder.path, LETTERBOX_WATCH: 'false', LETTERBOX_HOST: '127.0.0.1' },
    ...{ LETTERBOX_PUBLIC_PORT: String(publicPort), LETTERBOX_DESK_PORT: String(deskPort) },
  });
  const open: { close(): unknown }[] = [{ close: () => start.stop() }, { close: () => folder.remove() }];
  try {
    await until(() => healthy(sites.desk), start, 'Letterbox');
    await until(async () => start.said().includes('Ctrl-C stops everything'), start, 'the demonstration');
    const adminUrl = adminUrlIn(folder.path);
    const database = openDatabase('admin', adminUrl, 2);
    open.unshift(database);
    const loader = await startLoader(
      { publicPort, adminUrl },
      await makeMoulds(sites.public, 'exampleshire', 32),
    );
    open.unshift(loader);
    const questions = questionsOf(sites, await personasOf(database), await casesOf(database));
    const postmaster = Number(readFileSync(`${folder.path}/postgres/postmaster.pid`, 'utf8').split('\n')[0]);
    const used = () => secondsOf(start.pid) + secondsBelow(postmaster);
    await round(questions);
    const quiet = await quietly(questions, used);
    say(`a round took ${quiet.seconds.toFixed(1)} s and ${(quiet.cost * 100).toFixed(1)} % of the machine`);
    const losses: number[] = [];
    for (let nth = 0; nth < rounds; nth += 1) {
      losses.push(await lossOf(loader, questions));
      say(`round ${nth + 1} of ${rounds}: ${(losses.at(-1) ?? 0).toFixed(1)} % fewer posts`);
    }
    return figures(quiet, losses);
  } finally {
    for (const one of open) await one.close();
  }
}

/** 500 addresses, the doors first, each as everybody. */
function questionsOf(
  sites: Parameters<typeof doorQuestions>[1],
  personas: readonly Persona[],
  about: readonly Canary[],
): Asked[] {
  const all: Question[] = [...doorQuestions(DOORS, sites, about), ...otherQuestions(sites, about, [])];
  // What is large is asked in every fortieth round only.
  const usual = all.filter(({ every }) => every === 1);
  if (usual.length < ADDRESSES) throw new Error(`There are only ${usual.length} addresses.`);
  return usual.slice(0, ADDRESSES).flatMap((question) => personas.map((persona) => ({ question, persona })));
}

/** Cases in whose place Watch has its canaries. */
async function casesOf(database: Database): Promise<Canary[]> {
  const rows = await database.rows(
    z.object({
      case: z.string(),
      organisation: z.string(),
      form: z.string(),
      attachments: z.array(z.string()),
    }),
    `select c.id as case, c.organisation, c.form, array(select a.id::text from letterbox.attachment a where a.case_id = c.id) as attachments
     from letterbox.cases c order by c.attachments desc, c.id limit 4`,
  );
  return rows.map((row) => ({
    ...{ ...row, slug: 'exampleshire', generation: 1, plantedAt: new Date().toISOString(), retired: false },
    ...{ marks: [], sealed: [] },
  }));
}

/** A stranger, and five people of the demonstration who are signed in: colleagues, Watch itself, the host's operator. */
async function personasOf(database: Database): Promise<Persona[]> {
  const people = await database.rows(
    z.object({ organisation: z.string(), person: z.string() }),
    `select p.organisation, p.id as person from letterbox.person p where not exists (
       select from letterbox.grants g where g.person = p.id) order by p.kind desc, p.name limit $1`,
    [PERSONAS - 1],
  );
  const personas: Persona[] = [{ id: 'stranger', to: () => 'a stranger', session: null }];
  for (const { organisation, person } of people) {
    const secret = await aSession(database, organisation, person);
    personas.push({
      id: person,
      to: () => 'somebody',
      session: { cookie: `letterbox=${secret}` },
    });
  }
  return personas;
}

/** Asks them all once, as Watch does; seconds. */
async function round(questions: readonly Asked[]): Promise<number> {
  const asking = openAsking();
  const began = performance.now();
  const { unanswered } = await ask(
    {
      ...{
        asking,
        rate: RATE,
        stop: new AbortController().signal,
        clean: new Set(),
        needles: needlesOf([], []),
      },
      ...{ organisationOf: () => null, onFound: async () => undefined, onRehearsed: async () => undefined },
      ...{ onGoing: async () => undefined, goingEvery: 30 },
    },
    questions,
  );
  asking.close();
  if (unanswered > questions.length / 100) throw new Error(`${unanswered} questions were not answered.`);
  return (performance.now() - began) / 1000;
}

type Quiet = { readonly seconds: number; readonly cost: number };

/** How long a round takes, and what share of the machine site and database need for it, beyond what they need anyway. */
async function quietly(questions: readonly Asked[], used: () => number): Promise<Quiet> {
  const idleFor = 15_000;
  const before = used();
  await wait(idleFor);
  const idle = ((used() - before) * 1000) / idleFor;
  const from = used();
  const seconds = await round(questions);
  return { seconds, cost: ((used() - from) / seconds - idle) / cpus().length };
}

const SLICE = 4000;

/** How many fewer posts come in while a round goes on, in percent: one second without for one with, in turn. */
async function lossOf(loader: Loader, questions: readonly Asked[]): Promise<number> {
  const rates = { without: [] as number[], with: [] as number[] };
  const perSlice = Math.round((SLICE / 1000) * RATE);
  for (let from = 0; from + perSlice <= questions.length; from += perSlice) {
    const slice = (kind: keyof typeof rates, of: readonly Asked[]) =>
      Promise.all([loader.run({ ...POSTING, milliseconds: SLICE }), of.length > 0 ? round(of) : null]).then(
        ([{ done, seconds }]) => {
          rates[kind].push(done / seconds);
        },
      );
    await slice('without', []);
    await slice('with', questions.slice(from, from + perSlice));
    await slice('with', questions.slice(from, from + perSlice));
    await slice('without', []);
  }
  return (1 - median(rates.with) / median(rates.without)) * 100;
}

function figures({ seconds, cost }: Quiet, losses: readonly number[]): Figure[] {
  const what = `${ADDRESSES} addresses as ${PERSONAS} personas`;
  return [
    {
      name: 'census_round',
      value: seconds,
      unit: 's',
      bar: { most: 30 },
      says: `${what}, ${RATE} questions a second`,
    },
    {
      ...{ name: 'census_cost', value: cost * 100, unit: '%', bar: { most: 5 } },
      says: 'of the machine goes into answering them, site and database together',
    },
    {
      ...{ name: 'census_loss', value: median(losses), unit: '%' },
      says: 'fewer posts meanwhile, where Watch runs on the same two cores as everything',
    },
  ];
}

/** Processor seconds of a process so far. LIMIT: Linux only, by /proc. */
const secondsOf = (pid: number): number => ticksOf(pid).slice(0, 2).reduce(sum, 0) / 100;

/** Of all its children, and its own; those that have ended and been reaped stay in its count. */
function secondsBelow(parent: number): number {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === parent);
  return children.map((pid) => secondsOf(Number(pid))).reduce(sum, ticksOf(parent).reduce(sum, 0) / 100);
}

/** Its own in user and system mode, then those of its children that have ended. */
function ticksOf(pid: number): number[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map(Number);
  } catch {
    return [];
  }
}
const sum = (one: number, other: number) => one + other;

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
