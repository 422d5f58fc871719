/**
 * The database looked at from inside: each mistake is really made, on a server of its own since roles and settings belong
 * to all of a server's databases; it is found by its name, and no longer once it is mended.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { administer } from '../../store/admin.ts';
import { type EmbeddedServer, startEmbedded } from '../../store/embedded.ts';
import { migrate } from '../../store/migrate.ts';
import { type Database, openDatabase } from '../../store/store.ts';
import { catalogueSubject, changes, findingsIn } from './catalogue.ts';
import { serverSubject, settingFindings } from './server.ts';

let home: string;
let server: EmbeddedServer;
let alarm: Database;
const PASSWORD = 'of this test only';
const url = (user: string) => {
  const address = new URL(server.adminUrl('letterbox'));
  address.username = user;
  return address.href;
};
const asAdmin = (...statements: readonly string[]) =>
  administer(server.adminUrl('letterbox'), async (client) => {
    for (const sql of statements) await client.query(sql);
  });

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'letterbox-inspection-'));
  chmodSync(home, 0o711);
  server = await startEmbedded(join(home, 'postgres'), PASSWORD);
  await administer(server.adminUrl('postgres'), async (client) => {
    await client.query(`create role administrator login createrole password '${PASSWORD}'`);
    await client.query('create database letterbox owner administrator');
  });
  const all = { slot: PASSWORD, desk: PASSWORD, signin: PASSWORD, register: PASSWORD, alarm: PASSWORD };
  await migrate(url('administrator'), all);
  alarm = openDatabase('alarm', url('letterbox_alarm'), 2);
}, 60_000);
afterAll(async () => {
  await alarm?.close();
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

/** A connection of its own has whatever settings new connections have. */
async function found(): Promise<string[]> {
  const fresh = openDatabase('alarm', url('letterbox_alarm'), 1);
  try {
    const subjects = [catalogueSubject(fresh), serverSubject(fresh, true)];
    const looks = [];
    for (const subject of subjects) looks.push(...(await subject.look()));
    return looks.map(({ seen, address }) => `${seen} [${address}]`);
  } finally {
    await fresh.close();
  }
}

