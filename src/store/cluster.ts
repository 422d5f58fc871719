/**
 * The database of a deployment: the embedded server, or one of the user's own, brought to the
 * present and with an address for each role.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { type EmbeddedServer, startEmbedded, writePrivate } from './embedded.ts';
import { LOGIN_ROLES, type LoginRole, migrate } from './migrate.ts';

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
});

/** Starts (or reaches) the database and migrates it. Role passwords are made once and kept in `data`. */
export async function openCluster(
  data: string,
  databaseUrl: string | null,
  roleUrls: Readonly<Partial<Record<LoginRole, string>>>,
): Promise<Cluster> {
  mkdirSync(data, { recursive: true, mode: 0o711 });
  const secrets = keptSecrets(join(data, 'database-secrets.json'));
  if (databaseUrl) {
    await migrate(databaseUrl, secrets);
    return {
      adminUrl: databaseUrl,
      urls: addresses(databaseUrl, secrets, roleUrls),
      stop: async () => undefined,
    };
  }
  const server = await keepRunning(join(data, 'postgres'), secrets.admin);
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

/** An embedded server that is started again on the same port when somebody ends it. */
async function keepRunning(
  folder: string,
  password: string,
): Promise<Pick<EmbeddedServer, 'adminUrl' | 'stop'>> {
  let server = await startEmbedded(folder, password);
  let stopping = false;
  const watch = async (): Promise<void> => {
    await server.ended;
    while (!stopping) {
      try {
        server = await startEmbedded(folder, password, {}, server.port);
        return watch();
      } catch {
        await wait(1000);
      }
    }
  };
  const watching = watch();
  const stop = async () => {
    stopping = true;
    await server.stop();
    await watching;
  };
  return { adminUrl: (database) => server.adminUrl(database), stop };
}

type Secrets = z.infer<typeof secretsShape>;

function keptSecrets(file: string): Secrets {
  if (existsSync(file)) return secretsShape.parse(JSON.parse(readFileSync(file, 'utf8')));
  const fresh = () => randomBytes(24).toString('hex');
  const made = { admin: fresh(), slot: fresh(), desk: fresh(), signin: fresh(), register: fresh() };
  writePrivate(file, JSON.stringify(made, null, 2));
  return made;
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
  const [slot, desk, signin, register] = LOGIN_ROLES.map(address);
  if (!slot || !desk || !signin || !register) throw new Error('A role has no database address.');
  return { slot, desk, signin, register };
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [NAME]);
    if (found.rowCount === 0) await client.query(`create database ${NAME}`);
  } finally {
    await client.end();
  }
}
