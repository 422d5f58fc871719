/** The report to the regulator, and documents: what they say, what is marked as missing, and that they can be read. */
import fc from 'fast-check';
import { extractText, getDocumentProxy } from 'unpdf';
import { describe, expect, test } from 'vitest';
import { exposedInAll, reachOf } from './exposure.ts';
import { SECTIONS, type State, type Step, stateOf, type Taken } from './incidents.ts';
import { printed } from './paper.ts';
import { gapsIn, paperOf, type ReportFrom, reportOf } from './report.ts';
import {
  AVAILABILITY,
  CONFIDENTIALITY,
  CONTEXT,
  IDENTIFICATION,
  INTEGRITY,
  INTENT,
  LEVELS,
  type SeverityFacts,
  severityOf,
} from './severity.ts';
import { wholePaper } from './whole.ts';

const AWARE = new Date('2026-11-02T10:00:00Z');
const NOW = new Date('2026-11-03T10:00:00Z');
const text = 'As it was';
const at = (hours: number) => new Date(AWARE.getTime() + hours * 3_600_000);
const exposed: Taken = {
  kind: 'exposed',
  facts: {
    text,
    form: 'review',
    colleague: null,
    how: 'readable',
    since: at(-2400).toISOString(),
    until: at(0).toISOString(),
  },
};
const counted: Taken = {
  kind: 'counted',
  facts: {
    text,
    people: 390,
    records: 394,
    kinds: 'names, what they wrote',
    victims: 12,
    children: null,
    known: 'opened',
  },
};

function from(...taken: readonly Taken[]): ReportFrom {
  const steps = [
    { kind: 'opened', facts: { text: 'One permission was set to everybody.' } } as const,
    ...taken,
  ].map((each, n): Step => ({ ...each, n: n + 1, at: at(n), by: 'Grace' }));
  const state: State = stateOf({ awareAt: AWARE }, steps);
  const cases = Array.from({ length: 394 }, (_, n) => ({
    id: `case-${n}`,
    receivedAt: at(-n),
    erasedAt: null,
    arrival: 'browser' as const,
    files: 1,
  }));
  const given = [
    {
      person: 'p',
      name: 'Carys',
      first: at(-9),
      last: at(-1),
      opened: 7,
      files: 2,
      listed: 20,
      bytes: 5000,
      unmeasured: 0,
    },
  ];
  const reaches = state.exposures.map((each) =>
    reachOf(each, cases, given, { alarms: [], asked: 0, entries: 900 }),
  );
  return {
    ...{
      organisation: 'Exampleshire',
      officers: [{ name: 'Grace', email: 'grace@example.org' }],
      steps,
      state,
      reaches,
    },
    ...{
      incident: { title: 'Open form', source: 'public' },
      all: exposedInAll(reaches),
      forms: new Map([['review', 'Ask for a review']]),
    },
  };
}
const said = (of: ReportFrom, now = NOW) =>
  reportOf(of, now)
    .parts.flatMap(({ title, says, gaps }) => [title, ...says, ...gaps])
    .join('\n');

describe('the report', () => {
  test('marks what nobody knows yet, and is complete once everything was said', () => {
    const bare = reportOf(from(), NOW);
    expect(bare.parts.filter(({ gaps }) => gaps.length > 0).map(({ title }) => title)).toEqual([
      'What happened, and how',
      'When it happened, and when you found out',
      'How many people and records',
      'What data, and whether it could be read',
      'What may come of it for the people affected',
      'What was in place before to prevent it',
      'Which staff were involved, and when they were last trained in data protection',
      'What was done about it, and will be',
      'Whether the people affected were told',
      'Which other bodies were told, or will be',
    ]);
    const written = SECTIONS.map((section): Taken => ({ kind: 'reported', facts: { text, section } }));
    const whole = from(exposed, counted, ...written, { kind: 'people', facts: { text, decision: 'tell' } });
    expect(gapsIn(reportOf(whole, NOW))).toBe(0);
  });

  test('has the numbers of the register and of the count, and says how each is known', () => {
    const words = said(from(exposed, counted));
    expect(words).toContain('390 people, 394 records.');
    expect(words).toContain('Among them: 12 victims.');
    expect(words).toContain('394 cases were in what stood open; 394 of them could be read');
    expect(words).toContain('each person was counted once');
    expect(words).toContain('1 of our own people with access were given 7 cases, 2 files and 20 summaries');
    expect(words).not.toContain('Carys');
    expect(words).not.toContain('unintelligible');
  });

  test('says that what came out was unintelligible only where all of it was', () => {
    const sealed: Taken = { ...exposed, facts: { ...exposed.facts, how: 'sealed' } };
    expect(said(from(sealed))).toContain('unintelligible');
    expect(said(from(sealed, exposed))).not.toContain('unintelligible');
  });

  test('asks for reasons only when it is late, is a supplement once the first was made, and names its law', () => {
    expect(said(from())).not.toContain('within 72 hours');
    expect(said(from(), at(73))).toContain('Why the regulator was not told within 72 hours');
    const told: Taken = { kind: 'regulator-told', facts: { text, moment: at(70).toISOString() } };
    const more: Taken = {
      kind: 'supplemented',
      facts: { text: 'The number rose', moment: at(200).toISOString() },
    };
    const words = said(from(told, more), at(300));
    expect(words).toContain('a supplement to one already made');
    expect(words).toMatch(/Supplement of .*: The number rose/);
    expect(words, 'a supplement makes nothing late').not.toContain('within 72 hours');
    const assessed: Taken = { kind: 'assessed', facts: { text, risk: 'high', regime: 'law-enforcement' } };
    expect(said(from(assessed))).toContain('Data Protection Act 2018, section 67');
  });

  test('a later word replaces an earlier one, and what was taken back is gone', () => {
    const what = (words: string): Taken => ({ kind: 'reported', facts: { text: words, section: 'what' } });
    const words = said(
      from(what('First'), what('Second'), exposed, { kind: 'exposed-not', facts: { text, exposure: 4 } }),
    );
    expect(words).toContain('Second');
    expect(words).not.toContain('First\n');
    expect(words).toContain('Nobody has said yet what stood open');
  });
});

