/**
 * # Note: never one manager alone
 *
 * Letting somebody in, or back in, takes two managers; closing takes one. So that nobody can close the others out and
 * then open alone, a body that had two managers asks for two signatures for ever, also when they have left. And two
 * managers in good standing always remain, so that somebody is there to give them (`standing.test.ts` takes each rule
 * away in turn).
 */
type Someone = { readonly id: string; readonly capacities: readonly string[] };

const manages = ({ capacities }: Pick<Someone, 'capacities'>): boolean => capacities.includes('manager');

/** How many managers must confirm the next person, by all people who ever counted: once there were two, it takes two. */
export function signaturesNeeded(everyone: Iterable<Pick<Someone, 'capacities'>>): number {
  return Math.min(2, [...everyone].filter(manages).length);
}

/** Whether the body can do without this person: two other managers remain, or they are none. `standing`: who is in good standing. */
export function canDoWithout(standing: Iterable<Someone>, person: Someone): boolean {
  return (
    !manages(person) || [...standing].filter((each) => each.id !== person.id && manages(each)).length >= 2
  );
}

/** Whether these managers are enough to lift a suspension. */
export function mayLift(signers: ReadonlySet<string>): boolean {
  return signers.size >= 2;
}
