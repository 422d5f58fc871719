/** The desk's doors about who can read what. All state changes come signed, as JSON, from our own pages. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { isRefusal } from '../web/refusal.ts';
import { ask, type GrantsDeps, pageOf, parameter, staff } from './asking.ts';
import { endingRoutes } from './ending-routes.ts';
import { historyRoutes } from './history-routes.ts';
import { keyRoutes } from './key-routes.ts';
import { proposalRoutes } from './proposal-routes.ts';
import { recoveryRoutes } from './recovery-routes.ts';
import {
  accessOverview,
  formGrants,
  formKeys,
  formProposals,
  LINES,
  oddReading,
  ownFormTitles,
  whatWaits,
} from './store.ts';

/** Registers this room's routes on the desk. */
export function grantsRoutes(deps: GrantsDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    accessRoutes(app, deps);
    proposalRoutes(app, deps);
    endingRoutes(app, deps);
    keyRoutes(app, deps);
    historyRoutes(app, deps);
    recoveryRoutes(app, deps);
  };
}

const PARTS = ['now', 'later', 'past'] as const;
const partShape = z.object({ part: z.enum(PARTS).catch('now') });

function accessRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.get('/access', staff, async (request, reply) => {
    const forms = await ask(deps, request, accessOverview);
    return isRefusal(forms) ? reply.refuse(forms) : reply.page('grants/pages/overview.njk', { forms });
  });
  app.get('/forms/:form/access', staff, async (request, reply) => {
    const form = parameter(request, 'form');
    const [{ part }, page] = [partShape.parse(request.query), pageOf(request)];
    const found = await ask(deps, request, async (on) => ({
      title: (await ownFormTitles(on)).find((each) => each.form === form)?.title ?? null,
      lines: await formGrants(on, form, part, page),
      proposals: await formProposals(on, form),
      keys: await formKeys(on, form),
      odd: await oddReading(on, form),
    }));
    if (isRefusal(found)) return reply.refuse(found);
    if (found.title === null) return reply.callNotFound();
    const more = found.lines.length === LINES;
    return reply.page('grants/pages/access.njk', { ...found, form, part, page, more });
  });
  app.get('/waiting', staff, async (request, reply) => {
    const waiting = await ask(deps, request, whatWaits);
    return isRefusal(waiting) ? reply.refuse(waiting) : waiting;
  });
}