describe('severity', () => {
  const facts: fc.Arbitrary<SeverityFacts> = fc.record({
    context: fc.constantFrom(...keys(CONTEXT)),
    identification: fc.constantFrom(...keys(IDENTIFICATION)),
    confidentiality: fc.constantFrom(...keys(CONFIDENTIALITY)),
    integrity: fc.constantFrom(...keys(INTEGRITY)),
    availability: fc.constantFrom(...keys(AVAILABILITY)),
    intent: fc.constantFrom(...keys(INTENT)),
  });
  function keys<K extends string>(of: Readonly<Record<K, unknown>>): K[] {
    const isKey = (name: string): name is K => Object.hasOwn(of, name);
    return Object.keys(of).filter(isKey);
  }

  test('the steps of the method', () => {
    const none = {
      confidentiality: 'none',
      integrity: 'none',
      availability: 'none',
      intent: 'mistake',
    } as const;
    const of = (more: Partial<SeverityFacts>) =>
      severityOf({ context: 'simple', identification: 'maximum', ...none, ...more });
    expect(of({})).toEqual({ score: 1, level: 'low' });
    expect(of({ context: 'behavioural' })).toEqual({ score: 2, level: 'medium' });
    expect(of({ context: 'financial' })).toEqual({ score: 3, level: 'high' });
    expect(of({ context: 'sensitive' })).toEqual({ score: 4, level: 'very high' });
    expect(
      of({
        context: 'sensitive',
        identification: 'limited',
        confidentiality: 'unknown',
        intent: 'malicious',
      }),
    ).toEqual({
      score: 3,
      level: 'high',
    });
  });

  test('law: nothing that gets worse makes it less severe', () => {
    const order = {
      context: keys(CONTEXT),
      identification: keys(IDENTIFICATION),
      confidentiality: keys(CONFIDENTIALITY),
    };
    fc.assert(
      fc.property(facts, (of) => {
        const { score, level } = severityOf(of);
        for (const [name, values] of Object.entries(order)) {
          const worse = values.slice(
            values.findIndex((each) => each === Object.entries(of).find(([key]) => key === name)?.[1]),
          );
          for (const value of worse)
            expect(severityOf({ ...of, [name]: value }).score).toBeGreaterThanOrEqual(score);
        }
        expect(LEVELS.indexOf(level)).toBe(Math.max(0, Math.min(3, Math.floor(score) - 1)));
      }),
    );
  });
});

describe('documents', () => {
  test('a report is real text under tagged headings, titled, in its language, on numbered pages', async () => {
    const paper = paperOf(
      reportOf(
        from(
          exposed,
          counted,
          ...SECTIONS.map(
            (section): Taken => ({
              kind: 'reported',
              facts: { text: `${'Zoë علي 한 — “quoted”. '.repeat(60)}`, section },
            }),
          ),
        ),
        NOW,
      ),
    );
    const pdf = await getDocumentProxy(new Uint8Array(await printed(paper)));
    const { text: pages } = await extractText(pdf, { mergePages: false });
    expect(pages.length).toBeGreaterThan(2);
    expect(pages[0]).toContain('Report of a personal data breach');
    expect(pages.join(' ')).toContain('390 people, 394 records.');
    for (const [n, page] of pages.entries()) expect(page).toContain(`Page ${n + 1} of ${pages.length}`);
    expect(await pdf.getMarkInfo()).toMatchObject({ Marked: true });
    const metadata = await pdf.getMetadata();
    expect(metadata.info).toMatchObject({ Title: 'Report of a personal data breach', Language: 'en-GB' });
    const roles = JSON.stringify(await (await pdf.getPage(1)).getStructTree());
    expect(roles).toMatch(/"role":"H1".*"role":"H2".*"role":"P"/);
  });

  test('the whole of it has everybody’s steps with their words', async () => {
    const paper = wholePaper({ ...from(exposed, counted), people: new Map() }, NOW);
    const words = paper.sections.flatMap(({ heading, paragraphs }) => [heading, ...paragraphs]).join('\n');
    expect(words).toContain('One permission was set to everybody.');
    expect(words).toContain('Carys was given 7 cases, 2 files and 20 summaries');
    expect((await printed(paper)).subarray(0, 5).toString()).toBe('%PDF-');
  });
});
