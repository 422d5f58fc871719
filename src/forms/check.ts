/**
 * What is wrong with an answer, in the words of the GOV.UK Design System: the one definition that the browser, the
 * server and the desk (which checks again what was sealed) all use.
 */
import { fileAnswer, isGiven, listAnswer, partsAnswer, textAnswer } from './answers.ts';
import { type Day, realDay, spelt } from './day.ts';
import {
  type Answer,
  type Answers,
  asked,
  type ExitPage,
  type FileAnswer,
  type FileLimits,
  type FormDefinition,
  filesIn,
  journey,
  type Page,
  type PageRule,
  type Question,
} from './form.ts';

/** `field` is the id of the input to go to: the question's own, or `question-part`. */
export type Problem = {
  readonly page: string;
  readonly question: string;
  readonly field: string;
  readonly message: string;
};

/** Said where the declaration at the end is not accepted. */
export const notAgreed = 'Select that you agree with the declaration';

type Found = { readonly field: string; readonly message: string };
type Of<Name extends Question['kind']> = Extract<Question, { kind: Name }>;

/**
 * The problems of one page, in its order; none when all is well. Of other pages only those on the path count: its rules
 * may name their answers, and its files are counted with theirs.
 */
export function checkPage(form: FormDefinition, pageId: string, answers: Answers, today: Day): Problem[] {
  const page = form.pages.find((each) => each.id === pageId);
  if (!page) return [];
  const own = asked(page, answers).map(({ id }) => [id, answers[id]] as const);
  const counted = { ...journey(form, answers, today).answers, ...Object.fromEntries(own.filter(isAnswered)) };
  const problems = asked(page, counted).flatMap((question) =>
    checkQuestion(form, question, counted, today).map((found) => ({
      page: page.id,
      question: question.id,
      ...found,
    })),
  );
  const ruled = (page.rules ?? []).flatMap((rule) => checkRule(rule, counted));
  const fresh = ruled.filter((found) => problems.every((problem) => problem.question !== found.question));
  return [...problems, ...fresh.map((found) => ({ page: page.id, ...found }))];
}

/** The problems of every page on the path, in order. */
export function checkAnswers(form: FormDefinition, answers: Answers, today: Day): Problem[] {
  const { pages, answers: reached } = journey(form, answers, today);
  return pages.flatMap((page) => checkPage(form, page.id, reached, today));
}

/**
 * Where someone who has answered so far must go on: the first page of the path that they have not seen or that is not
 * right, else the exit page, else null for *check your answers*.
 */
export function firstUnfinished(
  form: FormDefinition,
  answers: Answers,
  today: Day,
  seen: readonly string[],
): Page | ExitPage | null {
  const { pages, exit, answers: reached } = journey(form, answers, today);
  const unfinished = pages.find(
    (page) => !seen.includes(page.id) || checkPage(form, page.id, reached, today).length > 0,
  );
  return unfinished ?? exit;
}

const isAnswered = (entry: readonly [string, Answer | undefined]): entry is readonly [string, Answer] =>
  entry[1] !== undefined;

function checkRule(rule: PageRule, answers: Answers): (Found & { question: string })[] {
  if ('oneOf' in rule) {
    if (rule.oneOf.some((id) => isGiven(answers[id]))) return [];
    return [{ question: rule.at, field: rule.at, message: rule.message }];
  }
  const { question, is, needs, message } = rule;
  const chosen = textAnswer(answers[question]) === is || listAnswer(answers[question]).includes(is);
  return chosen && !isGiven(answers[needs]) ? [{ question, field: question, message }] : [];
}

function checkQuestion(form: FormDefinition, question: Question, answers: Answers, today: Day): Found[] {
  const answer = answers[question.id];
  const at = (message: string, part?: string): Found => ({
    field: part ? `${question.id}-${part}` : question.id,
    message,
  });
  switch (question.kind) {
    case 'name':
      return checkName(question, partsAnswer(answer), at);
    case 'address':
      return checkAddress(question, partsAnswer(answer), at);
    case 'date':
      return checkDate(question, partsAnswer(answer), today, at);
    case 'files':
      return checkFiles(form, question, fileAnswer(answer), answers).map((message) => at(message));
    case 'radios':
    case 'checkboxes':
      return checkChoice(question, [textAnswer(answer), ...listAnswer(answer)].filter(Boolean)).map(
        (message) => at(message),
      );
    default:
      return checkText(question, textAnswer(answer)).map((message) => at(message));
  }
}

