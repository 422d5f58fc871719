/** Walls 2 and 3 from the desk's side: without a grant no ciphertext comes out, whatever the desk's role asks. */
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { toHex } from '../sealing/encoding.ts';
import type { SessionSecret } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import type { Actor } from '../web/server.ts';
import {
  aBody,
  aCase,
  aPerson,
  aReader,
  type Body,
  content,
  endGrant,
  expireGrant,
  grantTo,
  type Posted,
} from './testing.ts';

// Many statements, each in a transaction of its own. Every function as everybody: src/cli/every-function.test.ts.
vi.setConfig({ testTimeout: 240_000 });

type Stage = {
  readonly db: TestDatabase;
  readonly body: Body;
  readonly reader: Actor & { readonly grant: string };
  readonly posted: Posted;
  /** Of a release to the reader: what somebody else might try to take up. */
  readonly release: bigint;
  readonly marks: readonly string[];
};

async function stage(): Promise<Stage> {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const posted = await aCase(db, body);
  const { answers, summary, caseKey, receiptKey, equality } = posted.post;
  const chunk = await db.admin.one(
    z.object({ bytes: z.instanceof(Uint8Array) }),
    'select bytes from letterbox.attachment_chunk',
  );
  const objects = [answers, summary, caseKey, receiptKey, equality ?? answers, chunk.bytes];
  const { release } = await as(db, reader.session, (ask) =>
    ask('select release from letterbox.release_attachment($1, $2)', [
      posted.post.case,
      posted.attachment.id,
    ]).then(([row]) => z.object({ release: z.bigint() }).parse(row)),
  );
  return { db, body, reader, posted, release, marks: objects.map((bytes) => toHex(bytes.subarray(-24))) };
}

type Ask = (sql: string, parameters?: readonly unknown[]) => Promise<unknown[]>;

/** Asks as the desk's role with that session, and commits. */
async function as<T>(
  db: TestDatabase,
  session: SessionSecret | null,
  work: (ask: Ask) => Promise<T>,
  end = 'commit',
): Promise<T> {
  const client = await db.desk.pool.connect();
  try {
    await client.query('begin');
    await client.query("select set_config('letterbox.session', $1, true)", [session ?? '']);
    return await work(async (sql, parameters = []) => (await client.query(sql, [...parameters])).rows);
  } finally {
    await client.query(end).catch(() => client.query('rollback'));
    client.release();
  }
}

/** Rows as text in which marks can be looked for. */
function textOf(rows: readonly unknown[]): string {
  return JSON.stringify(rows, (_key, value) => {
    if (typeof value === 'bigint') return String(value);
    return value?.type === 'Buffer' ? toHex(Uint8Array.from(value.data)) : value;
  });
}

const named = z.object({ name: z.string() });

async function tableStatements(db: TestDatabase): Promise<string[]> {
  const tables = await db.admin.rows(
    named,
    `select c.oid::regclass::text as name from pg_class c
     where relkind in ('r', 'v', 'm', 'p', 't') and relnamespace::regnamespace::text in ('letterbox', 'letterbox_migrations', 'pg_toast')
     union select 'letterbox.' || tablename from pg_tables where schemaname = 'letterbox'`,
  );
  return tables.flatMap(({ name }) => [
    `select * from ${name}`,
    `select t::text from ${name} t`,
    `copy ${name} to stdout`,
    `select query_to_xml('select * from ${name}', true, false, '')::text`,
    `delete from ${name} returning *`,
  ]);
}

const callable = z.object({ name: z.string(), types: z.array(z.string()) });

