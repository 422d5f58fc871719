/** `letterbox invite-body SLUG`: a one-time link by which somebody founds a body on this host. */
import { freshSecret } from '../people/store.ts';
import { administer } from '../store/admin.ts';
import type { Main } from './letterbox.ts';
import { readSettings } from './settings.ts';

/** Makes a founding link with the right of whoever administers the database. The secret is shown once. */
export async function foundingLink(adminUrl: string, deskUrl: string, slug: string): Promise<string> {
  const { secret, hash } = freshSecret();
  await administer(adminUrl, async (client) => {
    await client.query('set role letterbox_owner');
    await client.query('select letterbox.invite_body($1, $2)', [slug, hash]);
  });
  return `${deskUrl}/join/${secret}`;
}

export const main: Main = async (args, say) => {
  const [slug = ''] = args;
  if (!/^[a-z0-9-]{1,40}$/.test(slug) || slug === 'host') {
    say(
      'letterbox invite-body SLUG: the slug is the body’s part of public addresses: small letters, figures and dashes; not “host”.',
    );
    return 2;
  }
  const settings = readSettings(process.env);
  if (!settings.databaseUrl)
    throw new Error(
      'Set DATABASE_URL to the database’s administrator. (npm start -- --empty prints a link by itself.)',
    );
  say(await foundingLink(settings.databaseUrl, settings.deskUrl, slug));
  return 0;
};
