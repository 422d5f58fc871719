/** Asking as everybody who must not read: at every door, as a database role, in files; and opening with a reader's key. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { openSubmission } from '../src/sealing/open.ts';
import { caseId, formId, organisationId } from '../src/sealing/place.ts';
import { SealingError } from '../src/sealing/sealing.ts';
import type { Role } from '../src/store/store.ts';
import type { Canary } from '../src/watch/canary.ts';
import { search } from '../src/watch/search.ts';
import { DOORS, type Door } from '../src/web/doors.ts';
import { type Case, type Piece, piece } from './case.ts';
import { type Persona, STRANGER, type World } from './world.ts';

/** How many of these give a submission away, to be read (`readable`) or as ciphertext only (`loose`). */
export type Judged = {
  readonly asked: number;
  readonly readable: number;
  readonly loose: number;
  readonly who: readonly string[];
};

export async function judge({ needles }: World, pieces: readonly Piece[]): Promise<Judged> {
  const [readable, loose] = [new Set<string>(), new Set<string>()];
  for (const { as, where, bytes } of pieces) {
    const { found } = await search({ bytes, headers: [] }, needles);
    for (const { colour } of found) (colour === 'red' ? readable : loose).add(`${as}, ${where}`);
  }
  return { asked: pieces.length, readable: readable.size, loose: loose.size, who: [...readable, ...loose] };
}

type Asking = {
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly only?: (door: Door) => boolean;
};

/** Every door of both sites that can be asked without changing anything, and the release of each case, as each of these. */
export async function askDoors(
  world: World,
  personas: readonly Persona[],
  asking: Asking = {},
): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (const persona of personas)
    for (const door of DOORS.filter((each) => isAsked(each) && (asking.only?.(each) ?? true)))
      for (const path of pathsOf(world, door)) pieces.push(await askAt(world, persona, door, path, asking));
  return pieces;
}

/** As `askDoors`, as everybody who must not read. */
export const askAll = async (world: World, asking: Asking = {}): Promise<Piece[]> =>
  askDoors(world, await world.unintended(), asking);

const isAsked = ({ method, path }: Door): boolean => method === 'GET' || path === '/cases/:case/release';

/** The address of a door with what the drill knows in its places: each submission where it names a case. */
function pathsOf({ submissions, body }: World, { path }: Door): string[] {
  const filled = submissions.map(({ case: id, form, attachments }) =>
    path
      .replace(':case', id)
      .replace(':attachment', attachments[0] ?? id)
      .replace(':form', form)
      .replace(':organisation', 'exampleshire')
      .replace(':person', body.ana.staff.person)
      .replace('*', 'x')
      .replace(/:\w+/g, id),
  );
  return [...new Set(filled)];
}

async function askAt(
  { publicUrl, deskUrl }: World,
  { as, session }: Persona,
  { site, method }: Pick<Door, 'site' | 'method'>,
  path: string,
  { accept = 'text/html', headers = {} }: Asking = {},
): Promise<Piece> {
  const url = `${site === 'slot' ? publicUrl : deskUrl}${path}`;
  const cookie = session ? { cookie: `letterbox=${session}` } : {};
  return ask(as, url, { method, headers: { accept, ...cookie, ...headers } });
}

/** What a stranger gets at an address of a site. */
export const strangerAt = (world: World, site: Door['site'], path: string): Promise<Piece> =>
  askAt(world, STRANGER, { site, method: 'GET' }, path);

export async function ask(as: string, url: string, init: RequestInit = {}): Promise<Piece> {
  const answer = await fetch(url, { redirect: 'manual', ...init });
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  const body = Buffer.from(await answer.arrayBuffer());
  return piece(as, `${init.method ?? 'GET'} ${url}`, Buffer.concat([Buffer.from(`${headers}\n\n`), body]));
}

/** What a role of a running process gets by this statement: its rows as they are, or that it was refused. */
export async function askDatabase(
  world: World,
  role: Role,
  sql: string,
  as = `the database’s account of ${role}`,
): Promise<Piece> {
  const client = new pg.Client({ connectionString: world.db.urlOf(role) });
  try {
    await client.connect();
    const { rows } = await client.query(sql);
    const parts = rows
      .flatMap((row) => Object.values(row))
      .map((value) => (Buffer.isBuffer(value) ? value : Buffer.from(String(value))));
    return piece(as, sql, Buffer.concat(parts));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return piece(as, sql, `refused: ${error.message}`);
  } finally {
    await client.end();
  }
}

/** Every file below a folder; or this one. */
export function filesIn(as: string, folder: string): Piece[] {
  if (!existsSync(folder)) return [];
  if (statSync(folder).isFile()) return [piece(as, folder, readFileSync(folder))];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path) => piece(as, path, readFileSync(path)));
}

/** The control behind every seal: with the reader's key, the very same ciphertext can be read. */
export async function openedByReader(world: World): Promise<Piece[]> {
  const [one] = world.submissions;
  if (!one) throw new Error('There is no submission.');
  const opened = await openAnswers(world, one, sealedPart(one, 'answers'));
  return [
    piece('whoever has a reader’s key', 'the ciphertext, opened', JSON.stringify(opened ?? 'did not open')),
  ];
}

/** Opens these answers as those of the case `of`, as its reader's browser does; null where they do not open there. */
export async function openAnswers(world: World, of: Canary, answers: Uint8Array): Promise<unknown> {
  const address = {
    ...{ organisation: organisationId(of.organisation), form: formId(of.form), version: 1 },
    ...{ generation: of.generation, case: caseId(of.case) },
  };
  const sealed = {
    answers: Uint8Array.from(answers),
    summary: sealedPart(of, 'summary'),
    caseKey: sealedPart(of, 'case key'),
  };
  return openSubmission(await world.readerKey(), address, sealed).catch((error: unknown) => {
    if (error instanceof SealingError) return null;
    throw error;
  });
}

const sealedPart = ({ sealed }: Canary, name: string): Uint8Array =>
  Buffer.from(sealed.find(({ part }) => part === name)?.bytes ?? '', 'base64');

/** The control of the second wall: the function that decides who may read says yes to everybody, for as long as all ask. */
export const everybodyReads: Case['control'] = {
  how: 'The decision about who may read says yes to everybody.',
  out: async (world) => {
    const undo = await changeFunction(
      world,
      'reading_grant',
      'select g.document from letterbox.grants g limit 1',
    );
    try {
      return await askAll(world);
    } finally {
      await undo();
    }
  },
};

/** Gives a function of the database another body; resolves to what puts the old one back. */
export async function changeFunction(
  { db }: World,
  name: string,
  body: string,
): Promise<() => Promise<void>> {
  const { rows } = await db.admin.pool.query<{ real: string; head: string }>(
    `select pg_get_functiondef(p.oid) as real, format('create or replace function letterbox.%I(%s) returns %s language sql %s %s
       set search_path = letterbox, pg_temp as ', p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
       case p.provolatile when 'v' then 'volatile' else 'stable' end, case when p.prosecdef then 'security definer' else '' end) as head
     from pg_proc p where p.pronamespace = 'letterbox'::regnamespace and p.proname = $1`,
    [name],
  );
  const [found] = rows;
  if (!found) throw new Error(`The database has no function ${name}.`);
  await db.admin.run(`${found.head} $drill$ ${body} $drill$`);
  return async () => {
    await db.admin.run(found.real);
  };
}
