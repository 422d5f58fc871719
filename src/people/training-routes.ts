/** The built-in course, and recording one that was held elsewhere. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { act } from '../store/store.ts';
import { named, sent } from '../web/problem.ts';
import { isRefusal } from '../web/refusal.ts';
import { personName, sessionOf, signedShape, staff, theActor, thePerson } from './asking.ts';
import type { PeopleDeps } from './routes.ts';
import { actOnStanding } from './standing-acts.ts';
import { ownTraining } from './store.ts';
import { COURSE_DAYS, QUESTIONS } from './training.ts';

const fieldOf = (index: number): string => `q${index + 1}`;
const answersShape = z.record(z.string(), z.unknown()).catch({});

/** What was chosen, by question; null where nothing (or no such choice) was. */
function chosenIn(body: unknown): readonly (number | null)[] {
  const typed = answersShape.parse(body);
  return QUESTIONS.map(({ choices }, index) => {
    const chosen = choices.findIndex((_choice, at) => typed[fieldOf(index)] === String(at));
    return chosen === -1 ? null : chosen;
  });
}

/** Why an answer is not the right one, by question: what to learn from it, never which one is. */
function problemsIn(answers: readonly (number | null)[]) {
  return QUESTIONS.flatMap(({ right, because }, index) => {
    const answer = answers[index] ?? null;
    if (answer === right) return [];
    const message =
      answer === null
        ? `Choose an answer to question ${index + 1}`
        : `Question ${index + 1}: not that. ${because}`;
    return [{ field: fieldOf(index), message }];
  });
}

const taking = { ...staff, schema: { body: signedShape } };

export function trainingRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  const course = { questions: QUESTIONS, days: COURSE_DAYS };
  app.get('/training', staff, async (request, reply) => {
    const until = await act(deps.desk, sessionOf(request), ownTraining);
    if (isRefusal(until)) return reply.refuse(until);
    return reply.page('people/pages/training.njk', { ...course, until, answers: [], problems: [] });
  });
  app.post('/training', staff, async (request, reply) => {
    const until = await act(deps.desk, sessionOf(request), ownTraining);
    if (isRefusal(until)) return reply.refuse(until);
    const answers = chosenIn(request.body);
    const problems = problemsIn(answers);
    return problems.length > 0
      ? reply.page('people/pages/training.njk', { ...course, until, answers, problems }, 422)
      : reply.page('people/pages/trained.njk', { ...course, answers });
  });
  app.post('/training/record', taking, async (request, reply) => {
    const { person, session } = theActor(request);
    const done = await actOnStanding(deps.desk, session, 'training', sent(signedShape, request.body), person);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
  app.get('/people/:person/training', staff, async (request, reply) => {
    const asked = await thePerson(deps, request, named(personName, request.params).person);
    if (isRefusal(asked)) return reply.refuse(asked);
    const { person, capacities } = theActor(request);
    const mayRecord = capacities.includes('manager') && asked.row.id !== person;
    return reply.page('people/pages/elsewhere.njk', { person: asked.row, mayRecord });
  });
  app.post('/people/:person/training', taking, async (request, reply) => {
    const { person } = named(personName, request.params);
    const signed = sent(signedShape, request.body);
    const done = await actOnStanding(deps.desk, sessionOf(request), 'training', signed, person);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
}