/** Every function of ours that the role may call, with every mix of arguments that mean something here. */
async function functionStatements({ db, body, reader, posted, release }: Stage): Promise<string[]> {
  const found = await db.admin.rows(
    callable,
    `select p.oid::regproc::text as name,
       (select coalesce(array_agg(format_type(t, null) order by n), '{}') from unnest(p.proargtypes) with ordinality as a(t, n)) as types
     from pg_proc p where p.pronamespace = 'letterbox'::regnamespace and p.prokind = 'f'
       and has_function_privilege('letterbox_desk', p.oid, 'execute')`,
  );
  expect(found.length).toBeGreaterThan(20);
  const { organisation, form } = body.target;
  const quoted = (...values: (string | number | bigint)[]) => values.map((value) => `'${value}'`);
  const candidates: Record<string, string[]> = {
    uuid: [...quoted(posted.post.case, posted.attachment.id, organisation, reader.person), 'null'],
    text: quoted(form, body.slug, organisation, '{}'),
    integer: ['0', '1', '50'],
    bigint: quoted(release, 0, 1),
    bytea: [`'\\x${'00'.repeat(32)}'`, `decode('${'ab'.repeat(32)}', 'hex')`],
    'timestamp with time zone': ['null', `now() + interval '1 day'`],
    jsonb: [`'[]'`, `'{}'`],
    boolean: ['true', 'false'],
  };
  return found.flatMap(({ name, types }) => {
    const mixes = types.reduce<string[][]>(
      (so, type) => so.flatMap((mix) => (candidates[type] ?? ['null']).map((value) => [...mix, value])),
      [[]],
    );
    return mixes.slice(0, 200).map((mix) => `select * from ${qualified(name)}(${mix.join()})`);
  });
}

const qualified = (name: string) => (name.includes('.') ? name : `letterbox.${name}`);

/** The statements whose answer, to this session, holds a mark; each is rolled back. */
async function leaks(
  of: Stage,
  session: SessionSecret | null,
  statements: readonly string[],
): Promise<string[]> {
  const leaking: string[] = [];
  for (const sql of statements) {
    const rows = await as(of.db, session, (ask) => ask(sql).catch(() => []), 'rollback');
    if (of.marks.some((mark) => textOf(rows).includes(mark))) leaking.push(sql);
  }
  return leaking;
}

/** What hands a reader in force something over: whoever else says the same gets nothing. */
const handing = async (of: Stage) => leaks(of, of.reader.session, await functionStatements(of));

