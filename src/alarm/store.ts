/** What the database knows of alarms, quarantines, canaries and the mails about them; rows are parsed on their way in. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';
import { ALARM_KINDS, type Alarm, COLOURS } from './alarm.ts';

const number = z.bigint().transform(Number);

const alarmColumns = {
  id: z.string(),
  kind: z.enum(ALARM_KINDS),
  colour: z.enum(COLOURS),
  seen: z.string(),
  as_whom: z.string().nullable(),
  address: z.string().nullable(),
  done: z.string(),
  first_seen: z.date(),
  last_seen: z.date(),
  times: number,
};
type AlarmColumns = z.output<z.ZodObject<typeof alarmColumns>>;

const asAlarm = ({ as_whom, first_seen, last_seen, ...rest }: AlarmColumns, title: string | null): Alarm => ({
  ...rest,
  title,
  asWhom: as_whom,
  firstSeen: first_seen,
  lastSeen: last_seen,
});

const ownAlarm = z
  .object({
    ...alarmColumns,
    form: z.string().nullable(),
    title: z.string().nullable(),
    told: z.number(),
    acknowledged_at: z.date().nullable(),
    acknowledged_by: z.string().nullable(),
    gone_at: z.date().nullable(),
  })
  .transform(({ form, title, told, acknowledged_at, acknowledged_by, gone_at, ...alarm }) => ({
    ...asAlarm(alarm, title),
    ...{ form, told, acknowledgedAt: acknowledged_at, acknowledgedBy: acknowledged_by, goneAt: gone_at },
  }));
export type OwnAlarm = z.output<typeof ownAlarm>;

/** The alarms of the actor's organisation: what stands first, the newest first. For those who mind alarms. */
export function ownAlarms(on: Statements): Promise<OwnAlarm[]> {
  return on.rows(ownAlarm, 'select * from letterbox.own_alarms()');
}

const quarantineRow = z.object({
  id: z.string(),
  form: z.string(),
  title: z.string().nullable(),
  since: z.date(),
  by_name: z.string().nullable(),
  reason: z.string(),
  signed_by: z.array(z.string()),
  signed_by_me: z.boolean(),
});
export type Quarantine = z.output<typeof quarantineRow>;

/** The quarantines in force in the actor's body, with who has signed for lifting each. */
export function ownQuarantines(on: Statements): Promise<Quarantine[]> {
  return on.rows(quarantineRow, 'select * from letterbox.own_quarantines()');
}

const watchRow = z.object({
  person: z.string(),
  name: z.string(),
  at: z.date().nullable(),
  every: z.number().nullable(),
  took: z.number().nullable(),
  asked: number.nullable(),
  silent: z.boolean(),
});
export type WatchRow = z.output<typeof watchRow>;

/** Each Watch that looks after the actor's organisation, with when it was last heard of; times in seconds. */
export function ownWatches(on: Statements): Promise<WatchRow[]> {
  return on.rows(
    watchRow,
    `select person, name, at, extract(epoch from every)::double precision as every,
      extract(epoch from took)::double precision as took, asked, silent from letterbox.own_watches()`,
  );
}

const rehearsalRow = z.object({
  packing: z.string(),
  planted_at: z.date(),
  found_at: z.date().nullable(),
  missed: z.boolean(),
});
export type Rehearsal = z.output<typeof rehearsalRow>;

/** The newest rehearsals, up to 1,000. */
export function ownRehearsals(on: Statements): Promise<Rehearsal[]> {
  return on.rows(rehearsalRow, 'select * from letterbox.own_rehearsals()');
}

const outboxRow = z.object({
  id: z.string(),
  alarm: z.string(),
  name: z.string(),
  email: z.string(),
  nth: z.number(),
  made_at: z.date(),
  next_at: z.date(),
  tries: z.number(),
  sent_at: z.date().nullable(),
  given_up_at: z.date().nullable(),
  failure: z.string().nullable(),
});
export type OutboxRow = z.output<typeof outboxRow>;

/** The newest mails of the actor's organisation, sent or waiting. */
export function ownOutbox(on: Statements): Promise<OutboxRow[]> {
  return on.rows(outboxRow, 'select * from letterbox.own_outbox()');
}

const tellingRow = z
  .object({
    ...alarmColumns,
    alarm: z.string(),
    organisation_name: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    form_title: z.string().nullable(),
    nth: z.number(),
    tries: z.number(),
  })
  .transform(({ id, alarm, organisation_name, name, email, form_title, nth, tries, ...rest }) => ({
    ...{ id, organisation: organisation_name, name, email, nth, tries },
    alarm: asAlarm({ ...rest, id: alarm }, form_title),
  }));
export type Telling = z.output<typeof tellingRow>;

/** Mails that are due, the oldest first. For letterbox_alarm. */
export function outboxDue(on: Statements, most: number): Promise<Telling[]> {
  return on.rows(tellingRow, 'select * from letterbox.outbox_due($1)', [most]);
}

/** Alarms that the webhook is to be told of. For letterbox_alarm. */
export function hooksDue(on: Statements, most: number): Promise<Telling[]> {
  return on.rows(tellingRow, 'select * from letterbox.hooks_due($1)', [most]);
}

const dutyShape = z.object({
  organisation: z.string(),
  person: z.string(),
  slug: z.string(),
  forms: z.array(z.string()),
  quarantined: z.array(z.string()),
  canaries: z.array(z.object({ case: z.string(), form: z.string(), at: z.string(), arrived: z.boolean() })),
});

/** What Watch, as whom the session was opened, is to look after. */
export async function watchDuty(on: Statements): Promise<z.output<typeof dutyShape>> {
  return (await on.one(z.object({ duty: dutyShape }), 'select letterbox.watch_duty() as duty')).duty;
}

const planted = z.object({ bytes: z.instanceof(Uint8Array).nullable() });

/** What a rehearsal has planted at this address of a site, where nothing else is; null else. */
export async function plantedAt(
  on: Statements,
  site: 'slot' | 'desk',
  path: string,
): Promise<Uint8Array | null> {
  return (await on.one(planted, 'select letterbox.planted_at($1, $2) as bytes', [site, path])).bytes;
}

const AGAIN_AFTER_MS = 1000;

/** As `plantedAt`, for a site that is asked for thousands of addresses: whether there is anything at all is asked once a second. */
export function plantedOn(
  on: Statements,
  site: 'slot' | 'desk',
): (path: string) => Promise<Uint8Array | null> {
  const sql = 'select letterbox.anything_planted($1) as any';
  let askedAt = Number.NEGATIVE_INFINITY;
  let any: Promise<boolean> = Promise.resolve(false);
  return async (path) => {
    if (performance.now() - askedAt > AGAIN_AFTER_MS) {
      askedAt = performance.now();
      any = on.one(z.object({ any: z.boolean() }), sql, [site]).then((row) => row.any);
    }
    return (await any) ? plantedAt(on, site, path) : null;
  };
}