const RELOAD = 'select pg_reload_conf()';
/** Each mistake, how it is mended, and what must be said of it. */
const MISTAKES: readonly (readonly [what: string, made: string[], mended: string[], said: RegExp])[] = [
  [
    '43: everybody may read a table',
    ['grant select on letterbox.cases to public'],
    ['revoke select on letterbox.cases from public'],
    /^Every account .* was given rights .*: select on cases\. Take them back/,
  ],
  [
    '43: a role may read a column',
    ['grant select (answers) on letterbox.cases to letterbox_slot'],
    ['revoke select (answers) on letterbox.cases from letterbox_slot'],
    /letterbox_slot was given rights .*: select on cases\.answers/,
  ],
  [
    '43: another account may read a table',
    ['create role reporting login', 'grant select on letterbox.person to reporting'],
    ['revoke select on letterbox.person from reporting', 'drop role reporting'],
    /account reporting was given rights .*: select on person/,
  ],
  [
    '43: a role of one part may do what another’s may',
    ['grant execute on function letterbox.release_case(uuid) to letterbox_slot'],
    ['revoke execute on function letterbox.release_case(uuid) from letterbox_slot'],
    /letterbox_slot was given rights .*: execute on function release_case/,
  ],
  [
    '43: a role bypasses the closing of rows',
    ['alter role letterbox_desk bypassrls'],
    ['alter role letterbox_desk nobypassrls'],
    /role letterbox_desk \(now bypasses the closing of rows\)/,
  ],
  [
    '13: a role is a superuser',
    ['alter role letterbox_slot superuser'],
    ['alter role letterbox_slot nosuperuser'],
    /role letterbox_slot \(now superuser\)/,
  ],
  [
    '13: a role is a member of the owner',
    ['grant letterbox_owner to letterbox_slot'],
    ['revoke letterbox_owner from letterbox_slot'],
    /letterbox_slot may act as letterbox_owner/,
  ],
  [
    'another account can act as the owner',
    ['create role reporting login', 'grant letterbox_owner to reporting'],
    ['drop role reporting'],
    /reporting may act as letterbox_owner/,
  ],
  [
    '44: a new table is open',
    ['create table letterbox.drafts (body text)'],
    ['drop table letterbox.drafts'],
    /rows are not closed .*: table drafts/,
  ],
  [
    '44: a table is no longer closed to its owner',
    ['alter table letterbox.cases no force row level security'],
    ['alter table letterbox.cases force row level security'],
    /rows are not closed .*: table cases \(now rows open to its owner\)/,
  ],
  [
    '44: a policy lets a role in',
    ['create policy mistake on letterbox.cases to letterbox_desk using (true)'],
    ['drop policy mistake on letterbox.cases'],
    /did not make: policy mistake on cases/,
  ],
  [
    '45: a view with its owner’s rights',
    ['create view public.overview as select * from letterbox.cases'],
    ['drop view public.overview'],
    /outside Letterbox’s schema .*: view public\.overview\. Drop it/,
  ],
  [
    '45: a loose function elsewhere',
    [
      `create function public.loose() returns bigint security definer language sql as 'select count(*) from letterbox.cases'`,
    ],
    ['drop function public.loose()'],
    /outside Letterbox’s schema .*: function public\.loose\(\)/,
  ],
  [
    '45: a function that everybody may run',
    [
      `create function letterbox.loose() returns bigint security definer language sql as 'select 1::bigint'`,
      'grant execute on function letterbox.loose() to public',
    ],
    ['drop function letterbox.loose()'],
    /Every account .*: execute on function loose\(\)/,
  ],
  [
    '45: a function looks names up in a path of its caller',
    ['alter function letterbox.release_case(uuid) reset search_path'],
    ['alter function letterbox.release_case(uuid) set search_path = letterbox, pg_temp'],
    /not as the migrations made it: function release_case\(.*no longer search_path=letterbox/,
  ],
  [
    'a table belongs to somebody else',
    ['alter table letterbox.away owner to letterbox_desk'],
    ['alter table letterbox.away owner to letterbox_owner'],
    /table away \(now of letterbox_desk\)/,
  ],
  [
    '47: rows are copied to another server',
    ['create publication copies for all tables'],
    ['drop publication copies'],
    /publication of all tables copies/,
  ],
  [
    '47: a copy of a table, elsewhere',
    ['create table public.kept as select * from letterbox.cases'],
    ['drop table public.kept'],
    /outside Letterbox’s schema .*: (column organisation of )?table public\.kept/,
  ],
  [
    '48: what keeps the register from being changed is off',
    ['alter table letterbox.register_entry disable trigger append_only'],
    ['alter table letterbox.register_entry enable trigger append_only'],
    /does not run: trigger append_only on register_entry/,
  ],
  [
    '48: what keeps rows from contradicting each other is off',
    ['alter table letterbox.grants disable trigger all'],
    ['alter table letterbox.grants enable trigger all'],
    /does not run: trigger foreign keys of grants/,
  ],
  [
    '16: the two signatures are one in a constraint',
    ['alter table letterbox.grants drop constraint grants_check1'],
    [
      'alter table letterbox.grants add constraint grants_check1 check (proposer <> person and approver <> person and approver <> proposer)',
    ],
    /missing: constraint grants grants_check1/,
  ],
  [
    '46: a setting left on a role',
    ['alter role letterbox_desk set role = letterbox_owner'],
    ['alter role letterbox_desk reset role'],
    /connection of letterbox_desk begins with role changed/,
  ],
  [
    '46: a setting left on the database',
    ['alter database letterbox set session_replication_role = replica'],
    ['alter database letterbox reset session_replication_role'],
    /connection to the database begins with session_replication_role changed/,
  ],
  [
    '27, 47: the statements of a part go into the log',
    ["alter role letterbox_desk set log_statement = 'all'"],
    ['alter role letterbox_desk reset log_statement'],
    /connection of letterbox_desk begins with log_statement changed/,
  ],
  [
    'the disk is not waited for',
    ['alter system set full_page_writes = off', RELOAD],
    ['alter system reset full_page_writes', RELOAD],
    /does not wait for its disk.*full_page_writes = off/,
  ],
];

test('on a database as docs/operating.md makes it, nothing is found', async () => {
  expect(await found()).toEqual([]);
});

describe('a mistake is found, and gone once it is mended', () => {
  test.each(MISTAKES)('%s', async (_what, made, mended, said) => {
    await asAdmin(...made);
    try {
      await expect.poll(found, { timeout: 5000 }).toContainEqual(expect.stringMatching(said));
    } finally {
      await asAdmin(...mended);
    }
    await expect.poll(found, { timeout: 5000 }).toEqual([]);
  });

  test('each function’s body', async () => {
    const name = 'letterbox.reading_grant(uuid, uuid, text, integer, uuid, timestamptz)';
    const { rows } = await administer(server.adminUrl('letterbox'), (client) =>
      client.query(`select pg_get_functiondef('${name}'::regprocedure) as sql`),
    );
    const sql = String(rows[0]?.sql);
    await asAdmin(sql.replace('g.person = who and', ''));
    expect(await found()).toEqual([
      expect.stringMatching(/not as the migrations made it: function reading_grant/),
    ]);
    await asAdmin(sql);
    expect(await found()).toEqual([]);
  });

  test('13: a part that is signed in as the superuser', async () => {
    const desk = openDatabase('desk', server.adminUrl('letterbox'), 1);
    await desk.run('select 1');
    expect(await found()).toEqual([
      expect.stringMatching(/part desk .* signed in to the database as postgres, a superuser/),
    ]);
    await desk.close();
    await expect.poll(found, { timeout: 5000 }).toEqual([]);
  });

  test('a database of another version is not compared, and that is said once no update takes that long', async () => {
    let now = 0;
    const subject = catalogueSubject(alarm, () => now);
    const seen = async () => (await subject.look()).map((each) => each.seen);
    await asAdmin(
      "insert into letterbox_migrations.applied values ('9999_later.sql', 'x')",
      'create table letterbox.later ()',
    );
    expect(await seen()).toEqual([]);
    now = 9 * 60_000;
    expect(await seen()).toEqual([]);
    now = 10 * 60_000;
    expect(await seen()).toEqual([
      expect.stringMatching(/another version .*9999_later\.sql is not known here/),
    ]);
    await asAdmin("delete from letterbox_migrations.applied where file = '9999_later.sql'");
    expect(await seen()).toEqual([expect.stringMatching(/rows are not closed .*: table later/)]);
    await asAdmin('drop table letterbox.later');
    expect(await seen()).toEqual([]);
  });
});

test('what an administrator may well do is no mistake', async () => {
  const ordinary = [
    'create extension if not exists plpgsql',
    'create schema reports; create table reports.own (n integer)',
    'create index further on letterbox.cases (received_at)',
    "alter database letterbox set work_mem = '8MB'",
    'alter database letterbox set search_path = public',
    "alter role letterbox_desk set log_statement = 'ddl'",
    'create role monitoring login; grant pg_monitor to monitoring; grant connect on database letterbox to monitoring',
  ];
  await asAdmin(...ordinary);
  expect(await found()).toEqual([]);
});

describe('settings of the server', () => {
  const with_ = (more: Readonly<Record<string, string>>, embedded = false) =>
    settingFindings(new Map(Object.entries({ listen_addresses: '127.0.0.1', ...more })), embedded).map(
      ({ address }) => address,
    );

  test('23: the one that comes with the program listens on this machine only', () => {
    for (const listens of ['*', '0.0.0.0', '127.0.0.1,192.0.2.7'])
      expect(with_({ listen_addresses: listens }, true)).toEqual([
        `the database’s setting listen_addresses = ${listens}`,
      ]);
    for (const listens of ['127.0.0.1', 'localhost, ::1', ''])
      expect(with_({ listen_addresses: listens }, true)).toEqual([]);
    expect(with_({ listen_addresses: '*' }), 'another listens as its owner wants').toEqual([]);
  });

  test('47: statements are not logged with what they carry', () => {
    expect(with_({ log_statement: 'all' })).toHaveLength(1);
    expect(with_({ log_statement: 'ddl' })).toEqual([]);
    expect(with_({ log_min_duration_statement: '1000', log_parameter_max_length: '-1' })).toHaveLength(1);
    expect(with_({ log_min_duration_statement: '1000', log_parameter_max_length: '0' })).toEqual([]);
    expect(with_({ log_parameter_max_length_on_error: '64' })).toHaveLength(1);
  });
});

test('many mistakes of a kind are one finding, and another once there is one more', () => {
  const rights = (n: number) => Array.from({ length: n }, (_, i) => `right everybody may select t${i}`);
  const [six, seven] = [6, 7].map((n) => findingsIn(changes([], rights(n))));
  expect(six).toHaveLength(1);
  expect(six?.[0]?.seen).toContain('select on t0; select on t1; select on t2; select on t3 and 2 more.');
  expect(seven?.[0]?.key).not.toBe(six?.[0]?.key);
});
