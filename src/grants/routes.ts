/** The desk's pages about who can read what. All state changes come signed, as JSON, from our own pages. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { act, type Database, type SessionSecret, type Statements } from '../store/store.ts';
import { named, sent } from '../web/problem.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { actOnGrant, approveFormKey, fulfilGrant, makeFormKey } from './acts.ts';
import type { AccessState, Standing } from './grant.ts';
import { accessState, formKeys, formOfGrant, myFormKeys, ownFormTitles, whatWaits } from './store.ts';
import { accessPage, approvalPage, choicesPage, previewPage, readProposal } from './views.ts';

export type GrantsDeps = { readonly desk: Database };

const staff = { config: { audience: 'staff' } } as const;
const signedShape = z.strictObject({ text: z.string().max(20_000), signature: z.string().max(200) });
const sealedHex = z
  .string()
  .regex(/^([0-9a-f]{2})+$/)
  .max(20_000);
const keyShape = signedShape.extend({ own: sealedHex, recovery: sealedHex });
const handedShape = z.strictObject({
  keys: z
    .array(z.strictObject({ generation: z.number().int().positive(), sealed: sealedHex }))
    .min(1)
    .max(1000),
});
/** Staff doors that take a body say its shape: anything else is refused as 400 before the handler. */
const taking = <S extends z.ZodType>(body: S) => ({ ...staff, schema: { body } });

/** Registers this room's routes on the desk. */
export function grantsRoutes(deps: GrantsDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    readingRoutes(app, deps);
    proposingRoutes(app, deps);
    decidingRoutes(app, deps);
    keyRoutes(app, deps);
  };
}

/** Asks the database as whoever signed in; staff doors have an actor. */
function ask<T>(
  deps: GrantsDeps,
  request: FastifyRequest,
  work: (on: Statements) => Promise<T>,
): Promise<T | Refusal> {
  return act(deps.desk, sessionOf(request), work);
}

function sessionOf(request: FastifyRequest): SessionSecret {
  if (!request.actor) throw new Error('A staff route was reached without an actor.');
  return request.actor.session;
}

const parameter = (request: FastifyRequest, name: string): string => {
  const shape = z.object({ [name]: z.string() });
  return named(shape, request.params)[name] ?? '';
};

function readingRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.get('/access', staff, async (request, reply) => {
    const forms = await ask(deps, request, async (on) => {
      const titles = await ownFormTitles(on);
      return Promise.all(
        titles.map(async (each) => ({
          ...each,
          ...accessPage(await accessState(on, each.form), new Date()),
        })),
      );
    });
    return isRefusal(forms) ? reply.refuse(forms) : reply.page('grants/pages/overview.njk', { forms });
  });
  app.get('/forms/:form/access', staff, async (request, reply) => {
    const form = parameter(request, 'form');
    const found = await ask(deps, request, async (on) => ({
      state: await accessState(on, form),
      keys: await formKeys(on, form),
    }));
    if (isRefusal(found)) return reply.refuse(found);
    return reply.page('grants/pages/access.njk', {
      ...accessPage(found.state, new Date()),
      keys: found.keys,
    });
  });
  app.get('/keys', staff, async (request, reply) => {
    const keys = await ask(deps, request, myFormKeys);
    if (isRefusal(keys)) return reply.refuse(keys);
    return keys.map((key) => ({ ...key, sealed: Buffer.from(key.sealed).toString('hex') }));
  });
  app.get('/waiting', staff, async (request, reply) => {
    const waiting = await ask(deps, request, whatWaits);
    return isRefusal(waiting) ? reply.refuse(waiting) : waiting;
  });
}

function proposingRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.get('/forms/:form/access/propose', staff, async (request, reply) => {
    const state = await ask(deps, request, (on) => accessState(on, parameter(request, 'form')));
    if (isRefusal(state)) return reply.refuse(state);
    const proposer = request.actor?.person ?? '';
    const asked = readProposal(request.query, state, proposer, new Date());
    if (asked === null)
      return reply.page('grants/pages/propose.njk', choicesPage(state, proposer, {}, [], new Date()));
    if (!asked.proposal)
      return reply.page(
        'grants/pages/propose.njk',
        choicesPage(state, proposer, asked.typed, asked.problems, new Date()),
        422,
      );
    return reply.page('grants/pages/preview.njk', previewPage(state, asked.proposal, new Date()));
  });
  app.post('/forms/:form/access/propose', taking(signedShape), async (request, reply) => {
    const signed = sent(signedShape, request.body);
    const done = await actOnGrant(deps.desk, sessionOf(request), 'propose', signed, {
      form: parameter(request, 'form'),
    });
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send(done);
  });
}

type Found = { readonly state: AccessState; readonly grant: Standing };

const MISSING = refuse('missing', 'missing', 'There is no such proposal in your organisation.');

function grantId(request: FastifyRequest): string | Refusal {
  return z.uuid().safeParse(parameter(request, 'grant')).data ?? MISSING;
}

async function findGrant(deps: GrantsDeps, request: FastifyRequest): Promise<Found | Refusal> {
  const id = grantId(request);
  if (isRefusal(id)) return id;
  return ask(deps, request, async (on) => {
    const form = await formOfGrant(on, id);
    if (form === null) return MISSING;
    const state = await accessState(on, form);
    const grant = state.grants.find((each) => each.id === id);
    return grant ? { state, grant } : MISSING;
  });
}

function decidingRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, page: string) => {
    const found = await findGrant(deps, request);
    if (isRefusal(found)) return reply.refuse(found);
    return reply.page(
      page,
      await approvalPage(found.state, found.grant, request.actor?.person ?? '', new Date()),
    );
  };
  app.get('/grants/:grant/approve', staff, (request, reply) =>
    show(request, reply, 'grants/pages/approve.njk'),
  );
  app.get('/grants/:grant/end', staff, (request, reply) => show(request, reply, 'grants/pages/end.njk'));
  for (const what of ['approve', 'end'] as const) {
    app.post(`/grants/:grant/${what}`, taking(signedShape), async (request, reply) => {
      const done = await actOnGrant(deps.desk, sessionOf(request), what, sent(signedShape, request.body));
      return isRefusal(done) ? reply.refuse(done) : done;
    });
  }
  app.get('/grants/:grant', staff, async (request, reply) => {
    const found = await findGrant(deps, request);
    return isRefusal(found) ? reply.refuse(found) : found;
  });
  app.post('/grants/:grant/fulfil', taking(handedShape), async (request, reply) => {
    const grant = grantId(request);
    if (isRefusal(grant)) return reply.refuse(grant);
    const { keys } = sent(handedShape, request.body);
    const done = await fulfilGrant(deps.desk, sessionOf(request), grant, keys);
    return isRefusal(done) ? reply.refuse(done) : { fulfilled: true };
  });
}

function keyRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.get('/forms/:form/key', staff, async (request, reply) => {
    const form = parameter(request, 'form');
    const found = await ask(deps, request, async (on) => ({
      state: await accessState(on, form),
      keys: await formKeys(on, form),
      waits: await whatWaits(on),
    }));
    if (isRefusal(found)) return reply.refuse(found);
    const mine = found.waits.filter((each) => each.form === form).map((each) => each.what);
    return reply.page('grants/pages/key.njk', {
      ...accessPage(found.state, new Date()),
      keys: found.keys,
      make: mine.includes('make-key'),
      approve: mine.includes('approve-key'),
    });
  });
  app.post('/forms/:form/key', taking(keyShape), async (request, reply) => {
    const key = sent(keyShape, request.body);
    const [own, recovery] = [Buffer.from(key.own, 'hex'), Buffer.from(key.recovery, 'hex')];
    const done = await makeFormKey(
      deps.desk,
      sessionOf(request),
      { ...key, own, recovery },
      { form: parameter(request, 'form') },
    );
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send({ made: true });
  });
  app.post('/forms/:form/key/approval', taking(signedShape), async (request, reply) => {
    const done = await approveFormKey(deps.desk, sessionOf(request), sent(signedShape, request.body), {
      form: parameter(request, 'form'),
    });
    return isRefusal(done) ? reply.refuse(done) : { approved: true };
  });
}
