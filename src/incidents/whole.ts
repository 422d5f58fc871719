/** An incident as a whole, to hand over: everything in one document, and the same for machines. */
import { dayInWords, momentInWords } from '../web/london.ts';
import type { Paper } from './paper.ts';
import { paperOf, type ReportFrom, reportOf } from './report.ts';
import { exposureInWords, nameOf, stepInWords, upper } from './words.ts';

export type WholeFrom = ReportFrom & { readonly people: ReadonlyMap<string, string> };

/** The report, what was exposed and who was given it, the measures, and the timeline with everybody's words. */
export function wholePaper(from: WholeFrom, now: Date): Paper {
  const report = paperOf(reportOf(from, now));
  return {
    title: `Incident: ${from.incident.title}`,
    lead: [...report.lead, 'The report comes first, then what it is made from.'],
    sections: [
      ...report.sections,
      ...from.reaches.map(({ exposure, known }) => ({
        heading: `What stood open: ${exposureInWords(exposure, from.forms)}`,
        paragraphs: [
          exposure.facts.text,
          ...(known
            ? [
                `${known.cases.length} cases with ${known.files} files were there; ${known.erased} are erased since. Proven by the register.`,
                ...known.given.map(
                  (each) =>
                    `${each.name} was given ${each.opened} cases, ${each.files} files and ${each.listed} summaries, between ${momentInWords(each.first)} and ${momentInWords(each.last)}: ${each.bytes} bytes, sealed.`,
                ),
              ]
            : ['It was outside Letterbox: not knowable here.']),
        ],
      })),
      {
        heading: 'Measures',
        paragraphs:
          from.state.measures.length === 0
            ? ['None is set down.']
            : from.state.measures.map(
                ({ facts, doneBy }) =>
                  `${upper(nameOf(from.people, facts.owner))}, by ${dayInWords(facts.due)}: ${facts.text} ${doneBy ? `Done on ${momentInWords(doneBy.at)}: ${doneBy.facts.text}` : 'Not done yet.'}`,
              ),
      },
      {
        heading: 'What was done, step by step',
        paragraphs: from.steps.map(
          (step) =>
            `${step.n}. ${momentInWords(step.at)}, ${step.by} ${stepInWords(step, from.forms)}.\n${step.facts.text}`,
        ),
      },
    ],
  };
}

/** The same for machines: moments in UTC, people and forms by their ids. */
export function wholeOf({ incident, organisation, state, steps, reaches, all }: WholeFrom, now: Date) {
  return {
    format: 'letterbox-incident/1',
    ...{ organisation, title: incident.title, source: incident.source, made: now },
    ...{
      aware: state.aware,
      regulatorTold: state.regulatorTold,
      peopleTold: state.peopleTold,
      closed: state.closed,
    },
    cases: all.cases,
    readable: all.readable,
    exposures: reaches.map(({ exposure, known }) => ({
      ...{ step: exposure.n, ...exposure.facts },
      known: known && {
        cases: known.cases.map(({ id, receivedAt, erasedAt, arrival, files }) => ({
          ...{ case: id, receivedAt, erasedAt, arrival, files },
        })),
        ...{ given: known.given, alarms: known.seen.alarms, registerEntries: known.seen.entries },
      },
    })),
    steps: steps.map(({ n, at, by, kind, facts }) => ({ n, at, by, kind, facts })),
  };
}
