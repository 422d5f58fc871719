import { describe, expect, test } from 'vitest';
import { checkPage } from './check.ts';
import type { Answer, FileAnswer, FormDefinition, Question } from './form.ts';
import { FULL, shipped, TODAY } from './shipped.testing.ts';

const review = shipped('review');

/** The review with one page of these questions only. */
function asking(...questions: Question[]): FormDefinition {
  return { ...review, pages: [{ id: 'page', section: 'Section', title: 'Page', questions }] };
}

function told(question: Question, answer: Answer | undefined): string[] {
  const answers = answer === undefined ? {} : { [question.id]: answer };
  return checkPage(asking(question), 'page', answers, TODAY).map(({ message }) => message);
}

const base = { id: 'q', label: 'Label', short: 'Short', noun: 'your reference', required: true };

describe('text', () => {
  const question: Question = { ...base, kind: 'text', max: 6 };
  test.each([
    [undefined, 'Enter your reference'],
    ['1234567', 'Reference must be 6 characters or less'],
  ])('%s: %s', (answer, message) => expect(told(question, answer)).toEqual([message]));

  test('characters are counted as readers count them', () => {
    expect(told(question, '👩‍👩‍👧éé')).toEqual([]);
    expect(told({ ...question, kind: 'longtext', max: 8700, rows: 5 }, 'x'.repeat(8701))).toEqual([
      'Reference must be 8,700 characters or less',
    ]);
  });

  test('what is not required may be left empty, but is checked when given', () => {
    expect(told({ ...question, required: false }, undefined)).toEqual([]);
    expect(told({ ...question, required: false }, '1234567')).toHaveLength(1);
  });
});

describe('email', () => {
  const question: Question = { ...base, kind: 'email', noun: 'your email address' };
  const wrong = [
    'ana',
    'ana@',
    '@example.com',
    'ana@example',
    'a b@example.com',
    'ana@@example.com',
    'ana@.com',
  ];
  test.each(wrong)('%s is refused', (text) =>
    expect(told(question, text)).toEqual([
      'Enter an email address in the correct format, like name@example.com',
    ]),
  );
  test.each(["o'neil+x@mail.example.co.uk", 'jörg@exämple.de', 'a@b.cd'])('%s is taken', (text) =>
    expect(told(question, text)).toEqual([]),
  );
  test('none: Enter your email address', () => {
    expect(told(question, undefined)).toEqual(['Enter your email address']);
  });
});

describe('UK phone', () => {
  const question: Question = { ...base, kind: 'uk-phone' };
  test.each([
    '01632 960 001',
    '07700 900 982',
    '+44 808 157 0192',
    '(020) 7946-0018',
    '0044 20 7946 0018',
    '+44 (0)20 7946 0018',
    '020 7946 0018 ext 12',
  ])('%s is taken', (text) => expect(told(question, text)).toEqual([]));
  test.each(['12345', '0770090098x', '00000000000', '+33 1 23 45 67 89', 'call me', '077009009821234'])(
    '%s is refused',
    (text) =>
      expect(told(question, text)).toEqual([
        'Enter a phone number, like 01632 960 001, 07700 900 982 or +44 808 157 0192',
      ]),
  );
});

describe('UK postcode', () => {
  const question: Question = { ...base, kind: 'uk-postcode' };
  test.each(['SW1A 1AA', 'm11ae', 'EC1A 1BB', 'B33 8TH', 'CR2 6XH', 'DN55 1PT', 'GIR 0AA'])(
    '%s is taken',
    (text) => expect(told(question, text)).toEqual([]),
  );
  test.each(['SW1A', '12345', 'QQ1 1AA', 'SW1A 1A'])('%s is refused', (text) =>
    expect(told(question, text)).toEqual(['Enter a full UK postcode, like AA3 1AB']),
  );
});

describe('date', () => {
  const question: Question = {
    ...base,
    kind: 'date',
    noun: 'the date of the outcome letter',
    past: true,
    notBefore: '2020-02-01',
  };
  const at = (day: string, month: string, year: string) => ({ day, month, year });
  test.each([
    [{}, 'Enter the date of the outcome letter', 'q-day'],
    [{ day: '1', year: '2026' }, 'Date of the outcome letter must include a month', 'q-month'],
    [{ day: '1' }, 'Date of the outcome letter must include a month and year', 'q-month'],
    [at('1', '4', '26'), 'Year must include 4 numbers', 'q-year'],
    [at('31', '6', '2025'), 'Date of the outcome letter must be a real date', 'q-day'],
    [at('one', '6', '2025'), 'Date of the outcome letter must be a real date', 'q-day'],
    [at('29', '2', '2025'), 'Date of the outcome letter must be a real date', 'q-day'],
    [at('10', '4', '2026'), 'Date of the outcome letter must be in the past', 'q-day'],
    [
      at('31', '1', '2020'),
      'Date of the outcome letter must be the same as or after 1 February 2020',
      'q-year',
    ],
  ])('%j: %s', (typed, message, field) => {
    expect(checkPage(asking(question), 'page', { q: typed }, TODAY)).toEqual([
      { page: 'page', question: 'q', field, message },
    ]);
  });
  test.each([at('9', '4', '2026'), at('01', '02', '2020'), at('29', '2', '2024')])('%j is taken', (typed) =>
    expect(told(question, typed)).toEqual([]),
  );
});

