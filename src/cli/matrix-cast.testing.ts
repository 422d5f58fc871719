/**
 * # Note: the access matrix
 *
 * Every door, and every function of every database role, is asked by every kind of principal about every kind of object.
 * Three things are kept apart, so that none can excuse another: the *cast* (this file: who is who, told in words), the
 * *world* (matrix-world.testing.ts: two bodies made by the very acts of browsers) and the *oracle*
 * (matrix-oracle.testing.ts: what the four walls promise, looking at the cast only, never at a rule of the product).
 *
 * A door, a query, a function, an argument or a table that the matrix has no word for fails it by name, so whoever writes
 * one says on the same day who may use it.
 */

/** Ours, another on the same host, and the host itself, which holds nothing of anybody's. */
export type BodyName = 'exampleshire' | 'elsewhere' | 'host';

/** What somebody may read: a whole form of their body, or one case of it by its name in the world. */
export type Reads = { readonly form: string } | { readonly case: string };

export type Principal = {
  readonly name: string;
  /** Null where no session counts: nobody signed in, or somebody who may not any more. */
  readonly body: BodyName | null;
  readonly capacities: readonly string[];
  readonly confirmed: boolean;
  readonly reads: readonly Reads[];
};

const somebody = { capacities: ['caseworker'], confirmed: true, reads: [] } as const;
const ours = { ...somebody, body: 'exampleshire' } as const;
const nobody = { ...somebody, body: null, capacities: [] } as const;

/** Every kind of principal. Adding one here, with their session in the world, has them asked everywhere. */
export const CAST = [
  { ...nobody, name: 'a stranger' },
  {
    ...somebody,
    name: 'a reader of another body',
    body: 'elsewhere',
    capacities: ['caseworker', 'data-protection-officer', 'keyholder'],
    reads: [{ form: 'review' }, { form: 'abroad' }],
  },
  { ...ours, name: 'a colleague without a grant' },
  { ...ours, name: 'a reader whose grant ended' },
  { ...ours, name: 'a reader of the form', reads: [{ form: 'review' }] },
  { ...ours, name: 'a reader of another form', reads: [{ form: 'victims' }] },
  { ...ours, name: 'an adviser of one case', reads: [{ case: "the adviser's case" }] },
  { ...ours, name: 'a manager without a grant', capacities: ['manager'] },
  { ...somebody, name: 'an operator of the host', body: 'host', capacities: ['operator'] },
  { ...ours, name: 'a data-protection officer', capacities: ['data-protection-officer'] },
  { ...ours, name: 'a keyholder', capacities: ['keyholder'] },
  { ...ours, name: 'Watch', capacities: ['watch'] },
  { ...ours, name: 'somebody not confirmed', confirmed: false },
  { ...nobody, name: 'somebody suspended' },
  { ...nobody, name: 'somebody who left' },
] as const satisfies readonly Principal[];
export type Who = (typeof CAST)[number]['name'];

/** What a matrix asks about. `of` null: of nobody, since it is not there, or is no name of anything. */
export type Thing = {
  readonly kind: Kind;
  readonly name: string;
  readonly of: BodyName | null;
  /** As it stands in an address. */
  readonly id: string;
  /** Whether it could be the name of something. */
  readonly wellFormed: boolean;
  /** The form that a case or an attachment belongs to, and the case that an attachment belongs to. */
  readonly form?: string;
  readonly case?: string;
  /** The hash of the signed document it came to be by. */
  readonly document?: string;
};
export type Kind =
  | 'organisation'
  | 'form'
  | 'case'
  | 'attachment'
  | 'chunk'
  | 'proposal'
  | 'grant'
  | 'person'
  | 'recovery'
  | 'away'
  | 'alarm'
  | 'quarantine'
  | 'incident'
  | 'notice'
  | 'step'
  | 'rehearsal'
  | 'secret'
  | 'asset';
