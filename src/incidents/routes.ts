/** The desk's pages about incidents: opening one, its clock and phases, and each step by itself. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { minds } from '../alarm/alarm.ts';
import { type OwnAlarm, ownAlarms } from '../alarm/store.ts';
import { sessionOf, theActor } from '../people/asking.ts';
import { act, type Database } from '../store/store.ts';
import { named, ProblemError, sent } from '../web/problem.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { openIncident, takeStep } from './acts.ts';
import {
  asksOf,
  type Problem,
  readOpening,
  readStep,
  type Typed,
  typed,
  typedMoment,
  typedShape,
} from './asking.ts';
import { openPhases, PHASES, stateOf } from './incidents.ts';
import { incidentSteps, ownIncidents } from './store.ts';
import {
  clockShown,
  isStep,
  PHASE_WORDS,
  REGIME_WORDS,
  RISK_WORDS,
  SOURCE_WORDS,
  STEP_WORDS,
  stepInWords,
  tasksOf,
} from './words.ts';

export type IncidentDeps = { readonly desk: Database };

const staff = { config: { audience: 'staff' } } as const;
const GONE = refuse('missing', 'missing', 'There is no such incident in your organisation.');

/** Registers this room's routes on the desk. */
export function incidentRoutes({ desk }: IncidentDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    overview(app, desk);
    opening(app, desk);
    steps(app, desk);
  };
}

function overview(app: FastifyInstance, desk: Database): void {
  app.get('/incidents', staff, async (request, reply) => {
    const actor = theActor(request);
    if (!actor.confirmed) return reply.redirect('/people', 303);
    if (!minds(actor)) return reply.page('incidents/pages/incidents.njk', { works: false, incidents: [] });
    const now = new Date();
    const found = await act(desk, actor.session, async (tx) => {
      const rows = await ownIncidents(tx);
      return Promise.all(rows.map(async (row) => ({ row, steps: await incidentSteps(tx, row.id) })));
    });
    if (isRefusal(found)) return reply.refuse(found);
    const incidents = found.map(({ row, steps: taken }) => {
      const state = stateOf(row, taken);
      const open = openPhases(state).map((phase) => PHASE_WORDS[phase].title);
      return { ...row, state, clock: clockShown(state, now), open };
    });
    return reply.page('incidents/pages/incidents.njk', { works: true, incidents });
  });
  app.get('/incidents/:incident', staff, async (request, reply) => {
    const found = await oneIncident(desk, request);
    if (isRefusal(found)) return reply.refuse(found);
    const { row, taken, state } = found;
    return reply.page('incidents/pages/incident.njk', {
      ...{ incident: row, state, clock: clockShown(state, new Date()), tasks: tasksOf(state) },
      source: SOURCE_WORDS[row.source],
      ...{ risk: state.risk && RISK_WORDS[state.risk], regime: REGIME_WORDS[state.regime] },
      canClose: openPhases(state).length === 0,
      timeline: taken.map((step) => ({ ...step, says: stepInWords(step), text: step.facts.text })).reverse(),
    });
  });
}

const incidentName = z.object({ incident: z.uuid().lowercase() });

async function oneIncident(desk: Database, request: FastifyRequest) {
  const { incident } = named(incidentName, request.params);
  return act(desk, sessionOf(request), async (tx) => {
    const row = (await ownIncidents(tx)).find(({ id }) => id === incident);
    if (!row) return GONE;
    const taken = await incidentSteps(tx, incident);
    return { row, taken, state: stateOf(row, taken) };
  });
}

/** Field by field, for the templates. */
const byField = (problems: readonly Problem[]) =>
  Object.fromEntries(problems.map(({ field, message }) => [field, message]));

const choices = (words: Readonly<Record<string, string>>, chosen: string) =>
  Object.entries(words).map(([value, text]) => ({ value, text, checked: value === chosen }));

