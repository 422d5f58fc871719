/** The session: the half of the unlocked identity it holds, and its end. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { act } from '../store/store.ts';
import { sent } from '../web/problem.ts';
import { isRefusal } from '../web/refusal.ts';
import { endSession } from './acts.ts';
import { colleague } from './asking.ts';
import { type PeopleDeps, takeCookie } from './routes.ts';
import { documentsInForce, keptIdentity, peopleDocuments, signedDocuments } from './store.ts';

/** Which documents are asked for; today's access where nothing is said. */
const aboutShape = z.object({ about: z.enum(['people', 'now', 'ever']).catch('now') });
const ABOUT = { people: peopleDocuments, now: documentsInForce, ever: signedDocuments } as const;
const half = z.strictObject({
  half: z
    .string()
    .regex(/^([0-9a-f]{2})+$/)
    .max(32_768),
});

export function sessionRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  app.get('/session/kept', colleague, async (request, reply) => {
    const kept = await act(deps.desk, request.actor?.session ?? null, keptIdentity);
    if (isRefusal(kept)) return reply.refuse(kept);
    return { half: kept && Buffer.from(kept).toString('hex') };
  });
  app.put('/session/kept', { ...colleague, schema: { body: half } }, async (request, reply) => {
    const bytes = Buffer.from(sent(half, request.body).half, 'hex');
    const done = await act(deps.desk, request.actor?.session ?? null, (tx) =>
      tx.run('select letterbox.keep_identity($1)', [bytes]),
    );
    return isRefusal(done) ? reply.refuse(done) : { kept: true };
  });
  // Reaching it keeps the session going: what "Stay signed in" and ordinary typing ask for.
  app.post('/session/stay', colleague, async () => ({ staying: true }));
  app.post('/sign-out', { config: { audience: 'public' } }, async (request, reply) => {
    if (request.actor) await endSession(deps.desk, request.actor.session);
    takeCookie(reply);
    return reply.redirect('/locked', 303);
  });
  app.get('/locked', { config: { audience: 'public' } }, (_request, reply) =>
    reply.page('people/pages/locked.njk', {}),
  );
  app.get('/documents', colleague, async (request, reply) => {
    const { about } = aboutShape.parse(request.query);
    const documents = await act(deps.desk, request.actor?.session ?? null, ABOUT[about]);
    return isRefusal(documents) ? reply.refuse(documents) : documents;
  });
}