type At = (message: string, part?: string) => Found;

function checkText(question: Exclude<Question, { choices: unknown }>, text: string): string[] {
  if (text === '') return question.required ? [question.missing ?? `Enter ${question.noun}`] : [];
  if (question.kind === 'email') return isEmail(text) ? [] : [EMAIL];
  if (question.kind === 'uk-phone') return isUkPhone(text) ? [] : [PHONE];
  if (question.kind === 'uk-postcode') return isUkPostcode(text) ? [] : [POSTCODE];
  return 'max' in question ? tooLong(question.noun, text, question.max) : [];
}

const EMAIL = 'Enter an email address in the correct format, like name@example.com';
const PHONE = 'Enter a phone number, like 01632 960 001, 07700 900 982 or +44 808 157 0192';
const POSTCODE = 'Enter a full UK postcode, like AA3 1AB';

/** What a part of a name or an address may be long. */
const LONGEST_PART = 100;

function tooLong(noun: string, text: string, max: number): string[] {
  return countCharacters(text, max) > max
    ? [`${capital(noun)} must be ${figure(max)} characters or less`]
    : [];
}

function checkName(
  { required, whose, missing }: Of<'name' | 'address'>,
  typed: Readonly<Record<string, string>>,
  at: At,
): Found[] {
  const nouns = { title: `${whose} title`, first: `${whose} first name`, last: `${whose} last name` };
  const absent = (part: 'first' | 'last') =>
    required && !typed[part] ? [at(missing ?? `Enter ${nouns[part]}`, part)] : [];
  const long = (part: keyof typeof nouns) =>
    tooLong(nouns[part], typed[part] ?? '', LONGEST_PART).map((message) => at(message, part));
  return [...long('title'), ...absent('first'), ...long('first'), ...absent('last'), ...long('last')];
}

const ADDRESS_NOUNS = {
  line1: 'address line 1, typically the building and street',
  line2: 'address line 2',
  town: 'town or city',
  county: 'county',
  postcode: 'postcode',
} as const;

// An address is whole or not there at all: half of one reaches nobody.
function checkAddress(
  { required }: Of<'name' | 'address'>,
  typed: Readonly<Record<string, string>>,
  at: At,
): Found[] {
  if (!required && Object.keys(typed).length === 0) return [];
  const absent = (part: 'line1' | 'town' | 'postcode') =>
    typed[part] ? [] : [at(`Enter ${ADDRESS_NOUNS[part]}`, part)];
  const long = (part: 'line1' | 'line2' | 'town' | 'county') =>
    tooLong(ADDRESS_NOUNS[part].split(',')[0] ?? part, typed[part] ?? '', LONGEST_PART).map((message) =>
      at(message, part),
    );
  const malformed = typed.postcode && !isUkPostcode(typed.postcode) ? [at(POSTCODE, 'postcode')] : [];
  return [
    ...[...absent('line1'), ...long('line1'), ...long('line2'), ...absent('town'), ...long('town')],
    ...[...long('county'), ...absent('postcode'), ...malformed],
  ];
}

function checkDate(
  question: Of<'date'>,
  typed: Readonly<Record<string, string>>,
  today: Day,
  at: At,
): Found[] {
  const noun = capital(question.noun);
  const absent = (['day', 'month', 'year'] as const).filter((part) => !typed[part]);
  if (absent.length === 3)
    return question.required ? [at(question.missing ?? `Enter ${question.noun}`, 'day')] : [];
  if (absent.length > 0) return [at(`${noun} must include a ${absent.join(' and ')}`, absent[0])];
  if (!/^\d{4}$/.test(typed.year ?? '')) return [at('Year must include 4 numbers', 'year')];
  const day = realDay(typed);
  if (!day) return [at(`${noun} must be a real date`, 'day')];
  if (question.past && day >= today) return [at(`${noun} must be in the past`, 'day')];
  const earliest = question.notBefore;
  if (earliest && day < earliest) {
    const [year, month, date] = earliest.split('-');
    const first = realDay({ day: date ?? '', month: month ?? '', year: year ?? '' });
    return [at(`${noun} must be the same as or after ${first ? spelt(first) : earliest}`, 'year')];
  }
  return [];
}

