import { describe, expect, test } from 'vitest';
import { DefinitionError, parseDefinition } from './definition.ts';
import { shipped, shippedJson } from './shipped.testing.ts';

type Json = { [key: string]: Json } & Json[];

/** The review's JSON after one change to it. */
function changed(change: (json: Json) => void): unknown {
  const json = structuredClone(shippedJson('review'));
  change(json as Json);
  return json;
}

test.each(['review', 'victims'] as const)('%s parses whole', (name) => {
  const form = shipped(name);
  expect(form.id).toBe(name);
  expect(JSON.stringify(form)).not.toMatch(/[{]\w+[}]/);
});

test('periods and the organisation stand in its texts', () => {
  expect(shipped('review').start.body[2]).toContain('within 28 days. The 28 days start');
  expect(shipped('victims').next[0]).toContain('within 5 working days');
  expect(shipped('review').start.body[0]).toContain('Exampleshire Office for Policing will look at');
});

test('a parsed definition survives the way to the browser', () => {
  expect(JSON.parse(JSON.stringify(shipped('review')))).toEqual(shipped('review'));
});

describe('is refused, saying where', () => {
  const page = (json: Json, id: string) => json.pages?.find((each) => (each.id as unknown) === id) as Json;
  const cases: [string, unknown, string][] = [
    ['an unknown key', changed((json) => Object.assign(json, { readers: '*' })), 'Unrecognized key'],
    [
      'an unknown key of a question',
      changed((json) => Object.assign(json.pages?.[0]?.questions?.[0] ?? {}, { public: true })),
      'pages[0].questions[0]',
    ],
    ['a missing title', changed((json) => delete json.title), 'title'],
    [
      'an unknown kind',
      changed((json) => Object.assign(json.pages?.[0]?.questions?.[0] ?? {}, { kind: 'html' })),
      'pages[0].questions[0]',
    ],
    ['a page twice', changed((json) => json.pages?.push(json.pages[2] as Json)), 'more than one'],
    ['a reserved page', changed((json) => Object.assign(page(json, 'force'), { id: 'check' })), 'check'],
    [
      'a question twice',
      changed((json) => Object.assign(page(json, 'force').questions?.[0] ?? {}, { id: 'reference' })),
      'reference',
    ],
    [
      'a field twice',
      changed((json) => Object.assign(page(json, 'force').questions?.[0] ?? {}, { id: 'letter-date-day' })),
      'letter-date-day',
    ],
    [
      'a route to nowhere',
      changed((json) =>
        Object.assign(page(json, 'force'), {
          route: [{ when: { question: 'force', given: true }, to: 'nowhere' }],
        }),
      ),
      'nowhere',
    ],
    [
      'a route backwards',
      changed((json) =>
        Object.assign(page(json, 'force'), {
          route: [{ when: { question: 'force', given: true }, to: 'name' }],
        }),
      ),
      'page force',
    ],
    [
      'a condition on a later question',
      changed((json) => Object.assign(page(json, 'name'), { when: { question: 'force', given: true } })),
      'page name',
    ],
    [
      'a condition on no choice',
      changed((json) =>
        Object.assign(page(json, 'other-person'), { when: { question: 'acting', is: ['perhaps'] } }),
      ),
      'perhaps',
    ],
    ['a period that is not there', changed((json) => delete json.periods?.review), '{review}'],
    [
      'an exit page nothing leads to',
      changed((json) => delete page(json, 'dealt-with').route),
      'not-finished',
    ],
    [
      'equality answers that are required',
      changed((json) => Object.assign(page(json, 'equality').questions?.[0] ?? {}, { required: true })),
      'apart',
    ],
    [
      'a case that depends on equality answers',
      changed((json) =>
        Object.assign(page(json, 'sharing'), { when: { question: 'equality', is: ['yes'] } }),
      ),
      'apart',
    ],
    [
      'a summary of nothing',
      changed((json) => Object.assign(json.summary ?? {}, { about: 'nothing' })),
      'nothing',
    ],
    [
      'a clock of no period',
      changed((json) => Object.assign(json.casework?.clocks?.[0] ?? {}, { period: 'soon' })),
      'soon',
    ],
    [
      'a script for a link',
      changed((json) =>
        Object.assign(json.exits?.[1]?.body?.[2]?.link ?? {}, { href: 'javascript:alert(1)' }),
      ),
      'exits[1]',
    ],
    ['no JSON object', 'form', ''],
    ['nothing', null, ''],
  ];
  test.each(cases)('%s', (_, json, where) => {
    expect(() => parseDefinition(json)).toThrow(DefinitionError);
    expect(() => parseDefinition(json)).toThrow(where);
  });
});