function opening(app: FastifyInstance, desk: Database): void {
  const page = (reply: FastifyReply, of: Typed, problems: readonly Problem[] = []) =>
    reply.page(
      'incidents/pages/new.njk',
      { typed: of, problems, errors: byField(problems), sources: choices(SOURCE_WORDS, of.source) },
      problems.length > 0 ? 422 : 200,
    );
  app.get('/incidents/new', staff, async (request, reply) => {
    const { alarm } = sent(
      z.object({ alarm: z.uuid().lowercase().optional().catch(undefined) }),
      request.query,
    );
    const actor = theActor(request);
    if (!actor.confirmed) return reply.redirect('/people', 303);
    const known = alarm && minds(actor) ? await act(desk, actor.session, ownAlarms) : [];
    if (isRefusal(known)) return reply.refuse(known);
    const from = known.find(({ id }) => id === alarm);
    return page(reply, from ? fromAlarm(from) : typed({ ...typedMoment(new Date()) }));
  });
  app.post('/incidents', staff, async (request, reply) => {
    if (!theActor(request).confirmed) return reply.redirect('/people', 303);
    const of = sent(typedShape, request.body ?? {});
    const read = readOpening(of, new Date());
    if ('problems' in read) return page(reply, of, read.problems);
    const opened = await openIncident(desk, sessionOf(request), read.found);
    if (isRefusal(opened)) return refused(reply, opened, (problem) => page(reply, of, [problem]));
    if (!minds(theActor(request))) return reply.page('incidents/pages/told.njk', {}, 201);
    return reply.redirect(`/incidents/${opened.id}`, 303);
  });
}

/** What was typed is shown again, with what the database says about it. */
function refused(
  reply: FastifyReply,
  refusal: Refusal,
  again: (problem: Problem) => FastifyReply,
): FastifyReply {
  const field = refusal.refusal === 'not-yet' ? 'at-day' : 'text';
  return ['conflict', 'invalid'].includes(refusal.kind)
    ? again({ field, message: refusal.message })
    : reply.refuse(refusal);
}

const fromAlarm = ({ id, seen, firstSeen }: OwnAlarm): Typed =>
  typed({ ...typedMoment(firstSeen), source: 'watch', alarm: id, text: seen });

const stepName = z.object({ incident: z.uuid().lowercase(), step: z.string() });

function steps(app: FastifyInstance, desk: Database): void {
  const page = (reply: FastifyReply, of: StepPage) => {
    const { incident, title, kind, state, problems = [], from } = of;
    return reply.page(
      'incidents/pages/step.njk',
      {
        ...{ incident, title, kind, words: STEP_WORDS[kind], asks: asksOf(kind), typed: from },
        ...{ problems, errors: byField(problems) },
        risks: choices(RISK_WORDS, from.risk),
        regimes: choices(REGIME_WORDS, from.regime || state.regime),
        phases: PHASES.filter((phase) => state.done[phase]).map((phase) => ({
          ...{ value: phase, text: PHASE_WORDS[phase].title, checked: phase === from.phase },
        })),
      },
      problems.length > 0 ? 422 : 200,
    );
  };
  app.get('/incidents/:incident/steps/:step', staff, async (request, reply) => {
    const kind = kindIn(request);
    const found = await oneIncident(desk, request);
    if (isRefusal(found)) return reply.refuse(found);
    const { row, state } = found;
    const from = typed(typedMoment(kind === 'aware' ? state.aware : new Date()));
    return page(reply, { incident: row.id, title: row.title, kind, state, from });
  });
  app.post('/incidents/:incident/steps/:step', staff, async (request, reply) => {
    const kind = kindIn(request);
    const found = await oneIncident(desk, request);
    if (isRefusal(found)) return reply.refuse(found);
    const { row, state } = found;
    const from = sent(typedShape, request.body ?? {});
    const again = (problems: readonly Problem[]) =>
      page(reply, { incident: row.id, title: row.title, kind, state, from, problems });
    const read = readStep(kind, from, new Date());
    if ('problems' in read) return again(read.problems);
    const taken = await takeStep(desk, sessionOf(request), row.id, read.found);
    if (isRefusal(taken)) return refused(reply, taken, (problem) => again([problem]));
    return reply.redirect(`/incidents/${row.id}`, 303);
  });
}

type StepPage = {
  readonly incident: string;
  readonly title: string;
  readonly kind: keyof typeof STEP_WORDS;
  readonly state: ReturnType<typeof stateOf>;
  readonly from: Typed;
  readonly problems?: readonly Problem[];
};

function kindIn(request: FastifyRequest): keyof typeof STEP_WORDS {
  const { step } = named(stepName, request.params);
  if (!isStep(step)) throw new ProblemError(404, 'There is no such step.');
  return step;
}
