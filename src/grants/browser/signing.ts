/** What the elements of this room that end something share. */
import { NotVerified } from './proven.ts';

/** Why something ends, as typed. Throws `NotVerified` where nothing was. */
export function typedReason(element: HTMLElement): string {
  const reason = element.querySelector('textarea')?.value.trim() ?? '';
  if (reason === '') throw new NotVerified('Enter why. Nothing was changed yet.');
  return reason.slice(0, 500);
}
