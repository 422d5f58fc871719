/**
 * # Note: never one manager alone
 *
 * Letting somebody in, or back in, takes two managers; closing takes one. So that nobody can close the others out and
 * then open alone, a body that had two managers asks for two signatures for ever, also when they have left. And two
 * managers in good standing always remain, so that somebody is there to give them (`standing.test.ts` takes each rule
 * away in turn). At the host, its operators are what managers are in a body.
 */
import { leads } from './documents.ts';

type Someone = { readonly id: string; readonly capacities: readonly string[] };

/** How many managers must confirm the next person, by all people who ever counted: once there were two, it takes two. */
export function signaturesNeeded(everyone: Iterable<Pick<Someone, 'capacities'>>): number {
  return Math.min(2, [...everyone].filter(leads).length);
}

/** Whether the body can do without this person: two other managers remain, or they are none. `standing`: who is in good standing. */
export function canDoWithout(standing: Iterable<Someone>, person: Someone): boolean {
  return !leads(person) || [...standing].filter((each) => each.id !== person.id && leads(each)).length >= 2;
}

/** Whether these managers are enough to lift a suspension. */
export function mayLift(signers: ReadonlySet<string>): boolean {
  return signers.size >= 2;
}
