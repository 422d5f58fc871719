/** The decision, the preview's words, and what may be proposed; the preview against brute force is in preview.test.ts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AccessState,
  effectOf,
  endOfDayAfter,
  LONGEST_DAYS,
  type Member,
  type Proposal,
  readersOf,
  type Standing,
} from './grant.ts';
import { isSamePerson, objectionTo, objectionToApprover, oddities } from './objection.ts';
import { readProposal, readTyped } from './views.ts';

const AT = '2026-11-23T09:00:00.000Z';
const LATER = '2027-06-01T23:59:59.000Z';

const member = (id: string, changed: Partial<Member> = {}): Member => ({
  ...{ id, name: `Person ${id}`, email: `${id}@example.com`, capacities: [], outside: null, enrolment: 'e' },
  ...{ stands: true, trainedUntil: LATER, awayUntil: null, grantedBefore: true, ...changed },
});
const manager = (id: string, changed: Partial<Member> = {}) =>
  member(id, { capacities: ['manager'], ...changed });
const line = (person: string, changed: Partial<Standing> = {}): Standing => ({
  ...{ id: `grant-${person}`, document: 'd', person, form: 'review', case: null, fromGeneration: 1 },
  ...{ from: AT, until: LATER, reviewBy: LATER, ...changed },
});
const held = { count: 3, oldest: AT, newest: AT, attachments: 1 };
const stateWith = (changed: Partial<AccessState> = {}): AccessState => ({
  organisation: 'o',
  forms: [
    {
      form: 'review',
      title: 'Review',
      purposes: ['Work'],
      generation: 2,
      holdings: [{ generation: 1, ...held }],
    },
    { form: 'victims', title: 'Victims', purposes: ['Help'], generation: 1, holdings: [] },
  ],
  people: [manager('m'), manager('n'), member('a'), member('b'), member('c')],
  grants: [],
  cases: [{ case: 'k', form: 'review', generation: 1, receivedAt: AT, attachments: 2 }],
  ...changed,
});
const review = { form: 'review', case: null, fromGeneration: 1, purpose: 'Work' };
const terms = (changed: Partial<Proposal> = {}): Proposal => ({
  ...{ id: 'p', people: ['a'], scopes: [review], from: AT, until: endOfDayAfter(AT, 90), ...changed },
});
const objection = (changed: Partial<Proposal>, state = stateWith(), proposer = manager('m'), at = AT) =>
  objectionTo(state, terms(changed), proposer, at)?.refusal ?? 'none';

describe('who may read', () => {
  test('is nobody where there is no grant, whatever else there is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('review', 'victims', '', '*'),
        fc.option(fc.string()),
        fc.nat(),
        (form, of, from) => {
          expect(readersOf(stateWith(), { form, case: of, fromGeneration: from }, AT)).toEqual([]);
        },
      ),
    );
  });

  test('of one case is who reads its form, and who was given that case', () => {
    const grants = [line('a'), line('b', { case: 'k' }), line('c', { fromGeneration: 2 })];
    const ofCase = { form: 'review', case: 'k', fromGeneration: 1 };
    expect(readersOf(stateWith({ grants }), ofCase, AT)).toEqual(['a', 'b']);
    expect(readersOf(stateWith({ grants }), { ...review, fromGeneration: 2 }, AT)).toEqual(['a', 'c']);
    expect(readersOf(stateWith({ grants }), review, AT)).toEqual(['a', 'b', 'c']);
  });

  test('is nobody before their first day, after their last, past a review, or while they do not stand', () => {
    const reads = (changed: Partial<Standing>, people?: readonly Member[]) =>
      readersOf(stateWith({ grants: [line('a', changed)], ...(people ? { people } : {}) }), review, AT);
    expect(reads({})).toEqual(['a']);
    expect(reads({ from: LATER, until: '2027-07-01T00:00:00.000Z' })).toEqual([]);
    expect(reads({ until: AT })).toEqual([]);
    expect(reads({ reviewBy: AT })).toEqual([]);
    expect(reads({}, [member('a', { stands: false })])).toEqual([]);
    expect(reads({}, [])).toEqual([]);
  });
});

describe('the preview', () => {
  test('of four colleagues and two forms counts each person once', () => {
    const scopes = [review, { ...review, form: 'victims', purpose: 'Help' }];
    const people = ['a', 'b', 'c', 'x'].map((id) => member(id));
    const state = stateWith({ people: [...people, manager('m'), member('old')], grants: [line('old')] });
    const effect = effectOf(state, terms({ people: ['a', 'b', 'c', 'x'], scopes }), AT);
    expect(effect.readers).toBe(5);
    expect(effect.scopes.map(({ before }) => before.length)).toEqual([1, 0]);
    expect(effect.scopes.map(({ submissions }) => submissions.count)).toEqual([3, 0]);
  });

  test('of a cover is that of its first day', () => {
    const grants = [line('b', { until: '2026-12-01T00:00:00.000Z' })];
    const { scopes } = effectOf(stateWith({ grants }), terms({ from: '2026-12-02T00:00:00.000Z' }), AT);
    expect([scopes[0]?.before, scopes[0]?.after]).toEqual([[], ['a']]);
  });

  test('of what arrives from now on counts nothing that is there', () => {
    const scopes = [{ ...review, fromGeneration: 3 }];
    expect(effectOf(stateWith(), terms({ scopes }), AT).scopes[0]?.submissions.count).toBe(0);
  });

  test('says what looks odd, and nothing where nothing does', () => {
    const odd = (person: Member, more: Partial<AccessState> = {}) => {
      const state = stateWith({ people: [manager('m'), person], ...more });
      return oddities(state, effectOf(state, terms(), AT)).join(' ');
    };
    expect(odd(member('a'))).toBe('');
    expect(odd(member('a', { outside: 'Lane & Co' }))).toContain('outside your organisation: Lane & Co');
    expect(odd(member('a', { grantedBefore: false }))).toContain('Nobody ever gave access to a@example.com');
    expect(odd(member('a', { awayUntil: '2026-12-01T23:59:59.000Z' }))).toContain(
      'away until 1 December 2026',
    );
    expect(odd(member('a', { trainedUntil: '2026-12-01T00:00:00.000Z' }))).toContain(
      'runs out on 1 December 2026',
    );
    expect(odd(member('a'), { grants: [line('a')] })).toContain('can read “Review” already');
    const state = stateWith({
      people: [member('a', { name: 'John Smith' }), member('b', { name: 'J. Smith' })],
    });
    expect(oddities(state, effectOf(state, terms(), AT)).join(' ')).toContain("close to another's: J. Smith");
  });
});

describe('a proposal', () => {
  test('may last to the end of the 365th day, whatever the hour, and not to the 367th', () => {
    for (const at of ['2026-11-23T00:00:00.000Z', '2026-11-23T12:00:00.000Z', '2026-11-23T23:59:59.999Z']) {
      expect(objection({ until: endOfDayAfter(at, LONGEST_DAYS), from: at }, undefined, undefined, at)).toBe(
        'none',
      );
      expect(
        objection({ until: endOfDayAfter(at, LONGEST_DAYS + 2), from: at }, undefined, undefined, at),
      ).toBe('until-too-late');
    }
  });

  test('ends after it begins, is for a purpose of the form, and for members who are somebody else', () => {
    expect(objection({})).toBe('none');
    expect(objection({ until: '2026-11-22T23:59:59.000Z' })).toBe('until-past');
    expect(objection({ from: LATER, until: endOfDayAfter(AT, 9) })).toBe('until-past');
    expect(objection({ from: '2028-01-01T00:00:00.000Z', until: '2028-02-01T00:00:00.000Z' })).toBe(
      'from-too-late',
    );
    expect(objection({ people: ['m'] })).toBe('own-grant');
    expect(objection({ scopes: [{ ...review, purpose: 'Curiosity' }] })).toBe('purpose');
    expect(objection({ scopes: [{ ...review, form: 'else' }] })).toBe('no-form');
    expect(objection({ scopes: [] })).toBe('no-form');
    expect(objection({ scopes: [review, review] })).toBe('no-form');
    expect(objection({ scopes: [{ ...review, case: 'another' }] })).toBe('missing');
    expect(objection({ scopes: [{ ...review, fromGeneration: 4 }] })).toBe('generation');
    expect(objection({ people: [] })).toBe('nobody');
    for (const nobody of ['everyone', '*', '', 'public', 'anonymous', 'null', 'example.com', 'staff'])
      expect(objection({ people: [nobody] })).toBe('not-a-member');
  });

  test('is made, approved and received only by who is in date with their training', () => {
    const untrained = { trainedUntil: null };
    expect(objection({}, stateWith(), manager('m', untrained))).toBe('not-trained');
    const state = stateWith({ people: [manager('m'), member('a', untrained)] });
    expect(objection({}, state)).toBe('grantee-not-trained');
    const approver = (changed: Partial<Member>) =>
      objectionToApprover(stateWith(), terms(), manager('m'), manager('n', changed), AT)?.refusal ?? 'none';
    expect(approver({})).toBe('none');
    expect(approver(untrained)).toBe('not-trained');
    expect(approver({ trainedUntil: AT })).toBe('not-trained');
  });

  test('is approved by a manager of the body, who is neither proposer nor grantee nor their second account', () => {
    const refused = (approver: Member, changed: Partial<Proposal> = {}) =>
      objectionToApprover(stateWith(), terms(changed), manager('m'), approver, AT)?.refusal ?? 'none';
    expect(refused(manager('m'))).toBe('own-proposal');
    expect(refused(manager('n'), { people: ['n'] })).toBe('own-grant');
    expect(refused(member('b'))).toBe('not-manager');
    expect(refused(manager('n', { outside: 'The host' }))).toBe('not-manager');
    expect(refused(manager('n', { stands: false }))).toBe('not-manager');
    expect(refused(manager('n', { name: 'Pérson  M.' }))).toBe('same-person');
    expect(refused(manager('n', { email: 'M+second@example.com' }))).toBe('same-person');
    expect(refused(manager('n', { name: 'Person A' }))).toBe('same-person');
  });

  test('knows one person by two spellings, and two people of similar names apart', () => {
    const called = (name: string, email = `${name}@example.com`) => ({ name, email });
    expect(isSamePerson(called('Zoë O’Hara'), called('zoe OHARA'))).toBe(true);
    expect(isSamePerson(called('John Smith'), called('J. Smith'))).toBe(false);
  });
});

describe('what was typed', () => {
  const query = {
    ...{ person: 'a', form: ['review'], 'purpose-review': 'Work', what: 'all' },
    ...{ 'until-day': '28', 'until-month': '2', 'until-year': '2027' },
  };
  const read = (changed: object = {}) =>
    readProposal(readTyped({ ...query, ...changed }), stateWith(), 'm', new Date(AT));

  test('is a proposal only where the day is a real one', () => {
    expect(read().proposal?.until).toBe('2027-02-28T23:59:59.000Z');
    expect(read({ 'until-day': '29' }).problems).toEqual([
      { field: 'until-day', message: 'The last day must be a real date' },
    ]);
  });

  test('from now on means the next generation of the key', () => {
    expect(read({ what: 'new' }).proposal?.scopes[0]?.fromGeneration).toBe(3);
    expect(read().proposal?.scopes[0]?.fromGeneration).toBe(1);
  });

  test('that is missing is asked for, each thing by its field', () => {
    const { problems } = read({ person: [], form: [], 'until-day': '' });
    expect(problems.map(({ field }) => field)).toEqual(['person', 'form', 'until-day']);
    expect(read({ 'purpose-review': '' }).problems).toEqual([
      { field: 'purpose-review', message: 'Choose what access to “Review” is for' },
    ]);
  });

  test('of one case covers that case and nothing else', () => {
    const of = '0190f3c1-7a4e-4c1b-8f00-5d2f6f1f9a10';
    const cases = [{ case: of, form: 'review', generation: 1, receivedAt: AT, attachments: 0 }];
    const typed = readTyped({ ...query, form: ['victims'], case: of });
    const { proposal } = readProposal(typed, stateWith({ cases }), 'm', new Date(AT));
    expect(proposal?.scopes).toEqual([{ form: 'review', case: of, fromGeneration: 1, purpose: 'Work' }]);
  });
});
