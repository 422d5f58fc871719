/**
 * Brings a database to the present: roles, schema, and each numbered file of `migrations/` once.
 * Run by whoever may administer the database (never by a running part of the program).
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';
import { administer } from './admin.ts';
import { codeOf } from './away.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

/** The roles that running parts log in as, each with what it may do given by the migrations. */
export const LOGIN_ROLES = ['slot', 'desk', 'signin', 'register', 'alarm'] as const;
export type LoginRole = (typeof LOGIN_ROLES)[number];
export type Passwords = Record<LoginRole, string>;

/**
 * Applies what is missing. Roles without a password in `passwords` keep theirs.
 * @throws one line when this database, or the rights of the address's user, will not do
 */
export async function migrate(adminUrl: string, passwords: Partial<Passwords>): Promise<void> {
  await administer(adminUrl, async (client) => {
    try {
      await checkDatabase(client);
      // One migrator at a time in the whole cluster: roles are shared between databases.
      await client.query('select pg_advisory_lock(7261001)');
      await prepareRoles(client, passwords);
      await prepareSchema(client);
      for (const file of migrationFiles())
        await applyOnce(client, file, readFileSync(new URL(file, FOLDER), 'utf8'));
    } catch (error) {
      throw codeOf(error) === '42501' ? await lackOfRights(client, error) : error;
    }
  });
}

/** The files by which this version brings a database to the present, in order. */
export const migrationFiles = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();

/** Refuses what cannot be brought to the present, before anything is changed. */
async function checkDatabase(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    "select current_setting('server_version_num')::integer as number, current_setting('server_version') as version",
  );
  if (rows[0]?.number < 150_000)
    throw new Error(`PostgreSQL ${rows[0]?.version} is too old for Letterbox. Use version 15 or later.`);
  const made = await client.query("select to_regclass('letterbox_migrations.applied') is not null as made");
  if (!made.rows[0]?.made) return;
  const applied = await client.query('select file from letterbox_migrations.applied order by file');
  const newer = applied.rows
    .map(({ file }) => String(file))
    .filter((file) => !migrationFiles().includes(file));
  if (newer.length === 0) return;
  throw new Error(
    `A newer Letterbox has used this database: it knows ${newer.join(', ')}. ` +
      'Start that version or a later one, or restore the backup made before. Nothing was changed.',
  );
}

async function lackOfRights(client: pg.Client, cause: unknown): Promise<Error> {
  const { rows } = await client.query('select current_user as "user", current_database() as database');
  const said = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `The user ${rows[0]?.user} may not prepare the database ${rows[0]?.database}: ${said}. ` +
      'It must own the database and have CREATEROLE, or be a superuser (docs/operating.md).',
    { cause },
  );
}

async function prepareRoles(client: pg.Client, passwords: Partial<Passwords>): Promise<void> {
  await createRole(client, 'letterbox_owner', 'nologin');
  const superuser = await client.query('select rolsuper from pg_roles where rolname = current_user');
  if (!superuser.rows[0]?.rolsuper) await client.query('grant letterbox_owner to current_user');
  for (const role of LOGIN_ROLES) {
    await createRole(client, `letterbox_${role}`, 'login noinherit');
    const password = passwords[role];
    if (password !== undefined)
      await client.query(`alter role letterbox_${role} password ${client.escapeLiteral(password)}`);
    await client.query(`alter role letterbox_${role} set statement_timeout = '60s'`);
    await client.query(`alter role letterbox_${role} set idle_in_transaction_session_timeout = '60s'`);
  }
}

async function createRole(client: pg.Client, name: string, options: string): Promise<void> {
  const found = await client.query('select from pg_roles where rolname = $1', [name]);
  if (found.rowCount === 0) await client.query(`create role ${name} ${options}`);
}

async function prepareSchema(client: pg.Client): Promise<void> {
  const { rows } = await client.query('select current_database() as name');
  const database = client.escapeIdentifier(String(rows[0]?.name));
  await client.query(`revoke all on database ${database} from public`);
  const roles = LOGIN_ROLES.map((role) => `letterbox_${role}`).join(', ');
  await client.query(`grant connect on database ${database} to ${roles}`);
  await client.query('create schema if not exists letterbox authorization letterbox_owner');
  await client.query('create schema if not exists letterbox_migrations');
  await client.query(`create table if not exists letterbox_migrations.applied (
    file text primary key, sha256 text not null, applied_at timestamptz not null default now())`);
  // Operators of the host see on the desk what was applied.
  await client.query('grant usage on schema letterbox_migrations to letterbox_owner');
  await client.query('grant select on letterbox_migrations.applied to letterbox_owner');
}

async function applyOnce(client: pg.Client, file: string, sql: string): Promise<void> {
  const sha256 = createHash('sha256').update(sql).digest('hex');
  const before = await client.query('select sha256 from letterbox_migrations.applied where file = $1', [
    file,
  ]);
  const known = before.rows[0]?.sha256;
  if (known === sha256) return;
  if (known)
    throw new Error(
      `This database was made by another version of Letterbox: ${file} is not the one it was made with. ` +
        'Start the version that made it, or begin with another database.',
    );
  await client.query('begin');
  try {
    await client.query('set local role letterbox_owner');
    await client.query('set local search_path = letterbox, pg_temp');
    await client.query(sql);
    await client.query('select letterbox.close_tables()');
    await client.query('reset role');
    await client.query('insert into letterbox_migrations.applied (file, sha256) values ($1, $2)', [
      file,
      sha256,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    if (codeOf(error) === '42501') throw error;
    throw new Error(`Migration ${file} failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
