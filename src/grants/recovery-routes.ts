/**
 * The desk's pages about recovery. Nothing here takes a sheet, or anything made of one: sheets are typed, read and
 * forgotten in the browser, and what is posted is a signed document, or a key sealed to the person named.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { count } from '../people/holdable.ts';
import { sent } from '../web/problem.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import { ask, type GrantsDeps, parameter, sessionOf, signedShape, staff, taking } from './asking.ts';
import { actOnRecovery, handOverRecovery, recoveryEnvelopes, rehearse } from './recovery-acts.ts';
import {
  type RecoveryOverview,
  type RecoveryRow,
  recoveryChoices,
  recoveryOverview,
} from './recovery-store.ts';
import { beginPage, overviewPage, recoveryPage } from './recovery-views.ts';

const keysShape = z
  .array(
    z.strictObject({
      form: z.string().max(40),
      generation: count,
      sealed: z
        .string()
        .regex(/^([0-9a-f]{2})+$/)
        .max(20_000),
    }),
  )
  .min(1)
  .max(1000);
const handedShape = signedShape.extend({ keys: keysShape });
const nothing = z.strictObject({});

/** Registers these routes on the desk. */
export function recoveryRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  readingRoutes(app, deps);
  signingRoutes(app, deps);
  carryingOutRoutes(app, deps);
}

function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('A staff route was reached without an actor.');
  return request.actor;
}

function readingRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  const show = (page: string) => async (request: FastifyRequest, reply: FastifyReply) => {
    const overview = await ask(deps, request, recoveryOverview);
    if (isRefusal(overview)) return reply.refuse(overview);
    return reply.page(page, overviewPage(overview, actorOf(request), new Date()));
  };
  app.get('/recovery', staff, show('grants/pages/recovery.njk'));
  app.get('/recovery/rehearsal', staff, show('grants/pages/recovery-rehearsal.njk'));
  app.get('/recovery/begin', staff, async (request, reply) => {
    const found = await ask(deps, request, async (on) => ({
      overview: await recoveryOverview(on),
      choices: await recoveryChoices(on),
    }));
    if (isRefusal(found)) return reply.refuse(found);
    const page = beginPage(found.overview, found.choices, new Date());
    return reply.page('grants/pages/recovery-begin.njk', page);
  });
  app.get('/recovery/:recovery', staff, async (request, reply) => {
    const overview = await ask(deps, request, recoveryOverview);
    if (isRefusal(overview)) return reply.refuse(overview);
    const row = rowIn(overview, request);
    if (isRefusal(row)) return reply.refuse(row);
    const page = recoveryPage(overview, row, actorOf(request), new Date());
    return reply.page('grants/pages/recovery-one.njk', page);
  });
}

const MISSING = refuse('missing', 'missing', 'There is no such recovery in your organisation.');

function rowIn({ recoveries }: RecoveryOverview, request: FastifyRequest): RecoveryRow | Refusal {
  const asked = parameter(request, 'recovery');
  return recoveries.find(({ id }) => id === asked) ?? MISSING;
}

function signingRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.post('/recovery/rehearsal', taking(signedShape), async (request, reply) => {
    const done = await rehearse(deps.desk, sessionOf(request), sent(signedShape, request.body));
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send({ rehearsed: true });
  });
  app.post('/recovery/begin', taking(signedShape), async (request, reply) => {
    const done = await actOnRecovery(deps.desk, sessionOf(request), 'begin', sent(signedShape, request.body));
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send({ begun: true });
  });
  for (const what of ['consent', 'end'] as const) {
    app.post(`/recovery/:recovery/${what}`, taking(signedShape), async (request, reply) => {
      const signed = sent(signedShape, request.body);
      const done = await actOnRecovery(deps.desk, sessionOf(request), what, signed);
      return isRefusal(done) ? reply.refuse(done) : { signed: true };
    });
  }
}

function carryingOutRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.post('/recovery/:recovery/envelopes', taking(nothing), async (request, reply) => {
    const overview = await ask(deps, request, recoveryOverview);
    if (isRefusal(overview)) return reply.refuse(overview);
    const row = rowIn(overview, request);
    if (isRefusal(row)) return reply.refuse(row);
    const found = await recoveryEnvelopes(deps.desk, sessionOf(request), row.document);
    if (isRefusal(found)) return reply.refuse(found);
    return found.map((each) => ({ ...each, sealed: Buffer.from(each.sealed).toString('hex') }));
  });
  app.post('/recovery/:recovery/hand-over', taking(handedShape), async (request, reply) => {
    const { keys, ...signed } = sent(handedShape, request.body);
    const done = await handOverRecovery(deps.desk, sessionOf(request), signed, keys);
    return isRefusal(done) ? reply.refuse(done) : { handedOver: keys.length };
  });
}
