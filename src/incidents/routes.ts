/** The desk's pages about incidents: opening one, its clock and phases, and each step by itself. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { minds } from '../alarm/alarm.ts';
import { type OwnAlarm, ownAlarms } from '../alarm/store.ts';
import { dayOf } from '../forms/day.ts';
import { sessionOf, staff, theActor } from '../people/asking.ts';
import { act, type Database } from '../store/store.ts';
import { named, ProblemError, sent } from '../web/problem.ts';
import { isRefusal, type Refusal } from '../web/refusal.ts';
import { openIncident, takeStep } from './acts.ts';
import { type Fields, readOpening, readStep, typedShape } from './asking.ts';
import { exposureRoutes, peopleRoutes } from './exposure-routes.ts';
import { type Names, namesFor, type OneIncident, oneIncident } from './finding.ts';
import { openPhases, stateOf } from './incidents.ts';
import { fieldOf, type Known, type Problem, partsOf, phasesDone, typedMoment } from './parts.ts';
import { reportRoutes } from './report-routes.ts';
import { adviceInWords, adviceOf } from './self-assessment.ts';
import { severityOf } from './severity.ts';
import { incidentSteps, ownIncidents } from './store.ts';
import { tasksOf } from './tasks.ts';
import { PLACE_NAMES } from './wording.ts';
import {
  clockShown,
  exposureInWords,
  isStep,
  nameOf,
  PHASE_WORDS,
  REGIME_WORDS,
  RISK_WORDS,
  SOURCE_WORDS,
  STEP_WORDS,
  stepInWords,
} from './words.ts';

export type IncidentDeps = { readonly desk: Database };

/** Registers this room's routes on the desk. */
export function incidentRoutes({ desk }: IncidentDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    overview(app, desk);
    opening(app, desk);
    steps(app, desk);
    exposureRoutes(app, desk);
    peopleRoutes(app, desk);
    reportRoutes(app, desk);
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
    const found = await oneIncident(desk, request, (tx) => namesFor(tx, request));
    if (isRefusal(found)) return reply.refuse(found);
    const { row, taken, state, more } = found;
    return reply.page('incidents/pages/incident.njk', {
      ...{ incident: row, state, clock: clockShown(state, new Date()), tasks: tasksOf(state) },
      ...{
        source: SOURCE_WORDS[row.source],
        exposures: state.exposures.map((each) => exposureInWords(each, more.forms)),
      },
      ...{ risk: state.risk && RISK_WORDS[state.risk], regime: REGIME_WORDS[state.regime] },
      severity: state.severity && severityOf(state.severity.facts),
      advice: state.selfAssessed && adviceInWords(adviceOf(state.selfAssessed.facts)),
      measures: state.measures.map((each) => ({
        ...{ n: each.n, text: each.facts.text, due: each.facts.due, doneBy: each.doneBy },
        owner: nameOf(more.people, each.facts.owner),
        late: !each.doneBy && each.facts.due < dayOf(new Date()),
      })),
      canClose: openPhases(state).length === 0,
      timeline: taken
        .map((step) => ({ ...step, says: stepInWords(step, more.forms), text: step.facts.text }))
        .reverse(),
    });
  });
}

/** Field by field, for the templates. */
const byField = (problems: readonly Problem[]) =>
  Object.fromEntries(problems.map(({ field, message }) => [field, message]));

const choices = (words: Readonly<Record<string, string>>, chosen: string) =>
  Object.entries(words).map(([value, text]) => ({ value, text, checked: value === chosen }));

