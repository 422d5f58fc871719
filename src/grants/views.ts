/** What the pages about proposals show, computed from the access state; no HTML here. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { sha256Hex } from '../sealing/signature.ts';
import { parseDocument } from './documents.ts';
import {
  type AccessState,
  DEFAULT_DAYS,
  type Effect,
  effectOf,
  endOfDayAfter,
  LONGEST_DAYS,
  type Member,
  type Proposal,
  type Scope,
  stateText,
} from './grant.ts';
import { objectionTo, objectionToApprover, objectionToGrantee, oddities } from './objection.ts';
import type { ProposalRow } from './store.ts';

export type Problem = { readonly field: string; readonly message: string };

const many = z.preprocess(
  (value) => (value === undefined ? [] : [value].flat()),
  z.array(z.string().max(200)),
);
const day = z.string().max(10).default('');
const typedShape = z.object({
  person: many,
  form: many,
  case: z.uuid().lowercase().optional().catch(undefined),
  what: z.enum(['all', 'new']).optional().catch(undefined),
  'from-day': day,
  'from-month': day,
  'from-year': day,
  'until-day': day,
  'until-month': day,
  'until-year': day,
});
/** What the query of the proposing page may say; a purpose comes as `purpose-<form>`. */
export type Typed = z.infer<typeof typedShape> & { readonly purposes: Readonly<Record<string, string>> };

/** What was chosen so far; a query that is not of that shape chooses nothing. */
export function readTyped(query: unknown): Typed {
  const typed = typedShape.safeParse(query);
  const all = z.record(z.string(), z.unknown()).catch({}).parse(query);
  const purposes = Object.entries(all).flatMap(([name, value]) =>
    name.startsWith('purpose-') && typeof value === 'string' ? [[name.slice('purpose-'.length), value]] : [],
  );
  return { ...(typed.data ?? typedShape.parse({})), purposes: Object.fromEntries(purposes) };
}

/** Whether the page was sent, or only come to. */
export function isSent(query: unknown): boolean {
  return typeof query === 'object' && query !== null && 'until-day' in query && !('change' in query);
}

/** The page on which people, forms or one case, purposes and days are chosen. */
export function choicesPage(
  state: AccessState,
  proposer: string,
  typed: Typed,
  problems: readonly Problem[],
  now: Date,
) {
  const at = now.toISOString();
  const [year, month, date] = endOfDayAfter(at, DEFAULT_DAYS).slice(0, 10).split('-');
  const preset = {
    'until-day': String(Number(date)),
    'until-month': String(Number(month)),
    'until-year': year,
  };
  const me = state.people.find(({ id }) => id === proposer);
  return {
    forms: state.forms,
    cases: state.cases.filter((each) => each.case === typed.case),
    // Those who cannot be given access are shown too, with the reason, so that nobody looks for them in vain.
    // But for Watch: a program is no choice.
    people: state.people
      .filter(({ id, capacities }) => id !== proposer && !capacities.includes('watch'))
      .map((person) => ({
        ...person,
        why: me ? (objectionToGrantee(person, me, at)?.message ?? null) : null,
      })),
    typed: { ...typed, ...(typed['until-day'] === '' && problems.length === 0 ? preset : {}) },
    problems,
    errors: Object.fromEntries(problems.map(({ field, message }) => [field, message])),
    longest: LONGEST_DAYS,
  };
}

type Read = { readonly proposal: Proposal | null; readonly problems: readonly Problem[] };

/** The proposal that was chosen, or what is wrong with it. */
export function readProposal(typed: Typed, state: AccessState, proposer: string, now: Date): Read {
  const at = now.toISOString();
  const begins = ['from-day', 'from-month', 'from-year'].some((name) => read(typed, name) !== '');
  const from = begins ? dayOf(typed, 'from', '00:00:00.000Z') : at;
  const until = dayOf(typed, 'until', '23:59:59.000Z');
  const scopes = scopesOf(typed, state);
  const problems: Problem[] = [
    ...(typed.person.length > 0 ? [] : [{ field: 'person', message: 'Choose who you want to give access' }]),
    ...(scopes.length > 0 ? [] : [{ field: 'form', message: 'Choose what they may read' }]),
    ...scopes
      .filter(({ purpose }) => purpose === '')
      .map(({ form }) => ({
        field: `purpose-${form}`,
        message: `Choose what access to “${titleOf(state, form)}” is for`,
      })),
    ...(from ? [] : [{ field: 'from-day', message: 'The first day must be a real date' }]),
    ...(until ? [] : [{ field: 'until-day', message: 'The last day must be a real date' }]),
  ];
  const me = state.people.find(({ id }) => id === proposer);
  if (!from || !until || !me || problems.length > 0) return { proposal: null, problems };
  const proposal = { id: randomUUID(), people: [...new Set(typed.person)], scopes, from, until };
  const objection = objectionTo(state, proposal, me, at);
  if (!objection) return { proposal, problems: [] };
  return { proposal: null, problems: [{ field: fieldOf(objection.refusal), message: objection.message }] };
}

