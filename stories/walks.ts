/** Ways through a form that together meet every page and every exit of it, told by its definition alone. */
import {
  type Answer,
  type Answers,
  allQuestions,
  type Condition,
  type ExitPage,
  type FormDefinition,
  journey,
  type Page,
  type Question,
} from '../src/forms/form.ts';

/** A walk ends at its exit page, or, for null, at *check your answers*. */
export type Walk = { readonly answers: Answers; readonly exit: ExitPage | null };

type FormJourney = Parameters<typeof journey>;
type Today = FormJourney[2];

/** The first walk is everybody's; each other one meets at least one page or exit that those before it do not. */
export function walks(form: FormDefinition, today: Today): Walk[] {
  const missed = new Set(form.pages.map((page) => page.id));
  const found: Walk[] = [];
  while (found.length === 0 || missed.size > 0) {
    const wishes = wishesFor(form, found.length === 0 ? [] : [...missed]);
    const answers = filled(form, wishes);
    const met = journey(form, answers, today).pages.filter((page) => missed.delete(page.id));
    if (met.length === 0) throw new Error(`No answers were found that lead to ${[...missed].join(', ')}.`);
    found.push({ answers, exit: null });
  }
  return [...found, ...form.exits.map((exit) => wayOut(form, exit, today))];
}

function wayOut(form: FormDefinition, exit: ExitPage, today: Today): Walk {
  const page = form.pages.find((each) => each.route?.some((route) => route.to === exit.id));
  const when = page?.route?.find((route) => route.to === exit.id)?.when;
  const answers = filled(form, page && when ? { ...needs(form, page), ...wish(form, when) } : {});
  if (journey(form, answers, today).exit?.id !== exit.id)
    throw new Error(`No answers were found that lead to ${exit.id}.`);
  return { answers, exit };
}

/** What several pages need, as far as one person can answer so. */
function wishesFor(form: FormDefinition, ids: readonly string[]): Answers {
  let wishes: Answers = {};
  for (const page of form.pages.filter((each) => ids.includes(each.id))) {
    const more = needs(form, page);
    const fits = Object.entries(more).every(([id, answer]) => !(id in wishes) || same(wishes[id], answer));
    if (fits) wishes = { ...wishes, ...more };
  }
  return wishes;
}

const same = (one: Answer | undefined, other: Answer) => JSON.stringify(one) === JSON.stringify(other);

/** The answers on which this page is asked, and those on which the questions for them are asked. */
function needs(form: FormDefinition, page: Page): Answers {
  if (!page.when) return {};
  const own = wish(form, page.when);
  const askers = form.pages.filter((each) => allQuestions(each).some(({ id }) => id in own));
  return Object.assign({}, ...askers.map((each) => needs(form, each)), own);
}

/** Answers that make a condition hold. A checkbox question keeps its usual answer, which has every box ticked. */
function wish(form: FormDefinition, condition: Condition): Answers {
  if ('any' in condition) return condition.any[0] ? wish(form, condition.any[0]) : {};
  if ('all' in condition) return Object.assign({}, ...condition.all.map((each) => wish(form, each)));
  const question = form.pages.flatMap(allQuestions).find(({ id }) => id === condition.question);
  if ('olderThan' in condition) return { [condition.question]: { day: '3', month: '2', year: '2021' } };
  if ('is' in condition && question?.kind === 'radios')
    return { [condition.question]: condition.is[0] ?? '' };
  return {};
}

/** Every question answered: as wished, else in a way that leads straight ahead. */
function filled(form: FormDefinition, wishes: Answers): Answers {
  const exits = form.exits.map((exit) => exit.id);
  const leaving = form.pages
    .flatMap((page) => page.route ?? [])
    .filter((route) => exits.includes(route.to))
    .flatMap((route) => Object.entries(wish(form, route.when)));
  const usual = form.pages.flatMap(allQuestions).flatMap((question) => {
    const bad = leaving.flatMap(([id, answer]) => (id === question.id ? [answer] : []));
    const answer = rightAnswer(question, bad);
    return answer === null ? [] : [[question.id, answer] as const];
  });
  return { ...Object.fromEntries(usual), ...wishes };
}

function rightAnswer(question: Question, bad: readonly Answer[]): Answer | null {
  switch (question.kind) {
    case 'radios':
      return question.choices.find(({ value }) => !bad.includes(value))?.value ?? null;
    case 'checkboxes':
      return question.choices.filter((choice) => !choice.exclusive).map(({ value }) => value);
    case 'name':
      return { first: 'Ana', last: 'Silva' };
    case 'address':
      return { line1: '1 High Street', town: 'Exampletown', postcode: 'AA3 1AB' };
    case 'date':
      return recent();
    case 'email':
      return 'ana@example.com';
    case 'uk-phone':
      return '01632 960 001';
    case 'uk-postcode':
      return 'AA3 1AB';
    case 'files':
      return null;
    default:
      return 'Some words of an answer';
  }
}

function recent(): Answer {
  const [year = '', month = '', day = ''] = new Date(Date.now() - 5 * 24 * 60 * 60 * 1000)
    .toISOString()
    .slice(0, 10)
    .split('-');
  return { day: String(Number(day)), month: String(Number(month)), year };
}

/** As much wrong with a page as can be typed into it; `{}` where leaving it empty is all that can be wrong. */
export function wrongAnswers(page: Page): Answers {
  const wrong = page.questions.flatMap((question) => {
    const answer = wrongAnswer(question);
    return answer === null ? [] : [[question.id, answer] as const];
  });
  return Object.fromEntries(wrong);
}

function wrongAnswer(question: Question): Answer | null {
  switch (question.kind) {
    case 'radios':
    case 'files':
      return null;
    // What these choices ask stays unanswered.
    case 'checkboxes':
      return question.choices
        .filter((choice) => choice.questions?.some((each) => each.required))
        .map(({ value }) => value);
    case 'name':
      return { first: 'x'.repeat(101) };
    case 'address':
      return { line1: '1 High Street', postcode: 'nowhere' };
    case 'date':
      return { day: '31', month: '2', year: '2026' };
    case 'text':
    case 'longtext':
      return 'x'.repeat(question.max + 1);
    default:
      return 'neither a number nor an address';
  }
}
