/** Signing somebody in as the database's administrator: a fixture, since a browser's way takes a passphrase and seconds. */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../src/store/store.ts';

/** A session of this person, for the cookie `letterbox`. */
export async function aSession(database: Database, organisation: string, person: string): Promise<string> {
  const secret = randomBytes(32);
  await database.run(
    'insert into letterbox.session (secret_hash, organisation, person, opened_at, seen_at) values ($1, $2, $3, now(), now())',
    [createHash('sha256').update(secret).digest(), organisation, person],
  );
  return secret.toString('hex');
}
