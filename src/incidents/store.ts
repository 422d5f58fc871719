/** What the database knows of incidents; rows are parsed on their way in. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';
import { type Incident, SOURCES, type Step, takenShape } from './incidents.ts';

const incidentRow = z
  .object({
    ...{ id: z.string(), title: z.string(), source: z.enum(SOURCES), alarm: z.string().nullable() },
    ...{ opened_at: z.date(), opened_by: z.string(), aware_at: z.date() },
    ...{ settled_at: z.date().nullable(), closed_at: z.date().nullable() },
  })
  .transform(({ opened_at, opened_by, aware_at, settled_at, closed_at, ...rest }) => ({
    ...rest,
    ...{ openedAt: opened_at, openedBy: opened_by, awareAt: aware_at },
    ...{ settledAt: settled_at, closedAt: closed_at },
  }));
/** `awareAt` as it stands now, after whatever step put it right. */
export type IncidentRow = z.output<typeof incidentRow> & Incident;

/** The incidents of the actor's body: open ones first, the newest first. For those who look after alarms. */
export function ownIncidents(on: Statements): Promise<IncidentRow[]> {
  return on.rows(incidentRow, 'select * from letterbox.own_incidents()');
}

const stepRow = z
  .object({ n: z.number(), kind: z.string(), facts: z.unknown(), at: z.date(), by_name: z.string() })
  .transform(({ n, at, by_name, ...taken }): Step => ({ ...takenShape.parse(taken), n, at, by: by_name }));

/** All that was done about one, in order. */
export function incidentSteps(on: Statements, incident: string): Promise<Step[]> {
  return on.rows(stepRow, 'select * from letterbox.own_incident_steps($1)', [incident]);
}