function scopesOf(typed: Typed, state: AccessState): Scope[] {
  const single = state.cases.find((each) => each.case === typed.case);
  if (typed.case !== undefined)
    return single
      ? [
          {
            form: single.form,
            case: single.case,
            fromGeneration: 1,
            purpose: typed.purposes[single.form] ?? '',
          },
        ]
      : [];
  return state.forms
    .filter(({ form }) => typed.form.includes(form))
    .map(({ form, generation }) => ({
      ...{ form, case: null, purpose: typed.purposes[form] ?? '' },
      fromGeneration: typed.what === 'new' && generation > 0 ? generation + 1 : 1,
    }));
}

function fieldOf(code: string): string {
  if (code.startsWith('until')) return 'until-day';
  if (code.startsWith('from')) return 'from-day';
  return ['purpose', 'no-form', 'generation', 'missing'].includes(code) ? 'form' : 'person';
}

const read = (typed: Typed, name: string): string =>
  String(Object.entries(typed).find(([key]) => key === name)?.[1] ?? '');

function dayOf(typed: Typed, which: 'from' | 'until', time: string): string | null {
  const part = (name: string, width: number) => read(typed, `${which}-${name}`).trim().padStart(width, '0');
  const text = `${part('year', 4)}-${part('month', 2)}-${part('day', 2)}T${time}`;
  return z.iso.datetime({ precision: 3 }).safeParse(text).success ? text : null;
}

const titleOf = (state: AccessState, form: string): string =>
  state.forms.find((each) => each.form === form)?.title ?? form;

/** The effect in one sentence and one table; `forBrowser` is what the browser computes it again from. */
export function previewPage(state: AccessState, proposal: Proposal, now: Date) {
  const effect = effectOf(state, proposal, now.toISOString());
  const grantees = state.people.filter(({ id }) => proposal.people.includes(id));
  return {
    ...{ state, proposal, effect },
    ...inNames(state, effect),
    grantees,
    names: grantees.map(({ name }) => name),
    later: proposal.from > now.toISOString(),
    inside: effect.readers - effect.outside,
    odd: oddities(state, effect),
    forBrowser: { state, proposal },
  };
}

const byName = (one: string, other: string): number => one.localeCompare(other, 'en-GB');

function inNames(state: AccessState, effect: Effect) {
  const people = new Map<string, Member>(state.people.map((person) => [person.id, person]));
  const called = (id: string) => {
    const person = people.get(id);
    return person?.outside ? `${person.name} (${person.outside})` : (person?.name ?? 'Somebody');
  };
  const scopes = effect.scopes.map((scope) => ({
    ...scope,
    title: titleOf(state, scope.form),
    before: scope.before.map(called).sort(byName),
    after: scope.after.map(called).sort(byName),
  }));
  const submissions = effect.scopes.reduce((sum, scope) => sum + scope.submissions.count, 0);
  return { scopes, submissions };
}

/** The terms of a proposal as they stand in its signed document. */
export function termsOf(
  row: ProposalRow,
): (Proposal & { readonly document: string; readonly state: string }) | null {
  const signed = parseDocument(row.text);
  if (signed?.kind !== 'grant') return null;
  const { id, people, scopes, from, until, state } = signed;
  return {
    id,
    people: people.map(({ person }) => person),
    scopes,
    from,
    until,
    document: row.document,
    state,
  };
}

/** The same preview, afresh, of a proposal that waits; says when the state moved under it. */
export async function approvalPage(
  state: AccessState,
  row: ProposalRow,
  terms: NonNullable<ReturnType<typeof termsOf>>,
  viewer: string,
  now: Date,
) {
  const at = now.toISOString();
  const [proposer, approver] = [row.proposer, viewer].map((id) =>
    state.people.find((each) => each.id === id),
  );
  const objection =
    proposer && approver
      ? (objectionTo(state, terms, proposer, at) ?? objectionToApprover(state, terms, proposer, approver, at))
      : null;
  return {
    ...previewPage(state, terms, now),
    row,
    moved: (await sha256Hex(stateText(state, terms, at))) !== terms.state,
    settled: row.approved_at !== null || row.withdrawn_at !== null,
    ownProposal: viewer === row.proposer,
    objection: objection?.message ?? null,
    forBrowser: { state, document: row.document },
  };
}
