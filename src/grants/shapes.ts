/** What crosses the border to the browser about access, parsed at both ends. */
import { z } from 'zod';

const instant = z.string();
const coverage = { form: z.string(), case: z.string().nullable(), fromGeneration: z.number() };
const holdings = {
  count: z.number(),
  oldest: instant.nullable(),
  newest: instant.nullable(),
  attachments: z.number(),
};

/** The JSON of an `AccessState`, as the database gives it and as a page hands it to the browser. */
export const accessStateShape = z.object({
  organisation: z.string(),
  forms: z.array(
    z.object({
      form: z.string(),
      title: z.string(),
      purposes: z.array(z.string()),
      generation: z.number(),
      holdings: z.array(z.object({ generation: z.number(), ...holdings })),
    }),
  ),
  people: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      email: z.string(),
      capacities: z.array(z.string()),
      outside: z.string().nullable(),
      enrolment: z.string().nullable(),
      stands: z.boolean(),
      trainedUntil: instant.nullable(),
      awayUntil: instant.nullable(),
      grantedBefore: z.boolean(),
    }),
  ),
  grants: z.array(
    z.object({
      id: z.string(),
      document: z.string(),
      person: z.string(),
      ...coverage,
      from: instant,
      until: instant,
      reviewBy: instant,
    }),
  ),
  cases: z.array(
    z.object({
      case: z.string(),
      form: z.string(),
      generation: z.number(),
      receivedAt: instant,
      attachments: z.number(),
    }),
  ),
});

/** The JSON of a `Proposal`. */
export const proposalShape = z.object({
  id: z.string(),
  people: z.array(z.string()),
  scopes: z.array(z.object({ ...coverage, purpose: z.string() })),
  from: instant,
  until: instant,
});

export const WAITING = [
  'train',
  'approve',
  'fulfil',
  'make-key',
  'approve-key',
  'turn-key',
  'review',
  'agree',
] as const;
export const waitingShape = z.object({
  what: z.enum(WAITING),
  /** Of a grant; or of a notice, which is agreed to. */
  proposal: z.string().nullable(),
  grant_id: z.string().nullable(),
  form: z.string().nullable(),
  /** The form's title, or those of all forms a proposal is about. */
  titles: z.string().nullable(),
  case_id: z.string().nullable(),
  name: z.string().nullable(),
  n: z.coerce.number().nullable(),
});
export const formKeyShape = z.object({
  generation: z.number(),
  around: z.number().nullable(),
  recipient: z.string(),
  document: z.string(),
  approved: z.boolean(),
  maker: z.string(),
});
