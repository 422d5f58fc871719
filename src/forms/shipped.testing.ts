/** The two forms that ship, and answers that go through them, for tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Day, realDay } from './day.ts';
import { parseDefinition } from './definition.ts';
import type { Answers, FormDefinition } from './form.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'forms');

export function shippedJson(name: 'review' | 'victims' | 'data-problem'): unknown {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
}

export function shipped(name: 'review' | 'victims' | 'data-problem'): FormDefinition {
  return parseDefinition(shippedJson(name), 'Exampleshire Office for Policing');
}

export function day(text: string): Day {
  const [year = '', month = '', date = ''] = text.split('-');
  const found = realDay({ day: date, month, year });
  if (!found) throw new Error(`${text} is no day`);
  return found;
}

export const TODAY = day('2026-04-10');

/** Enough to send each form. */
export const FULL: { readonly review: Answers; readonly victims: Answers } = {
  review: {
    'dealt-with': 'yes',
    'review-body': 'yes',
    name: { title: 'Ms', first: 'Ana', last: 'Silva' },
    email: 'ana@example.com',
    preferred: 'email',
    'leave-message': 'no',
    acting: 'no',
    force: 'Exampleshire Police',
    'letter-date': { day: '1', month: '4', year: '2026' },
    'unhappy-with': ['findings', 'process'],
    why: 'Nobody spoke to the two witnesses I named.\nThe letter does not say why.',
    sharing: ['understood'],
  },
  victims: {
    danger: 'no',
    who: 'victim',
    named: 'no',
    happened: 'My case was closed in March and nobody told me.',
  },
};
