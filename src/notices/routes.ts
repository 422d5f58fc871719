/** The desk's doors about a notice: its words and its list, agreeing, sending, and what became of each message. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { casesExposed, oneIncident } from '../incidents/finding.ts';
import { sessionOf, staff } from '../people/asking.ts';
import { isHoldable } from '../people/holdable.ts';
import { toBase64url } from '../sealing/encoding.ts';
import { act, type Database, type Statements } from '../store/store.ts';
import { named, sent } from '../web/problem.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import {
  approveNotice,
  keepFates,
  keepUndelivered,
  proposalShape,
  proposeNotice,
  STEERS,
  sendingShape,
  sendMessages,
  steerNotice,
} from './acts.ts';
import { FATES, referencesIn, rowOf } from './notice.ts';
import { agreePage, type NoticeDeps, noticed, noticeFile, noticePage } from './showing.ts';
import { noticeFound, noticeList, noticeMessages, ownNotice } from './store.ts';
import { fatesInWords } from './words.ts';

/** A list of many thousand people, sealed, and what each message is held to. */
const LARGEST_PROPOSAL = 64 * 1024 * 1024;
const LARGEST_BATCH = 2 * 1024 * 1024;

/** Registers this room's routes on the desk. */
export function noticeRoutes(deps: NoticeDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    app.get('/incidents/:incident/notice', staff, (request, reply) => noticePage(deps, request, reply));
    app.get('/incidents/:incident/notice.csv', staff, (request, reply) => noticeFile(deps, request, reply));
    proposing(app, deps);
    agreeing(app, deps);
    sending(app, deps);
    workingOff(app, deps);
  };
}

function proposing(app: FastifyInstance, { desk }: NoticeDeps): void {
  const large = { ...staff, bodyLimit: LARGEST_PROPOSAL };
  app.post('/incidents/:incident/notice', large, async (request, reply) => {
    const found = await oneIncident(desk, request, (tx, { state }) => casesExposed(tx, state));
    if (isRefusal(found)) return reply.refuse(found);
    const proposal = sent(proposalShape, request.body);
    const exposed = new Set(found.more.map(({ id, form }) => `${form} ${id}`));
    if (!proposal.cases.every(({ id, form }) => exposed.has(`${form} ${id}`)))
      return reply.refuse(NOT_EXPOSED);
    const done = await proposeNotice(desk, sessionOf(request), found.row.id, proposal);
    return isRefusal(done) ? reply.refuse(done) : reply.status(201).send(done);
  });
}
const NOT_EXPOSED = refuse(
  'not-exposed',
  'conflict',
  'What stood open was changed in the meantime. Reload the page and make the list again. Nothing was proposed.',
);

