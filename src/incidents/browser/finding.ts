/** Finding the people affected: the cases that were exposed are opened one after the other, in this browser only. */
import { z } from 'zod';
import { openReleased } from '../../cases/browser/opening.ts';
import { dayOf } from '../../forms/day.ts';
import { parseAnswers } from '../../forms/reading.ts';
import { ownFormKeys } from '../../grants/browser/form-keys.ts';
import { NotVerified } from '../../grants/browser/proven.ts';
import { SealingError } from '../../sealing/sealing.ts';
import { type Affected, type Mention, mentionsIn, peopleIn } from '../affected.ts';

export const caseShape = z.object({ id: z.string(), form: z.string(), reference: z.string() });
export type ToOpen = z.output<typeof caseShape>;
export type Unopened = ToOpen & { readonly why: string };

/** Opens each, which the register keeps; `before` is told which is next. Throws `NotVerified` where no key is here at all. */
export async function findPeople(
  cases: readonly ToOpen[],
  before: (n: number) => void,
): Promise<{ readonly people: readonly Affected[]; readonly unopened: readonly Unopened[] }> {
  const mentions: Mention[] = [];
  const unopened: Unopened[] = [];
  const readable = new Set((await ownFormKeys()).map(({ form }) => form));
  for (const [n, each] of cases.entries()) {
    before(n);
    const found = readable.has(each.form) ? await opened(each) : { ...each, why: NO_KEY };
    if ('why' in found) unopened.push(found);
    else mentions.push(...found.mentions);
  }
  return { people: peopleIn(mentions), unopened };
}

/** Not even asked for: a refusal for each would fill the register. */
const NO_KEY = 'You have no key to its form.';

/** Who is in one case, or why it could not be opened: one case's trouble is that case's. */
async function opened(each: ToOpen): Promise<{ readonly mentions: readonly Mention[] } | Unopened> {
  try {
    const { form, answers, released } = await openReleased(each.id);
    const receivedAt = new Date(released.receivedAt);
    const of = { id: each.id, reference: each.reference, receivedAt, form };
    return { mentions: mentionsIn({ ...of, answers: parseAnswers(form, answers) }, dayOf(receivedAt)) };
  } catch (error) {
    if (!(error instanceof NotVerified || error instanceof SealingError)) throw error;
    return { ...each, why: error.message };
  }
}
