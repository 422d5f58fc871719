/** `<letterbox-confirm>`: shows a colleague's words, computed here, and signs that they are theirs. */
import { z } from 'zod';
import { fingerprint, fingerprintWords, parseRecipient } from '../../sealing/keys.ts';
import { parseVerifyKey, sha256Hex, verifyText } from '../../sealing/signature.ts';
import type { StaffIdentity } from '../../sealing/staff.ts';
import { ask, carriedJson, make, say } from '../../web/browser/ask.ts';
import { ALL_CAPACITIES, type EnrolmentDocument, parsePeopleDocument } from '../documents.ts';
import { signMembership } from '../enrolment.ts';
import type { SignedDocument } from '../person.ts';
import { known } from './known.ts';
import { unlocked } from './unlocked.ts';

const carried = z.object({
  person: z.string(),
  capacities: z.array(z.enum(ALL_CAPACITIES)),
  outside: z.string().nullable(),
});
type Carried = z.infer<typeof carried>;

class ConfirmElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const about = carried.parse(carriedJson(this));
    const staff = await unlocked();
    if (!staff) return say(this, 'Your keys are locked. Sign in again to unlock them.', 'error');
    const told = await known(staff, 'people');
    if ('problem' in told) return say(this, told.problem, 'error');
    const enrolment = await enrolmentOf(about.person, told.documents);
    if (!enrolment)
      return say(
        this,
        'No enrolment of this person carries a valid signature. Do not confirm them.',
        'error',
      );
    this.show(enrolment, about);
    this.offer(() => confirm(staff, about, enrolment.hash, told.directory.newest));
  }

  private show(enrolment: EnrolmentDocument, { capacities, outside }: Carried): void {
    const words = fingerprintWords(
      fingerprint(parseRecipient(enrolment.recipient), parseVerifyKey(enrolment.verifyKey)),
    );
    this.querySelector('[data-words]')?.append(...words.map((word) => make('li', {}, word)));
    const does = capacities.length === 0 ? 'no capacity' : capacities.join(', ').replaceAll('-', ' ');
    const from = outside === null ? 'of your organisation' : `who belongs to ${outside}`;
    this.querySelector('[data-about]')?.append(
      `You sign that these are the keys of ${enrolment.name}, ${enrolment.email}, ${from}, with: ${does}.`,
    );
  }

  private offer(sign: () => Promise<string | null>): void {
    const button = this.querySelector('button');
    if (!button) return;
    button.hidden = false;
    button.addEventListener('click', async () => {
      button.disabled = true;
      const problem = await sign();
      if (problem === null) return location.assign('/people');
      button.disabled = false;
      say(this, problem, 'error');
    });
  }
}

type Found = EnrolmentDocument & { readonly hash: string };

/** The newest enrolment of a person that carries its own signature. */
async function enrolmentOf(person: string, documents: readonly SignedDocument[]): Promise<Found | null> {
  for (const { text, signature } of documents.toReversed()) {
    const document = parsePeopleDocument(text);
    if (document?.kind !== 'enrolment' || document.signer !== person) continue;
    if (await verifyText(document.verifyKey, text, signature))
      return { ...document, hash: await sha256Hex(text) };
  }
  return null;
}

async function confirm(
  staff: StaffIdentity,
  { person, capacities, outside }: Carried,
  enrolment: string,
  after: string,
): Promise<string | null> {
  const signed = await signMembership(staff, { person, enrolment, after, capacities, outside }, new Date());
  const answer = await ask(`/people/${person}/confirm`, signed);
  return answer.ok ? null : answer.message;
}

customElements.define('letterbox-confirm', ConfirmElement);