const functionsIn = (statements: readonly string[]) =>
  [...new Set(statements.map((sql) => /letterbox\.(\w+)\(/.exec(sql)?.[1]))].sort();

test('without a grant in force no ciphertext comes out of any table or function', async () => {
  const of = await stage();
  const { db, body } = of;
  const organisation = body.target.organisation;
  const everything = ['manager', 'caseworker', 'data-protection-officer', 'keyholder'];
  const without = await aPerson(db, organisation, everything);
  const ended = await aReader(db, body);
  await endGrant(db, ended.grant);
  const expired = await aReader(db, body);
  await expireGrant(db, expired.grant);
  const later = await aPerson(db, organisation);
  await grantTo(db, body, later, 2);
  const elsewhere = await aBody(db, 'elsewhere');
  const stranger = await aReader(db, elsewhere);
  const change = (grant: string, sql: string) =>
    db.admin.run(`update letterbox.grants set ${sql} where id = $1`, [grant]);
  const future = await aReader(db, body);
  await change(future.grant, "starts = now() + interval '1 hour'");
  const silent = await aReader(db, body);
  await change(silent.grant, 'review_by = now()');
  const ofAnother = await aPerson(db, organisation);
  await grantTo(db, body, ofAnother, 1, (await aCase(db, body)).post.case);
  const hand = await handing(of);
  // Who reads one case gets nothing of another: the list of that one has no summary.
  for (const actor of [without, ended, expired, later, stranger, future, silent, ofAnother])
    expect(await leaks(of, actor.session, hand)).toEqual([]);
  expect(await leaks(of, null, hand)).toEqual([]);
  for (const session of [of.reader.session, null])
    expect(await leaks(of, session, await tableStatements(db))).toEqual([]);
});

test('negative controls: a grant, an open decision and an open table are each seen', async () => {
  const of = await stage();
  const without = await aPerson(of.db, of.body.target.organisation);
  const [hand, tables] = [await handing(of), await tableStatements(of.db)];
  expect(functionsIn(hand)).toEqual(['list_cases', 'release_case', 'released_chunk']);

  await of.db.admin.run('grant select on letterbox.cases to letterbox_desk');
  expect(await leaks(of, without.session, tables), 'row-level security still stands').toEqual([]);
  await of.db.admin.run('create policy mistake on letterbox.cases to letterbox_desk using (true)');
  expect(await leaks(of, without.session, tables)).toContain('select * from letterbox.cases');
  await of.db.admin.run('revoke select on letterbox.cases from letterbox_desk');
  expect(await leaks(of, without.session, tables)).toEqual([]);

  await of.db.admin.run(
    `create or replace function letterbox.reading_grant(org uuid, who uuid, of_form text, of_generation integer,
       of_case uuid default null, at timestamptz default now()) returns bytea language sql as $$ select ''::bytea $$`,
  );
  expect(functionsIn(await leaks(of, without.session, hand))).toEqual(['release_case']);
  await of.db.admin.run(
    `create or replace function letterbox.reads_from(org uuid, who uuid, of_form text)
     returns integer language sql as 'select 1'`,
  );
  expect(functionsIn(await leaks(of, without.session, hand))).toEqual(['list_cases', 'release_case']);
});

test('a person who is suspended, unconfirmed or idle for 15 minutes gets nothing', async () => {
  const of = await stage();
  const gone = {
    left: 'update letterbox.person set left_at = now() where id = $1',
    suspended: `insert into letterbox.suspension (organisation, person, document, since)
      select organisation, id, sha256(id::text::bytea), now() from letterbox.person where id = $1`,
    unconfirmed: 'update letterbox.person set confirmed_at = null where id = $1',
    idle: `update letterbox.session set seen_at = now() - interval '16 minutes' where person = $1`,
    old: `update letterbox.session set opened_at = now() - interval '13 hours' where person = $1`,
    ended: 'update letterbox.session set ended_at = now() where person = $1',
  };
  const hand = await handing(of);
  for (const [why, sql] of Object.entries(gone)) {
    const reader = await aReader(of.db, of.body);
    expect(functionsIn(await leaks(of, reader.session, hand))).toContain('release_case');
    await of.db.admin.run(sql, [reader.person]);
    expect(await leaks(of, reader.session, hand), why).toEqual([]);
  }
});

test('every function that hands out ciphertext leaves exactly one entry in the same transaction', async () => {
  const of = await stage();
  const counted = z.object({ n: z.bigint() });
  const hand = await handing(of);
  expect(hand.length).toBeGreaterThan(2);
  for (const sql of hand.filter((each) => !each.includes('released_chunk'))) {
    const client = await of.db.admin.pool.connect();
    try {
      await client.query('begin');
      await client.query("select set_config('letterbox.session', $1, true)", [of.reader.session]);
      await client.query('set local role letterbox_desk');
      await client.query(sql);
      await client.query('reset role');
      const { rows } = await client.query(
        'select count(*) as n from letterbox.register_entry where xid = pg_current_xact_id() and actor = $1',
        [of.reader.person],
      );
      expect(counted.parse(rows[0]).n, sql).toBe(1n);
    } finally {
      await client.query('rollback');
      client.release();
    }
  }
});

test("a chunk needs its own person's release, of this attachment, not older than ten minutes", async () => {
  const of = await stage();
  const { db, body, reader, release } = of;
  const chunk = (session: SessionSecret, id = release) =>
    as(db, session, (ask) => ask('select letterbox.released_chunk($1, 0) as bytes', [id])).then(
      () => 'handed over',
      (error: Error) => error.message,
    );
  const colleague = await aReader(db, body);
  expect(await chunk(reader.session)).toBe('handed over');
  expect(await chunk(colleague.session)).toBe('missing');
  expect(await chunk(reader.session, release + 1_000n)).toBe('missing');
  await db.admin.run('alter table letterbox.register_entry disable trigger append_only');
  await db.admin.run(`update letterbox.register_entry set at = at - interval '11 minutes'`);
  expect(await chunk(reader.session)).toBe('missing');
});

test('the register tells of a release without a word of what was sent', async () => {
  const of = await stage();
  await as(of.db, of.reader.session, (ask) =>
    ask('select * from letterbox.release_case($1)', [of.posted.post.case]),
  );
  const rows = await of.db.admin.rows(
    z.object({ body: z.string() }),
    'select body from letterbox.register_entry',
  );
  const told = JSON.stringify(rows);
  for (const word of [content.answers.why, content.summary.title, 'photo.jpg'])
    expect(told).not.toContain(word);
});
