/** Why a proposal may not be made or approved, and what looks odd about one that may. */
import { type Refusal, refuse } from '../web/refusal.ts';
import { MOST_PEOPLE, MOST_SCOPES } from './documents.ts';
import {
  type AccessState,
  DAY,
  type Effect,
  LONGEST_DAYS,
  type Member,
  type Proposal,
  type Scope,
} from './grant.ts';

const invalid = (code: string, sentence: string): Refusal => refuse(code, 'invalid', sentence);
const forbidden = (code: string, sentence: string): Refusal => refuse(code, 'forbidden', sentence);

/** Why this proposal may not be made, or null. `proposer` is whoever would sign it first. */
export function objectionTo(
  state: AccessState,
  proposal: Proposal,
  proposer: Member,
  at: string,
): Refusal | null {
  return (
    objectionToManager(proposer, at) ??
    objectionToTime(proposal, at) ??
    objectionToPeople(state, proposal, proposer, at) ??
    objectionToScopes(state, proposal)
  );
}

/** Why this person may not sign as the second, or null; asked on top of `objectionTo`. */
export function objectionToApprover(
  state: AccessState,
  proposal: Proposal,
  proposer: Member,
  approver: Member,
  at: string,
): Refusal | null {
  if (approver.id === proposer.id)
    return forbidden('own-proposal', 'You made this proposal, so somebody else has to approve it.');
  if (proposal.people.includes(approver.id)) return OWN_GRANT;
  const parties = state.people.filter(({ id }) => id === proposer.id || proposal.people.includes(id));
  const alike = [proposer, ...parties].find(
    (each) => each.id !== approver.id && isSamePerson(each, approver),
  );
  if (alike) return SAME_PERSON;
  return objectionToManager(approver, at);
}

const OWN_GRANT = forbidden('own-grant', 'Nobody can propose or approve access for themselves.');
const SAME_PERSON = forbidden(
  'same-person',
  'Two of the people of this proposal have the same name or address, as one person with two accounts would. A manager who is nobody else has to sign.',
);

function objectionToManager(person: Member, at: string): Refusal | null {
  if (!person.stands || !person.capacities.includes('manager') || person.outside !== null)
    return forbidden('not-manager', 'Only a manager of your organisation can do this.');
  if (isTrained(person, at)) return null;
  return forbidden(
    'not-trained',
    'Your data-protection training is not in date. Take the short course first, then come back.',
  );
}

function isTrained({ trainedUntil }: Member, at: string): boolean {
  return trainedUntil !== null && trainedUntil > at;
}

function objectionToTime({ from, until }: Proposal, at: string): Refusal | null {
  const start = from > at ? from : at;
  if (Date.parse(start) - Date.parse(at) > LONGEST_DAYS * DAY)
    return invalid('from-too-late', `The first day must be within ${LONGEST_DAYS} days from today.`);
  if (until <= at) return invalid('until-past', 'The last day must be in the future.');
  if (until <= start) return invalid('until-past', 'The last day must be after the first day.');
  // To the end of the last day, whatever the hour it begins.
  if (Date.parse(until) - Date.parse(start) > (LONGEST_DAYS + 1) * DAY)
    return invalid('until-too-late', `Access can last ${LONGEST_DAYS} days at most.`);
  return null;
}

function objectionToPeople(
  state: AccessState,
  { people }: Proposal,
  proposer: Member,
  at: string,
): Refusal | null {
  if (people.length === 0) return invalid('nobody', 'Choose who you want to give access.');
  if (people.length > MOST_PEOPLE) return invalid('too-many', `Choose ${MOST_PEOPLE} people at most.`);
  for (const id of people) {
    const person = state.people.find((each) => each.id === id);
    const why = person ? objectionToGrantee(person, proposer, at) : NOT_A_MEMBER;
    if (why) return why;
  }
  return new Set(people).size === people.length ? null : NOT_A_MEMBER;
}

const NOT_A_MEMBER = invalid('not-a-member', 'Choose people of your organisation, each by name.');

