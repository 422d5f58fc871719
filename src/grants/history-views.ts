/** What the page and the file about a moment show; no HTML here. */
import { z } from 'zod';
import { caseId } from '../sealing/place.ts';
import { referenceOf } from '../sealing/receipt.ts';
import { clockTyped, inLondon, momentTyped } from '../web/london.ts';
import { type Over, overBefore } from './history.ts';
import { type CsvRow, WHY_OVER } from './history-csv.ts';
import { type Asked, type Choices, type DoneThen, FILE_LINES, type LineThen } from './history-store.ts';
import type { Problem } from './views.ts';

const text = z.string().max(300).catch('').default('');
const typedShape = z.object({
  form: text,
  case: text,
  person: text,
  /** An instant, from a link; what is typed into the form goes first. */
  at: text,
  'at-day': text,
  'at-month': text,
  'at-year': text,
  'at-time': text,
});
export type Typed = z.infer<typeof typedShape>;

/** What was typed, as it was typed. */
export const readTyped = (query: unknown): Typed => typedShape.catch(typedShape.parse({})).parse(query);

/** The case that somebody means: its number, or its page's address pasted whole. */
export function caseMeant(typed: Typed): string | null {
  const found = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.exec(typed.case);
  return found ? found[0].toLowerCase() : null;
}

type Read = { readonly asked: Asked; readonly problems: readonly Problem[] };

/** The question that was typed, and what is wrong with it. `yourself`: whoever may ask about nobody else. */
export function readQuestion(typed: Typed, choices: Choices, now: Date): Read {
  const problems: Problem[] = [];
  const form = choices.forms.find(({ id }) => id === typed.form)?.id ?? null;
  if (typed.form !== '' && form === null)
    problems.push({ field: 'form', message: 'Choose one of your organisation’s forms, or all of them' });
  const person = choices.people.find(({ id }) => id === typed.person)?.id ?? null;
  if (typed.person !== '' && person === null)
    problems.push({ field: 'person', message: 'Choose somebody from the list, or everybody' });
  const why = objectionToCase(typed, choices, form);
  if (why !== null) problems.push({ field: 'case', message: why });
  const moment = momentOf(typed, now);
  if ('field' in moment) problems.push(moment);
  const at = 'field' in moment ? now : moment.at;
  return { asked: { form, case: caseMeant(typed), person, at }, problems };
}

function objectionToCase(typed: Typed, choices: Choices, form: string | null): string | null {
  if (typed.case.trim() === '') return null;
  if (caseMeant(typed) === null)
    return 'Enter the case’s number, or paste the address of its page, such as /cases/0190f3c1-…';
  if (choices.case_form === null)
    return 'There is no such case for you. Check the number, or ask a manager or your data protection officer';
  if (form === null || form === choices.case_form) return null;
  const title = choices.forms.find(({ id }) => id === choices.case_form)?.name ?? choices.case_form;
  return `This case was sent by the form “${title}”. Choose that form, or all of them`;
}

function momentOf(typed: Typed, now: Date): { readonly at: Date } | Problem {
  const [day, month, year] = ([typed['at-day'], typed['at-month'], typed['at-year']] as const).map((part) =>
    part.trim(),
  );
  const time = typed['at-time'].trim();
  if (!day && !month && !year && time === '') return linked(typed.at, now);
  if (!day || !month || !year)
    return { field: 'at-day', message: 'Enter a day, a month and a year, or leave them all empty for now' };
  const clock = time === '' ? { hour: 23, minute: 59 } : clockTyped(time);
  if (!clock)
    return {
      field: 'at-time',
      message: 'Enter the time like 14:30, or leave it empty for the end of the day',
    };
  const at = momentTyped([day, month, year], clock);
  if (!at) return { field: 'at-day', message: 'Enter a real day and time, such as 2 11 2026 at 14:30' };
  // The end of today is not over yet: up to now is meant.
  if (time === '' && at > now && isToday(at, now)) return { at: now };
  if (at > now) return { field: 'at-day', message: 'The day and time must be in the past' };
  return { at };
}

function linked(at: string, now: Date): { readonly at: Date } | Problem {
  if (at === '') return { at: now };
  const parsed = z.iso.datetime().safeParse(at);
  if (!parsed.success) return { field: 'at-day', message: 'Enter a real day and time' };
  const moment = new Date(parsed.data);
  return moment > now ? { field: 'at-day', message: 'The day and time must be in the past' } : { at: moment };
}

