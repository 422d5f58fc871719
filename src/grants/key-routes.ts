/** Form keys: making, countersigning, turning, and handing them over. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { count } from '../people/holdable.ts';
import { sent } from '../web/problem.ts';
import { isRefusal } from '../web/refusal.ts';
import { approveFormKey, fulfilGrants, makeFormKey, turnKey } from './acts.ts';
import { ask, type GrantsDeps, parameter, sessionOf, signedShape, staff, taking } from './asking.ts';
import { formKeys, myFormKeys, ownFormTitles, whatWaits } from './store.ts';

const sealedHex = z
  .string()
  .regex(/^([0-9a-f]{2})+$/)
  .max(20_000);
const keyShape = signedShape.extend({ own: sealedHex, recovery: sealedHex });
const id = z.uuid().lowercase();
export const turnShape = signedShape.extend({
  envelopes: z
    .array(z.strictObject({ person: id.nullable(), sealed: sealedHex }))
    .min(1)
    .max(5000),
});
const handedShape = z.strictObject({
  keys: z
    .array(z.strictObject({ grant: id, generation: count.nullable(), sealed: sealedHex }))
    .min(1)
    .max(1000),
});

export function keyRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.get('/keys', staff, async (request, reply) => {
    const keys = await ask(deps, request, myFormKeys);
    if (isRefusal(keys)) return reply.refuse(keys);
    return keys.map((key) => ({ ...key, sealed: Buffer.from(key.sealed).toString('hex') }));
  });
  app.get('/forms/:form/key', staff, async (request, reply) => {
    const form = parameter(request, 'form');
    const found = await ask(deps, request, async (on) => ({
      title: (await ownFormTitles(on)).find((each) => each.form === form)?.title ?? null,
      keys: await formKeys(on, form),
      waits: await whatWaits(on),
    }));
    if (isRefusal(found)) return reply.refuse(found);
    if (found.title === null) return reply.callNotFound();
    const mine = found.waits.filter((each) => each.form === form).map((each) => each.what);
    const has = (what: (typeof mine)[number]) => mine.includes(what);
    const waits = { make: has('make-key'), approve: has('approve-key'), turn: has('turn-key') };
    return reply.page('grants/pages/key.njk', { ...found, form, ...waits });
  });
  app.post('/forms/:form/key', taking(keyShape), async (request, reply) => {
    const key = sent(keyShape, request.body);
    const [own, recovery] = [Buffer.from(key.own, 'hex'), Buffer.from(key.recovery, 'hex')];
    const about = { form: parameter(request, 'form') };
    const done = await makeFormKey(deps.desk, sessionOf(request), { ...key, own, recovery }, about);
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send({ made: true });
  });
  app.post('/forms/:form/key/approval', taking(signedShape), async (request, reply) => {
    const about = { form: parameter(request, 'form') };
    const done = await approveFormKey(deps.desk, sessionOf(request), sent(signedShape, request.body), about);
    return isRefusal(done) ? reply.refuse(done) : { approved: true };
  });
  app.post('/forms/:form/key/turn', taking(turnShape), async (request, reply) => {
    const done = await turnKey(deps.desk, sessionOf(request), sent(turnShape, request.body));
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send({ turned: true });
  });
  app.post('/grants/fulfil', taking(handedShape), async (request, reply) => {
    const done = await fulfilGrants(deps.desk, sessionOf(request), sent(handedShape, request.body).keys);
    return isRefusal(done) ? reply.refuse(done) : { fulfilled: true };
  });
}
