/** What the database knows of grants and form keys; rows are parsed on their way in. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';
import type { AccessState } from './grant.ts';
import { accessStateShape, formKeyShape, waitingShape } from './shapes.ts';

/** What an access state is asked for. `people` null: everybody of the organisation. */
export type AccessQuestion = {
  readonly forms: readonly string[];
  readonly cases?: readonly string[];
  readonly people?: readonly string[] | null;
};

/** Who reads some forms and who might; refuses (LB404) a form the organisation does not have. */
export async function accessState(on: Statements, asked: AccessQuestion): Promise<AccessState> {
  const row = await on.one(
    z.object({ state: accessStateShape }),
    'select letterbox.access_state($1, $2, $3) as state',
    [asked.forms, asked.cases ?? [], asked.people ?? null],
  );
  return row.state;
}

const proposalRow = z.object({
  document: z.string(),
  text: z.string(),
  proposer: z.string(),
  proposer_name: z.string(),
  proposed_at: z.date(),
  approved_at: z.date().nullable(),
  approver_name: z.string().nullable(),
  withdrawn_at: z.date().nullable(),
});
export type ProposalRow = z.infer<typeof proposalRow>;

/** A proposal with its signed text, or null when the actor's organisation has no such proposal. */
export function proposalFound(on: Statements, proposal: string): Promise<ProposalRow | null> {
  return on.maybe(proposalRow, 'select * from letterbox.proposal_found($1)', [proposal]);
}

const keyEnvelope = z.object({
  form: z.string(),
  generation: z.number(),
  around: z.number().nullable(),
  sealed: z.instanceof(Uint8Array),
});
export type KeyEnvelope = z.infer<typeof keyEnvelope>;

/** The actor's own key envelopes, while a grant of theirs is in force. */
export function myFormKeys(on: Statements): Promise<KeyEnvelope[]> {
  return on.rows(keyEnvelope, 'select * from letterbox.my_form_keys()');
}

export type Waiting = z.infer<typeof waitingShape>;

/** What waits for the actor to do: about grants, form keys, and notices to agree to. */
export function whatWaits(on: Statements): Promise<Waiting[]> {
  return on.rows(waitingShape, 'select * from letterbox.what_waits() order by what, form, name');
}

export type FormKeyRow = z.infer<typeof formKeyShape>;

/** A form's keys, newest first, whether or not they count. */
export function formKeys(on: Statements, form: string): Promise<FormKeyRow[]> {
  return on.rows(formKeyShape, 'select * from letterbox.form_keys($1)', [form]);
}

const titleShape = z.object({ form: z.string(), title: z.string(), open: z.boolean() });

/** The forms of the actor's organisation. */
export function ownFormTitles(on: Statements): Promise<z.infer<typeof titleShape>[]> {
  return on.rows(titleShape, "select form, definition ->> 'title' as title, open from letterbox.own_forms()");
}

const overviewRow = z.object({
  form: z.string(),
  title: z.string(),
  open: z.boolean(),
  readers: z.bigint(),
  names: z.array(z.string()),
  one_case: z.bigint(),
  cases: z.bigint(),
  turn: z.enum(['ended', 'around', 'from-now-on']).nullable(),
});

/** Each form, with how many read it and the first names; `turn` says why its key should be turned. */
export function accessOverview(on: Statements): Promise<z.infer<typeof overviewRow>[]> {
  return on.rows(overviewRow, 'select * from letterbox.access_overview()');
}

const lineRow = z.object({
  id: z.string(),
  proposal: z.string(),
  document: z.string(),
  person: z.string(),
  name: z.string(),
  email: z.string(),
  outside: z.string().nullable(),
  case_id: z.string().nullable(),
  from_generation: z.number(),
  starts: z.date(),
  until: z.date(),
  review_by: z.date(),
  purpose: z.string(),
  proposer_name: z.string(),
  approver_name: z.string(),
  approved_at: z.date(),
  fulfilled: z.boolean(),
  ended_at: z.date().nullable(),
  stands: z.boolean(),
});
/** Lines to a page of the access page's tables. */
export const LINES = 50;

/** A page of a form's grants: those in force, to come, or past. */
export function formGrants(
  on: Statements,
  form: string,
  part: 'now' | 'later' | 'past',
  page = 0,
): Promise<z.infer<typeof lineRow>[]> {
  return on.rows(lineRow, 'select * from letterbox.form_grants($1, $2, $3)', [form, part, page]);
}

const waitingProposal = z.object({
  id: z.string(),
  names: z.string(),
  proposer_name: z.string(),
  proposed_at: z.date(),
  until: z.date(),
});

/** A form's proposals that wait for a second signature. */
export function formProposals(on: Statements, form: string): Promise<z.infer<typeof waitingProposal>[]> {
  return on.rows(waitingProposal, 'select * from letterbox.form_proposals($1)', [form]);
}

const grantLine = z.object({
  id: z.string(),
  document: z.string(),
  person: z.string(),
  name: z.string(),
  form: z.string(),
  title: z.string(),
  case_id: z.string().nullable(),
  until: z.date(),
  review_by: z.date(),
  ended_at: z.date().nullable(),
  opened: z.bigint(),
});
export type GrantLine = z.infer<typeof grantLine>;

/** These lines of grants, each with how many cases its reader opened. */
export function grantLines(on: Statements, ids: readonly string[]): Promise<GrantLine[]> {
  return on.rows(grantLine, 'select * from letterbox.grant_lines($1)', [ids]);
}

const openedRow = z.object({
  case_id: z.string(),
  form: z.string(),
  first_at: z.date(),
  last_at: z.date(),
  times: z.bigint(),
});

/** Which cases somebody opened, of one form or (null) of all: what no end of access takes back. */
export function openedBy(
  on: Statements,
  person: string,
  form: string | null,
): Promise<z.infer<typeof openedRow>[]> {
  return on.rows(openedRow, 'select * from letterbox.opened_by($1, $2)', [person, form]);
}

const reviewRow = z.object({
  id: z.string(),
  person: z.string(),
  name: z.string(),
  form: z.string(),
  title: z.string(),
  case_id: z.string().nullable(),
  review_by: z.date(),
  until: z.date(),
  purpose: z.string(),
});

/** A page of the review calendar: who reads on only if a manager says so, the next first. */
export function reviewsDue(on: Statements, page = 0): Promise<z.infer<typeof reviewRow>[]> {
  return on.rows(reviewRow, 'select * from letterbox.reviews_due($1)', [page]);
}

const oddRow = z.object({
  ...{
    seen: z.string(),
    first_seen: z.date(),
    acknowledged_at: z.date().nullable(),
    acknowledged_by: z.string().nullable(),
  },
});

/** What was odd about the reading of a form in the last 90 days; nothing for those who do not mind alarms. */
export function oddReading(on: Statements, form: string): Promise<z.infer<typeof oddRow>[]> {
  return on.rows(oddRow, 'select * from letterbox.own_odd_reading($1)', [form]);
}
