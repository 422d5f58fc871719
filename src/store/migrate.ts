/**
 * Brings a database to the present: roles, schema, and each numbered file of `migrations/` once.
 * Run by whoever may administer the database (never by a running part of the program).
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';

const FOLDER = new URL('./migrations/', import.meta.url);

/** The roles that running parts log in as, each with what it may do given by the migrations. */
export const LOGIN_ROLES = ['slot', 'desk', 'signin', 'register'] as const;
export type LoginRole = (typeof LOGIN_ROLES)[number];
export type Passwords = Record<LoginRole, string>;

/** Applies what is missing. `passwords` null leaves the roles' passwords as they are. */
export async function migrate(adminUrl: string, passwords: Passwords | null): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    // One migrator at a time in the whole cluster: roles are shared between databases.
    await client.query('select pg_advisory_lock(7261001)');
    await prepareRoles(client, passwords);
    await prepareSchema(client);
    for (const file of readdirSync(FOLDER)
      .filter((name) => name.endsWith('.sql'))
      .sort()) {
      await applyOnce(client, file, readFileSync(new URL(file, FOLDER), 'utf8'));
    }
  } finally {
    await client.end();
  }
}

async function prepareRoles(client: pg.Client, passwords: Passwords | null): Promise<void> {
  await createRole(client, 'letterbox_owner', 'nologin');
  const superuser = await client.query('select rolsuper from pg_roles where rolname = current_user');
  if (!superuser.rows[0]?.rolsuper) await client.query('grant letterbox_owner to current_user');
  for (const role of LOGIN_ROLES) {
    await createRole(client, `letterbox_${role}`, 'login noinherit');
    if (passwords) {
      await client.query(`alter role letterbox_${role} password ${client.escapeLiteral(passwords[role])}`);
    }
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
}

async function applyOnce(client: pg.Client, file: string, sql: string): Promise<void> {
  const sha256 = createHash('sha256').update(sql).digest('hex');
  const before = await client.query('select sha256 from letterbox_migrations.applied where file = $1', [
    file,
  ]);
  const known = before.rows[0]?.sha256;
  if (known === sha256) return;
  if (known) throw new Error(`Migration ${file} was changed after it was applied. Add a new file instead.`);
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
    throw new Error(`Migration ${file} failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
