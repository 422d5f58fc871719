/**
 * Wall 1, the door: what both sites share.
 *
 * A site is one listener on one origin with its own list of doors (`doors.ts`). Every route says
 * who it is for; a route that says nothing, or that the list does not know, keeps the server from
 * starting. Staff doors find out who asks from the session cookie, by the database.
 */
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastifyStatic from '@fastify/static';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { SessionSecret } from '../store/store.ts';
import type { Assets } from './assets.ts';
import { AUDIENCES, type Audience, doorOf, type Site } from './doors.ts';
import { guardHeaders } from './headers.ts';
import { type Refusal, statusOf } from './refusal.ts';
import { type Render, renderer } from './render.ts';

/** Who is signed in, as the database found out from the session's secret. */
export type Actor = {
  readonly organisation: string;
  /** Of a body whose data it is, or of the host that runs the site. */
  readonly kind: 'controller' | 'host';
  readonly organisationName: string;
  readonly person: string;
  readonly name: string;
  readonly capacities: readonly string[];
  readonly confirmed: boolean;
  /** Since when a recovery of the body's keys is under way: every page of the desk says so. */
  readonly recoverySince?: Date | null;
  /** How many alarms nobody has acknowledged; 0 for those who do not mind them. */
  readonly alarms?: number;
  /** Since when Watch says nothing although it is due. */
  readonly watchSilentSince?: Date | null;
  /** By when a regulator has to be told of an incident, for those who look after incidents. */
  readonly regulatorDue?: Date | null;
  readonly session: SessionSecret;
};

export type SiteOptions = {
  readonly site: Site;
  readonly assets: Assets;
  /** True once everything behind the site answers; GET /healthz tells. */
  readonly ready: () => Promise<boolean>;
  /** Finds the person behind a request's cookies; the public site has none. */
  readonly whoIs?: (cookies: Readonly<Record<string, string | undefined>>) => Promise<Actor | null>;
  /** True when demonstration data, whose keys are public, is served: every page says so. */
  readonly demonstration: () => boolean;
  /** Where defects are told, without personal data. */
  readonly diagnostics?: (line: string) => void;
  readonly trustProxy?: boolean;
  /** What a rehearsal of Watch's has planted at a path where nothing else is; null else. */
  readonly planted?: (path: string) => Promise<Uint8Array | null>;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    audience?: Audience;
  }
  interface FastifyRequest {
    actor: Actor | null;
  }
  interface FastifyReply {
    /** Sends a page: `template` is a path under src, such as `cases/pages/list.njk`. */
    page(template: string, context?: Record<string, unknown>, status?: number): FastifyReply;
    /** Sends a page that is the same to everybody: one that was written before with the same `context` is sent again. */
    samePage(template: string, context: Record<string, unknown>, status?: number): FastifyReply;
    /** Sends a refusal with its status, as JSON to programs and as a page to people. */
    refuse(refusal: Refusal): FastifyReply;
  }
}

const BODY_LIMIT = 1024 * 1024;

/** Builds a site with no rooms in it yet; register rooms' routes on it, then `listen`. */
export async function createSite(options: SiteOptions): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    trustProxy: options.trustProxy ?? false,
    requestTimeout: 120_000,
    forceCloseConnections: true,
    logger: false,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  guardDoors(app, options.site);
  decorate(app, options);
  guardHeaders(app, options.assets);
  await app.register(cookie);
  await app.register(formbody, { bodyLimit: BODY_LIMIT });
  answerProblems(app, options);
  admitStaff(app, options);
  await serveCommon(app, options);
  return app;
}

// Runs for each route as it is written, so the mistake shows at the start and not at a request.
function guardDoors(app: FastifyInstance, site: Site): void {
  app.addHook('onRoute', (route) => {
    const audience = route.config?.audience;
    const methods = [route.method].flat().filter((method) => method !== 'HEAD');
    for (const method of methods) {
      const name = `${site} ${method} ${route.url}`;
      if (!audience || !AUDIENCES.includes(audience))
        throw new Error(`The route ${name} declares no audience.`);
      const door = doorOf(site, method, route.url);
      if (!door) throw new Error(`The route ${name} is not in the list of doors (src/web/doors.ts).`);
      if (door.audience !== audience) {
        throw new Error(`The route ${name} is for ${audience}, the list of doors says ${door.audience}.`);
      }
    }
  });
}

function decorate(app: FastifyInstance, options: SiteOptions): void {
  const render: Render = renderer(options.site, options.assets);
  const same = onceEach(render);
  app.decorateRequest('actor', null);
  app.decorateReply('page', function (this: FastifyReply, template, context = {}, status = 200) {
    // Scanners and Watch ask for thousands of addresses that are nowhere.
    if (status === 404 && !this.request.actor) return this.samePage(template, context, status);
    const shared = { actor: this.request.actor, demonstration: options.demonstration() };
    return sendPage(this, status, render(template, { path: this.request.url, ...shared, ...context }));
  });
  app.decorateReply('samePage', function (this: FastifyReply, template, context, status = 200) {
    const shared = { actor: null, demonstration: options.demonstration() };
    return sendPage(this, status, same(template, { ...shared, ...context }));
  });
  app.decorateReply('refuse', function (this: FastifyReply, refusal: Refusal) {
    const status = statusOf(refusal);
    if (refusal.kind === 'busy') this.header('retry-after', '5');
    if (!wantsPage(this.request))
      return this.status(status).send({ refusal: refusal.refusal, message: refusal.message });
    return this.page('web/pages/problem.njk', { status, message: refusal.message }, status);
  });
}

