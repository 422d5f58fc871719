/** `letterbox migrate`: makes the roles and the schema in a PostgreSQL of one's own, or brings them to the present. */
import { join } from 'node:path';
import { openCluster } from '../store/cluster.ts';
import type { Main } from './letterbox.ts';
import { readSettings } from './settings.ts';

export const main: Main = async (_args, say) => {
  const { data, databaseUrl, roleUrls } = readSettings(process.env);
  if (!databaseUrl)
    throw new Error(
      'Set DATABASE_URL to the database’s administrator. (The embedded one is migrated by npm start.)',
    );
  const { stop } = await openCluster(data, databaseUrl, roleUrls);
  await stop();
  say('The database is ready. Where an address of a role was not given, its password is in');
  say(`${join(data, 'database-secrets.json')}; each part that runs apart needs its own role’s only.`);
  return 0;
};
