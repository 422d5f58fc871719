/** Asks every door of the real sites, as every principal, about every kind of object. */

import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { Database } from '../store/store.ts';
import { testAssets } from '../web/assets.ts';
import type { Door } from '../web/doors.ts';
import { startDesk } from './desk.ts';
import type { Kind, Principal, Thing } from './matrix-cast.testing.ts';
import type { About, Sent } from './matrix-rules.testing.ts';
import type { Matrix } from './matrix-world.testing.ts';
import { readSettings } from './settings.ts';
import { startSlot } from './slot.ts';

export const spelt = ({ method, site, path }: Pick<Door, 'method' | 'site' | 'path'>): string =>
  `${method} ${site} ${path}`;

/** What stands for what in an address. */
const PARAMETERS: Readonly<Record<string, Kind>> = {
  ...{ organisation: 'organisation', form: 'form', case: 'case', attachment: 'attachment', n: 'chunk' },
  ...{
    proposal: 'proposal',
    person: 'person',
    recovery: 'recovery',
    away: 'away',
    ...{
      alarm: 'alarm',
      quarantine: 'quarantine',
      rehearsal: 'rehearsal',
      incident: 'incident',
      notice: 'notice',
      step: 'step',
    },
    secret: 'secret',
    '*': 'asset',
  },
};
/** What a door may be asked after a question mark, and what a document sent to it names. */
const QUERIES: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  'GET desk /away': { person: 'person' },
  'POST desk /away': { person: 'person' },
  'GET desk /access/propose': { person: 'person', form: 'form', case: 'case' },
  'POST desk /access/propose': { case: 'case' },
  'GET desk /access/opened': { person: 'person' },
  'GET desk /access/history': { form: 'form', case: 'case', person: 'person' },
  'GET desk /access/history.csv': { form: 'form', case: 'case', person: 'person' },
  'GET desk /grants/end': { grant: 'grant' },
  'POST desk /grants/end': { grant: 'grant' },
  'POST desk /grants/review': { grant: 'grant' },
  'POST desk /grants/fulfil': { grant: 'grant' },
  'POST desk /recovery/begin': { person: 'person' },
  'GET desk /forms/:form/cases': { before: 'case' },
};

export type Ask = {
  readonly door: Door;
  readonly name: string;
  readonly path: string;
  readonly about: About;
  readonly sent: Sent;
};

/** Everything a door can be asked about. @throws where the matrix has no object for a part of its address */
export function asksOf(door: Door, things: readonly Thing[]): Ask[] {
  const name = spelt(door);
  const parts = [...door.path.matchAll(/:(\w+)|\*/g)].map(([whole, part]) => part ?? whole);
  const abouts = aboutsOf(parts.map((part) => [part, objectsFor(part, door, things)]));
  const queries = Object.entries(QUERIES[name] ?? {});
  const asked = queries.flatMap(([query, kind]) =>
    things
      .filter((thing) => thing.kind === kind && (door.method === 'GET' || thing.wellFormed))
      .flatMap((thing) => abouts.map((about) => ({ ...about, [query]: thing }))),
  );
  const sent: readonly Sent[] = door.method === 'GET' ? ['nothing'] : ['nothing', 'own', 'borrowed'];
  return [...abouts, ...asked].flatMap((about) =>
    sent
      .filter((how) => fits(about, how))
      .map((how) => ({ door, name, about, sent: how, path: pathOf(door, about, queries) })),
  );
}
/** A name of nothing is in no document; and what a manager signed is about their own body. */
function fits(about: About, sent: Sent): boolean {
  const things = Object.values(about);
  if (sent === 'nothing') return true;
  return things.every((thing) => thing?.wellFormed && (sent === 'own' || thing.of === 'exampleshire'));
}

function objectsFor(part: string, door: Door, things: readonly Thing[]): Thing[] {
  const kind = PARAMETERS[part];
  const found = things.filter((thing) => thing.kind === kind);
  if (!kind || found.length === 0)
    throw new Error(`The access matrix has no object for ${part} in ${spelt(door)}: add one to its world.`);
  return found;
}

/** All pairs where there are two parts; of longer addresses each part in turn, the others being those of the first case. */
function aboutsOf(parts: readonly (readonly [string, Thing[]])[]): About[] {
  const product = (from: typeof parts): About[] =>
    from.reduce<About[]>(
      (all, [part, some]) => all.flatMap((so) => some.map((each) => ({ ...so, [part]: each }))),
      [{}],
    );
  if (parts.length <= 2) return product(parts);
  const one = (varied: string) =>
    product(parts.map(([part, some]) => [part, part === varied ? some : some.slice(0, 1)]));
  return parts.flatMap(([part]) => one(part));
}

