/** The desk's pages about cases. What they carry is sealed; it is opened in the reader's browser. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { formVersion } from '../forms/store.ts';
import { toBase64url } from '../sealing/encoding.ts';
import { caseId } from '../sealing/place.ts';
import { referenceOf } from '../sealing/receipt.ts';
import { act, type Database } from '../store/store.ts';
import { isRefusal, refuse } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import { download, release } from './acts.ts';
import type { Listed, Opening, Released } from './case.ts';
import { type Cursor, caseOpenings, equalityCount, listCases, myForms, PAGE } from './store.ts';

export type CasesDeps = { readonly desk: Database };

const staff = { config: { audience: 'staff' } } as const;
const uuid = z.uuid().lowercase();
const NO_CASE = refuse(
  'missing',
  'missing',
  'There is no such case for you. Check the address, or whether your access has ended.',
);

/** Registers this room's routes on the desk. */
export function casesRoutes(deps: CasesDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    listRoutes(app, deps);
    caseRoutes(app, deps);
  };
}

function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('A staff route was reached without an actor.');
  return request.actor;
}

function listRoutes(app: FastifyInstance, { desk }: CasesDeps): void {
  app.get('/', staff, async (request, reply) => {
    const actor = actorOf(request);
    if (!actor.confirmed) return reply.redirect('/people', 303);
    const forms = await act(desk, actor.session, myForms);
    return isRefusal(forms) ? reply.refuse(forms) : reply.page('cases/pages/home.njk', { forms });
  });
  app.get('/forms/:form/cases', staff, async (request, reply) => {
    const actor = actorOf(request);
    const { form } = z.object({ form: z.string().max(40) }).parse(request.params);
    const found = await act(desk, actor.session, async (tx) => {
      const mine = (await myForms(tx)).find((each) => each.form === form);
      if (!mine)
        return refuse(
          'missing',
          'missing',
          'There is no such form for you to read. Two managers can give you access.',
        );
      const rows = await listCases(tx, form, cursorIn(request.query));
      return { mine, rows, equality: await equalityCount(tx, form) };
    });
    if (isRefusal(found)) return reply.refuse(found);
    const cases: Listed[] = await Promise.all(
      found.rows.map(async (row) => ({
        ...row,
        reference: await referenceOf(caseId(row.id)),
        receivedAt: row.received_at.toISOString(),
        summary: toBase64url(row.summary),
      })),
    );
    const last = found.rows.length === PAGE ? found.rows.at(-1) : undefined;
    const older = last && `?before=${last.received_at.toISOString()}&id=${last.id}`;
    const first = cursorIn(request.query) === null;
    return reply.page('cases/pages/list.njk', {
      form: found.mine,
      cases,
      older,
      first,
      equality: found.equality,
      organisation: actor.organisation,
    });
  });
}

const cursorShape = z.object({ before: z.iso.datetime(), id: uuid });

function cursorIn(query: unknown): Cursor | null {
  const parsed = cursorShape.safeParse(query);
  return parsed.success ? { at: new Date(parsed.data.before), id: parsed.data.id } : null;
}

function caseRoutes(app: FastifyInstance, { desk }: CasesDeps): void {
  const idOf = (request: FastifyRequest): string | null => {
    const parsed = z.object({ case: uuid }).safeParse(request.params);
    return parsed.success ? parsed.data.case : null;
  };
  app.get('/cases/:case', staff, async (request, reply) => {
    const id = idOf(request);
    if (!id) return reply.refuse(NO_CASE);
    return reply.page('cases/pages/case.njk', { id, reference: await referenceOf(caseId(id)) });
  });
  app.post('/cases/:case/release', staff, async (request, reply) => {
    const actor = actorOf(request);
    const id = idOf(request);
    if (!id) return reply.refuse(NO_CASE);
    const released = await release(desk, actor.session, id);
    if (isRefusal(released)) return reply.refuse(released);
    const definition = await act(desk, actor.session, (tx) =>
      formVersion(tx, released.form, released.version, actor.organisationName),
    );
    const { answers, summary, case_key, received_at, ...rest } = released;
    const body: Released = {
      ...rest,
      organisation: actor.organisation,
      reference: await referenceOf(caseId(id)),
      receivedAt: received_at.toISOString(),
      answers: toBase64url(answers),
      summary: toBase64url(summary),
      caseKey: toBase64url(case_key),
      definition,
    };
    return body;
  });
  app.get('/cases/:case/attachments/:attachment', staff, async (request, reply) => {
    const parsed = z.object({ case: uuid, attachment: uuid }).safeParse(request.params);
    if (!parsed.success) return reply.refuse(NO_CASE);
    const found = await download(desk, actorOf(request).session, parsed.data.case, parsed.data.attachment);
    if (isRefusal(found)) return reply.refuse(found);
    return reply
      .header('content-type', 'application/octet-stream')
      .header('content-length', found.size)
      .send(found.stream);
  });
  app.get('/cases/:case/openings', staff, async (request, reply) => {
    const id = idOf(request);
    const rows = id ? await act(desk, actorOf(request).session, (tx) => caseOpenings(tx, id)) : NO_CASE;
    if (isRefusal(rows)) return reply.refuse(rows);
    return rows.map((row): Opening => ({ ...row, at: row.at.toISOString() }));
  });
}
