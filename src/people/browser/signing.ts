/** What the elements of this room that sign do: one button, one line that says how it stands, errors in words. */
import type { StaffIdentity } from '../../sealing/staff.ts';
import { ask, say } from '../../web/browser/ask.ts';
import type { Signed } from '../enrolment.ts';
import { type Known, known } from './known.ts';
import { unlocked } from './unlocked.ts';

/** Why nothing was signed, in a sentence for whoever pressed the button. */
export class NotSigned extends Error {}

export type Signer = Known & { readonly staff: StaffIdentity };

/** Whoever signs, with what their founding record proves, verified here. Throws `NotSigned` where it cannot be. */
export async function theSigner(): Promise<Signer> {
  const staff = await unlocked();
  if (!staff) throw new NotSigned('Your keys are locked. Sign in again to unlock them.');
  const told = await known(staff, 'people');
  if ('problem' in told) throw new NotSigned(told.problem);
  return { staff, ...told };
}

/** Sends what was signed to a door. Throws `NotSigned` with the server's words where it was not taken. */
export async function send(path: string, signed: Signed): Promise<void> {
  const answer = await ask(path, signed);
  if (!answer.ok) throw new NotSigned(answer.message);
}

/** Runs `work` when the element's button is pressed; what it returns is where to go next. */
export function onPress(element: HTMLElement, work: () => Promise<string>): void {
  const button = element.querySelector('button');
  if (!button) return;
  button.hidden = false;
  button.addEventListener('click', async (event) => {
    event.preventDefault();
    button.disabled = true;
    say(element, 'Checking every signature and signing …');
    try {
      location.assign(await work());
    } catch (error) {
      button.disabled = false;
      if (!(error instanceof NotSigned)) console.error(error);
      say(element, error instanceof NotSigned ? error.message : UNEXPECTED, 'error');
    }
  });
}

/** What was typed into one field of the element. Throws `NotSigned` with `otherwise` where nothing was. */
export function typed(element: HTMLElement, name: string, otherwise: string): string {
  const field = element.querySelector<HTMLInputElement | HTMLTextAreaElement>(`[name="${name}"]`);
  const text = field?.value.trim() ?? '';
  if (text === '') {
    field?.focus();
    throw new NotSigned(otherwise);
  }
  return text;
}

const UNEXPECTED =
  'Something went wrong in this browser, and nothing was signed. Reload the page and try again.';
