/** What a person may cause to a form. */

import type { Tx } from '../store/store.ts';
import type { Refusal } from '../web/refusal.ts';
import { refuse } from '../web/refusal.ts';
import { DefinitionError, parseDefinition } from './definition.ts';

/**
 * Publishes a definition as the next version of its form: whoever acts in `tx` must be a manager. One register entry.
 * It takes submissions once the form has a key with two signatures.
 */
export async function publishForm(tx: Tx, json: unknown): Promise<Refusal | null> {
  try {
    const { id, version } = parseDefinition(json);
    await tx.run('select letterbox.publish_form($1, $2, $3::jsonb)', [id, version, JSON.stringify(json)]);
    return null;
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    return refuse('bad-definition', 'invalid', `This form cannot be published: ${error.message}.`);
  }
}
