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
  ['GET', '/about', 'public'],
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
  ['GET', '/sign-in', 'public'],
  ['POST', '/sign-in/passkey/start', 'public'],
  ['POST', '/sign-in/passkey', 'public'],
  ['POST', '/sign-in/passphrase/start', 'public'],
  ['POST', '/sign-in/passphrase', 'public'],
  ['GET', '/join/:secret', 'public'],
  ['POST', '/join/:secret', 'public'],
  ['POST', '/join/:secret/passkey', 'public'],
  ['POST', '/join/:secret/passphrase', 'public'],
  ['POST', '/sign-out', 'public'],
  ['GET', '/locked', 'public'],
  ['GET', '/session/kept', 'staff'],
  ['PUT', '/session/kept', 'staff'],
  ['POST', '/session/stay', 'staff'],
  ['GET', '/documents', 'staff'],
  ['GET', '/people', 'staff'],
  ['GET', '/people/invite', 'staff'],
  ['POST', '/people/invite', 'staff'],
  ['GET', '/people/:person/confirm', 'staff'],
  ['POST', '/people/:person/confirm', 'staff'],
  // grants
  ['GET', '/access', 'staff'],
  ['GET', '/forms/:form/access', 'staff'],
  ['GET', '/forms/:form/access/propose', 'staff'],
  ['POST', '/forms/:form/access/propose', 'staff'],
  ['GET', '/forms/:form/key', 'staff'],
  ['POST', '/forms/:form/key', 'staff'],
  ['POST', '/forms/:form/key/approval', 'staff'],
  ['GET', '/grants/:grant', 'staff'],
  ['GET', '/grants/:grant/approve', 'staff'],
  ['POST', '/grants/:grant/approve', 'staff'],
  ['GET', '/grants/:grant/end', 'staff'],
  ['POST', '/grants/:grant/end', 'staff'],
  ['POST', '/grants/:grant/fulfil', 'staff'],
  ['GET', '/keys', 'staff'],
  ['GET', '/waiting', 'staff'],
  // cases
  ['GET', '/', 'staff'],
  ['GET', '/forms/:form/cases', 'staff'],
  ['GET', '/cases/:case', 'staff'],
  ['POST', '/cases/:case/release', 'staff'],
  ['GET', '/cases/:case/attachments/:attachment', 'staff'],
  ['GET', '/cases/:case/openings', 'staff'],
  // register
  ['GET', '/register', 'auditor'],
  ['GET', '/register/download', 'auditor'],
  ['GET', '/cases/:case/proof', 'auditor'],
];

const on = (site: Site, rows: readonly Row[]): Door[] =>
  rows.map(([method, path, audience]) => ({ site, method, path, audience }));

export const DOORS: readonly Door[] = [...on('slot', SLOT), ...on('desk', DESK)];

export function doorOf(site: Site, method: string, path: string): Door | undefined {
  return DOORS.find((door) => door.site === site && door.method === method && door.path === path);
}
