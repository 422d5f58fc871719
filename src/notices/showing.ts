/** The pages about a notice: for those who work on its incident, and for the second of two who agrees. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { minds } from '../alarm/alarm.ts';
import { casesExposed, type OneIncident, oneIncident, openable } from '../incidents/finding.ts';
import type { Wording } from '../incidents/wording.ts';
import { theActor } from '../people/asking.ts';
import type { NotifyRelay } from '../post/notify.ts';
import type { Relay } from '../post/post.ts';
import type { Database, Statements } from '../store/store.ts';
import { csv } from '../web/csv.ts';
import { isRefusal } from '../web/refusal.ts';
import { FATES, isSettled, tallyOf } from './notice.ts';
import { type MessageRow, type NoticeRow, noticeFound, noticeMessages, ownNotice } from './store.ts';
import { CHANNEL_WORDS, FATE_WORDS, isOpenFate, STATE_WORDS } from './words.ts';

export type NoticeDeps = {
  readonly desk: Database;
  /** By which mails go out: a relay, GOV.UK Notify before it, or nothing. */
  readonly relay: Relay | null;
  readonly notify: NotifyRelay | null;
};

export type Noticed = { readonly notice: NoticeRow | null; readonly rows: MessageRow[] };

/** The notice of an incident, and its messages. */
export async function noticed(tx: Statements, { row }: OneIncident): Promise<Noticed> {
  const id = await ownNotice(tx, row.id);
  if (id === null) return { notice: null, rows: [] };
  return { notice: await noticeFound(tx, id), rows: await noticeMessages(tx, id) };
}

/** What is said at the top: what was done, or what is wrong and where, with what was typed. */
export type Say = {
  readonly says?: readonly string[];
  readonly problem?: string | null;
  readonly at?: string;
  readonly typed?: Readonly<Record<string, string>>;
};
const SHOWN = 200;

export async function noticePage(
  { desk, relay, notify }: NoticeDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { says = [], problem = null, at = '', typed = {} }: Say = {},
) {
  const found = await oneIncident(desk, request, async (tx, incident) => ({
    ...(await noticed(tx, incident)),
    exposed: await casesExposed(tx, incident.state),
  }));
  if (isRefusal(found)) return reply.refuse(found);
  const { row, state, more } = found;
  const { notice, rows, exposed } = more;
  const words = notice?.words ?? state.worded?.facts ?? null;
  const cases = notice ? [] : await openable(exposed);
  const open = rows.filter((each) => !isSettled(each.state));
  const context = {
    ...{ incident: row, closed: state.closed !== null, telling: state.people !== 'not', words, notice },
    ...{ tally: tallyOf(rows), open: open.length, says, problem, at, typed },
    shown: open.slice(0, SHOWN).map((each) => ({
      ...{ ...each, channelSays: CHANNEL_WORDS[each.channel], says: STATE_WORDS[each.state] },
    })),
    ...{ by: notify ? 'GOV.UK Notify' : relay && 'the mail relay', notify: notify !== null },
    ...{ stateWords: STATE_WORDS, standing: standingOf(exposed, notice) },
    fates: FATES.filter((fate) => isOpenFate(fate, rows)).map((value) => ({ value, ...FATE_WORDS[value] })),
    carried: {
      ...carriedFor(request, notice, words),
      incident: row.id,
      step: state.worded?.n ?? null,
      cases,
    },
  };
  return reply.page('notices/pages/notice.njk', context, problem ? 422 : 200);
}

/** How the list and what stood open agree, at this moment. */
function standingOf(
  exposed: readonly { readonly id: string; readonly erasedAt: Date | null }[],
  notice: NoticeRow | null,
) {
  const listed = new Set(notice?.cases.map(({ id }) => id));
  const there = exposed.filter(({ erasedAt }) => erasedAt === null);
  return {
    ...{ exposed: exposed.length, erased: exposed.length - there.length, listed: listed.size },
    missing: there.filter(({ id }) => !listed.has(id)).length,
  };
}

/** What the elements of both pages need. */
function carriedFor(request: FastifyRequest, notice: NoticeRow | null, words: Wording | null) {
  const { organisation, organisationName } = theActor(request);
  return {
    ...{ organisation, from: organisationName, words },
    notice: notice && {
      ...{ id: notice.id, source: notice.source, list: notice.list, forms: notice.forms },
    },
  };
}

/** For the second of two: what it says, to how many, and their element. */
export async function agreePage(
  request: FastifyRequest,
  reply: FastifyReply,
  notice: NoticeRow,
  rows: readonly MessageRow[],
) {
  const { incident, words } = notice;
  const cases = await openable(notice.cases.map((each) => ({ ...each, erasedAt: null })));
  return reply.page('notices/pages/agree.njk', {
    ...{ notice, words, tally: tallyOf(rows), works: minds(theActor(request)) },
    carried: { ...carriedFor(request, notice, words), incident, step: null, cases },
  });
}

export async function noticeFile({ desk }: NoticeDeps, request: FastifyRequest, reply: FastifyReply) {
  const found = await oneIncident(desk, request, noticed);
  if (isRefusal(found)) return reply.refuse(found);
  const lines = found.more.rows.map((row) => [
    ...[row.reference, CHANNEL_WORDS[row.channel], STATE_WORDS[row.state], row.changedAt.toISOString()],
    ...[String(row.tries), row.why ?? '', row.repliedAt?.toISOString() ?? ''],
  ]);
  const head = ['Reference', 'Channel', 'State', 'Since', 'Tries', 'Why', 'Replied'];
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', 'attachment; filename="notice.csv"')
    .send(csv([head, ...lines]));
}
