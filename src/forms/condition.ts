/** Whether a condition of a form holds. */
import { isGiven, listAnswer, partsAnswer, textAnswer } from './answers.ts';
import { type Day, daysAfter, realDay } from './day.ts';
import type { Answers, Condition, FormDefinition } from './form.ts';

/** Whether it holds for these answers, of the path alone. */
export function conditionHolds(
  form: FormDefinition,
  condition: Condition,
  reached: Answers,
  today: Day,
): boolean {
  if ('any' in condition) return condition.any.some((each) => conditionHolds(form, each, reached, today));
  if ('all' in condition) return condition.all.every((each) => conditionHolds(form, each, reached, today));
  const answer = reached[condition.question];
  if ('given' in condition) return isGiven(answer) === condition.given;
  if ('is' in condition)
    return [textAnswer(answer), ...listAnswer(answer)].some((one) => condition.is.includes(one));
  const day = realDay(partsAnswer(answer));
  const period = form.periods[condition.olderThan];
  if (!day || !period) return false;
  return daysAfter(day, period.count * (period.unit === 'weeks' ? 7 : 1)) < today;
}
