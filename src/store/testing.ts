/**
 * Databases for tests: one embedded server for the whole run (started by `testing.global.ts`), and
 * for each caller a fresh, fully migrated database made by copying a template.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { LOGIN_ROLES } from './migrate.ts';
import { type Database, openDatabase, type Role } from './store.ts';

export type TestDatabase = Record<Role, Database> & {
  /** The superuser's address: for fixtures, and for taking a wall down on purpose. */
  readonly adminUrl: string;
  urlOf(role: Role): string;
  close(): Promise<void>;
};

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { port: number; password: string };
  }
}

/** A fresh database; closed by itself when called inside a test, else call `close()`. */
export async function testDatabase(): Promise<TestDatabase> {
  const { port, password } = inject('postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const address = (user: string, database: string) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  await administer(address('postgres', 'postgres'), `create database ${name} template letterbox_template`);
  const roles = LOGIN_ROLES.map((role) => `letterbox_${role}`).join(', ');
  await administer(
    address('postgres', 'postgres'),
    `revoke all on database ${name} from public; grant connect on database ${name} to ${roles}`,
  );
  const urlOf = (role: Role) => address(role === 'admin' ? 'postgres' : `letterbox_${role}`, name);
  const open = (role: Role) => openDatabase(role, urlOf(role), 4);
  const pools = {
    admin: open('admin'),
    slot: open('slot'),
    desk: open('desk'),
    signin: open('signin'),
    register: open('register'),
    alarm: open('alarm'),
  };
  const close = async () => {
    await Promise.all(Object.values(pools).map((pool) => pool.close()));
    await administer(address('postgres', 'postgres'), `drop database if exists ${name} with (force)`);
  };
  try {
    onTestFinished(close);
  } catch {
    // Called outside a test (beforeAll): the caller closes it.
  }
  return { ...pools, adminUrl: urlOf('admin'), urlOf, close };
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of sql.split(';')) await client.query(statement);
  } finally {
    await client.end();
  }
}
