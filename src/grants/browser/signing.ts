/** What every signing element does: one button, one line that says how it stands, errors in words. */
import { say } from '../../web/browser/ask.ts';
import { NotVerified } from './proven.ts';

/** Runs `work` when the element's button is pressed; what it returns is where to go next. */
export function onPress(element: HTMLElement, work: () => Promise<string>): void {
  const button = element.querySelector('button');
  if (!button) return;
  button.removeAttribute('hidden');
  button.addEventListener('click', async (event) => {
    event.preventDefault();
    button.disabled = true;
    say(element, 'Checking every signature and signing …');
    try {
      location.assign(await work());
    } catch (error) {
      button.disabled = false;
      if (!(error instanceof NotVerified)) console.error(error);
      say(element, error instanceof NotVerified ? error.message : UNEXPECTED, 'error');
    }
  });
}

/** Why something ends, as typed. Throws `NotVerified` where nothing was. */
export function typedReason(element: HTMLElement): string {
  const reason = element.querySelector('textarea')?.value.trim() ?? '';
  if (reason === '') throw new NotVerified('Enter why. Nothing was changed yet.');
  return reason.slice(0, 500);
}

const UNEXPECTED =
  'Something went wrong in this browser, and nothing was signed. Reload the page and try again.';
