/** The desk's pages about cases. What they carry is sealed; it is opened in the reader's browser. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Unanswered, unanswered } from '../conversation/store.ts';
import { dayOf } from '../forms/day.ts';
import { toBase64url } from '../sealing/encoding.ts';
import { caseId } from '../sealing/place.ts';
import { referenceOf } from '../sealing/receipt.ts';
import { act, type Database } from '../store/store.ts';
import { isRefusal } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import {
  download,
  giveCase,
  list,
  moveCase,
  NO_CASE,
  NO_FORM,
  openings,
  type Release,
  release,
  tasks,
  work,
} from './acts.ts';
import type { Listed, Opening, Released } from './case.ts';
import { type ListedRow, myForms, PAGE } from './store.ts';
import type { Task } from './work.ts';

export type CasesDeps = { readonly desk: Database };

const staff = { config: { audience: 'staff' } } as const;
// HEAD would register a release and hand nothing over.
const getOnly = { ...staff, exposeHeadRoute: false } as const;
const uuid = z.uuid().lowercase();
const slug = z.string().regex(/^[a-z0-9-]{1,40}$/);

/** Registers this room's routes on the desk. */
export function casesRoutes(deps: CasesDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    listRoutes(app, deps);
    caseRoutes(app, deps);
    attachmentRoutes(app, deps);
    workRoutes(app, deps);
  };
}

function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('A staff route was reached without an actor.');
  return request.actor;
}

/** A part of the path or the query; null for what is not of its shape, which is answered as absent. */
function partOf(from: unknown, name: string, shape: z.ZodType<string>): string | null {
  const parsed = z.object({ [name]: shape }).safeParse(from);
  return parsed.success ? (parsed.data[name] ?? null) : null;
}

function listRoutes(app: FastifyInstance, { desk }: CasesDeps): void {
  app.get('/', staff, async (request, reply) => {
    const actor = actorOf(request);
    if (!actor.confirmed) return reply.redirect('/people', 303);
    const mine = await act(desk, actor.session, async (tx) => ({
      forms: await myForms(tx),
      waiting: await Promise.all((await unanswered(tx)).map(waitingRow)),
    }));
    return isRefusal(mine) ? reply.refuse(mine) : reply.page('cases/pages/home.njk', mine);
  });
  app.get('/forms/:form/cases', getOnly, async (request, reply) => {
    const actor = actorOf(request);
    const form = partOf(request.params, 'form', slug);
    if (!form) return reply.refuse(NO_FORM);
    const before = partOf(request.query, 'before', uuid);
    const found = await list(desk, actor, form, before);
    if (isRefusal(found)) return reply.refuse(found);
    const last = found.rows.length === PAGE ? found.rows.at(-1) : undefined;
    return reply.page('cases/pages/list.njk', {
      form: found.form,
      cases: await Promise.all(found.rows.map(listed)),
      older: last && `?before=${last.id}`,
      first: before === null,
      equality: found.equality,
      organisation: actor.organisation,
    });
  });
}

const waitingRow = async ({ case_id, title, at, messages }: Unanswered) => ({
  ...{ id: case_id, reference: await referenceOf(case_id), title, at, messages: Number(messages) },
});

async function listed({ summary, received_at, ...row }: ListedRow): Promise<Listed> {
  return {
    ...row,
    reference: await referenceOf(caseId(row.id)),
    receivedAt: received_at.toISOString(),
    summary: summary && toBase64url(summary),
  };
}

