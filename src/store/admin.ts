/** One connection for one piece of administration; and, when there is none to be had, why, in one line. */
import pg from 'pg';
import { codeOf } from './away.ts';

/**
 * Connects to `url`, works and disconnects. `setting` names where the address comes from.
 * @throws one line that says what to do when the database cannot be reached; never shows a password
 */
export async function administer<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
  setting = 'DATABASE_URL',
): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: 'letterbox admin',
  });
  // The statement under way fails by itself; without a listener the whole program would end.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // A server that waits for a password would keep the connection, and with it the program, open.
    void client.end().catch(() => undefined);
    throw new UnreachableError(whyUnreachable(url, error, setting), codeOf(error), error);
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** No connection was to be had; `code` is Node's or PostgreSQL's. */
export class UnreachableError extends Error {
  readonly code: string;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.name = 'UnreachableError';
    this.code = code;
  }
}

function whyUnreachable(url: string, error: unknown, setting: string): string {
  const { hostname, port, username, pathname } = new URL(url);
  const at = `${decodeURIComponent(hostname)}:${port || 5432}`;
  const place = `PostgreSQL at ${at}`;
  const user = decodeURIComponent(username) || 'of this system';
  const database = decodeURIComponent(pathname.slice(1));
  const said = error instanceof Error ? error.message.split('\n')[0] : String(error);
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return `No PostgreSQL answers at ${at} (${setting}). Check that it runs and listens there, then start again.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host ${hostname} cannot be found (${setting}). Check its name, then start again.`;
    case '28P01':
      return `${place} refuses the password of the user ${user} (${setting}). Check both, then start again.`;
    case '28000':
      return `${place} does not let the user ${user} in (${setting}): ${said}. Check the user and pg_hba.conf.`;
    case '3D000':
      return `${place} has no database ${database} (${setting}). Create it: createdb --owner ${user} ${database}`;
    case '42501':
      return `${place} does not let the user ${user} connect to ${database} (${setting}). Grant it CONNECT.`;
    case '53300':
      return `${place} has no connection free (${setting}). Raise max_connections, or stop what holds them.`;
    case '57P03':
      return `${place} is starting or stopping (${setting}). Try again in a moment.`;
  }
  if (/does not support SSL/.test(said ?? ''))
    return `${place} does not offer TLS (${setting}). Switch it on there, or take sslmode out of the address.`;
  if (/password must be a string/.test(said ?? ''))
    return `${place} asks for a password (${setting}). Put it in the address: postgres://user:password@…`;
  if (/timeout|ETIMEDOUT/i.test(`${said} ${codeOf(error)}`))
    return `${place} does not answer within 10 seconds (${setting}). Check the address and the firewall.`;
  return `${place} cannot be used (${setting}): ${said}`;
}
