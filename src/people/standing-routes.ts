/** Leaving, suspension and its lifting, and leave: one page each. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { named, sent } from '../web/problem.ts';
import { isRefusal } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import {
  type Asked,
  colleague,
  personName,
  sessionOf,
  signedShape,
  staff,
  takingSigned,
  theActor,
  thePerson,
} from './asking.ts';
import { dayOf } from './day.ts';
import { LEADS, leads } from './documents.ts';
import type { PeopleDeps } from './routes.ts';
import { actOnStanding, forgetAway, type StandingAct, tellAway } from './standing-acts.ts';
import type { PersonRow } from './store.ts';
import { canDoWithout } from './two-managers.ts';

export function standingRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  standingPage(app, deps, 'leaving');
  standingPage(app, deps, 'suspension');
  standingPage(app, deps, 'resumption');
  awayRoutes(app, deps);
}

type Page = Exclude<StandingAct, 'training'>;

function standingPage(app: FastifyInstance, deps: PeopleDeps, what: Page): void {
  app.get(`/people/:person/${what}`, colleague, async (request, reply) => {
    const asked = await thePerson(deps, request, named(personName, request.params).person);
    if (isRefusal(asked)) return reply.refuse(asked);
    const actor = theActor(request);
    return reply.page(`people/pages/${what}.njk`, {
      person: asked.row,
      own: asked.row.id === actor.person,
      objection: objectionTo(what, asked, actor),
    });
  });
  app.post(`/people/:person/${what}`, takingSigned, async (request, reply) => {
    const { person } = named(personName, request.params);
    const signed = sent(signedShape, request.body);
    const done = await actOnStanding(deps.desk, sessionOf(request), what, signed, person);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
}

/** Why the page offers nothing to sign, or null. A courtesy: the database decides, and every browser after it. */
export function objectionTo(what: Page, { row, rows }: Asked, actor: Actor): string | null {
  const own = row.id === actor.person;
  if (row.left_at) return `${row.name} has left already.`;
  if (!row.confirmed_at) return `${row.name} is not confirmed yet, and can do nothing so far.`;
  if (!leads(actor) && !(own && what === 'leaving'))
    return `Only ${a(actor)} can do this. Ask one of your ${LEADS[actor.kind]}s.`;
  if (own && what !== 'leaving') return 'Nobody can suspend themselves, or lift their own suspension.';
  if (what === 'resumption') return objectionToLifting(row, LEADS[actor.kind]);
  if (what === 'suspension' && row.suspension) return `${row.name} is suspended already.`;
  const standing = rows.filter((each) => each.confirmed_at && !each.left_at && !each.suspension);
  return canDoWithout(standing, row)
    ? null
    : `Fewer than two ${LEADS[actor.kind]}s would remain, and then nobody could ever be let in again. Invite another ${LEADS[actor.kind]} first.`;
}

const a = ({ kind }: Actor): string => (kind === 'host' ? 'an operator' : 'a manager');

function objectionToLifting(row: PersonRow, lead: string): string | null {
  if (!row.suspension) return `${row.name} is not suspended.`;
  return row.lifted_by_me ? `You have signed this already. Another ${lead} has to sign it too.` : null;
}

const awayQuery = z.object({ person: z.uuid().optional() });
const part = z.string().trim().max(4).catch('');
const awayForm = z.object({
  person: z.uuid(),
  ...{ 'first-day': part, 'first-month': part, 'first-year': part },
  ...{ 'last-day': part, 'last-month': part, 'last-year': part },
});
type AwayForm = z.infer<typeof awayForm>;
type Problem = { readonly field: string; readonly message: string };

function awayRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  const page = (asked: Asked, typed: Partial<AwayForm>, problems: readonly Problem[]) => ({
    ...{ person: asked.row, typed, problems },
  });
  app.get('/away', staff, async (request, reply) => {
    const { person } = named(awayQuery, request.query);
    const asked = await thePerson(deps, request, person ?? theActor(request).person);
    if (isRefusal(asked)) return reply.refuse(asked);
    return reply.page('people/pages/away.njk', page(asked, {}, []));
  });
  app.post('/away', staff, async (request, reply) => {
    const typed = sent(awayForm, request.body);
    const asked = await thePerson(deps, request, typed.person);
    if (isRefusal(asked)) return reply.refuse(asked);
    const days = daysIn(typed);
    const done = 'field' in days ? days : await tellAway(deps.desk, sessionOf(request), typed.person, days);
    if ('field' in done) return reply.page('people/pages/away.njk', page(asked, typed, [done]), 422);
    if (!isRefusal(done)) return reply.redirect(`/away?person=${typed.person}`, 303);
    if (done.refusal !== 'days') return reply.refuse(done);
    const problem = { field: 'last-day', message: done.message };
    return reply.page('people/pages/away.njk', page(asked, typed, [problem]), 422);
  });
  app.post('/away/:away/forget', staff, async (request, reply) => {
    const { away } = named(z.object({ away: z.uuid() }), request.params);
    const done = await forgetAway(deps.desk, sessionOf(request), away);
    return isRefusal(done) ? reply.refuse(done) : reply.redirect('/people', 303);
  });
}

function daysIn(typed: AwayForm): { readonly first: string; readonly last: string } | Problem {
  const first = dayOf(typed['first-day'], typed['first-month'], typed['first-year']);
  if (first === null) return { field: 'first-day', message: 'Enter the first day away, such as 27 3 2027' };
  const last = dayOf(typed['last-day'], typed['last-month'], typed['last-year']);
  return last === null
    ? { field: 'last-day', message: 'Enter the last day away, such as 27 3 2027' }
    : { first, last };
}