const sendPage = (reply: FastifyReply, status: number, written: string) =>
  reply.status(status).type('text/html; charset=utf-8').send(written);

const MOST_KEPT = 50;

/** The same pages, each written once; of more than fifty, those that were written first are forgotten. */
function onceEach(render: Render): Render {
  const kept = new Map<string, string>();
  return (template, context) => {
    const key = JSON.stringify([template, context]);
    const before = kept.get(key);
    if (before !== undefined) return before;
    const written = render(template, context);
    kept.set(key, written);
    for (const oldest of [...kept.keys()].slice(0, -MOST_KEPT)) kept.delete(oldest);
    return written;
  };
}

const OPEN: readonly Audience[] = ['public', 'receipt'];
/** Of which kind of organisation somebody signed in must be; to others the door is not there. */
const KINDS: Readonly<Record<Audience, readonly Actor['kind'][]>> = {
  public: ['controller', 'host'],
  receipt: ['controller', 'host'],
  colleague: ['controller', 'host'],
  auditor: ['controller', 'host'],
  staff: ['controller'],
  host: ['host'],
};

function admitStaff(app: FastifyInstance, options: SiteOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    const audience = request.routeOptions.config.audience;
    // A path nobody wrote has no audience: it is answered as absent, to everyone alike, and asks the database nothing.
    if (!audience) return;
    if (options.whoIs) request.actor = await options.whoIs(request.cookies);
    if (OPEN.includes(audience)) return;
    if (request.actor && KINDS[audience].includes(request.actor.kind)) return;
    if (request.actor) {
      // As any path that nobody wrote, down to the page.
      request.actor = null;
      return reply.callNotFound();
    }
    if (request.method === 'GET' && wantsPage(request)) return reply.redirect('/sign-in', 303);
    return reply
      .status(401)
      .send({ refusal: 'signed-out', message: 'You are signed out. Sign in and try again.' });
  });
}

function wantsPage(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '').includes('text/html');
}

const PLAIN: Record<number, string> = {
  400: 'What was sent could not be understood. Go back, check it and send it again.',
  404: 'There is no such page here. Check the address, or start from the first page.',
  413: 'What was sent is too large. Go back, make it smaller and send it again.',
  415: 'What was sent is not of a kind this page takes. Go back and use the form.',
  422: 'What was sent does not fit together. Go back, check it and send it again.',
  429: 'That was too often in a short time. Wait a minute and try again.',
  503: 'The service is away for a moment, and what was sent was not acknowledged. Wait a minute, then try again. Nothing you typed is lost if you go back.',
};

const DEFECT =
  'Something went wrong on our side. Nothing you typed was lost if you go back. Try again in a few minutes.';

function answerProblems(app: FastifyInstance, options: SiteOptions): void {
  const { diagnostics = () => undefined, planted = async () => null } = options;
  const answer = (request: FastifyRequest, reply: FastifyReply, status: number) => {
    if (status === 503) reply.header('retry-after', '5');
    const message = PLAIN[status] ?? (status < 500 ? PLAIN[400] : DEFECT) ?? DEFECT;
    if (!wantsPage(request)) return reply.status(status).send({ refusal: `status-${status}`, message });
    return reply.page('web/pages/problem.njk', { status, message }, status);
  };
  app.setNotFoundHandler(async (request, reply) => {
    // What lies at no door's address only; whoever is not let in at a door gets the plain answer.
    const free = request.method === 'GET' && !request.routeOptions.config.audience;
    const rehearsed = free ? await planted(request.url.split('?')[0] ?? '').catch(() => null) : null;
    if (!rehearsed) return answer(request, reply, 404);
    // Nothing that a browser would show or run, whatever was planted.
    return reply.type('application/octet-stream').header('content-disposition', 'attachment').send(rehearsed);
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? (error.validation ? 400 : 500);
    // The route's pattern and the code's place only: messages and addresses may carry what was typed.
    if (status >= 500) {
      const where =
        error.stack
          ?.split('\n')
          .find((line) => line.includes('/src/'))
          ?.trim() ?? '';
      diagnostics(
        `${request.method} ${request.routeOptions.url ?? '?'} ${error.code ?? error.name} ${where}`,
      );
    }
    return answer(request, reply, status);
  });
}

async function serveCommon(app: FastifyInstance, options: SiteOptions): Promise<void> {
  await app.register(fastifyStatic, { root: options.assets.folder, serve: false });
  app.get('/assets/*', { config: { audience: 'public' } }, (request, reply) => {
    const path = new URL(request.url, 'http://site').pathname.slice('/assets/'.length);
    return reply.sendFile(path, { maxAge: '365d', immutable: true });
  });
  app.get('/healthz', { config: { audience: 'public' } }, async (_request, reply) => {
    const ready = await options.ready().catch(() => false);
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ok' : 'waiting' });
  });
}
