/**
 * What a definition must keep beyond its shape: ids are unique; routes lead forwards, to a page or an exit page that
 * is there; conditions and rules look at questions asked before and at choices that exist; everything can be reached.
 */
import {
  allQuestions,
  type Choice,
  type Condition,
  type FormDefinition,
  type Page,
  type Question,
} from './form.ts';

/** Ids that pages without questions of their own have. */
const RESERVED = ['check', 'declaration'];

/** The first thing that does not fit together, or null. */
export function inconsistency(form: FormDefinition): string | null {
  const questions = form.pages.flatMap(allQuestions);
  const stages = [...form.pages, ...form.exits].map((each) => each.id);
  return (
    twice(stages, 'a page with the id') ??
    reserved(stages) ??
    twice(questions.map((each) => each.id).flatMap(fieldsOf(form)), 'a question with the id') ??
    first(form.pages, (each) => pageInconsistency(form, each)) ??
    unreachable(form) ??
    first(form.pages, (each) => notApart(form, each)) ??
    first([...form.summary.who, form.summary.about, ...form.summary.lines], (name) =>
      questions.some((each) => each.id === name) ? null : `summary: there is no question ${name}`,
    ) ??
    peopleInconsistency(form, questions) ??
    caseworkInconsistency(form)
  );
}

// Two questions must not share the id of a field either: `letter` with its parts, and `letter-day`.
function fieldsOf(form: FormDefinition): (name: string) => string[] {
  const questions = form.pages.flatMap(allQuestions);
  return (name) => {
    const kind = questions.find((each) => each.id === name)?.kind;
    return kind === 'date' ? [name, `${name}-day`, `${name}-month`, `${name}-year`] : [name];
  };
}

function pageInconsistency(form: FormDefinition, of: Page): string | null {
  const index = form.pages.indexOf(of);
  const at = `page ${of.id}`;
  const before = form.pages.slice(0, index).flatMap(allQuestions);
  const upToHere = [...before, ...allQuestions(of)];
  const later = [...form.pages.slice(index + 1), ...form.exits].map((each) => each.id);
  if (!of.title && of.questions.length !== 1) return `${at}: it asks several things and has no title`;
  return (
    (
      (of.when ? conditionInconsistency(form, of.when, before) : null) ??
      first(of.route ?? [], ({ when, to }) =>
        later.includes(to)
          ? conditionInconsistency(form, when, upToHere)
          : `a route leads to ${to}, which is no later page`,
      ) ??
      first(of.rules ?? [], (each) => {
        const named = 'oneOf' in each ? [...each.oneOf, each.at] : [each.question, each.needs];
        return first(named, (name) =>
          upToHere.some((one) => one.id === name) ? null : `a rule names ${name}`,
        );
      }) ??
      first(allQuestions(of), (each) => {
        if (!('choices' in each)) return null;
        const values = each.choices.map((one) => one.value);
        const deeper = each.choices
          .flatMap((one) => one.questions ?? [])
          .some((one) => 'choices' in one && hasMore(one));
        return deeper
          ? `question ${each.id} asks more than one deep`
          : twice(values, `a choice of ${each.id}`);
      })
    )?.replace(/^/, `${at}: `) ?? null
  );
}

const hasMore = (each: { choices: readonly Choice[] }) => each.choices.some((one) => one.questions);

function conditionInconsistency(
  form: FormDefinition,
  of: Condition,
  known: readonly Question[],
): string | null {
  if ('any' in of) return first(of.any, (each) => conditionInconsistency(form, each, known));
  if ('all' in of) return first(of.all, (each) => conditionInconsistency(form, each, known));
  const about = known.find((each) => each.id === of.question);
  if (!about) return `a condition looks at ${of.question}, which was not asked before`;
  if ('olderThan' in of) {
    if (about.kind !== 'date') return `${of.question} is not a date`;
    const unit = form.periods[of.olderThan]?.unit;
    return unit && unit !== 'working days' ? null : `${of.olderThan} is not a period of days or weeks`;
  }
  if ('given' in of) return null;
  if (!('choices' in about)) return `${of.question} has no choices`;
  const values = about.choices.map((each) => each.value);
  return first(of.is, (value) => (values.includes(value) ? null : `${of.question} has no choice ${value}`));
}

// The case must read the same without the equality answers: none is required, and none decides what else is asked.
function notApart(form: FormDefinition, of: Page): string | null {
  const isApart = (name: string) =>
    form.pages.flatMap(allQuestions).some((each) => each.id === name && each.apart);
  const questions = allQuestions(of);
  const required = questions.find((each) => each.apart && each.required);
  if (required) return `question ${required.id} is kept apart and cannot be required`;
  const whole = questions.every((each) => each.apart);
  if (!whole && questions.some((each) => each.apart))
    return `page ${of.id} asks what is kept apart beside what is not`;
  const decides = [of.when ?? [], (of.route ?? []).map((each) => each.when)].flat().flatMap(namedIn);
  return !whole && decides.some(isApart) ? `page ${of.id} depends on a question that is kept apart` : null;
}

function namedIn(of: Condition): string[] {
  if ('any' in of) return of.any.flatMap(namedIn);
  return 'all' in of ? of.all.flatMap(namedIn) : [of.question];
}

// Routes are conditional, so a page that none of them names is reached from the one before it; an exit page is not.
function unreachable(form: FormDefinition): string | null {
  const targets = form.pages.flatMap((each) => each.route ?? []).map((each) => each.to);
  const missed = form.exits.find((each) => !targets.includes(each.id));
  return missed ? `page ${missed.id}: nothing leads there` : null;
}

// What is asked about the people of a case looks at the case: the equality answers are not in it.
function peopleInconsistency(
  { people = {}, ...form }: FormDefinition,
  all: readonly Question[],
): string | null {
  const inCase = all.filter((each) => !each.apart);
  const wrong =
    first([people.victims ?? [], people.children ?? []].flat(), (each) =>
      conditionInconsistency(form, each, inCase),
    ) ??
    first(people.reach === undefined ? [] : [people.reach], (name) =>
      inCase.some(({ id, kind }) => id === name && kind === 'radios') ? null : `there is no choice ${name}`,
    );
  return wrong && `people: ${wrong}`;
}

function caseworkInconsistency({ casework: of, periods }: FormDefinition): string | null {
  const states = of.states.map((each) => each.id);
  return (
    twice(states, 'a state') ??
    first(of.clocks, (clock) => {
      const state = [clock.from, ...clock.until].find((each) => !states.includes(each));
      if (state) return `clock ${clock.id}: there is no state ${state}`;
      return periods[clock.period] ? null : `clock ${clock.id}: there is no period ${clock.period}`;
    })
  );
}

function reserved(stages: readonly string[]): string | null {
  const taken = RESERVED.find((name) => stages.includes(name));
  return taken ? `no page may be called ${taken}` : null;
}

function twice(names: readonly string[], what: string): string | null {
  const again = names.find((name, index) => names.indexOf(name) !== index);
  return again === undefined ? null : `there is more than one: ${what} ${again}`;
}

function first<Item>(items: readonly Item[], object: (item: Item) => string | null): string | null {
  for (const item of items) {
    const objection = object(item);
    if (objection) return objection;
  }
  return null;
}
