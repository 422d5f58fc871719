/** The doors that Watch uses once it has signed in: what it is to look after, and what it tells. JSON both ways. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { act, type Database, type SessionSecret } from '../store/store.ts';
import { DOORS } from '../web/doors.ts';
import { named, sent } from '../web/problem.ts';
import { isRefusal } from '../web/refusal.ts';
import { announceCanaries, foundPlant, plant, retireCanaries, takeReport } from './acts.ts';
import { reportShape } from './alarm.ts';
import { watchDuty } from './store.ts';

const colleague = { config: { audience: 'colleague' } } as const;
const cases = z.array(z.uuid().lowercase()).min(1).max(60);
const announced = z.strictObject({ form: z.string().regex(/^[a-z0-9-]{1,40}$/), cases });
const retired = z.strictObject({ cases });
/** `bytes`: base64 of 64 KiB at most. */
const plantShape = z.strictObject({
  site: z.enum(['slot', 'desk']),
  path: z.string().regex(/^\/[A-Za-z0-9._~/-]{1,200}$/),
  packing: z
    .string()
    .regex(/^[a-z0-9 -]{1,60}$/)
    .trim(),
  bytes: z.base64().min(4).max(87_384),
});

export function watchRoutes(app: FastifyInstance, desk: Database): void {
  app.get('/watch/duty', colleague, async (request, reply) => {
    const duty = await act(desk, sessionOf(request), watchDuty);
    return isRefusal(duty) ? reply.refuse(duty) : { ...duty, doors: DOORS };
  });
  app.post('/watch/report', colleague, async (request, reply) => {
    const done = await takeReport(desk, sessionOf(request), sent(reportShape, request.body));
    return isRefusal(done) ? reply.refuse(done) : done;
  });
  app.post('/watch/canaries', colleague, async (request, reply) => {
    const about = sent(announced, request.body);
    const done = await announceCanaries(desk, sessionOf(request), about.form, about.cases);
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send(done);
  });
  app.post('/watch/canaries/retired', colleague, async (request, reply) => {
    const done = await retireCanaries(desk, sessionOf(request), sent(retired, request.body).cases);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
  app.post('/watch/rehearsals', colleague, async (request, reply) => {
    const { bytes, ...about } = sent(plantShape, request.body);
    const planted = { ...about, bytes: Buffer.from(bytes, 'base64') };
    const done = await plant(desk, sessionOf(request), planted);
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send(done);
  });
  app.post('/watch/rehearsals/:rehearsal/found', colleague, async (request, reply) => {
    const { rehearsal } = named(z.object({ rehearsal: z.uuid().lowercase() }), request.params);
    const done = await foundPlant(desk, sessionOf(request), rehearsal);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
}

export function sessionOf(request: FastifyRequest): SessionSecret {
  if (!request.actor) throw new Error('A door of the alarm was reached without an actor.');
  return request.actor.session;
}
