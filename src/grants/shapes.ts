/** What crosses the border to the browser about access, parsed at both ends. */
import { z } from 'zod';

const instant = z.string();
/** The JSON of a `Standing`. */
export const standingShape = z.object({
  id: z.string(),
  document: z.string(),
  person: z.string(),
  fromGeneration: z.number(),
  until: instant,
  purpose: z.string(),
  proposer: z.string(),
  proposedAt: instant,
  state: z.string(),
  approver: z.string().nullable(),
  approvedAt: instant.nullable(),
  fulfilledAt: instant.nullable(),
  endedAt: instant.nullable(),
});

/** The JSON of an `AccessState`, as the database gives it and as a page hands it to the browser. */
export const accessStateShape = z.object({
  organisation: z.string(),
  form: z.string(),
  title: z.string(),
  purposes: z.array(z.string()),
  generation: z.number(),
  people: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      email: z.string(),
      capacities: z.array(z.string()),
      enrolment: z.string().nullable(),
      confirmed: z.boolean(),
    }),
  ),
  grants: z.array(standingShape),
  submissions: z.object({
    count: z.number(),
    oldest: instant.nullable(),
    newest: instant.nullable(),
    attachments: z.number(),
  }),
});

export const waitingShape = z.object({
  what: z.enum(['approve', 'fulfil', 'make-key', 'approve-key']),
  grant_id: z.string().nullable(),
  form: z.string(),
  person: z.string().nullable(),
  name: z.string().nullable(),
});
export const formKeyShape = z.object({
  generation: z.number(),
  recipient: z.string(),
  document: z.string(),
  approved: z.boolean(),
  maker: z.string(),
});
