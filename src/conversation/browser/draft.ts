/** What somebody is writing, before it is known to have arrived. */
import type { Identity } from '../../sealing/keys.ts';
import { recipientOf } from '../../sealing/keys.ts';
import { newId, objectId, type PersonId } from '../../sealing/place.ts';
import type { CaseAddress } from '../../sealing/submission.ts';
import { type NewMessage, sealMessage } from '../../sealing/submission.ts';

export type Sealing = NewMessage & { readonly text: string; readonly at: string };

/** A message of a case: sealed once, so that what is sent again, since nobody heard of it, is the very same and so is there once. */
export class Draft {
  readonly #of: CaseAddress;
  readonly #caseIdentity: Identity;
  #last: Sealing | null = null;

  constructor(of: CaseAddress, caseIdentity: Identity) {
    this.#of = of;
    this.#caseIdentity = caseIdentity;
  }

  /** As somebody of the body, or (null) as the submitter. */
  async sealed(text: string, by: PersonId | null): Promise<Sealing> {
    if (this.#last?.text === text) return this.#last;
    const now = new Date();
    const to = await recipientOf(this.#caseIdentity);
    const made = await sealMessage(this.#of, to, { id: objectId(newId()), text, by, now });
    this.#last = { ...made, text, at: now.toISOString() };
    return this.#last;
  }

  /** It has arrived: the next one is another, whatever it says. */
  arrived(): void {
    this.#last = null;
  }
}
