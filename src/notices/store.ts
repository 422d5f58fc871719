/** What the database knows of notices; rows are parsed on their way in. */
import { z } from 'zod';
import { wordingShape } from '../incidents/incidents.ts';
import { toHex } from '../sealing/encoding.ts';
import type { Statements } from '../store/store.ts';
import { CHANNELS, STATES } from './notice.ts';

const hex = z.instanceof(Uint8Array).transform((bytes) => toHex(new Uint8Array(bytes)));
export const formsShape = z.array(z.object({ form: z.string(), generation: z.int().positive() }));

export const casesShape = z.array(z.object({ id: z.uuid(), form: z.string() }));

const noticeRow = z
  .object({
    ...{ id: z.string(), incident: z.string(), words: wordingShape, source: z.enum(['cases', 'file']) },
    ...{ forms: formsShape, list_hash: hex, cases: casesShape, pace: z.number(), own: z.boolean() },
    ...{ proposed_at: z.date(), proposed_by: z.string(), approved_at: z.date().nullable() },
    ...{ approved_by: z.string().nullable(), stopped_at: z.date().nullable() },
    ...{ stopped_by: z.string().nullable(), halted_at: z.date().nullable() },
  })
  .transform((row) => ({
    ...{ id: row.id, incident: row.incident, words: row.words, source: row.source, forms: row.forms },
    ...{ list: row.list_hash, cases: row.cases, pace: row.pace, own: row.own },
    proposed: { at: row.proposed_at, by: row.proposed_by },
    approved: row.approved_at && { at: row.approved_at, by: row.approved_by },
    stopped: row.stopped_at && { at: row.stopped_at, by: row.stopped_by },
    haltedAt: row.halted_at,
  }));
/** `own`: whoever asks has proposed it, so somebody else has to agree. */
export type NoticeRow = z.output<typeof noticeRow>;

const ownRow = z.object({ id: z.string().nullable() });

/** The id of an incident's notice, or null where none is proposed. For those who work on incidents. */
export async function ownNotice(on: Statements, incident: string): Promise<string | null> {
  return (await on.one(ownRow, 'select letterbox.own_notice($1) as id', [incident])).id;
}

/** A notice by its id, for those who work on incidents and for whoever may see its list. */
export function noticeFound(on: Statements, notice: string): Promise<NoticeRow> {
  return on.one(noticeRow, 'select * from letterbox.notice_found($1)', [notice]);
}

const messageRow = z
  .object({
    ...{
      key: z.string(),
      nth: z.number(),
      reference: z.string(),
      channel: z.enum(CHANNELS),
      commitment: hex,
    },
    ...{ state: z.enum(STATES), tries: z.number(), changed_at: z.date(), why: z.string().nullable() },
    replied_at: z.date().nullable(),
  })
  .transform(({ changed_at, replied_at, ...row }) => ({
    ...row,
    ...{ changedAt: changed_at, repliedAt: replied_at },
  }));
export type MessageRow = z.output<typeof messageRow>;

/** Its messages in their order, as they stand. */
export function noticeMessages(on: Statements, notice: string): Promise<MessageRow[]> {
  return on.rows(messageRow, 'select * from letterbox.notice_messages($1)', [notice]);
}

const listRow = z.object({ sealed: z.instanceof(Uint8Array) });

/** The sealed list, for whoever reads all of its forms; the register keeps that it was handed out. */
export async function noticeList(on: Statements, notice: string): Promise<Uint8Array> {
  return (await on.one(listRow, 'select letterbox.notice_list($1) as sealed', [notice])).sealed;
}
