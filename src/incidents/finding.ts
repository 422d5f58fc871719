/** What the pages about one incident begin with: the incident itself, how it stands, and what it can be about. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ownForms } from '../forms/store.ts';
import { sessionOf, theActor } from '../people/asking.ts';
import { type PersonRow, people } from '../people/store.ts';
import { caseId } from '../sealing/place.ts';
import { referenceOf } from '../sealing/receipt.ts';
import { act, type Database, type Statements } from '../store/store.ts';
import { named } from '../web/problem.ts';
import { type Refusal, refuse } from '../web/refusal.ts';
import { askedIn } from './exposure.ts';
import { type State, type Step, stateOf } from './incidents.ts';
import { type ExposedCase, exposedCases, type IncidentRow, incidentSteps, ownIncidents } from './store.ts';

const GONE = refuse('missing', 'missing', 'There is no such incident in your organisation.');

const incidentName = z.object({ incident: z.uuid().lowercase() });

export type OneIncident = {
  readonly row: IncidentRow;
  readonly taken: readonly Step[];
  readonly state: State;
};

/** The incident that the path names; `more` is read in the same transaction. */
export async function oneIncident<T>(
  desk: Database,
  request: FastifyRequest,
  more: (tx: Statements, found: OneIncident) => Promise<T>,
): Promise<(OneIncident & { readonly more: T }) | Refusal> {
  const { incident } = named(incidentName, request.params);
  return act(desk, sessionOf(request), async (tx) => {
    const row = (await ownIncidents(tx)).find(({ id }) => id === incident);
    if (!row) return GONE;
    const taken = await incidentSteps(tx, incident);
    const found = { row, taken, state: stateOf(row, taken) };
    return { ...found, more: await more(tx, found) };
  });
}

/** The cases that stood open, each once, with its form. */
export async function casesExposed(
  tx: Statements,
  { exposures }: Pick<State, 'exposures'>,
): Promise<(ExposedCase & { readonly form: string })[]> {
  const asked = exposures.flatMap((each) => askedIn(each) ?? []);
  const reached = await Promise.all(
    asked.map(async (each) => (await exposedCases(tx, each)).map((one) => ({ ...one, form: each.form }))),
  );
  return [...new Map(reached.flat().map((each) => [each.id, each])).values()];
}

/** What a reader's browser opens: those that are there, with what people call them. */
export const openable = (
  cases: readonly { readonly id: string; readonly form: string; readonly erasedAt: Date | null }[],
) =>
  Promise.all(
    cases
      .filter(({ erasedAt }) => erasedAt === null)
      .map(async ({ id, form }) => ({ id, form, reference: await referenceOf(caseId(id)) })),
  );

/** By id, what it is called: the body's forms, and its people; and who of them are its data protection officers. */
export type Names = {
  readonly forms: ReadonlyMap<string, string>;
  readonly people: ReadonlyMap<string, string>;
  readonly officers: readonly Pick<PersonRow, 'name' | 'email'>[];
};

export async function namesFor(tx: Statements, request: FastifyRequest): Promise<Names> {
  const { organisationName } = theActor(request);
  const forms = await ownForms(tx, organisationName);
  const colleagues = await people(tx);
  return {
    forms: new Map(forms.map(({ definition }) => [definition.id, definition.title])),
    people: new Map(colleagues.map(({ id, name }) => [id, name])),
    officers: colleagues.filter(
      ({ capacities, left_at, confirmed_at }) =>
        capacities.includes('data-protection-officer') && confirmed_at !== null && left_at === null,
    ),
  };
}
