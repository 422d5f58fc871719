/** Signing in: a passkey, or a passphrase by OPAQUE (RFC 9807) with a TOTP code. */
import * as opaque from '@serenity-kit/opaque';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { ProblemError, sent } from '../web/problem.ts';
import { refuse } from '../web/refusal.ts';
import { openSession } from './acts.ts';
import type { OrganisationKind } from './documents.ts';
import { authenticationOptions, authenticationResponse, verifyAuthentication } from './passkeys.ts';
import { Pending } from './pending.ts';
import { giveCookie, type PeopleDeps } from './routes.ts';
import { stepOf } from './second-factor.ts';
import { type PassphraseRow, passkeyFor, passphraseFor } from './store.ts';

const open = { config: { audience: 'public' } } as const;
const key = z.string().max(100);

export function signInRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  app.get('/sign-in', open, (_request, reply) => reply.page('people/pages/sign-in.njk', {}));
  passkeyRoutes(app, deps);
  passphraseRoutes(app, deps);
}

function passkeyRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  const begun = new Pending<string>();
  app.post('/sign-in/passkey/start', open, async () => {
    const options = await authenticationOptions(deps.party);
    return { id: begun.begin(options.challenge), options };
  });
  app.post('/sign-in/passkey', open, async (request, reply) => {
    const { id, response } = sent(
      z.strictObject({ id: key, response: authenticationResponse }),
      request.body,
    );
    const challenge = begun.finish(id);
    const known = await passkeyFor(deps.signin, response.id);
    const counter =
      challenge && known && (await verifyAuthentication(deps.party, challenge, response, known));
    if (!known || typeof counter !== 'number') {
      return reply.refuse(
        refuse(
          'passkey',
          'forbidden',
          'This passkey is not known here. Use another one, or your passphrase.',
        ),
      );
    }
    await deps.signin.run('select letterbox.passkey_used($1, $2)', [response.id, counter]);
    return enter(deps, reply, known, 'passkey');
  });
}

type Begun = { readonly state: string; readonly row: PassphraseRow | null };

const WRONG = refuse(
  'passphrase',
  'forbidden',
  'The email address, the passphrase or the code is not right. Check all three and try again. After ten wrong tries, signing in waits 15 minutes.',
);

function passphraseRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  const begun = new Pending<Begun>();
  // An unknown address gets an answer of the same shape, so that asking does not tell who is here.
  app.post('/sign-in/passphrase/start', open, async (request) => {
    const { email, start } = sent(
      z.strictObject({ email: z.string().max(254), start: z.string().max(2000) }),
      request.body,
    );
    const userIdentifier = email.trim().toLowerCase();
    const row = await passphraseFor(deps.signin, userIdentifier);
    // The answer alone tells a client whether its guess was right, so the try is counted here, and
    // forgiven when it ends well.
    if (row)
      await deps.signin.run('select letterbox.passphrase_failed($1, $2)', [row.organisation, row.person]);
    await opaque.ready;
    const { serverLoginState, loginResponse } = understood(() =>
      opaque.server.startLogin({
        serverSetup: deps.opaqueSetup,
        userIdentifier,
        registrationRecord: row && !row.locked ? row.opaque_record : null,
        startLoginRequest: start,
      }),
    );
    return { id: begun.begin({ state: serverLoginState, row }), response: loginResponse };
  });
  app.post('/sign-in/passphrase', open, async (request, reply) => {
    const { id, finish, code } = sent(
      z.strictObject({ id: key, finish: z.string().max(2000), code: z.string().max(20) }),
      request.body,
    );
    const { state, row } = begun.finish(id) ?? {};
    const right =
      state && row && !row.locked && finished(state, finish) && (await codeCounts(deps, row, code));
    if (!right) return reply.refuse(WRONG);
    return enter(deps, reply, row, 'passphrase');
  });
}

/** What OPAQUE makes of a message; one that it cannot read is the sender's mistake. Throws a 400 `ProblemError` for it. */
export function understood<T>(reading: () => T): T {
  try {
    return reading();
  } catch {
    throw new ProblemError(400, 'What was sent is no message of OPAQUE.');
  }
}

function finished(serverLoginState: string, finishLoginRequest: string): boolean {
  try {
    opaque.server.finishLogin({ serverLoginState, finishLoginRequest });
    return true;
  } catch {
    return false;
  }
}

/** Whether the code is right and new: each time step counts once. */
async function codeCounts(deps: PeopleDeps, row: PassphraseRow, code: string): Promise<boolean> {
  const step = stepOf(row.totp_secret, code, new Date());
  if (step === null) return false;
  const sql = 'select letterbox.passphrase_used($1, $2, $3) as fresh';
  return (await deps.signin.one(z.object({ fresh: z.boolean() }), sql, [row.organisation, row.person, step]))
    .fresh;
}

type Known = {
  readonly organisation: string;
  readonly person: string;
  readonly sealed_identity: Uint8Array | null;
  readonly kind: OrganisationKind;
};

/** The first page of whoever signs in. */
const HOME = { controller: '/', host: '/host' } as const;

/** Only somebody who has just signed in gets their sealed identity. */
async function enter(deps: PeopleDeps, reply: FastifyReply, known: Known, how: 'passkey' | 'passphrase') {
  giveCookie(reply, deps, await openSession(deps.signin, known.organisation, known.person, how));
  const { organisation, person, sealed_identity: sealed } = known;
  const home = HOME[known.kind];
  return { organisation, person, sealed: sealed && Buffer.from(sealed).toString('hex'), home };
}
