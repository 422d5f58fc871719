/**
 * The doors: every route of both sites, who it is for, and what a stranger (no cookie) must get.
 * A route that is not here keeps the server from starting; a test asks each as a stranger.
 * `:name` stands for one part of a path. Order: by site, then by path.
 */
export const AUDIENCES = ['public', 'receipt', 'staff', 'host', 'auditor'] as const;
export type Audience = (typeof AUDIENCES)[number];
export type Site = 'slot' | 'desk';

export type Door = {
  readonly site: Site;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly audience: Audience;
};

type Row = readonly [method: Door['method'], path: string, audience: Audience];

const SLOT: readonly Row[] = [
  ['GET', '/healthz', 'public'],
  ['GET', '/assets/*', 'public'],
  ['GET', '/', 'public'],
  ['GET', '/:organisation/:form', 'public'],
  ['GET', '/:organisation/:form/fill', 'public'],
  ['POST', '/:organisation/:form/fill', 'public'],
  ['POST', '/:organisation/:form/cases', 'public'],
  ['PUT', '/:organisation/:form/cases/:case/attachments/:attachment/:n', 'public'],
  ['GET', '/receipt', 'receipt'],
  ['POST', '/receipt', 'receipt'],
];

const DESK: readonly Row[] = [
  ['GET', '/healthz', 'public'],
  ['GET', '/assets/*', 'public'],
  ['GET', '/demonstration', 'public'],
  // people
  // grants
  // cases
  ['GET', '/', 'staff'],
  // register
];

const on = (site: Site, rows: readonly Row[]): Door[] =>
  rows.map(([method, path, audience]) => ({ site, method, path, audience }));

export const DOORS: readonly Door[] = [...on('slot', SLOT), ...on('desk', DESK)];

export function doorOf(site: Site, method: string, path: string): Door | undefined {
  return DOORS.find((door) => door.site === site && door.method === method && door.path === path);
}
