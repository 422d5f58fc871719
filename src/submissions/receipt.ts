/**
 * "Has it arrived?", asked with the receipt code.
 *
 * With JavaScript the browser derives the authenticator and sends only that. Without, the code itself comes over
 * TLS, is turned into the authenticator here and forgotten: it is never stored or written anywhere.
 */
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { fromBase64url } from '../sealing/encoding.ts';
import { parseReceiptCode, receiptAuthenticator, referenceOf } from '../sealing/receipt.ts';
import type { Database } from '../store/store.ts';
import { ProblemError } from '../web/problem.ts';
import { refuse } from '../web/refusal.ts';
import { pace } from './pace.ts';
import { findArrived } from './store.ts';

/** Asked at most so often on one listener: `burst` at once, then one a second. */
const burst = 60;

const asked = z.object({
  code: z.string().max(200).optional(),
  authenticator: z.string().max(60).optional(),
});

export function receiptRoutes(slot: Database, clock: () => Date): FastifyPluginAsync {
  return async (plain) => {
    const app = plain.withTypeProvider<ZodTypeProvider>();
    const door = { config: { audience: 'receipt' as const } };
    const mayAsk = pace(burst, 1000, clock);
    app.get('/receipt', door, (_request, reply) => reply.page(page));

    app.post('/receipt', { ...door, schema: { body: asked } }, async (request, reply) => {
      const program = request.headers['content-type']?.startsWith('application/json') ?? false;
      if (!mayAsk()) throw new ProblemError(429, 'Too many receipt codes were tried on this listener.');
      const { code = '', authenticator } = request.body;
      const shown = authenticator ?? (await authenticatorOf(code));
      const arrived = shown !== null && isAuthenticator(shown) ? await findArrived(slot, shown) : null;
      if (!arrived) return program ? reply.refuse(nothing) : unknown(reply, code);
      const { title, organisation, day } = arrived;
      const found = { reference: await referenceOf(arrived.case), title, organisation, day };
      return program ? reply.send(found) : reply.page(page, { found });
    });
  };
}

const page = 'submissions/pages/receipt.njk';
const nothing = refuse('nothing-arrived', 'missing', 'Nothing has arrived with this receipt code.');

const isAuthenticator = (text: string): boolean => fromBase64url(text)?.length === 32;

async function authenticatorOf(typed: string): Promise<string | null> {
  const code = parseReceiptCode(typed);
  return code === null ? null : await receiptAuthenticator(code);
}

function unknown(reply: FastifyReply, typed: string): FastifyReply {
  const malformed = parseReceiptCode(typed) === null;
  const problem = malformed
    ? 'Enter the receipt code as it was shown to you: 24 letters and figures'
    : 'Nothing has arrived with this receipt code. Check each letter and figure';
  return reply.page(page, { error: problem, typed }, malformed ? 422 : 404);
}
