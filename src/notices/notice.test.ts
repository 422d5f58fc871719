/** Lists, commitments and words: what holds for every notice. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headingIn, merged, problemWithPlaces } from '../incidents/wording.ts';
import { differencesBetween, sharingIn } from './list.ts';
import { commitmentOf, listHashOf, messagesOf, previewOf, referencesIn, STATES, tallyOf } from './notice.ts';
import { FROM, listTo, person, WORDING } from './testing.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 }).map((each) => each.toWellFormed());
const anybody = fc.record({
  ...{ name: text, references: fc.array(text, { maxLength: 3 }), received: text, told: text, to: text },
  channel: fc.constantFrom('email', 'letter', 'hand'),
});
const secret = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const anyList = fc
  .tuple(fc.array(anybody, { minLength: 1, maxLength: 20 }), secret)
  .map(([addressees, of]) => listTo(addressees, of));

describe('a list', () => {
  test('makes the same messages each time, each with a key and a reference of its own', () => {
    fc.assert(
      fc.property(anyList, (list) => {
        const messages = messagesOf(list, WORDING, FROM);
        expect(messagesOf(list, WORDING, FROM)).toEqual(messages);
        for (const of of ['key', 'reference', 'blind', 'commitment'] as const)
          expect(new Set(messages.map((each) => each[of])).size).toBe(messages.length);
        return messages.every(({ reference }) => /^N[0-9A-Z]{5}-[0-9A-Z]{5}$/.test(reference));
      }),
      { numRuns: 100 },
    );
  });

  test('of which anything is changed has another hash: an address, a word, the order, one more, one less', () => {
    fc.assert(
      fc.property(anyList, fc.nat(), (list, which) => {
        const hash = (of: typeof list, words = WORDING) => listHashOf(messagesOf(of, words, FROM));
        const at = which % list.addressees.length;
        const other = list.addressees.map((each, n) => (n === at ? { ...each, to: `${each.to}.` } : each));
        expect(hash({ ...list, addressees: other })).not.toBe(hash(list));
        expect(hash({ ...list, addressees: [...list.addressees, person('One More')] })).not.toBe(hash(list));
        expect(hash({ ...list, addressees: list.addressees.toSpliced(at, 1) })).not.toBe(hash(list));
        expect(hash(list, { ...WORDING, done: 'Nothing.' })).not.toBe(hash(list));
      }),
      { numRuns: 60 },
    );
  });

  test('tells the server nothing of an address without its secret: the same address twice is two commitments', () => {
    const [one, other] = messagesOf(listTo([person('Ana'), person('Ana')]), WORDING, FROM);
    expect(one?.commitment).not.toBe(other?.commitment);
    expect(one && commitmentOf({ ...one, blind: 'cd'.repeat(32) })).not.toBe(one?.commitment);
  });

  test('is compared with another person by person', () => {
    const list = listTo([person('Ana'), person('Bo'), person('Cy')]);
    expect(differencesBetween(list, listTo(list.addressees, 'cd'.repeat(32)))).toEqual([]);
    expect(differencesBetween(list, listTo(list.addressees.toReversed()))).toEqual([
      'The list is in another order.',
    ]);
    const slipped = listTo(
      list.addressees.map((each, n) => ({ ...each, to: list.addressees[(n + 1) % 3]?.to ?? '' })),
    );
    expect(differencesBetween(slipped, list)).toHaveLength(6);
    expect(differencesBetween(listTo(list.addressees.slice(1)), list)).toEqual([
      'Ana: is in the cases so, and not in the list',
    ]);
  });

  test('says who shares a mailbox', () => {
    const list = listTo([person('Ana'), person('Bo', { to: 'ANA@people.example' }), person('Cy')]);
    expect([...sharingIn(list)].map(([{ name }, others]) => [name, others])).toEqual([
      ['Ana', 1],
      ['Bo', 1],
    ]);
  });

  test('shows five at most before anybody agrees, of every channel there is', () => {
    fc.assert(
      fc.property(anyList, (list) => {
        const messages = messagesOf(list, WORDING, FROM);
        const looked = previewOf(messages);
        expect(looked.length).toBe(Math.min(5, looked.length));
        expect(new Set(looked.map(({ key }) => key)).size).toBe(looked.length);
        return looked.length === Math.min(5, messages.length) || looked.length > 0;
      }),
    );
    const three = messagesOf(
      listTo([
        person('Ana'),
        person('Bo'),
        person('Cy', { channel: 'letter' }),
        person('Di', { channel: 'hand' }),
        ...Array.from({ length: 40 }, (_, n) => person(`P ${n}`)),
      ]),
      WORDING,
      FROM,
    );
    expect(new Set(previewOf(three).map(({ channel }) => channel))).toEqual(
      new Set(['email', 'letter', 'hand']),
    );
    expect(previewOf(three)).toHaveLength(5);
  });
});

describe('the words', () => {
  const ana = { name: 'Ana', references: ['A1', 'A2'], received: '3 May 2026', told: 'names' };
  test('are filled in for each, and nothing that somebody is called is filled in again', () => {
    const { subject, text: whole } = merged({ ...WORDING, subject: 'For ((name))' }, ana, {
      reference: 'N1',
      from: FROM,
    });
    expect(subject).toBe('For Ana');
    expect(whole).toContain('Dear Ana,\n');
    expect(whole).toContain('under the references A1, A2, received on 3 May 2026. It held names.');
    expect(whole).toContain('Please give this number when you get in touch: N1');
    const sly = merged(WORDING, { ...ana, name: '((told))$&' }, { reference: 'N1', from: FROM });
    expect(sly.text).toContain('Dear ((told))$&,');
  });

  test('have the parts that the law asks for, and say nothing about what is not known', () => {
    const { text: whole } = merged(
      WORDING,
      { name: '', references: [], received: '', told: '' },
      { reference: 'N1', from: FROM },
    );
    expect(whole.split('\n').flatMap((line) => headingIn(line) ?? [])).toEqual([
      ...['What this may mean for you', 'What we have done', 'What you can do', 'Whom to ask'],
    ]);
    expect(whole).toContain('Dear Sir or Madam,');
    expect(whole).not.toMatch(/This is about|It held|\(\(|undefined/);
  });

  test('with a place that is not filled in are not taken', () => {
    expect(problemWithPlaces('Dear ((name)), ((told))')).toBeNull();
    expect(problemWithPlaces('Dear ((nmae))')).toContain('((nmae)) is none of the places');
    expect(problemWithPlaces('((toString))')).toContain('is none');
  });
});

test('every message is counted once, by its state and by its channel', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          state: fc.constantFrom(...STATES),
          channel: fc.constantFrom('email', 'letter', 'hand'),
          repliedAt: fc.constantFrom(null, new Date()),
        }),
      ),
      (rows) => {
        const { all, states, channels, settled } = tallyOf(rows);
        const sum = (counts: object) =>
          Object.values(counts).reduce<number>((total, count) => total + Number(count), 0);
        return sum(states) === all && sum(channels) === all && settled === states.sent + states.told;
      },
    ),
  );
});

test('references are found in what people paste: lists, returned mails, and what was read over the telephone', () => {
  expect(referencesIn('N4QXK7-9T1ZD\nn4qxk7 9t1zd')).toEqual(['N4QXK7-9T1ZD']);
  expect(
    referencesIn('Final-Recipient: x\nPlease give this number when you get in touch: NAB1CD-0O1IL'),
  ).toEqual(['NAB1CD-00111']);
  expect(referencesIn('4QXKC-9T1ZD is a case')).toEqual([]);
});