function opening(app: FastifyInstance, desk: Database): void {
  const page = (reply: FastifyReply, of: Fields, problems: readonly Problem[] = []) =>
    reply.page(
      'incidents/pages/new.njk',
      { typed: of, problems, errors: byField(problems), sources: choices(SOURCE_WORDS, of.source ?? '') },
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
    return page(reply, from ? fromAlarm(from) : typedMoment(new Date()));
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

const fromAlarm = ({ id, kind, seen, firstSeen }: OwnAlarm): Fields => ({
  ...{ ...typedMoment(firstSeen), source: kind === 'tip' ? 'public' : 'watch', alarm: id, text: seen },
});

const stepName = z.object({ incident: z.uuid().lowercase(), step: z.string() });

function steps(app: FastifyInstance, desk: Database): void {
  const page = (reply: FastifyReply, of: StepPage) => {
    const { row, kind, problems = [], from } = of;
    const known = knownIn(of);
    const fields = partsOf(kind).map((part) => shownField(fieldOf(part, known), from));
    return reply.page(
      'incidents/pages/step.njk',
      {
        ...{ incident: row.id, title: row.title, kind, words: STEP_WORDS[kind], typed: from },
        ...{ problems, errors: byField(problems), places: kind === 'worded' && PLACE_NAMES.join(', ') },
        ...{ fields, nothing: fields.some(({ as, items }) => as === 'radios' && items.length === 0) },
      },
      problems.length > 0 ? 422 : 200,
    );
  };
  app.get('/incidents/:incident/steps/:step', staff, async (request, reply) => {
    const kind = kindIn(request);
    const found = await oneIncident(desk, request, (tx) => namesFor(tx, request));
    if (isRefusal(found)) return reply.refuse(found);
    const asked = sent(typedShape, request.query ?? {});
    return page(reply, { ...found, kind, from: { ...begunWith(kind, found, asked), ...asked } });
  });
  app.post('/incidents/:incident/steps/:step', staff, async (request, reply) => {
    const kind = kindIn(request);
    const found = await oneIncident(desk, request, (tx) => namesFor(tx, request));
    if (isRefusal(found)) return reply.refuse(found);
    const { row } = found;
    const from = sent(typedShape, request.body ?? {});
    const again = (problems: readonly Problem[]) => page(reply, { ...found, kind, from, problems });
    const read = readStep(kind, from, new Date(), knownIn(found));
    if ('problems' in read) return again(read.problems);
    const taken = await takeStep(desk, sessionOf(request), row.id, read.found);
    if (isRefusal(taken)) return refused(reply, taken, (problem) => again([problem]));
    return reply.redirect(`/incidents/${row.id}`, 303);
  });
}

type Found = OneIncident & { readonly more: Names };
type StepPage = Found & {
  readonly kind: keyof typeof STEP_WORDS;
  readonly from: Fields;
  readonly problems?: readonly Problem[];
};

/** What a page begins with: what is known already. */
function begunWith(kind: StepPage['kind'], { state, row, more }: Found, { section = '' }: Fields): Fields {
  if (kind === 'aware') return typedMoment(state.aware);
  if (kind === 'severity') return state.severity?.facts ?? {};
  if (kind === 'self-assessed') return state.selfAssessed?.facts ?? {};
  if (kind === 'worded')
    return state.worded?.facts ?? { subject: 'Your data and what happened to it', ...asked(more) };
  if (kind === 'exposed') return typedMoment(row.awareAt, 'until');
  const written = Object.entries(state.report).find(([name]) => name === section)?.[1];
  if (kind === 'reported') return { text: written?.facts.text ?? '' };
  const risk = state.selfAssessed && adviceOf(state.selfAssessed.facts).risk;
  return { regime: state.regime, ...(risk && { risk }), ...typedMoment(new Date()) };
}

/** Whom the people affected can ask, as far as it is known. */
const asked = ({ officers }: Names): Fields => ({
  contact: officers.map(({ name, email }) => `${name}, data protection officer, ${email}`).join('\n'),
});

/** Choices with the one that was made. */
function shownField(field: ReturnType<typeof fieldOf>, from: Fields) {
  const items = 'choices' in field ? choices(field.choices, from[field.name] ?? '') : [];
  return { ...field, items: items.map((each) => ({ ...each, selected: each.checked })) };
}

const byNumber = (all: readonly (readonly [n: number, words: string])[]) =>
  Object.fromEntries(all.map(([n, words]) => [String(n), words]));

function knownIn({ state, more }: Found): Known {
  const { forms, people } = more;
  return {
    ...{
      forms: Object.fromEntries(forms),
      people: Object.fromEntries(people),
      phases: phasesDone(state.done),
    },
    exposures: byNumber(state.exposures.map((each) => [each.n, exposureInWords(each, forms)])),
    measures: byNumber(
      state.measures.filter(({ doneBy }) => !doneBy).map((each) => [each.n, firstOf(each.facts.text)]),
    ),
  };
}

/** The beginning of what somebody wrote, for a line. */
const firstOf = (text: string) => (text.length > 120 ? `${text.slice(0, 120)} …` : text);

function kindIn(request: FastifyRequest): keyof typeof STEP_WORDS {
  const { step } = named(stepName, request.params);
  if (!isStep(step)) throw new ProblemError(404, 'There is no such step.');
  return step;
}
