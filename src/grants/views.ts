/** What the pages of this room show, computed from the access state; no HTML here. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { sha256Hex } from '../sealing/signature.ts';
import {
  type AccessState,
  DEFAULT_DAYS,
  effectOf,
  endOfDayAfter,
  isInForce,
  LONGEST_DAYS,
  objectionTo,
  oddities,
  type Proposal,
  type Standing,
  stateText,
} from './grant.ts';

export type Problem = { readonly field: string; readonly message: string };
export type Typed = {
  readonly person?: string;
  readonly purpose?: string;
  readonly day?: string;
  readonly month?: string;
  readonly year?: string;
};

function named(state: AccessState) {
  const names = new Map(state.people.map((person) => [person.id, person.name]));
  return (id: string | null) => (id === null ? '' : (names.get(id) ?? 'somebody who has left'));
}

/** Who reads now, what waits, what ended. */
export function accessPage(state: AccessState, now: Date) {
  const at = now.toISOString();
  const name = named(state);
  const row = (grant: Standing) => ({
    ...grant,
    name: name(grant.person),
    proposerName: name(grant.proposer),
    approverName: name(grant.approver),
  });
  return {
    state,
    readers: state.grants.filter((grant) => isInForce(grant, at)).map(row),
    proposals: state.grants
      .filter((grant) => grant.approvedAt === null && grant.endedAt === null && grant.until > at)
      .map(row),
    past: state.grants.filter((grant) => grant.endedAt !== null || grant.until <= at).map(row),
  };
}

/** The page on which one colleague, a purpose and a last day are chosen. */
export function choicesPage(
  state: AccessState,
  proposer: string,
  typed: Typed,
  problems: readonly Problem[],
  now: Date,
) {
  const [year, month, day] = endOfDayAfter(now.toISOString(), DEFAULT_DAYS).slice(0, 10).split('-');
  return {
    state,
    people: state.people.filter((person) => person.confirmed && person.id !== proposer),
    typed: { day: String(Number(day)), month: String(Number(month)), year, ...typed },
    problems,
    longest: LONGEST_DAYS,
  };
}

const typedShape = z
  .object({ person: z.string(), purpose: z.string(), day: z.string(), month: z.string(), year: z.string() })
  .partial();

/** The proposal a query stands for; null where nothing was chosen yet. */
export function readProposal(
  query: unknown,
  state: AccessState,
  proposer: string,
  now: Date,
): { typed: Typed; proposal: Proposal | null; problems: Problem[] } | null {
  const parsed = typedShape.safeParse(query);
  if (!parsed.success || Object.keys(parsed.data).length === 0) return null;
  const typed: Typed = JSON.parse(JSON.stringify(parsed.data));
  const until = lastDay(typed);
  const problems: Problem[] = [
    ...(typed.person ? [] : [{ field: 'person', message: 'Choose who you want to give access' }]),
    ...(typed.purpose ? [] : [{ field: 'purpose', message: 'Choose what the access is for' }]),
    ...(until ? [] : [{ field: 'until-day', message: 'The last day must be a real date' }]),
  ];
  if (!until || problems.length > 0) return { typed, proposal: null, problems };
  const proposal = {
    id: randomUUID(),
    person: typed.person ?? '',
    purpose: typed.purpose ?? '',
    until,
    fromGeneration: 1,
  };
  const objection = objectionTo(state, proposal, proposer, now.toISOString());
  if (!objection) return { typed, proposal, problems };
  const field = objection.refusal.startsWith('until')
    ? 'until-day'
    : objection.refusal === 'purpose'
      ? 'purpose'
      : 'person';
  return { typed, proposal: null, problems: [{ field, message: objection.message }] };
}

function lastDay({ day = '', month = '', year = '' }: Typed): string | null {
  const text = `${year.trim().padStart(4, '0')}-${month.trim().padStart(2, '0')}-${day.trim().padStart(2, '0')}T23:59:59.000Z`;
  return z.iso.datetime({ precision: 3 }).safeParse(text).success ? text : null;
}

/** The effect in one sentence and one table; `forBrowser` is what the browser computes it again from. */
export function previewPage(state: AccessState, proposal: Proposal, now: Date) {
  const at = now.toISOString();
  const effect = effectOf(state, proposal, at);
  const name = named(state);
  const grantee = state.people.find((person) => person.id === proposal.person);
  return {
    state,
    proposal,
    grantee,
    effect,
    before: effect.before.map(name),
    after: effect.after.map(name),
    inside: effect.after.length - effect.outside,
    odd: oddities(state, effect),
    forBrowser: { state, proposal },
  };
}

/** The same preview, afresh, of a proposal that waits; says when the state moved under it. */
export async function approvalPage(state: AccessState, grant: Standing, viewer: string, now: Date) {
  const name = named(state);
  const moved = (await sha256Hex(stateText(state, grant.person, now.toISOString()))) !== grant.state;
  return {
    ...previewPage(state, grant, now),
    grant,
    moved,
    proposerName: name(grant.proposer),
    approverName: name(grant.approver),
    ownProposal: viewer === grant.proposer,
    ownGrant: viewer === grant.person,
    settled: grant.approvedAt !== null || grant.endedAt !== null,
    forBrowser: { state, grant },
  };
}
