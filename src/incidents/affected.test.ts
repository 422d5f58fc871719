/** Who is affected: people made out of cases, against a truth that is known. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayOf } from '../forms/day.ts';
import { parseDefinition } from '../forms/definition.ts';
import { shippedJson } from '../forms/shipped.testing.ts';
import { type Affected, type Mention, mentionsIn, nameKey, peopleIn } from './affected.ts';
import { chances } from './chances.testing.ts';

const AT = new Date('2026-03-02T10:00:00Z');
let count = 0;
const mention = (more: Partial<Mention>): Mention => {
  count += 1;
  return {
    ...{
      case: `case-${String(count).padStart(6, '0')}`,
      reference: `REF-${count}`,
      receivedAt: AT,
      role: 'wrote',
    },
    ...{
      by: null,
      name: '',
      emails: [],
      phones: [],
      address: [],
      kinds: ['name'],
      victim: null,
      child: null,
    },
    wish: null,
    ...more,
  };
};
const casesOf = (people: readonly Affected[]) =>
  people.map(({ mentions }) => mentions.map((each) => each.case).toSorted()).toSorted();

describe('one person is one, and two are two', () => {
  const ada = { name: 'Ada Obi', emails: ['ada@example.org'] };

  test('somebody with three cases, written differently each time', () => {
    const people = peopleIn([
      mention({ ...ada, phones: ['07700 900123'] }),
      mention({ name: 'ADA  OBI', phones: ['+44 (0)7700 900123'], emails: ['new@example.org'] }),
      mention({ name: 'Mrs Ada Óbi', emails: [' New@Example.org '] }),
    ]);
    expect(people).toHaveLength(1);
    expect(people[0]).toMatchObject({
      emails: ['New@Example.org', 'ada@example.org'].map((each) => expect.stringContaining(each)),
    });
    expect(people[0]?.mentions).toHaveLength(3);
  });

  test('two of the same name, who are told that they are to be compared', () => {
    const people = peopleIn([mention(ada), mention({ ...ada, emails: ['another@example.org'] })]);
    expect(people.map(({ namesakes }) => namesakes)).toEqual([1, 1]);
  });

  test('a couple with one e-mail address, and twins at one address', () => {
    const address = ['1 High Street', 'Anytown', 'AB1 2CD'];
    const people = peopleIn([
      mention({ ...ada, address }),
      mention({ ...ada, name: 'Ben Obi', address }),
      mention({ name: 'Cy Obi', address }),
      mention({ name: 'Di Obi', address }),
    ]);
    expect(people).toHaveLength(4);
  });

  test('a father and a son of one name at one address, with numbers of their own', () => {
    const at = { name: 'John Smith', address: ['1 High Street', 'AB1 2CD'] };
    const apart = [
      mention({ ...at, phones: ['07700 900001'] }),
      mention({ ...at, phones: ['07700 900002'] }),
    ];
    expect(peopleIn(apart)).toHaveLength(2);
    expect(
      peopleIn([...apart.slice(0, 1), mention({ ...at, address: ['1, HIGH STREET', 'AB12CD'] })]),
    ).toHaveLength(1);
    expect(peopleIn([...apart, mention(at)]), 'nobody knows whose the third is').toHaveLength(3);
  });

  test('whoever gave no name is known by an address of theirs, and joins the one who has it', () => {
    const nameless = mention({ emails: ['ada@example.org'] });
    expect(peopleIn([mention(ada), nameless])).toHaveLength(1);
    expect(peopleIn([mention(ada), mention({ ...ada, name: 'Ben Obi' }), nameless])).toHaveLength(3);
    expect(peopleIn([mention({}), mention({})]), 'nothing is known of them').toHaveLength(2);
  });

  test('the newest counts in whatever way it was found to be theirs', () => {
    const after = (days: number) => ({ receivedAt: new Date(AT.getTime() + days * 86_400_000) });
    const [person] = peopleIn([
      mention({ ...ada, ...after(2), phones: ['07700 900001'], wish: 'phone' }),
      mention({ emails: ada.emails, ...after(1), wish: 'email' }),
      mention({ emails: ada.emails, ...after(0), wish: null }),
    ]);
    expect(person).toMatchObject({ name: 'Ada Obi', channel: 'phone', namesakes: 0 });
    expect(person?.mentions.map(({ receivedAt }) => receivedAt)).toEqual(
      [0, 1, 2].map((days) => after(days).receivedAt),
    );
  });

  test('somebody written for is not the writer, is one over several cases, and is reached through them', () => {
    const by = { name: 'Ada Obi', contacts: ['ada@example.org'] };
    const son = { role: 'written for' as const, name: 'Ada Obi', by };
    const people = peopleIn([mention(ada), mention(son), mention(ada), mention(son)]);
    expect(people.map(({ mentions }) => mentions.length)).toEqual([2, 2]);
    expect(people[1]).toMatchObject({ channel: 'none', through: ['Ada Obi'] });
  });

  test('the way they asked for, the newest wish, and never an e-mail to somebody who asked to be rung up', () => {
    const all = { ...ada, phones: ['07700 900123'], address: ['1 High Street'] };
    const channelOf = (...some: Mention[]) => peopleIn(some)[0]?.channel;
    expect(channelOf(mention({ ...all, wish: 'phone' }))).toBe('phone');
    expect(channelOf(mention(all))).toBe('email');
    expect(channelOf(mention({ ...all, emails: [] }))).toBe('letter');
    const later = new Date(AT.getTime() + 1);
    expect(
      channelOf(mention({ ...all, wish: 'letter', receivedAt: later }), mention({ ...all, wish: 'phone' })),
    ).toBe('letter');
    expect(channelOf(mention({ ...all, emails: [], wish: 'email' }))).toBe('letter');
    expect(channelOf(mention({ name: 'Ada Obi' }))).toBe('none');
  });
});

test('laws: however they are written and in whatever order, the people found are those there are', () => {
  const writing = fc.record({
    shout: fc.boolean(),
    spaced: fc.boolean(),
    more: fc.boolean(),
    contacts: fc.boolean(),
  });
  const person = fc.record({
    name: fc.constantFrom('Ada Obi', 'John Smith', 'Zoë Fürst', 'Mary-Ann O’Neil', 'علي حسن', '李 小龙'),
    way: fc.constantFrom('email', 'phone', 'address' as const),
    cases: fc.array(writing, { minLength: 1, maxLength: 4 }),
  });
  const spelt = (text: string, { shout, spaced }: { shout: boolean; spaced: boolean }) =>
    `${spaced ? ' ' : ''}${shout ? text.toUpperCase() : text}`;
  fc.assert(
    fc.property(fc.array(person, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (people, order) => {
      const truth = people.map(({ name, way, cases }, n) =>
        cases.map((how, nth) => {
          const own = {
            ...(way === 'email' && { emails: [spelt(`p${n}@example.org`, how)] }),
            ...(way === 'phone' && { phones: [how.spaced ? `+44 7700 9${n} 0` : `077009${n}0`] }),
            ...(way === 'address' && { address: [spelt(`${n} High Street`, how), 'Anytown'] }),
          };
          // What else they give changes from case to case, as people move.
          const more = how.more && way !== 'address' && { address: [`${n}-${nth} Low Street`] };
          return mention({ name: spelt(name, how), ...own, ...more });
        }),
      );
      const shuffled = truth
        .flat()
        .map((each) => ({ each, at: order.next().value }))
        .toSorted((one, other) => one.at - other.at)
        .map(({ each }) => each);
      const found = peopleIn(shuffled);
      expect(casesOf(found)).toEqual(truth.map((each) => each.map((one) => one.case).toSorted()).toSorted());
      for (const one of found)
        expect(one.namesakes).toBe(
          people.filter(({ name }) => nameKey(name) === nameKey(one.name)).length - 1,
        );
    }),
    { numRuns: 300 },
  );
});

type Invented = { readonly person: number; readonly erased: number | null; readonly mention: Mention };

/** People who write again with other details, write the same twice, are twins at one address, and whose cases are erased in time. */
function inventCases(count: number, days: number): Invented[] {
  const chance = chances(20_261_128);
  const cases: Invented[] = [];
  for (let person = 0; cases.length < count; person += 1) {
    // Every seventh is the twin of the one before: the same name, the same address, a number of their own.
    const household = person % 7 === 6 ? person - 1 : person;
    const name = `${['Ada', 'Ben', 'Zoë', 'علي'][household % 4]} ${['Obi', 'Smith', 'O’Neil'][household % 3]}`;
    const stays = person % 2 === 0 ? { emails: [`p${person}@example.org`] } : { phones: [`077${person}00`] };
    const writes = 1 + chance(4);
    for (let nth = 0; nth < writes; nth += 1) {
      const received = chance(days);
      const erased = chance(4) === 0 ? received + 1 + chance(days) : null;
      const changed =
        person % 2 === 0
          ? { phones: [`079${person}0${nth}`] }
          : { emails: [`p${person}.${nth}@example.org`] };
      const details = {
        ...{ ...stays, ...(chance(2) === 0 ? changed : {}) },
        ...{
          name: chance(3) === 0 ? name.toUpperCase() : name,
          receivedAt: new Date(AT.getTime() + received * 86_400_000),
        },
        address:
          nth === 0 || chance(2) === 0
            ? [`${household} High Street`, 'AB1 2CD']
            : [`${person}-${nth} Low Street`],
      };
      const times = chance(10) === 0 ? 2 : 1;
      for (let copy = 0; copy < times; copy += 1) cases.push({ person, erased, mention: mention(details) });
    }
  }
  return cases;
}

