/** The desk's pages about Watch: what it saw, what is closed, and how well it sees. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { invitePerson } from '../people/acts.ts';
import { signedShape } from '../people/asking.ts';
import { leads, WATCH } from '../people/documents.ts';
import { isHoldable } from '../people/holdable.ts';
import { act, type Database } from '../store/store.ts';
import { named, sent } from '../web/problem.ts';
import { isRefusal, refuse } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import { acknowledge, liftQuarantine, quarantineForm } from './acts.ts';
import { doneInWords, headline, mailOf, minds } from './alarm.ts';
import { detectionOf } from './detection.ts';
import {
  type OutboxRow,
  type OwnAlarm,
  ownAlarms,
  ownOutbox,
  ownQuarantines,
  ownRehearsals,
  ownWatches,
} from './store.ts';
import { sessionOf, watchRoutes } from './watch-routes.ts';

export type AlarmDeps = {
  readonly desk: Database;
  /** The desk's address, for one-time links and mails. */
  readonly deskUrl: string;
};

const colleague = { config: { audience: 'colleague' } } as const;
const staff = { config: { audience: 'staff' } } as const;
const takingSigned = { ...staff, schema: { body: signedShape } };

/** Registers this room's routes on the desk. */
export function alarmRoutes(deps: AlarmDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    overview(app, deps);
    inviting(app, deps);
    quarantines(app, deps);
    watchRoutes(app, deps.desk);
  };
}

function overview(app: FastifyInstance, { desk, deskUrl }: AlarmDeps): void {
  app.get('/watch', colleague, async (request, reply) => {
    const { actor } = request;
    if (!actor?.confirmed) return reply.redirect('/people', 303);
    const found = await act(desk, actor.session, async (tx) => ({
      watches: await ownWatches(tx),
      quarantines: actor.kind === 'controller' ? await ownQuarantines(tx) : [],
      ...(minds(actor)
        ? { alarms: await ownAlarms(tx), outbox: await ownOutbox(tx), rehearsals: await ownRehearsals(tx) }
        : { alarms: [], outbox: [], rehearsals: [] }),
    }));
    if (isRefusal(found)) return reply.refuse(found);
    const { watches, quarantines, alarms, outbox, rehearsals } = found;
    return reply.page('alarm/pages/watch.njk', {
      ...{ watches, quarantines, minds: minds(actor), leads: leads(actor) },
      alarms: alarms.filter(({ goneAt }) => !goneAt).map(shown),
      past: alarms.filter(({ goneAt }) => goneAt).map(shown),
      outbox: outbox.map((mail) => asSent(mail, alarms, actor, deskUrl)),
      detection: detectionOf(rehearsals),
    });
  });
  app.post('/alarms/:alarm/acknowledge', colleague, async (request, reply) => {
    const { alarm } = named(z.object({ alarm: z.uuid().lowercase() }), request.params);
    const done = await acknowledge(desk, sessionOf(request), alarm);
    return isRefusal(done) ? reply.refuse(done) : reply.redirect('/watch', 303);
  });
}

const shown = (alarm: OwnAlarm) => ({ ...alarm, headline: headline(alarm), doneInWords: doneInWords(alarm) });

/** A mail as it went out or will: the desk shows them, so that nothing depends on a relay. */
function asSent(mail: OutboxRow, alarms: readonly OwnAlarm[], actor: Actor, deskUrl: string) {
  const alarm = alarms.find(({ id }) => id === mail.alarm);
  const to = { organisation: actor.organisationName, name: mail.name, nth: mail.nth };
  return { ...mail, ...(alarm ? mailOf(alarm, to, deskUrl) : { subject: 'About an older alarm', text: '' }) };
}

const invitedShape = z.object({
  name: z.string().trim().max(200).refine(isHoldable).catch('').default(''),
});

/** Watch has no address that anybody writes to; this one is only there to tell two apart. */
const addressFor = (name: string, kind: Actor['kind']): string => {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  return `${plain || 'watch'}@${kind === 'host' ? 'host' : 'body'}.watch.invalid`;
};

function inviting(app: FastifyInstance, { desk, deskUrl }: AlarmDeps): void {
  app.get('/watch/invite', colleague, (_request, reply) =>
    reply.page('alarm/pages/invite.njk', { name: 'Watch' }),
  );
  app.post('/watch/invite', colleague, async (request, reply) => {
    const { name } = sent(invitedShape, request.body ?? {});
    const again = (problem: string) => reply.page('alarm/pages/invite.njk', { name, problem }, 422);
    if (name === '') return again('Enter a name for this Watch, such as Watch');
    const invited = await invitePerson(desk, sessionOf(request), {
      ...{ name, email: addressFor(name, request.actor?.kind ?? 'controller'), capacities: [WATCH] },
    });
    if (!isRefusal(invited))
      return reply.page('alarm/pages/invited.njk', { name, link: `${deskUrl}/join/${invited.secret}` }, 201);
    if (invited.refusal === 'email-taken')
      return again('There is a Watch of this name already. Choose another');
    return reply.refuse(invited);
  });
}

const GONE = refuse('missing', 'missing', 'There is no such quarantine, or it was lifted already.');
const quarantineName = z.object({ quarantine: z.uuid().lowercase() });
const byHand = z.object({
  form: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .catch(''),
  reason: z.string().trim().max(500).refine(isHoldable).catch(''),
});

function quarantines(app: FastifyInstance, { desk }: AlarmDeps): void {
  app.get('/forms/:form/quarantine', staff, async (request, reply) => {
    const { form } = named(z.object({ form: z.string().regex(/^[a-z0-9-]{1,40}$/) }), request.params);
    const known = await act(desk, sessionOf(request), (tx) =>
      tx.maybe(z.object({ title: z.string() }), FORM, [form]),
    );
    if (isRefusal(known)) return reply.refuse(known);
    if (!known) return reply.refuse(NO_FORM);
    return reply.page('alarm/pages/quarantine.njk', { form, title: known.title, reason: '' });
  });
  app.post('/forms/:form/quarantine', staff, async (request, reply) => {
    const { form } = named(z.object({ form: z.string().regex(/^[a-z0-9-]{1,40}$/) }), request.params);
    const { reason } = sent(byHand, request.body ?? {});
    if (reason === '') {
      const context = {
        form,
        title: form,
        reason,
        problem: 'Enter why nobody should read this form for now',
      };
      return reply.page('alarm/pages/quarantine.njk', context, 422);
    }
    const done = await quarantineForm(desk, sessionOf(request), form, reason);
    return isRefusal(done) ? reply.refuse(done) : reply.redirect('/watch', 303);
  });
  app.get('/quarantines/:quarantine', staff, async (request, reply) => {
    const { quarantine } = named(quarantineName, request.params);
    const all = await act(desk, sessionOf(request), ownQuarantines);
    if (isRefusal(all)) return reply.refuse(all);
    const found = all.find(({ id }) => id === quarantine);
    return found ? reply.page('alarm/pages/lift.njk', { quarantine: found }) : reply.refuse(GONE);
  });
  app.post('/quarantines/:quarantine', takingSigned, async (request, reply) => {
    const { quarantine } = named(quarantineName, request.params);
    const done = await liftQuarantine(desk, sessionOf(request), sent(signedShape, request.body), quarantine);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
}

const FORM = "select definition ->> 'title' as title from letterbox.own_forms() where form = $1";
const NO_FORM = refuse('missing', 'missing', 'There is no such form in your organisation.');