function pathOf(door: Door, about: About, queries: readonly (readonly [string, Kind])[]): string {
  const path = door.path.replace(/:(\w+)|\*/g, (whole, part) => about[part ?? whole]?.id ?? whole);
  const query = queries.flatMap(([name]) =>
    door.method === 'GET' && about[name] ? [`${name}=${about[name].id}`] : [],
  );
  return query.length > 0 ? `${path}?${query.join('&')}` : path;
}

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
};
export type Sites = {
  /**
   * Asks as whoever holds this session, as a page where nothing is sent and as a program where something is. What was done
   * is undone once it is answered, so that each meets the same world; but for releases, whose chunks are asked for later.
   */
  ask(
    ask: Pick<Ask, 'door' | 'path'>,
    session: string | null,
    body?: Readonly<Record<string, unknown>>,
  ): Promise<Answer>;
  close(): Promise<void>;
};

/** Both sites as their programs put them together, on ports of their own. */
export async function openSites({ db }: Pick<Matrix, 'db'>): Promise<Sites> {
  const data = mkdtempSync(join(tmpdir(), 'letterbox-sites-'));
  const settings = { ...readSettings({}), data, deskPort: 0, publicPort: 0 };
  const assets = testAssets();
  const parts = { settings, assets, demonstration: null, say: () => undefined };
  const keeping = await startDesk({ ...parts, desk: db.desk, signin: db.signin });
  const undone = await startDesk({ ...parts, desk: undoing(db.desk), signin: undoing(db.signin) });
  const slot = await startSlot({
    settings,
    assets,
    database: db.slot,
    demonstration: false,
    say: () => undefined,
  });
  const agent = new Agent({ keepAlive: true });
  const baseOf = ({ site, method, path }: Door): string =>
    site === 'slot'
      ? slot.address
      : method === 'GET' || path.startsWith('/cases')
        ? keeping.address
        : undone.address;
  return {
    ask: ({ door, path }, session, body) => ask(agent, baseOf(door) + path, door, session, body),
    close: async () => {
      agent.destroy();
      await Promise.all([keeping.close(), undone.close(), slot.close()]);
      rmSync(data, { recursive: true });
    },
  };
}

/** The same database, but what was done in it is undone at the end of each transaction. */
function undoing(database: Database): Database {
  const undone = (client: pg.PoolClient): pg.PoolClient =>
    replacing(
      client,
      'query',
      (query: unknown) =>
        (text: unknown, ...rest: unknown[]) =>
          Reflect.apply(asFunction(query), client, [text === 'commit' ? 'rollback' : text, ...rest]),
    );
  const pool = replacing(database.pool, 'connect', () => async () => undone(await database.pool.connect()));
  return { ...database, pool };
}
function asFunction(value: unknown): (...of: unknown[]) => unknown {
  if (typeof value !== 'function') throw new Error('There is no such method.');
  return (...of) => Reflect.apply(value, undefined, of);
}
function replacing<T extends object>(of: T, name: string, by: (was: unknown) => unknown): T {
  return new Proxy(of, {
    get(target, key) {
      const was: unknown = Reflect.get(target, key, target);
      if (key === name) return by(typeof was === 'function' ? was.bind(target) : was);
      return typeof was === 'function' ? was.bind(target) : was;
    },
  });
}

function ask(
  agent: Agent,
  url: string,
  { method }: Door,
  session: string | null,
  body?: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const sent = method === 'GET' ? null : JSON.stringify(body ?? {});
  const headers = {
    accept: Object.keys(body ?? {}).length > 0 ? 'application/json' : 'text/html',
    'sec-fetch-site': 'same-origin',
    ...(session ? { cookie: `letterbox=${session}` } : {}),
    ...(sent === null
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
  };
  return new Promise((resolve, reject) => {
    const asking = httpRequest(url, { agent, method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
          ),
          text: Buffer.concat(parts).toString('latin1'),
        }),
      );
    });
    asking.on('error', reject);
    asking.end(sent ?? undefined);
  });
}

export const sessionOf = ({ sessions }: Matrix, { name }: Principal): string | null =>
  Object.entries(sessions).find(([each]) => each === name)?.[1]?.session ?? null;
