/** What the database knows of recovery; rows are parsed on their way in. No sealed key passes here but on its way out. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';

const recoveryRow = z.object({
  id: z.string(),
  document: z.string(),
  person: z.string(),
  personName: z.string(),
  begunBy: z.string(),
  begunAt: z.string(),
  lapsesAt: z.string(),
  reason: z.string(),
  forms: z.array(z.object({ form: z.string(), title: z.string().nullable() })),
  consents: z.array(z.object({ person: z.string(), name: z.string(), at: z.string(), counts: z.boolean() })),
  consented: z.number(),
  runBy: z.string().nullable(),
  endedBy: z.string().nullable(),
  endedAt: z.string().nullable(),
  done: z.boolean(),
  lapsed: z.boolean(),
});
const overviewShape = z.object({
  k: z.number(),
  n: z.number(),
  recipient: z.string(),
  keyholders: z.array(z.object({ id: z.string(), name: z.string() })),
  rehearsals: z.array(
    z.object({ at: z.string(), name: z.string(), sheets: z.array(z.number()), set: z.string() }),
  ),
  recoveries: z.array(recoveryRow),
});
export type RecoveryRow = z.infer<typeof recoveryRow>;
export type RecoveryOverview = z.infer<typeof overviewShape>;

/** The rule, the keyholders in good standing, the last rehearsals and every recovery of the actor's organisation. */
export async function recoveryOverview(on: Statements): Promise<RecoveryOverview> {
  const shape = z.object({ overview: overviewShape });
  return (await on.one(shape, 'select letterbox.recovery_overview() as overview')).overview;
}

const choiceShape = z.object({
  person: z.string(),
  name: z.string(),
  email: z.string(),
  form: z.string(),
  title: z.string().nullable(),
  /** Whether they hold all of its keys already. */
  holds: z.boolean(),
});
export type RecoveryChoice = z.infer<typeof choiceShape>;

/** Whom a manager may name in a recovery, each with the forms they were given access to. */
export function recoveryChoices(on: Statements): Promise<RecoveryChoice[]> {
  return on.rows(choiceShape, 'select * from letterbox.recovery_choices()');
}
