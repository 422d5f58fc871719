/** The decision and its preview, against a brute force written another way. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AccessState, effectOf, endOfDayAfter, LONGEST_DAYS, objectionTo, readersOf } from './grant.ts';
import { readProposal } from './views.ts';

const AT = '2026-11-23T09:00:00.000Z';
const PEOPLE = ['a', 'b', 'c', 'd', 'e'];
const anyPerson = fc.constantFrom(...PEOPLE);
const anyInstant = fc.constantFrom(
  '2026-11-22T23:59:59.000Z',
  AT,
  '2026-11-23T09:00:00.001Z',
  '2027-01-01T23:59:59.000Z',
);
const maybe = fc.option(fc.constant(AT));

const anyState: fc.Arbitrary<AccessState> = fc.record({
  organisation: fc.constant('organisation'),
  form: fc.constant('review'),
  title: fc.constant('Review'),
  purposes: fc.constant(['Review cases']),
  generation: fc.nat(3),
  people: fc.uniqueArray(
    fc.record({
      id: anyPerson,
      name: fc.constant('Name'),
      email: fc.constant('name@example.com'),
      capacities: fc.constant([]),
      enrolment: fc.constant('enrolment'),
      confirmed: fc.boolean(),
    }),
    { selector: ({ id }) => id },
  ),
  grants: fc.uniqueArray(
    fc.record({
      id: fc.uuid(),
      document: fc.constant('document'),
      person: anyPerson,
      fromGeneration: fc.integer({ min: 1, max: 3 }),
      until: anyInstant,
      purpose: fc.constant('Review cases'),
      proposer: anyPerson,
      proposedAt: fc.constant(AT),
      state: fc.constant('state'),
      approver: fc.option(anyPerson),
      approvedAt: maybe,
      fulfilledAt: maybe,
      endedAt: maybe,
    }),
    { selector: ({ id }) => id, maxLength: 8 },
  ),
  submissions: fc.constant({ count: 3, oldest: AT, newest: AT, attachments: 1 }),
});
const anyProposal = fc.record({
  id: fc.uuid(),
  person: anyPerson,
  fromGeneration: fc.constant(1),
  until: anyInstant,
  purpose: fc.constant('Review cases'),
});

describe('the preview', () => {
  test('says of every person just what going through all grants by hand says', () => {
    fc.assert(
      fc.property(anyState, anyProposal, (state, proposal) => {
        const reads = (person: string, after: boolean): boolean => {
          if (state.people.find(({ id }) => id === person)?.confirmed !== true) return false;
          if (after && proposal.person === person && proposal.until > AT) return true;
          for (const { person: whose, until, approvedAt, endedAt } of state.grants)
            if (whose === person && until > AT && approvedAt && !endedAt) return true;
          return false;
        };
        const effect = effectOf(state, proposal, AT);
        expect(effect.before).toEqual(PEOPLE.filter((person) => reads(person, false)));
        expect(effect.after).toEqual(PEOPLE.filter((person) => reads(person, true)));
        expect(effect.outside).toBe(0);
      }),
    );
  });

  test('never shows more than one new reader, and that one is the grantee', () => {
    fc.assert(
      fc.property(anyState, anyProposal, (state, proposal) => {
        const { before, after } = effectOf(state, proposal, AT);
        expect(after.filter((person) => !before.includes(person) && person !== proposal.person)).toEqual([]);
        expect(before.filter((person) => !after.includes(person))).toEqual([]);
      }),
    );
  });

  test('nobody reads where there is no grant', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        expect(readersOf({ ...state, grants: [] }, AT)).toEqual([]);
      }),
    );
  });
});

describe('a proposal', () => {
  const person = {
    id: 'a',
    name: 'Ana',
    email: 'ana@example.com',
    capacities: [],
    enrolment: 'e',
    confirmed: true,
  };
  const state: AccessState = {
    ...{ organisation: 'o', form: 'review', title: 'Review', purposes: ['Review cases'], generation: 1 },
    ...{
      people: [person],
      grants: [],
      submissions: { count: 0, oldest: null, newest: null, attachments: 0 },
    },
  };
  const terms = { id: 'g', person: 'a', fromGeneration: 1, purpose: 'Review cases' };
  const objection = (until: string, at: string, by = 'b') =>
    objectionTo(state, { ...terms, until }, by, at)?.refusal ?? 'none';

  test('may last to the end of the 365th day, whatever the hour, and not to the 366th', () => {
    for (const at of ['2026-11-23T00:00:00.000Z', '2026-11-23T12:00:00.000Z', '2026-11-23T23:59:59.999Z']) {
      expect(objection(endOfDayAfter(at, LONGEST_DAYS), at)).toBe('none');
      expect(objection(endOfDayAfter(at, LONGEST_DAYS + 2), at)).toBe('until-too-late');
    }
  });

  test('ends in the future, is for a purpose of the form, and for a member who is somebody else', () => {
    expect(objection('2026-11-22T23:59:59.000Z', AT)).toBe('until-past');
    expect(objection('no date', AT)).toBe('until-past');
    expect(objection(endOfDayAfter(AT, 1), AT, 'a')).toBe('own-grant');
    const with_ = (changed: object) =>
      objectionTo(state, { ...terms, until: endOfDayAfter(AT, 1), ...changed }, 'b', AT)?.refusal;
    expect(with_({ purpose: 'Curiosity' })).toBe('purpose');
    expect(with_({ person: 'everyone' })).toBe('not-a-member');
    expect(with_({ person: '*' })).toBe('not-a-member');
    expect(with_({ person: '' })).toBe('not-a-member');
  });

  test('is read from a query only where the day is a real one', () => {
    const typed = { person: 'a', purpose: 'Review cases', month: '2', year: '2027' };
    const read = (day: string) => readProposal({ ...typed, day }, state, 'b', new Date(AT));
    expect(read('28')?.proposal?.until).toBe('2027-02-28T23:59:59.000Z');
    expect(read('29')?.problems).toEqual([
      { field: 'until-day', message: 'The last day must be a real date' },
    ]);
  });
});
