/**
 * The only way to the database.
 *
 * A `Database` is the pool of one role (`letterbox_slot`, `letterbox_desk`, …) and can do what that
 * role may. Whoever acts is told to PostgreSQL as the secret of their session, for one transaction
 * at a time; SQL finds out who that is. Settings are transaction-local, so nothing stays behind on
 * a pooled connection, and nobody ever says `SET ROLE`.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import type { z } from 'zod';
import { type Refusal, type RefusalKind, refuse } from '../web/refusal.ts';
import { asAway } from './away.ts';

export type Role = 'slot' | 'desk' | 'signin' | 'register' | 'alarm' | 'admin';

/** 32 random bytes in lowercase hex: what the session cookie holds. */
export type SessionSecret = string & { readonly brand: 'SessionSecret' };

export function sessionSecret(text: string): SessionSecret | null {
  return isSessionSecret(text) ? text : null;
}

function isSessionSecret(text: string): text is SessionSecret {
  return /^[0-9a-f]{64}$/.test(text);
}

export type Parameter = string | number | bigint | boolean | Date | Uint8Array | null | readonly Parameter[];

/** Statements on one connection; every row is parsed on its way in. */
export type Statements = {
  /** All rows, each parsed by `shape`. */
  rows<S extends z.ZodType>(shape: S, sql: string, parameters?: readonly Parameter[]): Promise<z.output<S>[]>;
  /** The only row; throws when there is none. */
  one<S extends z.ZodType>(shape: S, sql: string, parameters?: readonly Parameter[]): Promise<z.output<S>>;
  /** The first row, or null. */
  maybe<S extends z.ZodType>(
    shape: S,
    sql: string,
    parameters?: readonly Parameter[],
  ): Promise<z.output<S> | null>;
  /** Runs a statement for its effect and returns how many rows it touched. */
  run(sql: string, parameters?: readonly Parameter[]): Promise<number>;
};

export type Tx = Statements & { readonly transaction: true };

export type Database = Statements & {
  readonly role: Role;
  readonly pool: pg.Pool;
  close(): Promise<void>;
};

type Queryable = Pick<pg.Pool, 'query'>;

// timestamptz as Date (the driver's default), int8 as bigint: log sizes and counters never round.
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 && format !== 'binary'
      ? (text: string) => BigInt(text)
      : pg.types.getTypeParser(oid, format),
};

/**
 * Opens the pool of one role. `size` is the most connections it will hold. Whatever is asked of it while the
 * database is away, or has no room, throws an `AwayError`.
 */
export function openDatabase(role: Role, url: string, size = 8): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    types,
    application_name: `letterbox ${role}`,
    connectionTimeoutMillis: 10_000,
    // A connection plans every function anew when it is first called, and signing it in costs both sides some milliseconds.
    idleTimeoutMillis: 300_000,
    keepAlive: true,
    // The server ends what takes 60 seconds; this is for a server that is not there to do so.
    ...(role === 'admin' ? {} : { query_timeout: 65_000 }),
  });
  // An idle connection that breaks (the server restarts) is replaced by the pool; it is no crash.
  pool.on('error', () => undefined);
  // Nor when it breaks inside a transaction: whoever waits for it is told by their statement.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return { role, pool, close: () => pool.end(), ...statements(pool, role) };
}

/**
 * Runs `work` in one transaction as whoever holds `session` (null: nobody). Commits when it returns
 * a value, rolls back when it throws. A refusal raised in SQL (`LB…`) comes back as a `Refusal`.
 */
export async function act<T>(
  database: Database,
  session: SessionSecret | null,
  work: (tx: Tx) => Promise<T>,
): Promise<T | Refusal> {
  const client = await database.pool.connect().catch((error: unknown) => {
    throw asAway(error);
  });
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const tx: Tx = { transaction: true, ...statements(client, database.role) };
    if (session !== null) await tx.run("select set_config('letterbox.session', $1, true)", [session]);
    const result = await work(tx);
    await client.query('commit');
    return result;
  } catch (error) {
    if (isOutdated(error)) broken = error;
    await client.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    const refusal = refusalIn(error);
    if (refusal) return refusal;
    throw asAway(error);
  } finally {
    client.release(broken);
  }
}

/** The refusal that a thrown database error stands for, or null when it is a defect. */
export function refusalIn(error: unknown): Refusal | null {
  if (!(error instanceof pg.DatabaseError)) return null;
  const kind = KINDS[error.code ?? ''];
  return kind ? refuse(error.message, kind, SENTENCES[error.message] ?? FALLBACK[kind]) : null;
}

const KINDS: Record<string, RefusalKind> = {
  LB401: 'signed-out',
  LB403: 'forbidden',
  LB404: 'missing',
  LB409: 'conflict',
  LB422: 'invalid',
  LB503: 'busy',
};

const FALLBACK: Record<RefusalKind, string> = {
  'signed-out': 'You are signed out. Sign in and try again.',
  forbidden: 'You cannot do this.',
  missing: 'There is nothing here for you.',
  conflict: 'Something changed in the meantime. Look again and repeat it if you still want to.',
  invalid: 'What was sent does not fit together. Nothing was changed.',
  busy: 'The service is busy. Try again in a moment.',
};

const SENTENCES: Record<string, string> = {
  'not-confirmed': 'Your colleagues have not confirmed you yet. Ask a manager to compare your words.',
  'not-manager': 'Only a manager can do this. Ask one of your managers.',
  quarantined:
    'This form is in quarantine, so none of its cases is released to anybody. It is over once two managers have signed that it may be; see the page Watch.',
  unvouched:
    'No case can be opened at this moment. Letterbox was started again, and no witness elsewhere has said yet that its register is the newest there is; they are asked every few seconds. If this lasts, tell whoever runs the site.',
  disputed:
    'No case can be opened. A witness elsewhere knows another register than the one here, so an older copy may have been put back. Whoever runs the site has to clear this up; see the page Watch.',
  'append-only': 'The register and signed documents can only be added to.',
  'document-replayed': 'This signed document was used already. Nothing was changed.',
  'document-mismatch': 'The signed document is not about this. Nothing was changed.',
};

function statements(on: Queryable, role: Role): Statements {
  const query = (sql: string, parameters: readonly Parameter[] = []) =>
    on.query({ ...named(role, sql), text: sql, values: [...parameters] }).catch((error: unknown) => {
      throw asAway(error);
    });
  return {
    rows: async (shape, sql, parameters) =>
      (await query(sql, parameters)).rows.map((row) => shape.parse(row)),
    one: async (shape, sql, parameters) => {
      const { rows } = await query(sql, parameters);
      if (rows.length !== 1) throw new Error(`Expected one row, found ${rows.length}.`);
      return shape.parse(rows[0]);
    },
    maybe: async (shape, sql, parameters) => {
      const { rows } = await query(sql, parameters);
      return rows.length === 0 ? null : shape.parse(rows[0]);
    },
    run: async (sql, parameters) => (await query(sql, parameters)).rowCount ?? 0,
  };
}

const names = new Map<string, string>();

/**
 * By which name a connection knows a statement that it has planned already. What the program says by itself are constants,
 * so there are as many names as statements; the administrator says what is said once.
 */
function named(role: Role, sql: string): { name?: string } {
  if (role === 'admin') return {};
  const name = names.get(sql) ?? createHash('sha256').update(sql).digest('base64url');
  names.set(sql, name);
  return { name };
}

/** What a planned statement says when a migration has changed what it gives: another connection plans it anew. */
function isOutdated(error: unknown): error is pg.DatabaseError {
  return (
    error instanceof pg.DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery'
  );
}
