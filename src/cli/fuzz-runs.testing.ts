/** Batches: each runs in a copy of the world, and is judged by who can read afterwards. */
import { z } from 'zod';
import { release } from '../cases/acts.ts';
import { approve, post, proposal } from '../grants/testing.ts';
import type { SignedIn } from '../people/testing.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { isRefusal } from '../web/refusal.ts';
import type { Plan, Values } from './fuzz-changes.testing.ts';
import { type Genuine, genuineIn } from './fuzz-genuine.testing.ts';
import { allowedIn, type Readings, strayRows, whoReads } from './fuzz-oracle.testing.ts';
import { type Answer, type Run, send, sitesOf } from './fuzz-sending.testing.ts';
import {
  aWorld,
  copyOf,
  drop,
  HONEST,
  inCopy,
  rest,
  scopeOf,
  type World,
  withRecovery,
} from './fuzz-world.testing.ts';

const KINDS = ['ordinary', 'recovering'] as const;
type Kind = (typeof KINDS)[number];
export type Template = {
  readonly world: World;
  readonly genuine: readonly Genuine[];
  readonly values: Values;
  readonly before: Readings;
};
export type Base = Readonly<Record<Kind, Template>>;

export async function aBase(): Promise<Base> {
  const world = await aWorld(await testDatabase());
  const ordinary = await template(world);
  const copy = await copyOf(world.body.db);
  return { ordinary, recovering: await template(await withRecovery(inCopy(world, copy))) };
}

/** What is left of the templates goes. */
export async function closeBase(base: Base): Promise<void> {
  for (const kind of KINDS) await drop(base[kind].world.body.db);
}

async function template(world: World): Promise<Template> {
  const made = {
    world,
    genuine: await genuineIn(world),
    values: await valuesIn(world),
    before: await whoReads(world.body.db),
  };
  await rest(world.body.db);
  return made;
}

async function valuesIn({ body: { db }, people, cases, recovery }: World): Promise<Values> {
  const one = z.object({ value: z.string() });
  const all = async (sql: string) => (await db.admin.rows(one, sql)).map(({ value }) => value);
  const persons = Object.values(people).map(({ staff }) => staff.person as string);
  return {
    ids: [
      ...persons,
      ...cases.map(({ post }) => post.case as string),
      ...(recovery ? [recovery.id] : []),
      ...(await all(
        'select id::text as value from letterbox.proposal union select id::text from letterbox.grants',
      )),
      ...(await all('select id::text as value from letterbox.organisation')),
      ...persons,
    ],
    hashes: await all(
      "select encode(hash, 'hex') as value from letterbox.signed_document order by position desc limit 60",
    ),
  };
}

export type Outcome = {
  readonly answers: readonly Answer[];
  /** What somebody can read whom no two people let, or lost whom nobody ended; empty where all is well. */
  readonly breach: readonly string[];
  /** What somebody can read who could not before. */
  readonly gained: readonly string[];
  /** Defects, as the sites tell them. */
  readonly said: readonly string[];
  /** Whether two honest managers could let somebody read afterwards, who then did; null where fewer than two are left. */
  readonly usable: boolean | null;
};
/** Takes a guard away in one copy of the world. */
export type Without = (db: TestDatabase) => Promise<unknown>;

/** What a batch is sent with: one answer for each plan. */
export type Sending = (run: Run, genuine: readonly Genuine[], plan: Plan) => Promise<Answer>;

/** Sends a batch to a fresh copy of the world, one after the other, and judges what is left. */
export async function runIn(
  { world: made, genuine, values, before }: Template,
  batch: readonly Plan[],
  { without, sending = send }: { readonly without?: Without; readonly sending?: Sending } = {},
): Promise<Outcome> {
  const db = await copyOf(made.body.db);
  try {
    await without?.(db);
    const world = inCopy(made, db);
    const sites = await sitesOf(db);
    const run: Run = { world, sites, values, newest: new Map() };
    const answers: Answer[] = [];
    for (const plan of batch) answers.push(await sending(run, genuine, plan));
    const breach = await breachIn(world, db);
    const gained = (await whoReads(db)).filter((each) => !before.includes(each));
    const usable = await isUsable(world);
    await sites.close();
    return { answers, breach, gained, said: sites.said, usable };
  } finally {
    await db.close();
  }
}

async function breachIn(world: World, db: TestDatabase): Promise<string[]> {
  const [reads, allowed] = [await whoReads(db), await allowedIn(world, db)];
  return [
    ...reads.filter((each) => !allowed.includes(each)).map((each) => `reads: ${each}`),
    ...allowed.filter((each) => !reads.includes(each)).map((each) => `lost: ${each}`),
    ...(await strayRows(world, db)).map((each) => `holds: ${each}`),
  ];
}

/** Runs batches three at a time, each in a copy of its own. */
export async function runAll(
  jobs: readonly { readonly of: Template; readonly batch: readonly Plan[] }[],
  how: Parameters<typeof runIn>[2] = {},
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...jobs.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, { of, batch }] = next;
      outcomes[index] = await runIn(of, batch, how);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  return outcomes;
}

/** The request of a batch after which somebody could read, found by halving; its answer comes last. */
export async function guiltyIn(
  template: Template,
  batch: readonly Plan[],
  how: Parameters<typeof runIn>[2],
): Promise<{ readonly plan: Plan; readonly answer: Answer } | null> {
  let [innocent, guilty] = [0, batch.length];
  while (guilty - innocent > 1) {
    const middle = Math.ceil((innocent + guilty) / 2);
    const { breach } = await runIn(template, batch.slice(0, middle), how);
    if (breach.length > 0) guilty = middle;
    else innocent = middle;
  }
  const { answers } = await runIn(template, batch.slice(0, guilty), how);
  const [plan, answer] = [batch[guilty - 1], answers.at(-1)];
  return plan && answer ? { plan, answer } : null;
}

/** A genuine proposal, a genuine approval, and a case is released to somebody who could not read before. */
async function isUsable(world: World): Promise<boolean | null> {
  const { body, people, cases } = world;
  const stands = await standing(world);
  const [one, other] = HONEST.map((name) => people[name]).filter(stands);
  const reader = [people.kim, people.lee, people.max].find(stands);
  if (!one || !other || !reader || !cases[0]) return null;
  const as = { ...body, founder: one };
  const made = await proposal(as, one, reader, { scopes: [scopeOf('review')] });
  if (isRefusal(await post(as, one, 'propose', made.signed))) return false;
  if (isRefusal(await approve(as, other, made.id))) return false;
  const asked = { session: reader.session, organisationName: '' };
  return 'row' in (await release(body.db.desk, asked, cases[0].post.case));
}

async function standing({ body: { db } }: World): Promise<(who: SignedIn) => boolean> {
  const rows = await db.admin.rows(
    z.object({ id: z.string() }),
    'select id from letterbox.person p where letterbox.stands(p.organisation, p.id)',
  );
  return ({ staff }) => rows.some(({ id }) => id === staff.person);
}
