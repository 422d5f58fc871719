/** One answer: its shapes, and how people read it back. */
import { realDay, spelt } from './day.ts';
import type { Answer, FileAnswer, Question } from './form.ts';

/** The parts of a question that has several fields; each field's name and id is `question-part`. */
export const parts = {
  date: ['day', 'month', 'year'],
  name: ['title', 'first', 'last'],
  address: ['line1', 'line2', 'town', 'county', 'postcode'],
} as const;

/** The parts of a question of this kind, or null where it has one field only. */
export function partsOf(question: Question): readonly string[] | null {
  const { kind } = question;
  return kind === 'date' || kind === 'name' || kind === 'address' ? parts[kind] : null;
}

export function textAnswer(answer: Answer | undefined): string {
  return typeof answer === 'string' ? answer : '';
}

export function listAnswer(answer: Answer | undefined): readonly string[] {
  return Array.isArray(answer) ? answer.filter((item) => typeof item === 'string') : [];
}

export function partsAnswer(answer: Answer | undefined): Readonly<Record<string, string>> {
  return isParts(answer) ? answer : {};
}

export function fileAnswer(answer: Answer | undefined): readonly FileAnswer[] {
  return Array.isArray(answer) ? answer.filter(isFile) : [];
}

/** Whether anything was answered at all. */
export function isGiven(answer: Answer | undefined): boolean {
  if (answer === undefined) return false;
  if (typeof answer === 'string') return answer !== '';
  return (Array.isArray(answer) ? answer : Object.values(answer)).some((item) => item !== '');
}

/** An answer as people read it, its lines parted by `\n`; empty when nothing was answered. */
export function shown(question: Question, answer: Answer | undefined): string {
  switch (question.kind) {
    case 'radios':
    case 'checkboxes':
      return question.choices
        .filter(({ value }) => textAnswer(answer) === value || listAnswer(answer).includes(value))
        .map(({ label }) => label)
        .join('\n');
    case 'date': {
      const typed = partsAnswer(answer);
      const day = realDay(typed);
      return day
        ? spelt(day)
        : parts.date
            .map((part) => typed[part] ?? '')
            .join(' ')
            .trim();
    }
    case 'name':
    case 'address': {
      const given = parts[question.kind].map((part) => partsAnswer(answer)[part] ?? '').filter(Boolean);
      return given.join(question.kind === 'name' ? ' ' : '\n');
    }
    case 'files':
      return fileAnswer(answer)
        .map(({ name }) => name)
        .join('\n');
    default:
      return textAnswer(answer);
  }
}

export function isParts(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((part) => typeof part === 'string');
}

export function isFile(value: unknown): value is FileAnswer {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 4) return false;
  const { id, name, type, size }: Partial<Record<keyof FileAnswer, unknown>> = value;
  const texts = [id, name, type].every((text) => typeof text === 'string' && text.length <= 255);
  return texts && Number.isSafeInteger(size) && Number(size) >= 0;
}
