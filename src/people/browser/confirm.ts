/** `<letterbox-confirm>`: shows a colleague's words, computed here, and signs that they are theirs. */
import { z } from 'zod';
import { fingerprint, fingerprintWords, parseRecipient } from '../../sealing/keys.ts';
import { parseVerifyKey, sha256Hex, verifyText } from '../../sealing/signature.ts';
import { ask, carriedJson, make, say } from '../../web/browser/ask.ts';
import { CAPACITIES, type EnrolmentDocument, parsePeopleDocument } from '../documents.ts';
import { signMembership } from '../enrolment.ts';
import { unlocked } from './unlocked.ts';

const carried = z.object({ person: z.string(), capacities: z.array(z.enum(CAPACITIES)) });
const documents = z.array(z.object({ text: z.string(), signature: z.string() }));

class ConfirmElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const { person, capacities } = carried.parse(carriedJson(this));
    const enrolment = await findEnrolment(person);
    const button = this.querySelector('button');
    if (!enrolment || !button)
      return say(
        this,
        'No enrolment of this person carries a valid signature. Do not confirm them.',
        'error',
      );
    const words = fingerprintWords(
      fingerprint(parseRecipient(enrolment.recipient), parseVerifyKey(enrolment.verifyKey)),
    );
    this.querySelector('[data-words]')?.append(...words.map((word) => make('li', {}, word)));
    const does = capacities.length === 0 ? 'no capacity' : capacities.join(', ').replaceAll('-', ' ');
    this.querySelector('[data-about]')?.append(
      `You sign that these are the keys of ${enrolment.name}, ${enrolment.email}, with: ${does}.`,
    );
    button.hidden = false;
    button.addEventListener('click', async () => {
      button.disabled = true;
      const problem = await confirm(person, capacities, enrolment.hash);
      if (problem === null) return location.assign('/people');
      button.disabled = false;
      say(this, problem, 'error');
    });
  }
}

type Found = EnrolmentDocument & { readonly hash: string };

async function findEnrolment(person: string): Promise<Found | null> {
  const answer = await ask('/documents');
  if (!answer.ok) return null;
  for (const { text, signature } of documents.parse(answer.body).reverse()) {
    const document = parsePeopleDocument(text);
    if (document?.kind !== 'enrolment' || document.signer !== person) continue;
    if (await verifyText(document.verifyKey, text, signature))
      return { ...document, hash: await sha256Hex(text) };
  }
  return null;
}

async function confirm(
  person: string,
  capacities: z.infer<typeof carried>['capacities'],
  enrolment: string,
): Promise<string | null> {
  const staff = await unlocked();
  if (!staff) return 'Your keys are locked. Sign in again to unlock them.';
  const answer = await ask(
    `/people/${person}/confirm`,
    await signMembership(staff, { person, enrolment, capacities }, new Date()),
  );
  return answer.ok ? null : answer.message;
}

customElements.define('letterbox-confirm', ConfirmElement);
