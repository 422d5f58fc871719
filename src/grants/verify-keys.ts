/**
 * Which form keys count. A form's first key opens it to the public: a proven reader makes it, and a manager who is
 * somebody else countersigns. A turn to the next generation needs one signature, since it opens nothing to anybody new:
 * a proven reader's, or that of a manager who does not read and never did, whose key only lies around the one before
 * (docs/decisions/0011).
 */
import { type Checked, isManager, of } from './checked.ts';
import type { FormKeyDocument } from './documents.ts';
import type { ProvenGrant } from './verify.ts';

/** `plain`: the generation whose secret opens what lies inside; its own, unless it was made around an older one. */
export type ProvenKey = { readonly hash: string; readonly key: FormKeyDocument; readonly plain: number };

/** The form keys that count, each after the one it turns. */
export function provenKeys(checked: readonly Checked[], grants: readonly ProvenGrant[]): ProvenKey[] {
  const keys: ProvenKey[] = [];
  for (const made of of(checked, 'form-key')) {
    const plain = plainOf(made, checked, grants, keys);
    if (plain !== null) keys.push({ hash: made.hash, key: made.document, plain });
  }
  return keys;
}

function plainOf(
  made: Checked<FormKeyDocument>,
  checked: readonly Checked[],
  grants: readonly ProvenGrant[],
  keys: readonly ProvenKey[],
): number | null {
  const { document: key, signer } = made;
  const reads = grants.some((grant) => letMake(grant, key));
  if (key.after === null) return reads && isCountersigned(made, checked) ? key.generation : null;
  const before = keys.find(({ hash, key: { form } }) => hash === key.after && form === key.form);
  if (!before || before.key.generation + 1 !== key.generation) return null;
  if (key.around === null) return reads ? key.generation : null;
  const inner = keys.find(({ hash }) => hash === key.around);
  const isInner = inner?.key.form === key.form && inner.key.generation === before.plain;
  return isInner && isManager(signer) && !wasLetRead(grants, key, before.plain) ? before.plain : null;
}

/** Whether somebody had ever been let read a generation of a form by then, and so may have kept its secret. */
export function wasLetRead(
  grants: readonly ProvenGrant[],
  { signer, form, at }: Pick<FormKeyDocument, 'signer' | 'form' | 'at'>,
  generation: number,
): boolean {
  return grants.some(
    (grant) =>
      grant.person === signer &&
      grant.form === form &&
      grant.case === null &&
      grant.fromGeneration <= generation &&
      grant.approvedAt <= at,
  );
}

/** Whether this grant let the key's maker read, when they made it, what the key seals. */
function letMake(grant: ProvenGrant, key: FormKeyDocument): boolean {
  return (
    grant.person === key.signer &&
    grant.form === key.form &&
    grant.case === null &&
    grant.fromGeneration <= key.generation &&
    grant.approvedAt <= key.at &&
    grant.from <= key.at &&
    key.at < grant.until &&
    key.at < grant.reviewBy &&
    (grant.endedAt === null || key.at < grant.endedAt)
  );
}

function isCountersigned({ hash, signer }: Checked, checked: readonly Checked[]): boolean {
  return of(checked, 'form-key-approval').some(
    (each) => each.document.formKey === hash && each.signer.id !== signer.id && isManager(each.signer),
  );
}
