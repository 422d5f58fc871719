/** What people may cause about incidents. */
import { z } from 'zod';
import { attemptSaying } from '../people/acts.ts';
import type { Database, SessionSecret } from '../store/store.ts';
import { type Refusal, refuse } from '../web/refusal.ts';
import { openPhases, type Source, stateOf, type Taken } from './incidents.ts';
import { incidentSteps, ownIncidents } from './store.ts';

export const NOT_MINDER = refuse(
  'not-minder',
  'forbidden',
  'Only managers and data protection officers work on incidents. Ask one of yours.',
);

const WORDS: Readonly<Record<string, string>> = {
  [NOT_MINDER.refusal]: NOT_MINDER.message,
  'opened-already': 'An incident was opened from this alarm already. Go on with that one.',
  'closed-already': 'This incident is closed. Open one of its phases again first.',
  'not-yet': 'That moment has not come yet. Enter when it was.',
  'too-many': 'You have opened twenty incidents today. Work on those, or ask a colleague.',
};

const tried = attemptSaying(WORDS);

export type Opening = {
  readonly title: string;
  readonly source: Source;
  readonly alarm: string | null;
  readonly aware: Date;
  readonly text: string;
};

/** Opens an incident; its id. Everybody who looks after alarms is told at once. */
export function openIncident(
  desk: Database,
  session: SessionSecret,
  { title, source, alarm, aware, text }: Opening,
): Promise<{ id: string } | Refusal> {
  const sql = 'select letterbox.open_incident($1, $2, $3, $4, $5) as id';
  return tried(desk, session, 'open-incident', (tx) =>
    tx.one(z.object({ id: z.string() }), sql, [title, source, alarm, aware, JSON.stringify({ text })]),
  );
}

/** Takes a step; its number. Only an incident whose phases are all done can be closed. */
export function takeStep(
  desk: Database,
  session: SessionSecret,
  incident: string,
  { kind, facts }: Taken,
): Promise<{ n: number } | Refusal> {
  return tried(desk, session, `incident-${kind}`, async (tx) => {
    if (kind === 'closed') {
      const row = (await ownIncidents(tx)).find(({ id }) => id === incident);
      const open = row ? openPhases(stateOf(row, await incidentSteps(tx, incident))) : [];
      if (open.length > 0) return phasesOpen(open);
    }
    const moment = 'moment' in facts ? new Date(facts.moment) : null;
    const sql = 'select letterbox.take_incident_step($1, $2, $3, $4) as n';
    return tx.one(z.object({ n: z.number() }), sql, [incident, kind, JSON.stringify(facts), moment]);
  });
}

const phasesOpen = (open: readonly string[]): Refusal =>
  refuse(
    'phases-open',
    'conflict',
    `${open.length === 1 ? 'A phase is' : `${open.length} phases are`} not done yet. Finish each, or decide with a reason that nothing is to be done.`,
  );
