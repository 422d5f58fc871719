/** Proposing access, looking at a proposal, approving and withdrawing it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Statements } from '../store/store.ts';
import { sent } from '../web/problem.ts';
import { isRefusal, refuse } from '../web/refusal.ts';
import { actOnProposal } from './acts.ts';
import { ask, type GrantsDeps, parameter, sessionOf, signedShape, staff, taking } from './asking.ts';
import type { Proposal } from './grant.ts';
import { accessState, ownFormTitles, proposalFound } from './store.ts';
import {
  approvalPage,
  choicesPage,
  isSent,
  previewPage,
  readProposal,
  readTyped,
  type Typed,
  termsOf,
} from './views.ts';

const MISSING = refuse('missing', 'missing', 'There is no such proposal in your organisation.');

export function proposalRoutes(app: FastifyInstance, deps: GrantsDeps): void {
  app.get('/access/propose', staff, (request, reply) => propose(deps, request, reply));
  app.post('/access/propose', taking(signedShape), async (request, reply) => {
    const done = await actOnProposal(
      deps.desk,
      sessionOf(request),
      'propose',
      sent(signedShape, request.body),
    );
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send(done);
  });
  app.get('/proposals/:proposal', staff, (request, reply) =>
    look(deps, request, reply, 'grants/pages/approve.njk'),
  );
  app.get('/proposals/:proposal/withdraw', staff, (request, reply) =>
    look(deps, request, reply, 'grants/pages/withdraw.njk'),
  );
  for (const what of ['approve', 'withdraw'] as const) {
    app.post(`/proposals/:proposal/${what}`, taking(signedShape), async (request, reply) => {
      const done = await actOnProposal(deps.desk, sessionOf(request), what, sent(signedShape, request.body));
      return isRefusal(done) ? reply.refuse(done) : done;
    });
  }
}

async function propose(deps: GrantsDeps, request: FastifyRequest, reply: FastifyReply) {
  const typed = readTyped(request.query);
  const me = request.actor?.person ?? '';
  const now = new Date();
  const choices = await ask(deps, request, async (on) =>
    accessState(on, { forms: await formsOf(on), cases: casesOf(typed) }),
  );
  if (isRefusal(choices)) return reply.refuse(choices);
  const show = (problems: Parameters<typeof choicesPage>[3]) =>
    reply.page(
      'grants/pages/propose.njk',
      choicesPage(choices, me, typed, problems, now),
      problems.length > 0 ? 422 : 200,
    );
  if (!isSent(request.query)) return show([]);
  const { proposal, problems } = readProposal(typed, choices, me, now);
  if (!proposal) return show(problems);
  const state = await ask(deps, request, (on) => accessState(on, questionOf(proposal, [me])));
  if (isRefusal(state)) return reply.refuse(state);
  const back = request.url.slice(request.url.indexOf('?') + 1);
  return reply.page('grants/pages/preview.njk', { ...previewPage(state, proposal, now), back });
}

const formsOf = async (on: Statements): Promise<string[]> =>
  (await ownFormTitles(on)).map(({ form }) => form);
const casesOf = (typed: Typed): string[] => (typed.case ? [typed.case] : []);

/** What a preview of this proposal is computed from. */
function questionOf({ people, scopes }: Proposal, parties: readonly string[]) {
  return {
    forms: [...new Set(scopes.map(({ form }) => form))].sort(),
    cases: scopes.flatMap((scope) => scope.case ?? []),
    people: [...new Set([...people, ...parties])],
  };
}

async function look(deps: GrantsDeps, request: FastifyRequest, reply: FastifyReply, page: string) {
  const id = z.uuid().safeParse(parameter(request, 'proposal')).data;
  const me = request.actor?.person ?? '';
  if (!id) return reply.refuse(MISSING);
  const found = await ask(deps, request, async (on) => {
    const row = await proposalFound(on, id);
    const terms = row && termsOf(row);
    if (!row || !terms) return MISSING;
    return { row, terms, state: await accessState(on, questionOf(terms, [row.proposer, me])) };
  });
  if (isRefusal(found)) return reply.refuse(found);
  return reply.page(page, await approvalPage(found.state, found.row, found.terms, me, new Date()));
}
