/**
 * A refusal is the answer "no, because": expected, part of the return type, turned into a status in
 * one place. Anything else that goes wrong is a defect and ends as 500.
 */
export type RefusalKind = 'missing' | 'forbidden' | 'conflict' | 'invalid' | 'signed-out' | 'busy';

export type Refusal = {
  /** A stable code for programs, such as `document-replayed`. */
  readonly refusal: string;
  readonly kind: RefusalKind;
  /** What happened, to what, and what to do next; never personal data. */
  readonly message: string;
};

const STATUS: Record<RefusalKind, number> = {
  missing: 404,
  forbidden: 403,
  conflict: 409,
  invalid: 422,
  'signed-out': 401,
  busy: 503,
};

export function refuse(refusal: string, kind: RefusalKind, message: string): Refusal {
  return { refusal, kind, message };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refusal' in value && 'kind' in value;
}

/** The HTTP status of a refusal. */
export function statusOf(refusal: Refusal): number {
  return STATUS[refusal.kind];
}
