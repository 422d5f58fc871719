/** The desk's doors about people: joining, signing in, colleagues, and the session's own half. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Database, SessionSecret } from '../store/store.ts';
import { colleagueRoutes } from './colleagues.ts';
import { joiningRoutes } from './joining.ts';
import type { RelyingParty } from './passkeys.ts';
import { sessionRoutes } from './sessions.ts';
import { signInRoutes } from './signing-in.ts';
import { standingRoutes } from './standing-routes.ts';
import { trainingRoutes } from './training-routes.ts';

export type PeopleDeps = {
  readonly desk: Database;
  readonly signin: Database;
  readonly party: RelyingParty;
  /** OPAQUE's long-term server secret (`opaque.server.createSetup()`). */
  readonly opaqueSetup: string;
  /** The desk's address, for one-time links. */
  readonly deskUrl: string;
  /** Runs in the founder's first session: publishes the forms a new body begins with. */
  readonly onFounded: (session: SessionSecret) => Promise<void>;
};

/** Registers this room's routes on the desk. */
export function peopleRoutes(deps: PeopleDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    signInRoutes(app, deps);
    joiningRoutes(app, deps);
    sessionRoutes(app, deps);
    colleagueRoutes(app, deps);
    standingRoutes(app, deps);
    trainingRoutes(app, deps);
  };
}

/** Gives the browser its session cookie: for this origin only, unreadable to scripts, gone with the browser. */
export function giveCookie(reply: FastifyReply, deps: PeopleDeps, session: SessionSecret): void {
  const https = deps.party.origin.startsWith('https:');
  reply.setCookie(https ? '__Host-letterbox' : 'letterbox', session, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: https,
  });
}

/** Takes it away, with the flags it was given with: so that they can be seen without signing in. */
export function takeCookie(reply: FastifyReply): void {
  const flags = { path: '/', httpOnly: true, sameSite: 'strict' } as const;
  reply.clearCookie('letterbox', flags);
  reply.clearCookie('__Host-letterbox', { ...flags, secure: true });
}
