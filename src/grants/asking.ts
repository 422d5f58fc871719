/** What every door of this room is written with. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isHoldable } from '../people/holdable.ts';
import { act, type Database, type SessionSecret, type Statements } from '../store/store.ts';
import { named } from '../web/problem.ts';
import type { Refusal } from '../web/refusal.ts';

export type GrantsDeps = { readonly desk: Database };

export const staff = { config: { audience: 'staff' } } as const;
export const signedShape = z.strictObject({ text: z.string().max(60_000), signature: z.string().max(200) });
/** Staff doors that take a body say its shape: anything else is refused as 400 before the handler. */
export const taking = <S extends z.ZodType>(body: S) => ({ ...staff, schema: { body } });

/** Asks the database as whoever signed in; staff doors have an actor. */
export function ask<T>(
  deps: GrantsDeps,
  request: FastifyRequest,
  work: (on: Statements) => Promise<T>,
): Promise<T | Refusal> {
  return act(deps.desk, sessionOf(request), work);
}

export function sessionOf(request: FastifyRequest): SessionSecret {
  if (!request.actor) throw new Error('A staff route was reached without an actor.');
  return request.actor.session;
}

export const parameter = (request: FastifyRequest, name: string): string => {
  const shape = z.object({ [name]: z.string().refine(isHoldable) });
  return named(shape, request.params)[name] ?? '';
};

const pageShape = z.object({ page: z.coerce.number().int().min(0).max(100_000).catch(0) });
/** Which page of a long table is asked for, from 0. */
export const pageOf = (request: FastifyRequest): number => pageShape.parse(request.query).page;
