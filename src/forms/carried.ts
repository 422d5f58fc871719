/** What travels in the pages of somebody without JavaScript, in one hidden field: nothing of it stays on the server. */
import { z } from 'zod';
import type { Answers, FormDefinition } from './form.ts';
import { filesIn } from './form.ts';
import { parseAnswers } from './reading.ts';
import { withFileIds } from './sending.ts';

export type Carried = {
  /** The version of the form that was filled in so far. */
  readonly version: number;
  /** What `startCase` gave; null before the first step. */
  readonly carry: string | null;
  readonly answers: Answers;
  /** The pages that were seen and continued from. */
  readonly seen: readonly string[];
  /** The references of the files that were kept, by the files' ids. */
  readonly references: Readonly<Record<string, string>>;
  /** Whether the page was reached by a Change link, so that going back leads to *check your answers*. */
  readonly changing: boolean;
};

/** More than any form asks, less than would burden the server. */
export const largestCarried = 1024 * 1024;

const shape = z.strictObject({
  version: z.int().min(1),
  carry: z.string().max(4096).nullable(),
  answers: z.record(z.string(), z.unknown()),
  seen: z.array(z.string().max(60)).max(500),
  references: z.record(z.string().max(60), z.string().max(1000)),
  changing: z.boolean(),
});

export function nothingYet(form: FormDefinition): Carried {
  return { version: form.version, carry: null, answers: {}, seen: [], references: {}, changing: false };
}

export function writeCarried(carried: Carried): string {
  return JSON.stringify(carried);
}

/** What a page brought back; null for what no page of ours wrote. Answers to questions the form does not have go. */
export function readCarried(form: FormDefinition, text: string): Carried | null {
  if (text.length > largestCarried) return null;
  const read = shape.safeParse(jsonIn(text));
  if (!read.success) return null;
  const answers = parseAnswers(form, read.data.answers);
  // A file without its reference could not be found again.
  const known = new Map(Object.keys(read.data.references).map((id) => [id, id]));
  return { ...read.data, answers: withFileIds(answers, known) };
}

/** What is carried on when the form has changed: all that was typed, but no file, for files were sealed to the old one. */
export function carriedOver(form: FormDefinition, old: Carried): Carried {
  const files = new Set(filesIn(form, old.answers).map((file) => file.question));
  const answers = Object.fromEntries(
    Object.entries(old.answers).filter(([question]) => !files.has(question)),
  );
  return { ...nothingYet(form), answers, seen: old.seen };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
