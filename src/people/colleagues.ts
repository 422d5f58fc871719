/** The people of an organisation: who there is, inviting one, confirming one's words. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { act, type SessionSecret } from '../store/store.ts';
import { named, sent } from '../web/problem.ts';
import { isRefusal, refuse } from '../web/refusal.ts';
import type { Actor } from '../web/server.ts';
import { confirmPerson, invitePerson } from './acts.ts';
import { colleague, signedShape, takingSigned } from './asking.ts';
import { CAPACITIES, HOST_CAPACITIES } from './documents.ts';
import { isHoldable } from './holdable.ts';
import type { PeopleDeps } from './routes.ts';
import { people } from './store.ts';
import { signaturesNeeded } from './two-managers.ts';

const personShape = z.object({ person: z.string() });

const colleagueFields = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'Enter their full name')
    .max(200, 'Their name must be 200 characters or fewer')
    .refine(isHoldable, 'Enter their name without control characters'),
  email: z
    .email('Enter an email address in the correct format, like name@example.com')
    .max(254)
    .transform((text) => text.toLowerCase()),
  capacities: z.preprocess(
    (value) => (value === undefined ? [] : [value].flat()),
    z.array(z.enum([...CAPACITIES, ...HOST_CAPACITIES])),
  ),
  outside: z
    .string()
    .trim()
    .max(200, 'The name of their organisation must be 200 characters or fewer')
    .refine(isHoldable, 'Enter the name of their organisation without control characters')
    .default('')
    .transform((text) => (text === '' ? null : text)),
});
const colleagueShape = colleagueFields.refine(
  ({ outside, capacities }) => outside === null || !capacities.includes('manager'),
  {
    path: ['outside'],
    message: 'Somebody from another organisation cannot be a manager. Take one of the two away',
  },
);

const sessionOf = (actor: Actor | null): SessionSecret | null => actor?.session ?? null;

export function colleagueRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  app.get('/people', colleague, async (request, reply) => {
    if (request.actor && !request.actor.confirmed) return reply.page('people/pages/waiting.njk', {});
    const rows = await act(deps.desk, sessionOf(request.actor), people);
    if (isRefusal(rows)) return reply.refuse(rows);
    // Who left counts too: once there were two managers, it takes two.
    const needed = signaturesNeeded(rows.filter((row) => row.confirmed_at));
    return reply.page('people/pages/people.njk', { people: rows, needed });
  });
  app.get('/people/invite', colleague, (_request, reply) =>
    reply.page('people/pages/invite.njk', { typed: {}, problems: [] }),
  );
  app.post('/people/invite', colleague, async (request, reply) => {
    const parsed = colleagueShape.safeParse(request.body);
    const again = (problems: readonly { field: string; message: string }[]) =>
      reply.page('people/pages/invite.njk', { typed: request.body, problems }, 422);
    if (!parsed.success) {
      return again(
        parsed.error.issues.map((issue) => ({ field: String(issue.path[0]), message: issue.message })),
      );
    }
    const session = sessionOf(request.actor);
    if (!session) throw new Error('A staff route was reached without an actor.');
    const invited = await invitePerson(deps.desk, session, parsed.data);
    if (isRefusal(invited))
      return invited.kind === 'conflict'
        ? again([{ field: 'email', message: invited.message }])
        : reply.refuse(invited);
    return reply.page(
      'people/pages/invited.njk',
      { name: parsed.data.name, link: `${deps.deskUrl}/join/${invited.secret}` },
      201,
    );
  });
  app.get('/people/:person/confirm', colleague, async (request, reply) => {
    const { person } = named(personShape, request.params);
    const rows = await act(deps.desk, sessionOf(request.actor), people);
    if (isRefusal(rows)) return reply.refuse(rows);
    const found = rows.find((row) => row.id === person);
    if (!found)
      return reply.refuse(refuse('missing', 'missing', 'There is no such person in your organisation.'));
    const needed = signaturesNeeded(rows.filter((row) => row.confirmed_at));
    return reply.page('people/pages/confirm.njk', { person: found, needed });
  });
  app.post('/people/:person/confirm', takingSigned, async (request, reply) => {
    const session = sessionOf(request.actor);
    if (!session) throw new Error('A staff route was reached without an actor.');
    const { person } = named(personShape, request.params);
    const done = await confirmPerson(deps.desk, session, sent(signedShape, request.body), person);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
}