describe('name and address', () => {
  test('each missing part is asked for where it belongs', () => {
    expect(checkPage(review, 'name', {}, TODAY).map(({ field, message }) => [field, message])).toEqual([
      ['name-first', 'Enter your first name'],
      ['name-last', 'Enter your last name'],
    ]);
    const other = checkPage(review, 'other-person', { relation: 'Mother' }, TODAY);
    expect(other.map(({ message }) => message)).toEqual(['Enter their first name', 'Enter their last name']);
  });

  test('an address is whole or not there at all', () => {
    const problems = (address: Answer) =>
      checkPage(review, 'address', { address }, TODAY).map(({ field, message }) => [field, message]);
    expect(checkPage(review, 'address', {}, TODAY)).toEqual([]);
    expect(problems({ line1: '1 High Street', postcode: 'X' })).toEqual([
      ['address-town', 'Enter town or city'],
      ['address-postcode', 'Enter a full UK postcode, like AA3 1AB'],
    ]);
    expect(problems({ county: 'Kent' })).toEqual([
      ['address-line1', 'Enter address line 1, typically the building and street'],
      ['address-town', 'Enter town or city'],
      ['address-postcode', 'Enter postcode'],
    ]);
    expect(problems({ line1: '1 High Street', town: 'Exampleton', postcode: 'AA3 1AB' })).toEqual([]);
    expect(problems({ line1: 'x'.repeat(101), town: 'Exampleton', postcode: 'AA3 1AB' })).toEqual([
      ['address-line1', 'Address line 1 must be 100 characters or less'],
    ]);
  });
});

describe('choices', () => {
  test('one is needed, and it must be one of those offered', () => {
    const message = 'Select yes if the force has finished dealing with your complaint';
    expect(checkPage(review, 'dealt-with', {}, TODAY)).toMatchObject([{ field: 'dealt-with', message }]);
    expect(checkPage(review, 'dealt-with', { 'dealt-with': 'maybe' }, TODAY)).toMatchObject([{ message }]);
    expect(checkPage(review, 'sharing', {}, TODAY)).toMatchObject([
      { message: 'Select that you understand that what you say may be shared with the force' },
    ]);
  });

  test('none of these goes with no other', () => {
    expect(
      checkPage(review, 'adjustments', { adjustments: ['none', 'reading-writing'] }, TODAY),
    ).toMatchObject([{ message: 'Select the help you need, or select ‘No, I do not need anything’' }]);
  });

  test('what a choice asks is asked only when it is made', () => {
    expect(checkPage(review, 'adjustments', {}, TODAY)).toEqual([]);
    expect(checkPage(review, 'adjustments', { adjustments: ['interpreter'] }, TODAY)).toMatchObject([
      { field: 'language', message: 'Enter the language' },
    ]);
  });
});

describe('rules of a page', () => {
  test('at least one way to reach you is needed', () => {
    expect(checkPage(review, 'contact', {}, TODAY)).toMatchObject([
      { field: 'daytime-phone', message: expect.stringContaining('Enter at least one way to reach you') },
    ]);
    expect(checkPage(review, 'contact', { mobile: '07700 900 982' }, TODAY)).toEqual([]);
    const address = { line1: '1 High Street', town: 'Exampleton', postcode: 'AA3 1AB' };
    expect(checkPage(review, 'contact', { address }, TODAY)).toEqual([]);
  });

  test('the preferred way must be one that was given', () => {
    const answers = { ...FULL.review, preferred: 'post' };
    expect(checkPage(review, 'contact-choice', answers, TODAY)).toMatchObject([
      {
        field: 'preferred',
        message: 'You chose post. Go back and enter your address, or choose another way',
      },
    ]);
  });
});

describe('files', () => {
  const question: Question = { ...base, kind: 'files', noun: 'the outcome letter' };
  const file = (name: string, size = 10): FileAnswer => ({ id: 'x', name, type: '', size });
  const types =
    'a PDF, a Word or OpenDocument text, an email, a plain text or a picture (JPG, PNG, HEIC or TIFF)';
  test.each([
    [[], 'Select the outcome letter'],
    [[file('letter.exe')], `‘letter.exe’ must be ${types}`],
    [[file('letter.pdf', 0)], '‘letter.pdf’ is empty'],
    [[file('letter.pdf', 20 * 1024 * 1024 + 1)], '‘letter.pdf’ must be smaller than 20MB'],
    [
      Array.from({ length: 11 }, () => file('a.pdf')),
      'You can add up to 10 files in total. Remove some to continue',
    ],
  ])('case %#', (files, message) => expect(told(question, files)).toEqual([message]));

  test('a letter of 20 MB in capitals is taken', () => {
    expect(told(question, [file('SCAN.PDF', 20 * 1024 * 1024)])).toEqual([]);
  });

  test('the ten files are those of the whole form', () => {
    const six = Array.from({ length: 6 }, () => file('a.pdf'));
    expect(checkPage(review, 'complaint', { letter: six, complaint: six }, TODAY)).toHaveLength(1);
    expect(checkPage(review, 'complaint', { letter: six, complaint: six.slice(2) }, TODAY)).toEqual([]);
  });
});
