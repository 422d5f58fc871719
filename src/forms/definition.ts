/**
 * Parses a form definition from JSON, completely: unknown keys are refused, periods named in a text (`within
 * {review}`) are filled in, and what comes out has every promise that `form.ts` relies on (see `consistency.ts`).
 */
import { z } from 'zod';
import { formId } from '../sealing/place.ts';
import { inconsistency } from './consistency.ts';
import {
  type Block,
  type Choice,
  type Condition,
  type FormDefinition,
  type Page,
  type PageRule,
  periodText,
  type Question,
} from './form.ts';

/** A definition that cannot be used; the message says where, as in `pages.3.questions.0.max: …`. */
export class DefinitionError extends Error {
  override name = 'DefinitionError';
}

/**
 * @param json the definition as it was published
 * @param organisation the name that texts put for `{organisation}`
 * @throws DefinitionError naming the first thing that is wrong, and where
 */
export function parseDefinition(json: unknown, organisation = 'the organisation'): FormDefinition {
  const periods = z.object({ periods: periodsShape }).safeParse(json);
  const words = new Map(
    Object.entries(periods.data?.periods ?? {}).map(([name, each]) => [name, periodText(each)]),
  );
  words.set('organisation', organisation);
  const read = shape.safeParse(fillIn(json, words, []));
  if (!read.success)
    throw new DefinitionError(z.core.toDotPath(read.error.issues[0]?.path ?? []) + why(read.error));
  const objection = inconsistency(read.data);
  if (objection) throw new DefinitionError(objection);
  return read.data;
}

function why(error: z.ZodError): string {
  return `: ${error.issues[0]?.message ?? 'not a form definition'}`;
}

/** Puts the words for `{name}` into every text. */
function fillIn(value: unknown, words: ReadonlyMap<string, string>, at: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => fillIn(item, words, [...at, String(index)]));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fillIn(item, words, [...at, key])]),
    );
  }
  if (typeof value !== 'string') return value;
  return value.replaceAll(/\{([^}]*)\}/g, (_, name: string) => {
    const word = words.get(name);
    if (word === undefined) throw new DefinitionError(`${at.join('.')}: there is no period {${name}}`);
    return word;
  });
}

const id = z.string().regex(/^[a-z][a-z0-9-]{0,59}$/, 'an id is lower-case letters, figures and dashes');
const text = z.string().min(1).max(2000);
const short = z.string().min(1).max(300);
const texts = z.array(short).readonly();

const periodsShape = z.record(
  id,
  z.strictObject({ count: z.int().min(1).max(1000), unit: z.enum(['days', 'working days', 'weeks']) }),
);

const block: z.ZodType<Block> = z.union([
  text,
  z.strictObject({ heading: short }),
  z.strictObject({ list: texts }),
  z.strictObject({ inset: text }),
  z.strictObject({ warning: text }),
  z.strictObject({
    link: z.strictObject({ text: short, href: z.string().regex(/^(https:\/\/|tel:|mailto:)\S+$/) }),
  }),
]);
const blocks = z.array(block).readonly();

const condition: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ question: id, is: z.array(id).min(1).readonly() }),
    z.strictObject({ question: id, olderThan: id }),
    z.strictObject({ question: id, given: z.boolean() }),
    z.strictObject({ any: z.array(condition).min(1).readonly() }),
    z.strictObject({ all: z.array(condition).min(1).readonly() }),
  ]),
);

const rule: z.ZodType<PageRule> = z.union([
  z.strictObject({ oneOf: z.array(id).min(1).readonly(), at: id, message: short }),
  z.strictObject({ question: id, is: id, needs: id, message: short }),
]);

const asking = {
  id,
  label: short,
  short,
  noun: short,
  hint: text.exactOptional(),
  required: z.boolean(),
  apart: z.boolean().exactOptional(),
  missing: short.exactOptional(),
};
const autocomplete = z
  .string()
  .regex(/^[a-z0-9-]+$/)
  .exactOptional();
const max = z.int().min(1).max(10_000);

const choice: z.ZodType<Choice> = z.lazy(() =>
  z.strictObject({
    value: id,
    label: short,
    hint: text.exactOptional(),
    exclusive: z.boolean().exactOptional(),
    questions: z.array(question).min(1).readonly().exactOptional(),
  }),
);

const question: z.ZodType<Question> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({ ...asking, kind: z.literal('text'), max, width: z.int().exactOptional(), autocomplete }),
    z.strictObject({ ...asking, kind: z.literal('longtext'), max, rows: z.int().min(2).max(30) }),
    z.strictObject({ ...asking, kind: z.enum(['email', 'uk-phone', 'uk-postcode']), autocomplete }),
    z.strictObject({
      ...asking,
      kind: z.literal('date'),
      past: z.boolean(),
      notBefore: z.iso.date().exactOptional(),
    }),
    z.strictObject({
      ...asking,
      kind: z.enum(['radios', 'checkboxes']),
      choices: z.array(choice).min(1).readonly(),
      inline: z.boolean().exactOptional(),
    }),
    z.strictObject({ ...asking, kind: z.enum(['name', 'address']), whose: z.enum(['your', 'their']) }),
    z.strictObject({ ...asking, kind: z.literal('files') }),
  ]),
);

const page: z.ZodType<Page> = z.strictObject({
  id,
  section: short,
  title: short.exactOptional(),
  lead: blocks.exactOptional(),
  when: condition.exactOptional(),
  questions: z.array(question).min(1).readonly(),
  rules: z.array(rule).readonly().exactOptional(),
  route: z
    .array(z.strictObject({ when: condition, to: id }))
    .readonly()
    .exactOptional(),
});

const named = { id, label: short };

const casework = z.strictObject({
  states: z.array(z.strictObject({ ...named, final: z.boolean().exactOptional() })).min(1),
  outcomes: z.array(z.strictObject(named)),
  clocks: z.array(
    z.strictObject({
      ...named,
      from: id,
      until: z.array(id).min(1),
      period: id,
      again: z.boolean().exactOptional(),
    }),
  ),
  test: text.exactOptional(),
});

const shape: z.ZodType<FormDefinition> = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .transform(formId),
  version: z.int().min(1),
  title: short,
  purposes: z.array(short).min(1).readonly(),
  alarms: z.boolean().exactOptional(),
  exitThisPage: z.boolean(),
  periods: periodsShape,
  start: z.strictObject({ lead: text, body: blocks, button: short }),
  pages: z.array(page).min(1).readonly(),
  exits: z.array(z.strictObject({ id, title: short, body: blocks })).readonly(),
  files: z.strictObject({
    most: z.int().min(1).max(10),
    largestMegabytes: z.int().min(1).max(20),
    types: z
      .array(z.strictObject({ label: short, endings: z.array(z.string().regex(/^\.[a-z0-9]+$/)).min(1) }))
      .readonly(),
  }),
  declaration: z.strictObject({ body: blocks, agree: short, button: short }),
  next: blocks,
  summary: z.strictObject({ who: z.array(id), nameless: short, about: id, lines: z.array(id) }),
  casework,
  people: z
    .strictObject({
      victims: condition.exactOptional(),
      children: condition.exactOptional(),
      reach: id.exactOptional(),
    })
    .exactOptional(),
});
