/** What is signed in the organisation, and whom that proves, verified in this browser. */
import { z } from 'zod';
import type { StaffIdentity } from '../../sealing/staff.ts';
import { ask } from '../../web/browser/ask.ts';
import { type Directory, type SignedDocument, verifyPeople } from '../person.ts';

const documentsShape = z.array(
  z.object({
    kind: z.string(),
    hash: z.string(),
    signer: z.string(),
    text: z.string(),
    signature: z.string(),
    position: z.coerce.number(),
  }),
);

export type Known = { readonly documents: readonly SignedDocument[]; readonly directory: Directory };

/** Which documents somebody needs: about people alone, about today's access too, or all there ever were. */
export type About = 'people' | 'now' | 'ever';

/** What these keys' founding record leads to, or the sentence that says why there is nothing to go by. */
export async function known(
  staff: StaffIdentity,
  about: About,
): Promise<Known | { readonly problem: string }> {
  const answer = await ask(`/documents?about=${about}`);
  if (!answer.ok) return { problem: answer.message };
  const documents = documentsShape.parse(answer.body);
  const directory = await verifyPeople(documents, staff.founding);
  if (directory.people.has(staff.person)) return { documents, directory };
  return {
    problem:
      'The signed documents do not lead from your founding record to you. Tell your data protection officer.',
  };
}
