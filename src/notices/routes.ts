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
  markMessages,
  markUndelivered,
  proposalShape,
  proposeNotice,
  STEERS,
  sendingShape,
  sendMessages,
  steerNotice,
} from './acts.ts';
import { MARKS, referencesIn } from './notice.ts';
import { agreePage, type NoticeDeps, noticed, noticeFile, noticePage } from './showing.ts';
import { type NoticeRow, noticeFound, noticeList, noticeMessages, ownNotice } from './store.ts';
import { markedInWords } from './words.ts';

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

/** For the second of two, who need not work on incidents where they read the cases. */
function agreeing(app: FastifyInstance, { desk }: NoticeDeps): void {
  app.get('/notices/:notice', staff, async (request, reply) => {
    const found = await partyTo(desk, request, (tx, { id }) => noticeMessages(tx, id));
    return isRefusal(found) ? reply.refuse(found) : agreePage(request, reply, found.notice, found.more);
  });
  app.get('/notices/:notice/rows', staff, async (request, reply) => {
    const found = await partyTo(desk, request, (tx, { id }) => noticeMessages(tx, id));
    if (isRefusal(found)) return reply.refuse(found);
    return found.more.map(({ key, reference, channel, commitment, state }) => ({
      ...{ key, reference, channel, commitment, state },
    }));
  });
  // A POST, since the register keeps that the list was handed out.
  app.post('/notices/:notice/list', staff, async (request, reply) => {
    const found = await partyTo(desk, request, (tx, { id }) => noticeList(tx, id));
    return isRefusal(found) ? reply.refuse(found) : { sealed: toBase64url(found.more) };
  });
  app.post('/notices/:notice/approve', staff, async (request, reply) => {
    const found = await partyTo(desk, request, async () => null);
    if (isRefusal(found)) return reply.refuse(found);
    const { list } = sent(agreed, request.body);
    const done = await approveNotice(desk, sessionOf(request), found.notice.id, list);
    return isRefusal(done) ? reply.refuse(done) : done;
  });
}
const agreed = z.strictObject({ list: z.string().regex(/^[0-9a-f]{64}$/) });
const noticeName = z.object({ notice: z.uuid().lowercase() });

/** The notice that the path names, for those who may see it; `more` is read in the same transaction. */
async function partyTo<T>(
  desk: Database,
  request: FastifyRequest,
  more: (tx: Statements, notice: NoticeRow) => Promise<T>,
): Promise<{ readonly notice: NoticeRow; readonly more: T } | Refusal> {
  const { notice: id } = named(noticeName, request.params);
  return act(desk, sessionOf(request), async (tx) => {
    const notice = await noticeFound(tx, id);
    return { notice, more: await more(tx, notice) };
  });
}

/** The notice of the incident that the path names, for those who work on incidents. */
async function theNotice(desk: Database, request: FastifyRequest): Promise<NoticeRow | Refusal> {
  const found = await oneIncident(desk, request, (tx, { row }) => ownNotice(tx, row.id));
  return isRefusal(found) ? found : (found.more ?? NONE);
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
const marking = z.object({
  mark: z.enum(MARKS).nullable().catch(null),
  ...{ references: typedText, why: typedText },
});
type Marked = z.output<typeof marking>;
const MOST_TYPED = 200_000;
const NO_REFERENCE =
  'Enter the references, such as N4QXK7-9T1ZD, one a line, or paste the mails that came back';

/** What is wrong with what was typed, or null. */
function problemWith({ mark, references, why }: Marked): string | null {
  if (!mark) return 'Select what became of them';
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
      : noticePage(deps, request, reply, { says: markedInWords(done, asked) });
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
  app.post('/incidents/:incident/notice/mark', staff, async (request, reply) => {
    const notice = await theNotice(desk, request);
    if (isRefusal(notice)) return reply.refuse(notice);
    const typed = sent(marking, request.body ?? {});
    const { mark, why } = typed;
    const problem = problemWith(typed);
    if (!mark || problem) {
      const at = mark ? 'references' : 'mark';
      return noticePage(deps, request, reply, { problem, at, typed: { ...typed, mark: mark ?? '' } });
    }
    const references = referencesIn(typed.references);
    const done = await markMessages(desk, sessionOf(request), notice.id, { mark, references, why });
    return shown(request, reply, done, references);
  });
  app.post('/incidents/:incident/notice/undelivered', staff, async (request, reply) => {
    const found = await oneIncident(desk, request, noticed);
    if (isRefusal(found)) return reply.refuse(found);
    const { notice, rows } = found.more;
    if (!notice || !notify) return reply.refuse(NONE);
    const asked = markUndelivered(desk, sessionOf(request), notice.id, rows, notify);
    return shown(request, reply, await asked.catch(() => NOT_ASKED), []);
  });
}
const NOT_ASKED = refuse(
  'no-answer',
  'busy',
  'GOV.UK Notify does not answer. Ask again in a minute; nothing was changed.',
);
