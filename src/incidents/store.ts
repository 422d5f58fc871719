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

const caseRow = z
  .object({
    ...{ case_id: z.string(), received_at: z.date(), erased_at: z.date().nullable() },
    ...{ arrival: z.enum(['browser', 'server']), files: z.number() },
  })
  .transform(({ case_id, received_at, erased_at, ...rest }) => ({
    ...{ id: case_id, receivedAt: received_at, erasedAt: erased_at, ...rest },
  }));
/** A case as the register tells of it. */
export type ExposedCase = z.output<typeof caseRow>;

/** What is asked about: a form, a time with both its ends (null: until now), and one colleague or everybody. */
export type Asked = {
  readonly form: string;
  readonly since: Date;
  readonly until: Date | null;
  readonly colleague: string | null;
};
const asking = ({ form, since, until, colleague }: Asked) => [form, since, until, colleague];

/** The cases that were there in that time, by the register alone; of a colleague, those that they were given something of. */
export function exposedCases(on: Statements, asked: Asked): Promise<ExposedCase[]> {
  return on.rows(caseRow, 'select * from letterbox.exposed_cases($1, $2, $3, $4)', asking(asked));
}

const number = z.bigint().transform(Number);
const givenRow = z.object({
  ...{ person: z.string(), name: z.string(), first: z.date(), last: z.date() },
  ...{ opened: number, files: number, listed: number, bytes: number, unmeasured: number },
});
/** What somebody was given: cases opened, files, summaries in lists; `bytes` of ciphertext, without the `unmeasured` entries. */
export type Given = z.output<typeof givenRow>;

/** To whom Letterbox gave something of a form in that time. */
export function exposedTo(on: Statements, asked: Asked): Promise<Given[]> {
  return on.rows(givenRow, 'select * from letterbox.exposed_to($1, $2, $3, $4)', asking(asked));
}

const seenShape = z.object({
  seen: z.object({
    alarms: z.array(
      z.object({
        ...{ colour: z.enum(['red', 'amber']), seen: z.string(), as: z.string().nullable() },
        ...{ since: z.string(), gone: z.string().nullable() },
      }),
    ),
    asked: z.number(),
    entries: z.number(),
  }),
});
/** What alarms said about a form in that time; how many questions Watch asked meanwhile, and how long the register is. */
export type SeenMeanwhile = z.output<typeof seenShape>['seen'];

export async function seenMeanwhile(on: Statements, { form, since, until }: Asked): Promise<SeenMeanwhile> {
  const sql = 'select letterbox.seen_meanwhile($1, $2, $3) as seen';
  return (await on.one(seenShape, sql, [form, since, until])).seen;
}
