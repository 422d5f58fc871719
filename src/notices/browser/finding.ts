/** Finding the people, with a bar that shows how far it is. */
import { findPeople, type ToOpen } from '../../incidents/browser/finding.ts';
import { say } from '../../web/browser/ask.ts';
import { progressIn } from './showing.ts';

export function finding(element: HTMLElement, cases: readonly ToOpen[]): ReturnType<typeof findPeople> {
  const bar = progressIn(element, cases.length, 'Cases opened');
  return findPeople(cases, (n) => {
    say(element, `Opening case ${n + 1} of ${cases.length} …`);
    bar.value = n;
  });
}
