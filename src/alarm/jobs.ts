/** What goes on by itself: the dead man's switch, telling again, working off the outbox, looking at the configuration and at the reading. */
import { parseAddress } from '../post/address.ts';
import { nextTry, type Relay, type Sending } from '../post/post.ts';
import { sendWebhook, type Webhook } from '../post/webhook.ts';
import { type Repeating, repeat } from '../store/repeating.ts';
import type { Database } from '../store/store.ts';
import { type Alarm, headline, mailOf } from './alarm.ts';
import { type Inspection, openInspection } from './inspection.ts';
import { openReading } from './reading.ts';
import { hooksDue, outboxDue, type Telling } from './store.ts';

export type Telephone = {
  /** As letterbox_alarm. */
  readonly database: Database;
  /** Null: mails stay in the outbox, which the desk shows. */
  readonly relay: Relay | null;
  readonly webhook: Webhook | null;
  readonly deskUrl: string;
  readonly say?: (line: string) => void;
  readonly everyMs?: number;
};

const BATCH = 20;

/** Works off what is due every two seconds. */
export function startAlarms(telephone: Telephone): Repeating {
  const { say = () => undefined, everyMs = 2000 } = telephone;
  const rounds = repeat(
    () => round(telephone),
    everyMs,
    (why) => say(`Alarms: ${why}`),
  );
  return {
    tick: rounds.tick,
    stop: async () => {
      await rounds.stop();
      telephone.relay?.close();
    },
  };
}

/** Looks at the configuration every 15 seconds. */
export function startInspecting(
  inspection: Inspection & { readonly say?: (line: string) => void },
): Repeating {
  const { say = () => undefined, everyMs = 15_000 } = inspection;
  const { round: look } = openInspection(inspection);
  return repeat(look, everyMs, (why) => say(`Inspection: ${why}`));
}

/** Looks every 15 seconds at what was opened since. */
export function startJudgingReading(
  database: Database,
  {
    say = () => undefined,
    everyMs = 15_000,
  }: { readonly say?: (line: string) => void; readonly everyMs?: number } = {},
): Repeating {
  const { look } = openReading(database);
  return repeat(look, everyMs, (why) => say(`Reading: ${why}`));
}

async function round(telephone: Telephone): Promise<void> {
  const { database, relay, webhook } = telephone;
  await database.run('select letterbox.tips_tick(), letterbox.measures_tick(), letterbox.alarm_tick()');
  if (relay) await workOff(telephone, relay);
  if (webhook) await callHooks(telephone, webhook);
}

/** If power fails between a mail's sending and its being written down, it goes out once more, under the same Message-ID. */
async function workOff({ database, deskUrl, say }: Telephone, relay: Relay): Promise<void> {
  for (const telling of await outboxDue(database, BATCH)) {
    const sent = await sendTo(relay, telling, deskUrl);
    if (!sent.sent) say?.(`A mail about an alarm did not go out: ${sent.why}`);
    const now = new Date();
    const again =
      sent.sent || sent.how === 'never' ? null : nextTry(telling.tries + 1, telling.alarm.firstSeen, now);
    const sql = 'select letterbox.outbox_done($1, $2, $3)';
    await database.run(sql, [telling.id, again, sent.sent ? null : sent.why]);
  }
}

async function sendTo(relay: Relay, telling: Telling, deskUrl: string): Promise<Sending> {
  const to = parseAddress(telling.email ?? '');
  if (!to || !telling.name)
    return { sent: false, how: 'never', why: 'The address is none that mail goes to.' };
  return relay.send({
    id: telling.id,
    to,
    ...mailOf(telling.alarm, { ...telling, name: telling.name }, deskUrl),
  });
}

async function callHooks({ database, deskUrl }: Telephone, webhook: Webhook): Promise<void> {
  for (const { alarm, nth, organisation } of await hooksDue(database, BATCH)) {
    const sending = {
      id: `${alarm.id}-${nth}`,
      event: eventOf(alarm, organisation, deskUrl),
      now: new Date(),
    };
    const sent = await sendWebhook(webhook, sending);
    // The next round tries again: an alarm that a program is to be told of does not wait.
    if (sent.sent) await database.run('select letterbox.hook_done($1, $2)', [alarm.id, nth]);
  }
}

/** What a program is told: what a mail says, in parts. */
export function eventOf(alarm: Alarm, organisation: string, deskUrl: string): object {
  const { id, kind, colour, seen, asWhom, address, done, times } = alarm;
  return {
    type: 'letterbox.alarm',
    timestamp: alarm.lastSeen.toISOString(),
    data: {
      ...{ id, kind, colour, headline: headline(alarm), organisation, seen, asWhom, address, done, times },
      ...{
        firstSeen: alarm.firstSeen.toISOString(),
        lastSeen: alarm.lastSeen.toISOString(),
        desk: `${deskUrl}/watch`,
      },
    },
  };
}
