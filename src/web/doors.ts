/**
 * The doors: every route of both sites, who it is for, and what a stranger (no cookie) must get.
 * A route that is not here keeps the server from starting; a test asks each as a stranger.
 * `:name` stands for one part of a path. Order: by site, then by path.
 */
/** `staff`: people of a body; `host`: the host's operators; `colleague` and `auditor`: people of either. */
export const AUDIENCES = ['public', 'receipt', 'colleague', 'staff', 'host', 'auditor'] as const;
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
  ['GET', '/.well-known/security.txt', 'public'],
  ['GET', '/about', 'public'],
  ['GET', '/:organisation/:form', 'public'],
  ['GET', '/:organisation/:form/fill', 'public'],
  ['POST', '/:organisation/:form/fill', 'public'],
  ['POST', '/:organisation/:form/cases', 'public'],
  ['PUT', '/:organisation/:form/cases/:case/attachments/:attachment/:n', 'public'],
  ['GET', '/receipt', 'receipt'],
  ['POST', '/receipt', 'receipt'],
  ['POST', '/receipt/messages', 'receipt'],
  ['POST', '/receipt/proof', 'receipt'],
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
  ['GET', '/session/kept', 'colleague'],
  ['PUT', '/session/kept', 'colleague'],
  ['POST', '/session/stay', 'colleague'],
  ['GET', '/documents', 'colleague'],
  ['GET', '/people', 'colleague'],
  ['GET', '/people/invite', 'colleague'],
  ['POST', '/people/invite', 'colleague'],
  ['GET', '/people/:person/confirm', 'colleague'],
  ['POST', '/people/:person/confirm', 'colleague'],
  ['GET', '/people/:person/leaving', 'colleague'],
  ['POST', '/people/:person/leaving', 'colleague'],
  ['GET', '/people/:person/suspension', 'colleague'],
  ['POST', '/people/:person/suspension', 'colleague'],
  ['GET', '/people/:person/resumption', 'colleague'],
  ['POST', '/people/:person/resumption', 'colleague'],
  ['GET', '/people/:person/training', 'staff'],
  ['POST', '/people/:person/training', 'staff'],
  ['GET', '/training', 'staff'],
  ['POST', '/training', 'staff'],
  ['POST', '/training/record', 'staff'],
  ['GET', '/away', 'staff'],
  ['POST', '/away', 'staff'],
  ['POST', '/away/:away/forget', 'staff'],
  // grants
  ['GET', '/access', 'staff'],
  ['GET', '/access/propose', 'staff'],
  ['POST', '/access/propose', 'staff'],
  ['GET', '/access/reviews', 'staff'],
  ['GET', '/access/opened', 'staff'],
  ['GET', '/access/history', 'staff'],
  ['GET', '/access/history.csv', 'staff'],
  ['GET', '/forms/:form/access', 'staff'],
  ['GET', '/proposals/:proposal', 'staff'],
  ['POST', '/proposals/:proposal/approve', 'staff'],
  ['GET', '/proposals/:proposal/withdraw', 'staff'],
  ['POST', '/proposals/:proposal/withdraw', 'staff'],
  ['GET', '/grants/end', 'staff'],
  ['POST', '/grants/end', 'staff'],
  ['POST', '/grants/review', 'staff'],
  ['POST', '/grants/fulfil', 'staff'],
  ['GET', '/forms/:form/key', 'staff'],
  ['POST', '/forms/:form/key', 'staff'],
  ['POST', '/forms/:form/key/approval', 'staff'],
  ['POST', '/forms/:form/key/turn', 'staff'],
  ['GET', '/keys', 'staff'],
  ['GET', '/waiting', 'staff'],
  // recovery
  ['GET', '/recovery', 'staff'],
  ['GET', '/recovery/rehearsal', 'staff'],
  ['POST', '/recovery/rehearsal', 'staff'],
  ['GET', '/recovery/begin', 'staff'],
  ['POST', '/recovery/begin', 'staff'],
  ['GET', '/recovery/:recovery', 'staff'],
  ['POST', '/recovery/:recovery/consent', 'staff'],
  ['POST', '/recovery/:recovery/end', 'staff'],
  ['POST', '/recovery/:recovery/envelopes', 'staff'],
  ['POST', '/recovery/:recovery/hand-over', 'staff'],
  // hosting
  ['GET', '/host', 'host'],
  ['GET', '/host/bodies/invite', 'host'],
  ['POST', '/host/bodies/invite', 'host'],
  // alarm
  ['GET', '/watch', 'colleague'],
  ['GET', '/watch/invite', 'colleague'],
  ['POST', '/watch/invite', 'colleague'],
  ['GET', '/watch/duty', 'colleague'],
  ['POST', '/watch/report', 'colleague'],
  ['POST', '/watch/canaries', 'colleague'],
  ['POST', '/watch/canaries/retired', 'colleague'],
  ['POST', '/watch/rehearsals', 'colleague'],
  ['POST', '/watch/rehearsals/:rehearsal/found', 'colleague'],
  ['POST', '/alarms/:alarm/acknowledge', 'colleague'],
  ['GET', '/forms/:form/quarantine', 'staff'],
  ['POST', '/forms/:form/quarantine', 'staff'],
  ['GET', '/quarantines/:quarantine', 'staff'],
  ['POST', '/quarantines/:quarantine', 'staff'],
  // incidents
  ['GET', '/incidents', 'staff'],
  ['POST', '/incidents', 'staff'],
  ['GET', '/incidents/new', 'staff'],
  ['GET', '/incidents/:incident', 'staff'],
  ['GET', '/incidents/:incident/exposure', 'staff'],
  ['GET', '/incidents/:incident/people', 'staff'],
  ['GET', '/incidents/:incident/notice', 'staff'],
  ['POST', '/incidents/:incident/notice', 'staff'],
  ['POST', '/incidents/:incident/notice/fate', 'staff'],
  ['POST', '/incidents/:incident/notice/send', 'staff'],
  ['POST', '/incidents/:incident/notice/steer', 'staff'],
  ['POST', '/incidents/:incident/notice/undelivered', 'staff'],
  ['GET', '/incidents/:incident/notice.csv', 'staff'],
  ['GET', '/notices/:notice', 'staff'],
  ['POST', '/notices/:notice/approve', 'staff'],
  ['POST', '/notices/:notice/list', 'staff'],
  ['GET', '/notices/:notice/rows', 'staff'],
  ['GET', '/incidents/:incident/report', 'staff'],
  ['GET', '/incidents/:incident/report.pdf', 'staff'],
  ['GET', '/incidents/:incident/steps/:step', 'staff'],
  ['POST', '/incidents/:incident/steps/:step', 'staff'],
  ['GET', '/incidents/:incident/whole.json', 'staff'],
  ['GET', '/incidents/:incident/whole.pdf', 'staff'],
  ['GET', '/incidents/register.csv', 'staff'],
  // cases
  ['GET', '/', 'staff'],
  ['GET', '/forms/:form/cases', 'staff'],
  ['GET', '/cases/:case', 'staff'],
  ['POST', '/cases/:case/release', 'staff'],
  ['GET', '/cases/:case/attachments/:attachment', 'staff'],
  ['GET', '/cases/:case/openings', 'staff'],
  ['POST', '/cases/:case/state', 'staff'],
  ['POST', '/cases/:case/assignment', 'staff'],
  ['GET', '/due', 'staff'],
  // conversation
  ['POST', '/cases/:case/messages', 'staff'],
  ['POST', '/cases/:case/messages/told', 'staff'],
  ['POST', '/cases/:case/receipt', 'staff'],
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