/** For the second of two, who need not work on incidents where they read the cases. The database finds out who may. */
function agreeing(app: FastifyInstance, { desk }: NoticeDeps): void {
  const asked = <T>(request: FastifyRequest, work: (tx: Statements, notice: string) => Promise<T>) => {
    const { notice } = named(noticeName, request.params);
    return act(desk, sessionOf(request), (tx) => work(tx, notice));
  };
  app.get('/notices/:notice', staff, async (request, reply) => {
    const found = await asked(request, async (tx, id) => ({
      notice: await noticeFound(tx, id),
      rows: await noticeMessages(tx, id),
    }));
    return isRefusal(found) ? reply.refuse(found) : agreePage(request, reply, found.notice, found.rows);
  });
  app.get('/notices/:notice/rows', staff, async (request, reply) => {
    const rows = await asked(request, noticeMessages);
    return isRefusal(rows) ? reply.refuse(rows) : rows.map((row) => ({ ...rowOf(row), state: row.state }));
  });
  // A POST, since the register keeps that the list was handed out.
  app.post('/notices/:notice/list', staff, async (request, reply) => {
    const sealed = await asked(request, noticeList);
    return isRefusal(sealed) ? reply.refuse(sealed) : { sealed: toBase64url(sealed) };
  });
  app.post('/notices/:notice/approve', staff, async (request, reply) => {
    const notice = await asked(request, noticeFound);
    if (isRefusal(notice)) return reply.refuse(notice);
    const { list } = sent(agreed, request.body);
    const done = await approveNotice(desk, sessionOf(request), notice.id, list);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
}
const agreed = z.strictObject({ list: z.string().regex(/^[0-9a-f]{64}$/) });
const noticeName = z.object({ notice: z.uuid().lowercase() });

type Of = { readonly incident: string; readonly id: string };

/** The notice of the incident that the path names, for those who work on incidents. */
async function theNotice(desk: Database, request: FastifyRequest): Promise<Of | Refusal> {
  const found = await oneIncident(desk, request, (tx, { row }) => ownNotice(tx, row.id));
  if (isRefusal(found)) return found;
  return found.more === null ? NONE : { incident: found.row.id, id: found.more };
}
const NONE = refuse('missing', 'missing', 'There is no notice to the people affected here.');

function sending(app: FastifyInstance, { desk, relay, notify }: NoticeDeps): void {
  const large = { ...staff, bodyLimit: LARGEST_BATCH };
  app.post('/incidents/:incident/notice/send', large, async (request, reply) => {
    const notice = await theNotice(desk, request);
    if (isRefusal(notice)) return reply.refuse(notice);
    const { messages } = sent(sendingShape, request.body);
    const by = { desk, relay: notify ?? relay };
    const done = await sendMessages(by, sessionOf(request), notice.id, messages);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
}

const typedText = z
  .string()
  .transform((text) => text.replaceAll('\r\n', '\n').trim())
  .catch('');
const steering = z.object({ what: z.enum(STEERS), why: typedText });
const telling = z.object({
  fate: z.enum(FATES).nullable().catch(null),
  ...{ references: typedText, why: typedText },
});
type Told = z.output<typeof telling>;
const MOST_TYPED = 200_000;
const NO_REFERENCE =
  'Enter the references, such as N4QXK7-9T1ZD, one a line, or paste the mails that came back';

/** What is wrong with what was typed, or null. */
function problemWith({ fate, references, why }: Told): string | null {
  if (!fate) return 'Select what became of them';
  if (references.length > MOST_TYPED) return 'That is too much at once. Paste fewer mails';
  if (referencesIn(references).length === 0) return NO_REFERENCE;
  return problemWithWords(why, 500);
}

function problemWithWords(text: string, most: number): string | null {
  if (text.length > most) return `Use ${most} characters or fewer. You used ${text.length}`;
  return isHoldable(text) ? null : 'Leave out the character that cannot be written down';
}

function workingOff(app: FastifyInstance, deps: NoticeDeps): void {
  const { desk, notify } = deps;
  const shown = (request: FastifyRequest, reply: FastifyReply, done: string[] | Refusal, asked: string[]) =>
    isRefusal(done)
      ? reply.refuse(done)
      : noticePage(deps, request, reply, { says: fatesInWords(done, asked) });
  app.post('/incidents/:incident/notice/steer', staff, async (request, reply) => {
    const notice = await theNotice(desk, request);
    if (isRefusal(notice)) return reply.refuse(notice);
    const { what, why } = sent(steering, request.body ?? {});
    const problem = problemWithWords(why, 5000);
    if (problem) return noticePage(deps, request, reply, { problem, at: 'why-steer', typed: { steer: why } });
    const done = await steerNotice(desk, sessionOf(request), notice.id, what, why || 'No reason was given.');
    const here = `/incidents/${notice.incident}/notice`;
    return isRefusal(done) ? reply.refuse(done) : reply.redirect(here, 303);
  });
  app.post('/incidents/:incident/notice/fate', staff, async (request, reply) => {
    const notice = await theNotice(desk, request);
    if (isRefusal(notice)) return reply.refuse(notice);
    const typed = sent(telling, request.body ?? {});
    const { fate, why } = typed;
    const problem = problemWith(typed);
    if (!fate || problem) {
      const at = fate ? 'references' : 'fate';
      return noticePage(deps, request, reply, { problem, at, typed: { ...typed, fate: fate ?? '' } });
    }
    const references = referencesIn(typed.references);
    const done = await keepFates(desk, sessionOf(request), notice.id, { fate, references, why });
    return shown(request, reply, done, references);
  });
  app.post('/incidents/:incident/notice/undelivered', staff, async (request, reply) => {
    const found = await oneIncident(desk, request, noticed);
    if (isRefusal(found)) return reply.refuse(found);
    const { notice, rows } = found.more;
    if (!notice || !notify) return reply.refuse(NONE);
    const asked = keepUndelivered(desk, sessionOf(request), notice.id, rows, notify);
    return shown(request, reply, await asked.catch(() => NOT_ASKED), []);
  });
}
const NOT_ASKED = refuse(
  'no-answer',
  'busy',
  'GOV.UK Notify does not answer. Ask again in a minute; nothing was changed.',
);
