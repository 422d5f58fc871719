/** What the database tells an operator; rows are parsed on their way in. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';
import type { Body, Health } from './hosting.ts';

const bodyShape = z
  .object({
    slug: z.string(),
    name: z.string().nullable(),
    founded_at: z.date().nullable(),
    expires_at: z.date().nullable(),
  })
  .transform(
    ({ founded_at: founded, expires_at: openUntil, ...row }): Body => ({ ...row, founded, openUntil }),
  );

/** The bodies on this site, and the links by which more may be founded. */
export function bodies(on: Statements): Promise<Body[]> {
  return on.rows(bodyShape, 'select * from letterbox.host_bodies()');
}

const healthShape = z
  .object({
    postgres: z.string(),
    bytes: z.bigint(),
    unplaced_since: z.date().nullable(),
    migrations: z.array(z.string()),
  })
  .transform(
    ({ bytes: size, unplaced_since: unplacedSince, ...row }): Health => ({ ...row, size, unplacedSince }),
  );

export function health(on: Statements): Promise<Health> {
  return on.one(healthShape, 'select * from letterbox.host_health()');
}