function caseRoutes(app: FastifyInstance, { desk }: CasesDeps): void {
  // The page itself holds nothing of the case, but says plainly (and registers) where it may not be read.
  app.get('/cases/:case', getOnly, async (request, reply) => {
    const id = partOf(request.params, 'case', uuid);
    const found = id ? await work(desk, actorOf(request), id, dayOf(new Date())) : NO_CASE;
    if (!id || isRefusal(found)) return reply.refuse(isRefusal(found) ? found : NO_CASE);
    return reply.page('cases/pages/case.njk', { id, reference: await referenceOf(caseId(id)), ...found });
  });
  app.post('/cases/:case/release', staff, async (request, reply) => {
    const actor = actorOf(request);
    const id = partOf(request.params, 'case', uuid);
    const released = id ? await release(desk, actor, id) : NO_CASE;
    return isRefusal(released) ? reply.refuse(released) : releasedBody(released, actor.organisation);
  });
  app.get('/cases/:case/openings', getOnly, async (request, reply) => {
    const id = partOf(request.params, 'case', uuid);
    const rows = id ? await openings(desk, actorOf(request), id) : NO_CASE;
    if (isRefusal(rows)) return reply.refuse(rows);
    return rows.map((row): Opening => ({ ...row, at: row.at.toISOString() }));
  });
}

const typed = z.object({ state: slug.nullable().catch(null), outcome: slug.nullable().catch(null) });
const chosen = z.object({ person: uuid.nullable().catch(null) });

/** How far a case is, who looks after it, and what is due. */
function workRoutes(app: FastifyInstance, { desk }: CasesDeps): void {
  app.post('/cases/:case/state', staff, async (request, reply) => {
    const id = partOf(request.params, 'case', uuid);
    const { state, outcome } = typed.parse(request.body ?? {});
    if (!id) return reply.refuse(NO_CASE);
    const refused = await moveCase(desk, actorOf(request), id, { state: state ?? '', outcome });
    return refused ? reply.refuse(refused) : reply.redirect(`/cases/${id}#work`, 303);
  });
  app.post('/cases/:case/assignment', staff, async (request, reply) => {
    const id = partOf(request.params, 'case', uuid);
    const { person } = chosen.parse(request.body ?? {});
    if (!id) return reply.refuse(NO_CASE);
    const refused = await giveCase(desk, actorOf(request), id, person);
    return refused ? reply.refuse(refused) : reply.redirect(`/cases/${id}#work`, 303);
  });
  app.get('/due', staff, async (request, reply) => {
    const actor = actorOf(request);
    const found = await tasks(desk, actor, dayOf(new Date()));
    if (isRefusal(found)) return reply.refuse(found);
    const mine = found.filter(({ person }) => person === actor.person);
    const own = partOf(request.query, 'whose', z.literal('mine')) !== null;
    const shown = (own ? mine : found).slice(0, MOST_SHOWN);
    const rows = await Promise.all(shown.map(taskRow));
    const counts = { all: found.length, mine: mine.length, left: (own ? mine : found).length - shown.length };
    return reply.page('cases/pages/due.njk', { rows, own, counts });
  });
}

const MOST_SHOWN = 200;
const taskRow = async (task: Task) => ({ ...task, reference: await referenceOf(caseId(task.case)) });

async function releasedBody({ row, definition }: Release, organisation: string): Promise<Released> {
  const { answers, summary, case_key, received_at, to_person, ...rest } = row;
  return {
    ...rest,
    organisation,
    reference: await referenceOf(caseId(row.id)),
    receivedAt: received_at.toISOString(),
    answers: toBase64url(answers),
    summary: summary && toBase64url(summary),
    caseKey: toBase64url(case_key),
    toPerson: to_person,
    definition,
  };
}

function attachmentRoutes(app: FastifyInstance, { desk }: CasesDeps): void {
  app.get('/cases/:case/attachments/:attachment', getOnly, async (request, reply) => {
    const id = partOf(request.params, 'case', uuid);
    const attachment = partOf(request.params, 'attachment', uuid);
    const found = id && attachment ? await download(desk, actorOf(request), id, attachment) : NO_CASE;
    if (isRefusal(found)) return reply.refuse(found);
    return reply
      .header('content-type', 'application/octet-stream')
      .header('content-disposition', 'attachment')
      .header('content-length', found.size)
      .send(found.stream);
  });
}
