/** The report to the regulator, as a page and as a document; the incident as a whole; and the register of incidents as a file. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { minds } from '../alarm/alarm.ts';
import { staff, theActor } from '../people/asking.ts';
import { act, type Database } from '../store/store.ts';
import { csv } from '../web/csv.ts';
import { isRefusal, type Refusal } from '../web/refusal.ts';
import { NOT_MINDER } from './acts.ts';
import { exposedInAll } from './exposure.ts';
import { reach } from './exposure-routes.ts';
import { namesFor, oneIncident } from './finding.ts';
import { clockOf, openPhases, stateOf } from './incidents.ts';
import { type Paper, printed } from './paper.ts';
import { gapsIn, paperOf, type ReportFrom, reportOf } from './report.ts';
import { incidentSteps, ownIncidents } from './store.ts';
import { wholeOf, wholePaper } from './whole.ts';
import { PHASE_WORDS, RISK_WORDS, SOURCE_WORDS } from './words.ts';

export function reportRoutes(app: FastifyInstance, desk: Database): void {
  app.get('/incidents/:incident/report', staff, async (request, reply) => {
    const from = await everything(desk, request);
    if (isRefusal(from)) return reply.refuse(from);
    const report = reportOf(from, new Date());
    const { row, state } = from;
    return reply.page('incidents/pages/report.njk', {
      ...{ incident: row, closed: state.closed !== null, told: state.regulatorTold !== null },
      ...{ report, gaps: gapsIn(report) },
    });
  });
  app.get('/incidents/:incident/report.pdf', staff, async (request, reply) => {
    const from = await everything(desk, request);
    if (isRefusal(from)) return reply.refuse(from);
    return pdf(reply, 'breach-report', paperOf(reportOf(from, new Date())));
  });
  app.get('/incidents/:incident/whole.pdf', staff, async (request, reply) => {
    const from = await everything(desk, request);
    return isRefusal(from) ? reply.refuse(from) : pdf(reply, 'incident', wholePaper(from, new Date()));
  });
  app.get('/incidents/:incident/whole.json', staff, async (request, reply) => {
    const from = await everything(desk, request);
    if (isRefusal(from)) return reply.refuse(from);
    const text = JSON.stringify(wholeOf(from, new Date()), null, 2);
    return asFile(reply, 'application/json; charset=utf-8', 'incident.json').send(text);
  });
  app.get('/incidents/register.csv', staff, async (request, reply) => {
    const actor = theActor(request);
    if (!minds(actor)) return reply.refuse(NOT_MINDER);
    const lines = await act(desk, actor.session, async (tx) => {
      const rows = await ownIncidents(tx);
      return Promise.all(rows.map(async (row) => lineOf(row, stateOf(row, await incidentSteps(tx, row.id)))));
    });
    if (isRefusal(lines)) return reply.refuse(lines);
    return asFile(reply, 'text/csv; charset=utf-8', 'register-of-incidents.csv').send(
      csv([HEADINGS, ...lines]),
    );
  });
}

export type Everything = ReportFrom & {
  readonly row: Awaited<ReturnType<typeof ownIncidents>>[number];
  readonly people: ReadonlyMap<string, string>;
};

async function everything(desk: Database, request: FastifyRequest): Promise<Everything | Refusal> {
  const found = await oneIncident(desk, request, async (tx, { state }) => ({
    names: await namesFor(tx, request),
    reaches: await Promise.all(state.exposures.map((each) => reach(tx, each))),
  }));
  if (isRefusal(found)) return found;
  const { row, taken, state, more } = found;
  return {
    ...{ row, incident: row, steps: taken, state, reaches: more.reaches, all: exposedInAll(more.reaches) },
    ...{ organisation: theActor(request).organisationName, officers: more.names.officers },
    ...{ forms: more.names.forms, people: more.names.people },
  };
}

const asFile = (reply: FastifyReply, type: string, name: string) =>
  reply.type(type).header('content-disposition', `attachment; filename="${name}"`);

async function pdf(reply: FastifyReply, name: string, paper: Paper): Promise<FastifyReply> {
  return asFile(reply, 'application/pdf', `${name}.pdf`).send(await printed(paper));
}

/** What a controller has to document of each breach: facts, effects, and what was done (Article 33(5)). */
const HEADINGS = [
  ...[
    'Incident',
    'Opened',
    'Opened by',
    'How we came to know',
    'Aware since',
    'What stood open',
    'People',
    'Records',
  ],
  ...['Risk', 'Regulator', 'Regulator told', 'Deadline', 'People told', 'Closed', 'Still to do'],
];

function lineOf(row: Everything['row'], state: ReturnType<typeof stateOf>): string[] {
  const at = (moment: Date | null) => moment?.toISOString() ?? '';
  const { deadline, stands } = clockOf(state, new Date());
  return [
    ...[row.title, at(row.openedAt), row.openedBy, SOURCE_WORDS[row.source], at(state.aware)],
    state.exposures
      .map(
        ({ facts }) =>
          `${facts.form ?? 'outside Letterbox'} (${facts.how}) ${facts.since} to ${facts.until ?? 'now'}`,
      )
      .join('; '),
    ...[String(state.counted?.facts.people ?? ''), String(state.counted?.facts.records ?? '')],
    ...[state.risk ? RISK_WORDS[state.risk] : '', stands, at(state.regulatorTold), at(deadline)],
    ...[state.people === 'not' ? 'not needed' : at(state.peopleTold), at(state.closed)],
    openPhases(state)
      .map((phase) => PHASE_WORDS[phase].title)
      .join('; '),
  ];
}
