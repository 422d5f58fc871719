/** The doors of the host's operators: the bodies on this site and its health. */
import { statfs } from 'node:fs/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isHoldable } from '../people/holdable.ts';
import { act, type Database, type SessionSecret } from '../store/store.ts';
import { sent } from '../web/problem.ts';
import { isRefusal } from '../web/refusal.ts';
import { inviteBody } from './acts.ts';
import { findings, type Program } from './hosting.ts';
import { bodies, health } from './store.ts';

export type HostingDeps = {
  readonly desk: Database;
  /** The desk's address, for one-time links. */
  readonly deskUrl: string;
  /** The folder whose disk is watched. */
  readonly data: string;
  readonly program: Omit<Program, 'room' | 'node'>;
};

const host = { config: { audience: 'host' } } as const;
const typedShape = z.object({ slug: z.string().trim().toLowerCase().max(100).refine(isHoldable).catch('') });

/** Registers this room's routes on the desk. */
export function hostingRoutes(deps: HostingDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    app.get('/host', host, async (request, reply) => {
      if (!request.actor?.confirmed) return reply.redirect('/people', 303);
      const found = await act(deps.desk, sessionOf(request), async (tx) => ({
        bodies: await bodies(tx),
        health: await health(tx),
      }));
      if (isRefusal(found)) return reply.refuse(found);
      const program = { ...deps.program, node: process.versions.node, room: await roomIn(deps.data) };
      return reply.page('hosting/pages/host.njk', {
        bodies: found.bodies,
        findings: findings(found.health, program, new Date()),
      });
    });
    app.get('/host/bodies/invite', host, (_request, reply) =>
      reply.page('hosting/pages/invite.njk', { typed: {} }),
    );
    app.post('/host/bodies/invite', host, async (request, reply) => {
      const typed = sent(typedShape, request.body ?? {});
      const invited = await inviteBody(deps.desk, sessionOf(request), typed.slug);
      if (!isRefusal(invited))
        return reply.page(
          'hosting/pages/invited.njk',
          { slug: typed.slug, link: `${deps.deskUrl}/join/${invited.secret}` },
          201,
        );
      if (invited.kind !== 'conflict' && invited.kind !== 'invalid') return reply.refuse(invited);
      return reply.page('hosting/pages/invite.njk', { typed, problem: invited.message }, 422);
    });
  };
}

function sessionOf(request: FastifyRequest): SessionSecret {
  if (!request.actor) throw new Error('A door of the host was reached without an actor.');
  return request.actor.session;
}

async function roomIn(folder: string): Promise<number | null> {
  const found = await statfs(folder).catch(() => null);
  return found && found.bavail * found.bsize;
}