test('ten thousand cases, fifty windows: those affected are those there are, none missing and none twice', () => {
  const days = 400;
  const cases = inventCases(10_000, days);
  const chance = chances(7);
  const dayOfCase = ({ mention: { receivedAt } }: Invented) =>
    (receivedAt.getTime() - AT.getTime()) / 86_400_000;
  const sizes = Array.from({ length: 50 }, () => {
    const from = chance(days);
    const to = from + chance(120);
    const there = cases.filter(
      (each) => dayOfCase(each) <= to && (each.erased === null || each.erased >= from),
    );
    const truth = [...Map.groupBy(there, ({ person }) => person).values()];
    const found = peopleIn(there.map((each) => each.mention));
    expect(casesOf(found)).toEqual(
      truth.map((of) => of.map((each) => each.mention.case).toSorted()).toSorted(),
    );
    return found.length;
  });
  expect(Math.max(...sizes), 'the windows hold something').toBeGreaterThan(3000);
});

test('of a case: who wrote, for whom, what was told, whether victims are among them, and how to reach them', () => {
  const form = parseDefinition(shippedJson('victims'), 'Exampleshire');
  const answers = {
    ...{
      danger: 'no',
      who: 'family',
      'behalf-name': { first: 'Kit', last: 'Hall' },
      agreement: 'yes',
      named: 'yes',
    },
    ...{
      name: { title: 'Ms', first: 'Jo', last: 'Hall' },
      email: 'jo@example.org',
      way: 'email',
      'say-who': 'yes',
    },
    happened: 'It was not told.',
  };
  const of = { id: 'c', reference: 'R', receivedAt: AT, form, answers };
  const [wrote, written, ...none] = mentionsIn(of, dayOf(AT));
  expect(wrote).toMatchObject({
    role: 'wrote',
    name: 'Ms Jo Hall',
    emails: ['jo@example.org'],
    wish: 'email',
    victim: true,
    child: null,
  });
  expect(wrote?.kinds).toEqual(['name', 'email', 'choice', 'words']);
  expect(written).toMatchObject({
    role: 'written for',
    name: 'Kit Hall',
    emails: [],
    by: { name: 'Ms Jo Hall' },
  });
  expect(none).toEqual([]);
  const review = parseDefinition(shippedJson('review'), 'Exampleshire');
  const said = {
    name: { first: 'Jo', last: 'Hall' },
    preferred: 'post',
    address: { line1: '1 High Street', town: 'Anytown', postcode: 'AB1 2CD' },
  };
  const [one] = mentionsIn(
    { ...of, form: review, answers: { 'dealt-with': 'yes', 'review-body': 'yes', ...said } },
    dayOf(AT),
  );
  expect(one).toMatchObject({
    wish: 'letter',
    victim: null,
    address: ['1 High Street', 'Anytown', 'AB1 2CD'],
  });
});
