/** `letterbox invite-host`: a one-time link by which the host's first operator founds the host's organisation. */
import { freshSecret } from '../people/store.ts';
import { administer } from '../store/admin.ts';
import type { Main } from './letterbox.ts';
import { readSettings } from './settings.ts';

/** Makes the link with the right of whoever administers the database. The secret is shown once. */
export async function hostLink(adminUrl: string, deskUrl: string): Promise<string> {
  const { secret, hash } = freshSecret();
  await administer(adminUrl, async (client) => {
    await client.query('set role letterbox_owner');
    await client.query('select letterbox.invite_host($1)', [hash]);
  });
  return `${deskUrl}/join/${secret}`;
}

export const main: Main = async (_args, say) => {
  const settings = readSettings(process.env);
  if (!settings.databaseUrl)
    throw new Error(
      'Set DATABASE_URL to the database’s administrator. (npm start -- --empty prints a link by itself.)',
    );
  say(await hostLink(settings.databaseUrl, settings.deskUrl));
  return 0;
};
