/**
 * The database of a deployment: the embedded server, or one of the user's own, brought to the
 * present and with an address for each role.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import { administer, UnreachableError } from './admin.ts';
import { codeOf } from './away.ts';
import { LOGIN_ROLES, type LoginRole, migrate } from './migrate.ts';
import { writePrivate } from './private-file.ts';
import { superviseEmbedded } from './supervise.ts';

export type Cluster = {
  readonly adminUrl: string;
  readonly urls: Readonly<Record<LoginRole, string>>;
  stop(): Promise<void>;
};

const NAME = 'letterbox';
const secretsShape = z.object({
  admin: z.string(),
  slot: z.string(),
  desk: z.string(),
  signin: z.string(),
  register: z.string(),
  alarm: z.string(),
});

/**
 * Starts (or reaches) the database and migrates it. Role passwords are made once and kept in `data`; a role whose
 * address is given has the password that stands there. `say` is told when the embedded server ends and comes back.
 */
export async function openCluster(
  data: string,
  databaseUrl: string | null,
  roleUrls: Readonly<Partial<Record<LoginRole, string>>>,
  say: (line: string) => void = () => undefined,
): Promise<Cluster> {
  mkdirSync(data, { recursive: true, mode: 0o711 });
  const secrets = keptSecrets(join(data, 'database-secrets.json'));
  if (databaseUrl) {
    const urls = addresses(databaseUrl, secrets, roleUrls);
    await administer(databaseUrl, (client) => refuseSecond(client, urls.slot));
    await migrate(databaseUrl, passwordsIn(urls));
    for (const role of LOGIN_ROLES)
      await administer(urls[role], async () => undefined, roleUrls[role] ? settingOf(role) : 'DATABASE_URL');
    return { adminUrl: databaseUrl, urls, stop: async () => undefined };
  }
  const server = await superviseEmbedded(join(data, 'postgres'), secrets.admin, say);
  try {
    await createDatabase(server.adminUrl('postgres'));
    const adminUrl = server.adminUrl(NAME);
    await migrate(adminUrl, secrets);
    return { adminUrl, urls: addresses(adminUrl, secrets, {}), stop: server.stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The setting that gives one role's address. */
export const settingOf = (role: LoginRole): string => `DATABASE_URL_${role.toUpperCase()}`;

/**
 * Roles belong to the whole server. A Letterbox with another data folder, or another database there, would give them
 * new passwords and lock the first one out.
 */
async function refuseSecond(client: pg.Client, slotUrl: string): Promise<void> {
  const { rows } = await client.query(
    `select datname as database, datname = current_database() as same from pg_stat_activity
     where usename = any ($1) group by datname order by 2`,
    [LOGIN_ROLES.map((role) => `letterbox_${role}`)],
  );
  const [using] = z.array(z.object({ database: z.string(), same: z.boolean() })).parse(rows);
  if (!using || (using.same && (await letsIn(slotUrl)))) return;
  throw new Error(
    `Another Letterbox uses this PostgreSQL server (its database ${using.database}) and the roles there. ` +
      'Stop it, start with its LETTERBOX_DATA and DATABASE_URL_…, or set DATABASE_URL to a server without one.',
  );
}

async function letsIn(url: string): Promise<boolean> {
  try {
    await administer(url, async () => undefined);
    return true;
  } catch (error) {
    if (error instanceof UnreachableError && error.code === '28P01') return false;
    throw error;
  }
}

/** Each role's password as it stands in its address; roles under another name are somebody else's to give one. */
function passwordsIn(urls: Readonly<Record<LoginRole, string>>): Partial<Record<LoginRole, string>> {
  const passwords: Partial<Record<LoginRole, string>> = {};
  for (const role of LOGIN_ROLES) {
    const { username, password } = new URL(urls[role]);
    if (username === `letterbox_${role}` && password) passwords[role] = decodeURIComponent(password);
  }
  return passwords;
}

type Secrets = z.infer<typeof secretsShape>;

function keptSecrets(file: string): Secrets {
  if (existsSync(file)) return readSecrets(file);
  const fresh = () => randomBytes(24).toString('hex');
  const made = {
    admin: fresh(),
    slot: fresh(),
    desk: fresh(),
    signin: fresh(),
    register: fresh(),
    alarm: fresh(),
  };
  writePrivate(file, JSON.stringify(made, null, 2));
  return made;
}

function readSecrets(file: string): Secrets {
  try {
    return secretsShape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (codeOf(error) !== '') throw error;
    throw new Error(
      `${file} is damaged: it does not hold the database's passwords. Restore it from your backup.`,
    );
  }
}

function addresses(
  adminUrl: string,
  secrets: Secrets,
  given: Partial<Record<LoginRole, string>>,
): Record<LoginRole, string> {
  const address = (role: LoginRole) => {
    const url = new URL(adminUrl);
    url.username = `letterbox_${role}`;
    url.password = secrets[role];
    return given[role] ?? url.href;
  };
  return {
    ...{ slot: address('slot'), desk: address('desk'), signin: address('signin') },
    ...{ register: address('register'), alarm: address('alarm') },
  };
}

async function createDatabase(url: string): Promise<void> {
  await administer(url, async (client) => {
    const found = await client.query('select from pg_database where datname = $1', [NAME]);
    if (found.rowCount === 0) await client.query(`create database ${NAME}`);
  });
}
