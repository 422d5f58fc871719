/** To whom a submission is sealed, and whether that is who two people signed for. Runs in browser and server. */
import type { PublishedForm } from '../forms/sending.ts';
import { parseRecipient } from '../sealing/keys.ts';
import { sha256Hex } from '../sealing/signature.ts';
import type { FormTarget } from '../sealing/submission.ts';

export function targetOf({ organisation, definition, generation, recipient }: PublishedForm): FormTarget {
  return {
    organisation: organisation.id,
    form: definition.id,
    version: definition.version,
    generation,
    recipient,
  };
}

/**
 * The target, if the form's recipient is a hybrid one and stands in its form-key document, if that document is about
 * this form and generation, and if the approval is of exactly that document and by somebody else. Else null.
 *
 * LIMIT: the signatures themselves are not verified here, since a stranger's browser knows nobody's keys. Readers'
 * browsers verify them from the founding record down, and Watch compares what public pages serve.
 */
export async function signedTarget(published: PublishedForm): Promise<FormTarget | null> {
  const target = targetOf(published);
  const { document, approval } = published.formKey;
  const key = read(document.text);
  const approved = read(approval.text);
  const says =
    key.get('kind') === 'form-key' &&
    key.get('organisation') === target.organisation &&
    key.get('form') === target.form &&
    key.get('generation') === target.generation &&
    key.get('recipient') === target.recipient &&
    approved.get('kind') === 'form-key-approval' &&
    approved.get('formKey') === (await sha256Hex(document.text)) &&
    approved.get('signer') !== key.get('signer');
  return says && isHybrid(target.recipient) ? target : null;
}

function isHybrid(recipient: string): boolean {
  try {
    parseRecipient(recipient);
    return true;
  } catch {
    return false;
  }
}

function read(text: string): Map<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}