const isToday = (at: Date, now: Date): boolean =>
  ['year', 'month', 'day'].every(
    (part) => Reflect.get(inLondon(at), part) === Reflect.get(inLondon(now), part),
  );

/** What is shown in the form: what was typed, or the moment that was asked for. */
export function shownMoment(typed: Typed, { at }: Asked): Typed {
  const parts = [typed['at-day'], typed['at-month'], typed['at-year'], typed['at-time']];
  if (parts.some((part) => part !== '') || typed.at === '') return typed;
  const { year, month, day, hour, minute } = inLondon(at);
  const two = (number: number) => String(number).padStart(2, '0');
  return {
    ...typed,
    ...{ 'at-day': String(day), 'at-month': String(month), 'at-year': String(year) },
    'at-time': `${two(hour)}:${two(minute)}`,
  };
}

/** The same question as an address: what the file and the next page are asked with. */
export function queryOf({ form, case: of, person, at }: Asked): string {
  const query = new URLSearchParams({ at: at.toISOString() });
  for (const [name, value] of Object.entries({ form, case: of, person })) if (value) query.set(name, value);
  return query.toString();
}

export type LineShown = LineThen & {
  readonly reference: string | null;
  readonly over: (Over & { readonly words: string }) | null;
};

/** Lines with their case's short name, and with what has ended them since. */
export function shownLines(lines: readonly LineThen[], now: Date): Promise<LineShown[]> {
  return Promise.all(
    lines.map(async (line) => {
      const over = overBefore(now.toISOString(), {
        ...{ until: line.until.toISOString(), reviewBy: line.review_by.toISOString() },
        endedAt: line.ended_at?.toISOString() ?? null,
        leftAt: line.left_at?.toISOString() ?? null,
        suspendedAt: line.suspended_at?.toISOString() ?? null,
      });
      return {
        ...line,
        reference: await shortName(line.case_id),
        over: over && { ...over, words: wordsOf(over, line) },
      };
    }),
  );
}

const wordsOf = ({ why }: Over, line: LineThen): string =>
  why === 'ended' && line.ended_by_name ? `ended by ${line.ended_by_name}` : WHY_OVER[why];

export function shownDone(done: readonly DoneThen[]) {
  return Promise.all(done.map(async (each) => ({ ...each, reference: await shortName(each.case_id) })));
}

export const shortName = async (id: string | null): Promise<string | null> =>
  id === null ? null : referenceOf(caseId(id));

const CUT = `This file is cut: it has ${FILE_LINES} lines of a kind. Ask about one form, case or person.`;

/** The page as rows of a file, in the same order. */
export async function csvRows(
  asked: Asked,
  { forms }: Choices,
  lines: readonly LineThen[],
  done: readonly DoneThen[],
  now: Date,
): Promise<CsvRow[]> {
  const at = asked.at.toISOString();
  const could = (await shownLines(lines, now)).map((line) => ({
    ...{
      At: at,
      What: 'could read',
      Person: line.name,
      Address: line.email,
      'From outside': line.outside ?? '',
    },
    ...{ Form: line.title ?? line.form, Case: line.case_id ?? '', Purpose: line.purpose },
    'Signed by': `${line.proposer_name}; ${line.approver_name}`,
    ...{
      Approved: line.approved_at.toISOString(),
      From: line.starts.toISOString(),
      Until: line.until.toISOString(),
    },
    ...{ 'Over since': line.over?.since ?? '', Why: line.over?.words ?? '' },
  }));
  const did = done.map((each) => ({
    ...{ At: at, What: each.what === 'opened' ? 'was given a case' : 'was given a list', Person: each.name },
    ...{
      Form: forms.find(({ id }) => id === each.form)?.name ?? each.form ?? '',
      Case: each.case_id ?? '',
      First: each.first_at.toISOString(),
    },
    ...{ Last: each.last_at.toISOString(), Times: String(each.times) },
  }));
  const cut = lines.length >= FILE_LINES || done.length >= FILE_LINES;
  return [...could, ...did, ...(cut ? [{ At: at, What: CUT }] : [])];
}
