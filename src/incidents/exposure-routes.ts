/** The pages about what was exposed and who is affected: of each thing that stood open, what was in it and who was given it, and how that is known. */
import type { FastifyInstance } from 'fastify';
import { staff } from '../people/asking.ts';
import type { Database, Statements } from '../store/store.ts';
import { isRefusal } from '../web/refusal.ts';
import { askedIn, exposedInAll, type Reach, reachOf } from './exposure.ts';
import { casesExposed, namesFor, oneIncident, openable } from './finding.ts';
import type { Exposure } from './incidents.ts';
import { exposedCases, exposedTo, seenMeanwhile } from './store.ts';
import { HOW_WORDS, nameOf } from './words.ts';

export function exposureRoutes(app: FastifyInstance, desk: Database): void {
  app.get('/incidents/:incident/exposure', staff, async (request, reply) => {
    const found = await oneIncident(desk, request, async (tx, { state }) => ({
      names: await namesFor(tx, request),
      reaches: await Promise.all(state.exposures.map((each) => reach(tx, each))),
    }));
    if (isRefusal(found)) return reply.refuse(found);
    const { row, state, more } = found;
    return reply.page('incidents/pages/exposure.njk', {
      ...{ incident: row, closed: state.closed !== null, all: exposedInAll(more.reaches) },
      exposures: more.reaches.map(({ exposure, ...rest }) => {
        const { form, colleague, how, since, until } = exposure.facts;
        return {
          ...{ ...rest, n: exposure.n, by: exposure.by, text: exposure.facts.text, since, until, how },
          title: form === null ? 'Outside Letterbox' : (more.names.forms.get(form) ?? form),
          colleague: colleague && nameOf(more.names.people, colleague),
          says: HOW_WORDS[how],
        };
      }),
    });
  });
}

/** The page that finds the people, in the browser of somebody who may read the cases: the server hands it only which they are. */
export function peopleRoutes(app: FastifyInstance, desk: Database): void {
  app.get('/incidents/:incident/people', staff, async (request, reply) => {
    const found = await oneIncident(desk, request, (tx, { state }) => casesExposed(tx, state));
    if (isRefusal(found)) return reply.refuse(found);
    const { row, state, more } = found;
    const cases = await openable(more);
    return reply.page('incidents/pages/people.njk', {
      ...{
        incident: row,
        closed: state.closed !== null,
        counted: state.counted,
        said: state.exposures.length > 0,
      },
      ...{ cases, erased: more.length - cases.length },
    });
  });
}

export async function reach(tx: Statements, exposure: Exposure): Promise<Reach> {
  const asked = askedIn(exposure);
  if (!asked) return { exposure, known: null };
  const cases = await exposedCases(tx, asked);
  return reachOf(exposure, cases, await exposedTo(tx, asked), await seenMeanwhile(tx, asked));
}
