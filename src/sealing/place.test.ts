import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  caseId,
  formId,
  formKeyPlace,
  isHostId,
  newCaseId,
  newHostId,
  newId,
  organisationId,
  parsePlace,
  personId,
  recoverySharePlace,
  samePlace,
} from './place.ts';
import { anyPlace, aPlace, elsewhere, refusalOf } from './testing.ts';

describe('a place', () => {
  it('is the same place at another time', () => {
    expect(samePlace(aPlace, { ...aPlace, kind: 'answers' })).toBe(true);
  });

  it('is another place as soon as one field differs', () => {
    fc.assert(
      fc.property(anyPlace, (place) => {
        expect(samePlace(place, place)).toBe(true);
        for (const other of elsewhere(place)) expect(samePlace(place, other)).toBe(false);
      }),
    );
  });

  it('comes back from JSON', () => {
    fc.assert(
      fc.property(anyPlace, (place) => {
        expect(parsePlace(JSON.parse(JSON.stringify(place)))).toEqual(place);
      }),
    );
  });

  it.each([
    ['a missing field', ({ at: _, ...rest }: object & { at?: unknown }) => rest],
    ['an unknown field', (place: object) => ({ ...place, extra: null })],
    ['an unknown kind', (place: object) => ({ ...place, kind: 'anything' })],
    [
      'an upper case id',
      (place: object) => ({ ...place, organisation: 'A749D937-5E4E-4A5B-908F-81379F923957' }),
    ],
    ['a fraction of a version', (place: object) => ({ ...place, version: 1.5 })],
    ['a negative generation', (place: object) => ({ ...place, generation: -1 })],
    ['a form that is no slug', (place: object) => ({ ...place, form: 'Report!' })],
    ['no organisation', (place: object) => ({ ...place, organisation: null })],
    ['a time without milliseconds', (place: object) => ({ ...place, at: '2026-03-01T12:00:00Z' })],
    ['a day that does not exist', (place: object) => ({ ...place, at: '2026-02-30T12:00:00.000Z' })],
    ['a list', () => [1]],
    ['null', () => null],
  ])('is not made from %s', (_, spoil) => {
    expect(parsePlace(spoil({ ...aPlace }))).toBe(null);
  });

  it('of a form key or a recovery share names whose it is', () => {
    const organisation = aPlace.organisation;
    const person = personId(newId());
    const key = formKeyPlace({ organisation, form: formId('report'), generation: 2 }, person);
    expect(key).toMatchObject({ kind: 'form-key', generation: 2, person, case: null, version: null });
    expect(recoverySharePlace(organisation, person)).toMatchObject({
      kind: 'recovery-share',
      person,
      form: null,
    });
  });
});

describe('an id', () => {
  it('is a lowercase UUID, a form id a slug', async () => {
    expect(organisationId('0190f3c1-7a4e-4c1b-8f00-5d2f6f1f9a10')).toBe(
      '0190f3c1-7a4e-4c1b-8f00-5d2f6f1f9a10',
    );
    expect(formId('report-2')).toBe('report-2');
    for (const bad of ['', ' 0190f3c1-7a4e-4c1b-8f00-5d2f6f1f9a10', '0190F3C1-7A4E-4C1B-8F00-5D2F6F1F9A10']) {
      expect(await refusalOf(() => caseId(bad))).toBe('bad-id');
    }
    for (const bad of ['', 'Report', 'a b', 'a'.repeat(41), 'report\n']) {
      expect(await refusalOf(() => formId(bad))).toBe('bad-id');
    }
  });

  it('of a case is a UUIDv7 that tells and sorts by its millisecond', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 2 ** 40 }), (from, later) => {
        const [one, two] = [newCaseId(new Date(from)), newCaseId(new Date(from + later))];
        expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(one.replaceAll('-', '').slice(0, 12), 16)).toBe(from);
        expect(one < two).toBe(true);
      }),
    );
    expect(newCaseId(new Date(0))).not.toBe(newCaseId(new Date(0)));
  });

  it('of a host says so, and no other does', () => {
    expect(newHostId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(newHostId()).not.toBe(newHostId());
    expect([newHostId(), newId(), newCaseId(new Date())].map(isHostId)).toEqual([true, false, false]);
  });
});
