/** Joining by a one-time link: founding a body, or enrolling as an invited colleague. */
import * as opaque from '@serenity-kit/opaque';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { verifyText } from '../sealing/signature.ts';
import { named, sent } from '../web/problem.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { type Method, openSession, takeIn } from './acts.ts';
import { type PeopleDocument, parsePeopleDocument } from './documents.ts';
import { registrationOptions, registrationResponse, verifyRegistration } from './passkeys.ts';
import { Pending } from './pending.ts';
import { giveCookie, type PeopleDeps } from './routes.ts';
import { offerSecondFactor, stepOf } from './second-factor.ts';
import { understood } from './signing-in.ts';
import { type Invitation, invitationFor } from './store.ts';

const open = { config: { audience: 'public' } } as const;
const secretOf = (parameters: unknown) => named(z.object({ secret: z.string().max(100) }), parameters).secret;
const GONE = refuse(
  'invitation',
  'missing',
  'This link has been used or is too old. Ask whoever gave it to you for a new one.',
);

type Begun = { readonly challenge?: string; readonly totp?: string; readonly email?: string };

const joinShape = z.strictObject({
  text: z.string().max(20_000),
  signature: z.string().max(200),
  sealed: z
    .string()
    .regex(/^([0-9a-f]{2})+$/)
    .max(40_000),
  method: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('passkey'), response: registrationResponse }),
    z.strictObject({ kind: z.literal('passphrase'), record: z.string().max(4000), code: z.string().max(20) }),
  ]),
});
type Join = z.infer<typeof joinShape>;

export function joiningRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  const begun = new Pending<Begun>();
  app.get('/join/:secret', open, async (request, reply) => {
    const invitation = await invitationFor(deps.signin, secretOf(request.params));
    if (!invitation) return reply.refuse(GONE);
    return reply.page('people/pages/join.njk', {
      invitation,
      founding: invitation.slug === null ? null : invitation.kind,
    });
  });
  app.post('/join/:secret/passkey', open, async (request, reply) => {
    const secret = secretOf(request.params);
    const { name } = sent(z.strictObject({ name: z.string().min(1).max(254) }), request.body);
    if (!(await invitationFor(deps.signin, secret))) return reply.refuse(GONE);
    const options = await registrationOptions(deps.party, name);
    begun.begin({ challenge: options.challenge }, secret);
    return options;
  });
  app.post('/join/:secret/passphrase', open, async (request, reply) => {
    const secret = secretOf(request.params);
    const typed = sent(
      z.strictObject({ email: z.string().max(254), start: z.string().max(2000) }),
      request.body,
    );
    const invitation = await invitationFor(deps.signin, secret);
    if (!invitation) return reply.refuse(GONE);
    // Who is invited signs in with the address they were invited by.
    const email = (invitation.email ?? typed.email).trim().toLowerCase();
    await opaque.ready;
    const { registrationResponse: response } = understood(() =>
      opaque.server.createRegistrationResponse({
        serverSetup: deps.opaqueSetup,
        userIdentifier: email,
        registrationRequest: typed.start,
      }),
    );
    const offered = await offerSecondFactor(email);
    begun.begin({ totp: offered.secret, email }, secret);
    return { response, ...offered };
  });
  app.post('/join/:secret', open, async (request, reply) => {
    const secret = secretOf(request.params);
    const invitation = await invitationFor(deps.signin, secret);
    if (!invitation) return reply.refuse(GONE);
    const join = sent(joinShape, request.body);
    const document = await checked(join, invitation);
    if (isRefusal(document)) return reply.refuse(document);
    const method = await methodOf(deps, join, document, begun.peek(secret) ?? {});
    if (isRefusal(method)) return reply.refuse(method);
    const what = document.kind === 'founding' ? 'found' : 'enrol';
    const joined = await takeIn(deps.signin, what, secret, join, method);
    if (isRefusal(joined)) return reply.refuse(joined);
    begun.finish(secret);
    const session = await openSession(deps.signin, document.organisation, joined.id, method.kind);
    if (document.kind === 'founding' && document.as === 'controller') await deps.onFounded(session);
    giveCookie(reply, deps, session);
    return reply.status(201).send({ joined: true });
  });
}

type JoiningDocument = Extract<PeopleDocument, { kind: 'founding' | 'enrolment' }>;
const emailIn = (document: JoiningDocument) =>
  document.kind === 'founding' ? document.person.email : document.email;

/** The document, when it is of the right kind, about what the invitation says, and signed by its own key. */
async function checked(join: Join, invitation: Invitation): Promise<JoiningDocument | Refusal> {
  const document = parsePeopleDocument(join.text);
  const fits =
    invitation.slug !== null
      ? document?.kind === 'founding' && document.as === invitation.kind
      : document?.kind === 'enrolment' &&
        document.signer === invitation.person &&
        document.name === invitation.name &&
        document.email === invitation.email &&
        document.founding === invitation.founding;
  if (
    !document ||
    (document.kind !== 'founding' && document.kind !== 'enrolment') ||
    !fits ||
    !(await verifyText(document.verifyKey, join.text, join.signature))
  ) {
    return refuse(
      'document-mismatch',
      'invalid',
      'What was signed does not fit this link. Reload the page and begin again.',
    );
  }
  return document;
}

async function methodOf(
  deps: PeopleDeps,
  { method, sealed: hex }: Join,
  document: JoiningDocument,
  begun: Begun,
): Promise<Method | Refusal> {
  const sealed = Buffer.from(hex, 'hex');
  if (method.kind === 'passkey') {
    const registered =
      begun.challenge && (await verifyRegistration(deps.party, begun.challenge, method.response));
    if (!registered)
      return refuse(
        'passkey',
        'invalid',
        'The passkey could not be checked. Try again, or choose a passphrase.',
      );
    return { kind: 'passkey', ...registered, sealed };
  }
  const step = begun.totp ? stepOf(begun.totp, method.code, new Date()) : null;
  // The passphrase was registered under the address they will sign in with.
  if (!begun.totp || step === null || begun.email !== emailIn(document)) {
    return refuse(
      'code',
      'invalid',
      'The code is not right. Enter the newest six digits that your app shows.',
    );
  }
  return { kind: 'passphrase', record: method.record, totp: begun.totp, step, sealed };
}
