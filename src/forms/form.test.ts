import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isGiven, partsOf } from './answers.ts';
import { checkAnswers, checkPage, firstUnfinished } from './check.ts';
import { daysAfter } from './day.ts';
import {
  type Answer,
  type Answers,
  allQuestions,
  answerRows,
  caseRows,
  type FormDefinition,
  journey,
  nextPage,
  partAnswers,
  path,
  previousPage,
  type Question,
  summaryOf,
} from './form.ts';
import { parseAnswers } from './reading.ts';
import { day, FULL, shipped, TODAY } from './shipped.testing.ts';

const FORMS = ['review', 'victims'] as const;
const ids = (items: readonly { readonly id: string }[]) => items.map((item) => item.id);

/** Anything a page may have sent for a question: right, wrong, or nothing. */
function anyAnswer(question: Question): fc.Arbitrary<Answer | undefined> {
  const typed = fc.constantFrom('', 'x', 'ana@example.com', '01632 960001', 'SW1A 1AA', '12', '2026', '1890');
  const several = partsOf(question);
  if ('choices' in question) {
    const value = fc.constantFrom(...question.choices.map((choice) => choice.value), 'no-such-choice');
    const answer: fc.Arbitrary<Answer> = question.kind === 'radios' ? value : fc.uniqueArray(value);
    return fc.option(answer, { nil: undefined });
  }
  if (question.kind === 'files') {
    const file = fc.record({
      id: fc.uuid(),
      name: fc.constantFrom('a.pdf', 'b.exe'),
      type: fc.constant('application/pdf'),
      size: fc.nat(30_000_000),
    });
    return fc.option(fc.array(file, { maxLength: 5 }), { nil: undefined });
  }
  if (several) return fc.dictionary(fc.constantFrom(...several), typed);
  return fc.option(typed, { nil: undefined });
}

function anyAnswers(form: FormDefinition): fc.Arbitrary<Answers> {
  const questions = form.pages.flatMap(allQuestions);
  const shape = Object.fromEntries(questions.map((question) => [question.id, anyAnswer(question)]));
  return fc
    .record(shape)
    .map((answers) =>
      Object.fromEntries(
        Object.entries(answers).filter((entry): entry is [string, Answer] => entry[1] !== undefined),
      ),
    );
}

describe.each(FORMS)('the form %s', (name) => {
  const form = shipped(name);

  test('the answers for the tests go all the way', () => {
    expect(checkAnswers(form, FULL[name], TODAY)).toEqual([]);
    expect(journey(form, FULL[name], TODAY).exit).toBeNull();
  });

  test('every page and every exit page is reached by some answers', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(anyAnswers(form), (answers) => {
        const { pages, exit } = journey(form, answers, TODAY);
        for (const page of pages) reached.add(page.id);
        if (exit) reached.add(exit.id);
      }),
      { numRuns: 2000, seed: 1 },
    );
    expect([...reached].sort()).toEqual([...ids(form.pages), ...ids(form.exits)].sort());
  });

  test('every path ends, names no page twice, and goes back the way it came', () => {
    fc.assert(
      fc.property(anyAnswers(form), (answers) => {
        const { pages, exit } = journey(form, answers, TODAY);
        expect(new Set(ids(pages)).size).toBe(pages.length);
        pages.forEach((page, index) => {
          expect(nextPage(form, answers, TODAY, page.id)?.id).toBe(pages[index + 1]?.id ?? exit?.id);
          expect(previousPage(form, answers, TODAY, page.id)?.id).toBe(pages[index - 1]?.id);
        });
        expect(previousPage(form, answers, TODAY, exit?.id ?? 'check')?.id).toBe(pages.at(-1)?.id);
      }),
    );
  });

  test('what is sent answers questions that were asked, and says the same when it is opened', () => {
    fc.assert(
      fc.property(anyAnswers(form), (answers) => {
        const { answers: sent, equality } = partAnswers(form, answers, TODAY);
        const asked = new Set(answerRows(form, answers, TODAY).map((row) => row.question.id));
        for (const id of Object.keys({ ...sent, ...equality })) expect(asked).toContain(id);
        expect(partAnswers(form, sent, TODAY)).toEqual({ answers: sent, equality: null });
        const read = (from: Answers) => caseRows(form, from, TODAY).map((row) => [row.label, row.value]);
        expect(read(parseAnswers(form, JSON.parse(JSON.stringify(sent))))).toEqual(read(answers));
      }),
    );
  });

  test('answers that are right as a whole are right page by page, also without the equality answers', () => {
    fc.assert(
      fc.property(anyAnswers(form), (noise) => {
        const answers = { ...noise, ...FULL[name] };
        const problems = checkAnswers(form, answers, TODAY);
        const byPage = path(form, answers, TODAY).flatMap((page) => checkPage(form, page.id, answers, TODAY));
        expect(byPage).toEqual(problems);
        if (problems.length === 0) {
          expect(checkAnswers(form, partAnswers(form, answers, TODAY).answers, TODAY)).toEqual([]);
        }
      }),
    );
  });

  test('nobody gets to the end past a page they have not seen or that is not right', () => {
    fc.assert(
      fc.property(anyAnswers(form), fc.subarray(ids(form.pages)), (answers, seen) => {
        if (firstUnfinished(form, answers, TODAY, seen) !== null) return;
        expect(checkAnswers(form, answers, TODAY)).toEqual([]);
        for (const page of path(form, answers, TODAY)) expect(seen).toContain(page.id);
      }),
    );
  });
});