function checkChoice(question: Of<'radios' | 'checkboxes'>, chosen: readonly string[]): string[] {
  const missing = [question.missing ?? `Select ${question.noun}`];
  if (chosen.length === 0) return question.required ? missing : [];
  const picked = question.choices.filter(({ value }) => chosen.includes(value));
  if (picked.length !== chosen.length) return missing;
  const alone = picked.find((choice) => choice.exclusive);
  return alone && picked.length > 1 ? [`Select ${question.noun}, or select ‘${alone.label}’`] : [];
}

function checkFiles(
  form: FormDefinition,
  question: Of<'files'>,
  files: readonly FileAnswer[],
  all: Answers,
): string[] {
  const { most } = form.files;
  if (files.length === 0) return question.required ? [question.missing ?? `Select ${question.noun}`] : [];
  if (filesIn(form, all).length > most)
    return [`You can add up to ${most} files in total. Remove some to continue`];
  return files.flatMap((file) => checkFile(form.files, file));
}

/** What is wrong with one file, by its name and size: also asked before a byte of it is taken. */
export function checkFile(limits: FileLimits, file: Pick<FileAnswer, 'name' | 'size'>): string[] {
  const endings = limits.types.flatMap((type) => type.endings);
  if (!endings.some((ending) => file.name.toLowerCase().endsWith(ending))) {
    return [`‘${file.name}’ must be ${listed(limits.types.map((type) => type.label))}`];
  }
  if (file.size === 0) return [`‘${file.name}’ is empty`];
  if (file.size > largestFile(limits)) return [tooLarge(limits, file.name)];
  return [];
}

export function tooLarge(limits: FileLimits, name: string): string {
  return `‘${name}’ must be smaller than ${limits.largestMegabytes}MB`;
}

/** In bytes. */
export function largestFile(limits: FileLimits): number {
  return limits.largestMegabytes * 1024 * 1024;
}

/** `a PDF, a Word document or a picture (JPG, PNG)`. */
function listed(labels: readonly string[]): string {
  return labels.length < 2 ? labels.join() : `${labels.slice(0, -1).join(', ')} or ${labels.at(-1)}`;
}

/** Deliberately loose: only sending to it shows whether an address is right. */
function isEmail(text: string): boolean {
  return (
    text.length <= 254 && /^[^\s@"(),:;<>[\\\]]{1,64}@[^\s@.,:;<>()[\]]+(\.[^\s@.,:;<>()[\]]+)+$/.test(text)
  );
}

/** A number of the United Kingdom, with or without +44, spaces and an extension. */
function isUkPhone(text: string): boolean {
  const [number = '', extension] = text.toLowerCase().split(/\s*(?:ext(?:ension)?\.?|x)\s*/);
  if (extension !== undefined && !/^\d{1,6}$/.test(extension)) return false;
  const plain = number.replaceAll(/[\s().-]/g, '').replace(/^(?:\+|00)440?/, '0');
  return /^0[1-9]\d{8,9}$/.test(plain);
}

/** BS 7666 shapes, and the one exception to them. */
function isUkPostcode(text: string): boolean {
  const plain = text.toUpperCase().replaceAll(/[\s.-]/g, '');
  return /^(?:GIR0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d[\dA-Z]?|\d[A-HJKPS-UW])\d[ABD-HJLNP-UW-Z]{2})$/.test(
    plain,
  );
}

/**
 * Characters as a reader counts them, and as the count under the box does. A text of more than twice `max` UTF-16
 * units counts as too long in any case, so that what is sealed stays small and counting stays quick.
 */
function countCharacters(text: string, max: number): number {
  if (text.length <= max || text.length > 2 * max) return text.length;
  // Browsers of before 2024 may not know graphemes; they count code points.
  if (!('Segmenter' in Intl)) return [...text].length;
  return [...new Intl.Segmenter('en-GB', { granularity: 'grapheme' }).segment(text)].length;
}

/** How a noun starts a message: `your first name` → `First name`. */
const capital = (noun: string) => {
  const bare = noun.replace(/^(?:your|their|the|a|an) /, '');
  return bare.slice(0, 1).toUpperCase() + bare.slice(1);
};
const figure = (count: number) => count.toLocaleString('en-GB');