/** Why this person may not be given access, or null. */
export function objectionToGrantee(person: Member, proposer: Member, at: string): Refusal | null {
  if (person.id === proposer.id)
    return forbidden('own-grant', 'You cannot propose access for yourself. Ask another manager.');
  if (isSamePerson(person, proposer)) return SAME_PERSON;
  if (person.enrolment === null)
    return invalid('not-enrolled', `${person.name} has not enrolled yet. They open their invitation first.`);
  if (!person.stands)
    return invalid(
      'not-confirmed',
      `${person.name} is not confirmed, or is suspended, or has left. They cannot be given access.`,
    );
  if (person.capacities.includes('watch'))
    return invalid('grantee-is-watch', `${person.name} is Watch, a program. It reads nothing.`);
  if (isTrained(person, at)) return null;
  return invalid(
    'grantee-not-trained',
    `The data-protection training of ${person.name} is not in date. They take the course first.`,
  );
}

function objectionToScopes(state: AccessState, { scopes }: Proposal): Refusal | null {
  if (scopes.length === 0) return invalid('no-form', 'Choose what they may read.');
  if (scopes.length > MOST_SCOPES) return invalid('too-many', `Choose ${MOST_SCOPES} forms at most.`);
  const distinct = new Set(scopes.map((scope) => `${scope.form} ${scope.case}`));
  if (distinct.size < scopes.length) return invalid('no-form', 'Each form can be chosen once.');
  return scopes.map((scope) => objectionToScope(state, scope)).find((why) => why !== null) ?? null;
}

function objectionToScope(state: AccessState, scope: Scope): Refusal | null {
  const form = state.forms.find((each) => each.form === scope.form);
  if (!form) return invalid('no-form', 'Choose forms of your organisation.');
  if (!form.purposes.includes(scope.purpose))
    return invalid('purpose', `Choose what access to “${form.title}” is for, from its own list.`);
  if (scope.fromGeneration > form.generation + 1)
    return invalid('generation', 'The key of this form has changed. Begin again.');
  const isThere =
    scope.case === null || state.cases.some((each) => each.case === scope.case && each.form === scope.form);
  return isThere ? null : refuse('missing', 'missing', 'There is no such case.');
}

/** What looks odd about an effect, in plain words; nothing here stops anybody. */
export function oddities(state: AccessState, effect: Effect): string[] {
  return state.people
    .filter(({ id }) => effect.people.includes(id))
    .flatMap((person) => [
      ...(person.outside !== null
        ? [`${person.name} is from outside your organisation: ${person.outside}.`]
        : []),
      ...effect.scopes
        .filter(({ before }) => before.includes(person.id))
        .map((scope) => `${person.name} can read ${titleOf(state, scope)} already.`),
      ...(person.grantedBefore ? [] : [`Nobody ever gave access to ${person.email} before.`]),
      ...(person.awayUntil !== null ? [`${person.name} is away until ${inWords(person.awayUntil)}.`] : []),
      ...(person.trainedUntil !== null && person.trainedUntil < effect.until
        ? [
            `The training of ${person.name} runs out on ${inWords(person.trainedUntil)}, before the access does.`,
          ]
        : []),
      ...alikeOf(state, person).map(
        (other) => `The name of ${person.name} is close to another's: ${other.name}, ${other.email}.`,
      ),
    ]);
}

function titleOf(state: AccessState, scope: Scope): string {
  if (scope.case !== null) return 'this case';
  return `“${state.forms.find(({ form }) => form === scope.form)?.title ?? scope.form}”`;
}

function inWords(day: string): string {
  const options = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'Europe/London' } as const;
  return new Date(day).toLocaleDateString('en-GB', options);
}

const alikeOf = (state: AccessState, person: Member): Member[] =>
  state.people.filter((each) => each.id !== person.id && looksLike(each.name, person.name));

/** Same last word and same first letter: J. Smith and John Smith. */
function looksLike(one: string, other: string): boolean {
  const parts = (name: string) => name.toLowerCase().trim().split(/\s+/);
  const [a, b] = [parts(one), parts(other)];
  return a.at(-1) === b.at(-1) && a[0]?.[0] === b[0]?.[0];
}

type Called = Pick<Member, 'name' | 'email'>;

/**
 * Whether two accounts look like one person's: the same name but for case, accents and punctuation, or the same
 * address but for what follows a plus. The database has the same rule (`same_person`). LIMIT: somebody who was
 * confirmed by two colleagues under an invented name is not found out by it.
 */
export function isSamePerson(one: Called, other: Called): boolean {
  return plainName(one.name) === plainName(other.name) || plainEmail(one.email) === plainEmail(other.email);
}

const plainName = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
const plainEmail = (email: string): string => email.toLowerCase().replace(/\+[^@]*@/, '@');
