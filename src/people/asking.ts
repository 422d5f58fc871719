/** What the doors of this room share: who asks, about whom, and the shape of what is signed. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { act, type SessionSecret } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import type { PeopleDeps } from './routes.ts';
import { type PersonRow, people } from './store.ts';

/** People of a body; people of a body or of the host. */
export const staff = { config: { audience: 'staff' } } as const;
export const colleague = { config: { audience: 'colleague' } } as const;
export const signedShape = z.strictObject({ text: z.string().max(20_000), signature: z.string().max(200) });
export const takingSigned = { ...colleague, schema: { body: signedShape } };
export const personName = z.object({ person: z.uuid() });
const MISSING = refuse('missing', 'missing', 'There is no such person in your organisation.');

/** Who asks; the doors of this room's staff pages let nobody else in. */
export function theActor(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('A staff route was reached without an actor.');
  return request.actor;
}
export const sessionOf = (request: FastifyRequest): SessionSecret => theActor(request).session;

export type Asked = { readonly row: PersonRow; readonly rows: readonly PersonRow[] };

/** The person of the address among all of the organisation, or the refusal that says there is none. */
export async function thePerson(
  deps: PeopleDeps,
  request: FastifyRequest,
  id: string,
): Promise<Asked | Refusal> {
  const rows = await act(deps.desk, sessionOf(request), people);
  if (isRefusal(rows)) return rows;
  const row = rows.find((each) => each.id === id);
  return row ? { row, rows } : MISSING;
}
