/** The regulator's self-assessment: more harm never asks for less, and what nobody can read asks for nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adviceInWords, adviceOf, type SelfAssessed } from './self-assessment.ts';

const LIKELY = ['unlikely', 'possible', 'probable'] as const;
const GRAVE = ['minor', 'considerable', 'grave'] as const;
const RISKS = ['none', 'unlikely', 'risk', 'high'];
const yesOrNo = fc.constantFrom('yes', 'no');
const answers: fc.Arbitrary<SelfAssessed> = fc.record({
  ...{ breach: yesOrNo, readable: yesOrNo, recovered: yesOrNo },
  ...{ likely: fc.constantFrom(...LIKELY), grave: fc.constantFrom(...GRAVE) },
});
const weightOf = (of: SelfAssessed) => RISKS.indexOf(adviceOf(of).risk);

test('more likely or graver harm never asks for less', () => {
  fc.assert(
    fc.property(answers, (of) => {
      const likelier = LIKELY[LIKELY.indexOf(of.likely) + 1] ?? of.likely;
      const graver = GRAVE[GRAVE.indexOf(of.grave) + 1] ?? of.grave;
      return (
        weightOf({ ...of, likely: likelier }) >= weightOf(of) &&
        weightOf({ ...of, grave: graver }) >= weightOf(of)
      );
    }),
  );
});

test('whoever tells the people tells the regulator, and says why in a sentence', () => {
  fc.assert(
    fc.property(answers, (of) => {
      const advice = adviceOf(of);
      expect(adviceInWords(advice)).toMatch(/\.$/);
      return !advice.people || advice.regulator;
    }),
  );
});

test.each([
  [{}, 'high'],
  [{ readable: 'no' }, 'unlikely'],
  [{ recovered: 'yes' }, 'unlikely'],
  [{ breach: 'no' }, 'none'],
  [{ likely: 'unlikely', grave: 'minor' }, 'unlikely'],
  [{ likely: 'unlikely', grave: 'grave' }, 'risk'],
  [{ likely: 'possible', grave: 'minor' }, 'risk'],
] as const)('the incident as it was, but for %j, is: %s', (more, risk) => {
  const asItWas: SelfAssessed = {
    ...{ breach: 'yes', readable: 'yes', recovered: 'no', likely: 'possible', grave: 'grave' },
    ...more,
  };
  expect(adviceOf(asItWas).risk).toBe(risk);
});
