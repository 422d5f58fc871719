/** Ending access, the review calendar, and what somebody opened before. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { people } from '../people/store.ts';
import { caseId } from '../sealing/place.ts';
import { referenceOf } from '../sealing/receipt.ts';
import { sent } from '../web/problem.ts';
import { isRefusal, refuse } from '../web/refusal.ts';
import { endGrants, reviewGrants } from './acts.ts';
import { ask, type GrantsDeps, pageOf, sessionOf, signedShape, staff, taking } from './asking.ts';
import { turnShape } from './key-routes.ts';
import { grantLines, LINES, openedBy, reviewsDue } from './store.ts';

const ids = z.preprocess(
  (value) => (value === undefined ? [] : [value].flat()),
  z.array(z.uuid()).min(1).max(1000),
);
const linesShape = z.object({ grant: ids });
const endShape = signedShape.extend({ turns: z.array(turnShape).max(100) });
const openedShape = z.object({ person: z.uuid(), form: z.string().max(40).optional() });
const MISSING = refuse('missing', 'missing', 'There is no such access in your organisation.');

export function endingRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.get('/grants/end', staff, async (request, reply) => {
    const asked = linesShape.safeParse(request.query);
    if (!asked.success) return reply.refuse(MISSING);
    const found = await ask(deps, request, async (on) => {
      const lines = await grantLines(on, asked.data.grant);
      const manages = request.actor?.capacities.includes('manager') ?? false;
      const [first] = lines;
      // What no end takes back, by case; of one line at a time, so that the page stays readable.
      const opened =
        manages && first && lines.length === 1 ? await openedBy(on, first.person, first.form) : [];
      return { lines, opened };
    });
    if (isRefusal(found)) return reply.refuse(found);
    if (found.lines.length < asked.data.grant.length) return reply.refuse(MISSING);
    const [line] = found.lines;
    const opened = found.opened.filter((each) => !line?.case_id || each.case_id === line.case_id);
    return reply.page('grants/pages/end.njk', {
      ...found,
      opened: await withReferences(opened),
      live: found.lines.filter((each) => !each.ended_at),
    });
  });
  app.post('/grants/end', taking(endShape), async (request, reply) => {
    const { turns, ...signed } = sent(endShape, request.body);
    const done = await endGrants(deps.desk, sessionOf(request), signed, turns);
    return isRefusal(done) ? reply.refuse(done) : { ended: true };
  });
  app.get('/access/reviews', staff, async (request, reply) => {
    const page = pageOf(request);
    const lines = await ask(deps, request, (on) => reviewsDue(on, page));
    if (isRefusal(lines)) return reply.refuse(lines);
    const soon = new Date(Date.now() + 14 * 24 * 60 * 60 * 1000);
    const due = lines.filter(({ review_by, person }) => review_by < soon && person !== request.actor?.person);
    return reply.page('grants/pages/reviews.njk', { lines, due, soon, page, more: lines.length === LINES });
  });
  app.post('/grants/review', taking(signedShape), async (request, reply) => {
    const done = await reviewGrants(deps.desk, sessionOf(request), sent(signedShape, request.body));
    return isRefusal(done) ? reply.refuse(done) : { reviewed: true };
  });
  app.get('/access/opened', staff, async (request, reply) => {
    const asked = openedShape.safeParse(request.query);
    if (!asked.success) return reply.refuse(MISSING);
    const { person, form } = asked.data;
    const found = await ask(deps, request, async (on) => ({
      rows: await openedBy(on, person, form ?? null),
      name: (await people(on)).find(({ id }) => id === person)?.name,
    }));
    if (isRefusal(found)) return reply.refuse(found);
    if (found.name === undefined) return reply.refuse(MISSING);
    return reply.page('grants/pages/opened.njk', { ...found, rows: await withReferences(found.rows) });
  });
}

function withReferences<T extends { readonly case_id: string }>(rows: readonly T[]) {
  return Promise.all(
    rows.map(async (row) => ({ ...row, reference: await referenceOf(caseId(row.case_id)) })),
  );
}
