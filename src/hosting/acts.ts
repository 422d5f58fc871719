/** What an operator may cause: that a body can be founded. */
import { attempt } from '../people/acts.ts';
import { freshSecret } from '../people/store.ts';
import type { Database, SessionSecret } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';

const WORDS: Record<string, string> = {
  slug: 'Use 1 to 40 small letters, figures and dashes, such as our-body.',
  'slug-taken': 'There is a body with this address already. Choose another one.',
};

/** Gives the secret of a one-time link by which somebody founds the body; shown once and kept nowhere. */
export async function inviteBody(
  desk: Database,
  session: SessionSecret,
  slug: string,
): Promise<{ readonly secret: string } | Refusal> {
  const { secret, hash } = freshSecret();
  const done = await attempt(desk, session, 'invite-body', (tx) =>
    tx.run('select letterbox.host_invite_body($1, $2)', [slug, hash]),
  );
  if (!isRefusal(done)) return { secret };
  return refuse(done.refusal, done.kind, WORDS[done.refusal] ?? done.message);
}
