/** The forms that ship (`forms/*.json`): a new body begins with them, closed until their keys are in use. */
import { readdirSync, readFileSync } from 'node:fs';
import { publishForm } from '../forms/acts.ts';
import { act, type Database, type SessionSecret } from '../store/store.ts';
import { isRefusal } from '../web/refusal.ts';

const FOLDER = new URL('../../forms/', import.meta.url);

export async function publishShippedForms(desk: Database, session: SessionSecret): Promise<void> {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
    const definition: unknown = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
    const refused = await act(desk, session, (tx) => publishForm(tx, definition));
    if (isRefusal(refused)) throw new Error(`The form ${file} could not be published: ${refused.message}`);
  }
}