describe('the review', () => {
  const form = shipped('review');

  test('whose complaint is not finished, or belongs elsewhere, is told where to go', () => {
    expect(nextPage(form, { 'dealt-with': 'no' }, TODAY, 'dealt-with')?.id).toBe('not-finished');
    const elsewhere = { 'dealt-with': 'yes', 'review-body': 'no' };
    expect(nextPage(form, elsewhere, TODAY, 'review-body')?.id).toBe('another-body');
  });

  test('a letter of 1 April is in time until 29 April, and asks why from 30 April', () => {
    const asksWhy = (today: string) => path(form, FULL.review, day(today)).some((page) => page.id === 'late');
    expect(daysAfter(day('2026-04-01'), 28)).toBe('2026-04-29');
    expect([asksWhy('2026-04-29'), asksWhy('2026-04-30')]).toEqual([false, true]);
  });

  test('who no longer acts for someone sends nothing about them', () => {
    const answers = { ...FULL.review, relation: 'Mother', 'other-name': { first: 'Bo', last: 'Silva' } };
    expect(partAnswers(form, answers, TODAY).answers).not.toHaveProperty('relation');
    expect(partAnswers(form, { ...answers, acting: 'yes' }, TODAY).answers).toHaveProperty(
      'relation',
      'Mother',
    );
  });

  test('a choice that is taken back takes its own question with it', () => {
    const answers = { ...FULL.review, adjustments: ['interpreter'], language: 'Polish' };
    expect(partAnswers(form, answers, TODAY).answers).toHaveProperty('language');
    expect(partAnswers(form, { ...answers, adjustments: [] }, TODAY).answers).not.toHaveProperty('language');
  });

  test('equality answers are parted from the case, and no row of the case shows them', () => {
    const answers = { ...FULL.review, equality: 'yes', 'equality-age': 'from-45' };
    const sent = partAnswers(form, answers, TODAY);
    expect(sent.equality).toEqual({ equality: 'yes', 'equality-age': 'from-45' });
    expect(Object.keys(sent.answers).filter((id) => id.startsWith('equality'))).toEqual([]);
    expect(caseRows(form, answers, TODAY).filter((row) => row.section === 'Equality questions')).toEqual([]);
    expect(partAnswers(form, FULL.review, TODAY).equality).toBeNull();
  });

  test('rows read as people say it, and what was left empty is Not provided', () => {
    const rows = new Map(answerRows(form, FULL.review, TODAY).map((row) => [row.question.id, row]));
    expect(rows.get('name')).toMatchObject({
      label: 'Name',
      value: 'Ms Ana Silva',
      href: '#page-name',
      given: true,
    });
    expect(rows.get('letter-date')?.value).toBe('1 April 2026');
    expect(rows.get('unhappy-with')?.value).toBe('What the force found\nHow the complaint was handled');
    expect(rows.get('address')).toMatchObject({ value: 'Not provided', given: false, change: 'address' });
    expect(rows.has('language')).toBe(false);
  });

  test('the summary says who, about what', () => {
    expect(summaryOf(form, FULL.review, TODAY)).toEqual({
      title: 'Ms Ana Silva',
      lines: [
        'Exampleshire Police',
        '1 April 2026',
        expect.stringContaining('Nobody spoke to the two witnesses'),
      ],
    });
  });
});

describe('contacting the commissioner', () => {
  const form = shipped('victims');

  test('who is in danger is told to call 999', () => {
    expect(nextPage(form, { danger: 'yes' }, TODAY, 'danger')?.id).toBe('call-999');
  });

  test('who stays without a name still makes a summary that tells one case from another', () => {
    expect(summaryOf(form, FULL.victims, TODAY)).toEqual({
      title: 'No name given: My case was closed in March and nobody told me.',
      lines: ['The victim or survivor'],
    });
  });

  test('each agency that was involved is asked about on its own, unless they do not agree', () => {
    const consents = (answers: Answers) =>
      ids(path(form, { ...FULL.victims, agencies: ['police', 'council'], ...answers }, TODAY)).filter((id) =>
        id.startsWith('consent'),
      );
    expect(consents({})).toEqual(['consent-police', 'consent-council']);
    expect(consents({ who: 'other', agreement: 'no' })).toEqual([]);
    expect(consents({ who: 'family', agreement: 'cannot' })).toHaveLength(2);
  });
});

test('negative control: an answer made of nothing is not given', () => {
  expect([isGiven(undefined), isGiven(''), isGiven([]), isGiven({}), isGiven('x')]).toEqual([
    ...[false, false, false, false, true],
  ]);
});
