/** The desk's doors of a conversation: what a reader writes, and another receipt code. Both come sealed from their browser. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseAddress } from '../post/address.ts';
import { fromBase64url } from '../sealing/encoding.ts';
import { objectId } from '../sealing/place.ts';
import { parseSealed } from '../sealing/seal.ts';
import type { Database, SessionSecret } from '../store/store.ts';
import { ProblemError } from '../web/problem.ts';
import { isRefusal, refuse } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import { NO_CASE, renew, type Telling, tell, write } from './acts.ts';
import { LARGEST_MESSAGE } from './conversation.ts';

export type ConversationDeps = Telling & { readonly desk: Database };

const staff = { config: { audience: 'staff' } } as const;
const uuid = z.uuid().lowercase();
const sealed = z
  .string()
  .max(LARGEST_MESSAGE * 2)
  .transform((text) => parseSealed(Uint8Array.from(fromBase64url(text) ?? [])));
const params = z.object({ case: uuid });
const message = z.object({ id: uuid, sealed });
const told = z.object({ to: z.string().max(254).transform(parseAddress) });
const NO_ADDRESS = refuse(
  'bad-address',
  'invalid',
  'Their e-mail address is none that mail goes to. Tell them in another way.',
);
const receipt = z.object({
  authenticator: z.string().transform((text) => fromBase64url(text)),
  receiptKey: sealed,
});

export function conversationRoutes(deps: ConversationDeps) {
  const { desk } = deps;
  return async (app: FastifyInstance): Promise<void> => {
    app.post('/cases/:case/messages', staff, async (request, reply) => {
      const of = params.safeParse(request.params);
      if (!of.success) return reply.refuse(NO_CASE);
      const body = message.safeParse(request.body);
      if (!body.success || !body.data.sealed) throw new ProblemError(400, 'This is not a sealed message.');
      const { id, sealed: content } = body.data;
      const made = { id: objectId(id), sealed: content };
      const refused = await write(desk, sessionOf(request), of.data.case, made);
      return refused ? reply.refuse(refused) : reply.status(201).send({ id });
    });
    app.post('/cases/:case/messages/told', staff, async (request, reply) => {
      const of = params.safeParse(request.params);
      if (!of.success) return reply.refuse(NO_CASE);
      const address = told.safeParse(request.body).data?.to ?? null;
      if (!address) return reply.refuse(NO_ADDRESS);
      const refused = await tell(deps, actorOf(request), of.data.case, address);
      return refused ? reply.refuse(refused) : reply.status(201).send({});
    });
    app.post('/cases/:case/receipt', staff, async (request, reply) => {
      const of = params.safeParse(request.params);
      if (!of.success) return reply.refuse(NO_CASE);
      const body = receipt.safeParse(request.body);
      const { authenticator = null, receiptKey = null } = body.data ?? {};
      if (authenticator?.length !== 32 || !receiptKey) throw new ProblemError(400, 'This is not a receipt.');
      const refused = await renew(desk, sessionOf(request), of.data.case, { authenticator, receiptKey });
      return isRefusal(refused) ? reply.refuse(refused) : reply.status(201).send({});
    });
  };
}

function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('A staff route was reached without an actor.');
  return request.actor;
}

const sessionOf = (request: FastifyRequest): SessionSecret => actorOf(request).session;
