/** To whom a submission is sealed, and whether that is who two people signed for. Runs in browser and server. */
import type { PublishedForm } from '../forms/sending.ts';
import { parseRecipient, type Recipient } from '../sealing/keys.ts';
import { sha256Hex } from '../sealing/signature.ts';
import type { FormTarget } from '../sealing/submission.ts';

export function targetOf({
  organisation,
  definition,
  generation,
  recipient,
  formKey,
}: PublishedForm): FormTarget {
  const inner = formKey.inner && parsedRecipient(read(formKey.inner.text).get('recipient'));
  return {
    ...{ organisation: organisation.id, form: definition.id, version: definition.version },
    ...{ generation, recipient, ...(inner && { inner }) },
  };
}

/**
 * The target, if the form's recipient is a hybrid one and stands in its form-key document, and that document is about
 * this form and generation. A first key needs an approval of exactly that document by somebody else; a later one
 * names the key it turns, and what it was made around is the key whose document comes with it. Else null.
 *
 * LIMIT: the signatures themselves are not verified here, since a stranger's browser knows nobody's keys. Readers'
 * browsers verify them from the founding record down, and Watch compares what public pages serve.
 */
export async function signedTarget(published: PublishedForm): Promise<FormTarget | null> {
  const target = targetOf(published);
  const key = read(published.formKey.document.text);
  const says =
    isKeyOf(key, target) &&
    key.get('generation') === target.generation &&
    key.get('recipient') === target.recipient &&
    (await isApproved(published, key)) &&
    (await isAround(published, key, target));
  return says && parsedRecipient(target.recipient) ? target : null;
}

type Read = ReadonlyMap<string, unknown>;

function isKeyOf(key: Read, target: FormTarget): boolean {
  return (
    key.get('kind') === 'form-key' &&
    key.get('organisation') === target.organisation &&
    key.get('form') === target.form
  );
}

/** A turn of the key in use opens nothing to anybody new: it counts without a second signature. */
async function isApproved({ formKey: { document, approval } }: PublishedForm, key: Read): Promise<boolean> {
  if (typeof key.get('after') === 'string') return true;
  const approved = read(approval?.text ?? '');
  return (
    approved.get('kind') === 'form-key-approval' &&
    approved.get('formKey') === (await sha256Hex(document.text)) &&
    approved.get('signer') !== key.get('signer')
  );
}

async function isAround({ formKey }: PublishedForm, key: Read, target: FormTarget): Promise<boolean> {
  const around = key.get('around');
  if (typeof around !== 'string') return formKey.inner === null;
  return (
    formKey.inner !== null &&
    target.inner !== undefined &&
    isKeyOf(read(formKey.inner.text), target) &&
    around === (await sha256Hex(formKey.inner.text))
  );
}

function parsedRecipient(text: unknown): Recipient | null {
  try {
    return parseRecipient(String(text));
  } catch {
    return null;
  }
}

function read(text: string): Read {
  try {
    const value: unknown = JSON.parse(text);
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}
