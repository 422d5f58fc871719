/**
 * How severe a breach is: the method of the European Union Agency for Network and Information Security (ENISA, Recommendations
 * for a methodology of the assessment of severity of personal data breaches, 2013). Severity = context × ease of identification
 * + circumstances. Below 2 low, from 2 medium, from 3 high, from 4 very high.
 *
 * The method is a help to think: who decides writes down why, and may decide otherwise.
 */
import { z } from 'zod';

export type Scored = { readonly text: string; readonly score: number };
type Question = {
  readonly legend: string;
  readonly hint: string;
  readonly choices: Readonly<Record<string, Scored>>;
};

export const CONTEXT = {
  simple: { text: 'Simple: names, contact details, what somebody does', score: 1 },
  behavioural: { text: 'Behavioural: where somebody was, what they like, how they live', score: 2 },
  financial: { text: 'Financial: income, accounts, debts', score: 3 },
  sensitive: { text: 'Sensitive: health, crime, police, sexual life, belief, children', score: 4 },
} as const;
export const IDENTIFICATION = {
  negligible: { text: 'Negligible: it would take great effort', score: 0.25 },
  limited: { text: 'Limited: by putting it together with other sources', score: 0.5 },
  significant: { text: 'Significant: by a name or a contact detail', score: 0.75 },
  maximum: { text: 'Certain: by a name with an address, or an account', score: 1 },
} as const;
export const CONFIDENTIALITY = {
  none: { text: 'Nobody could read it', score: 0 },
  known: { text: 'Known people could read it', score: 0.25 },
  unknown: { text: 'Nobody knows how many could read it: it was open, or went astray', score: 0.5 },
} as const;
export const INTEGRITY = {
  none: { text: 'Nothing was changed', score: 0 },
  mendable: { text: 'Something was changed, and can be put right', score: 0.25 },
  lost: { text: 'Something was changed, and cannot be put right', score: 0.5 },
} as const;
export const AVAILABILITY = {
  none: { text: 'Nothing was lost', score: 0 },
  while: { text: 'Something could not be had for a while', score: 0.25 },
  lost: { text: 'Something is lost for good', score: 0.5 },
} as const;
export const INTENT = {
  mistake: { text: 'No: a mistake, or a fault', score: 0 },
  malicious: { text: 'Yes: somebody meant harm, or meant to take it', score: 0.5 },
} as const;

/** The questions in their order. */
export const SEVERITY_QUESTIONS = {
  context: {
    legend: 'What is the most telling thing that was exposed?',
    hint: 'Choose a higher one where how it was told makes it worse.',
    choices: CONTEXT,
  },
  identification: {
    legend: 'How easily can somebody tell who a person is?',
    hint: 'By whoever may have it now.',
    choices: IDENTIFICATION,
  },
  confidentiality: {
    legend: 'Who could read it?',
    hint: 'Sealed without the key counts as nobody.',
    choices: CONFIDENTIALITY,
  },
  integrity: {
    legend: 'Was anything changed?',
    hint: 'In what people had sent, or in their cases.',
    choices: INTEGRITY,
  },
  availability: {
    legend: 'Was anything lost?',
    hint: 'For the people, or for your work on their cases.',
    choices: AVAILABILITY,
  },
  intent: { legend: 'Did somebody mean to?', hint: 'Choose no where you do not know.', choices: INTENT },
} as const satisfies Readonly<Record<string, Question>>;

const oneOf = <K extends string>(choices: Readonly<Record<K, Scored>>) =>
  z.custom<K>((value) => typeof value === 'string' && Object.hasOwn(choices, value));
export const severityShape = {
  context: oneOf(CONTEXT),
  identification: oneOf(IDENTIFICATION),
  confidentiality: oneOf(CONFIDENTIALITY),
  integrity: oneOf(INTEGRITY),
  availability: oneOf(AVAILABILITY),
  intent: oneOf(INTENT),
};
const facts = z.object(severityShape);
export type SeverityFacts = z.output<typeof facts>;

export const LEVELS = ['low', 'medium', 'high', 'very high'] as const;
export type Severity = { readonly score: number; readonly level: (typeof LEVELS)[number] };

export function severityOf(of: SeverityFacts): Severity {
  const circumstances =
    CONFIDENTIALITY[of.confidentiality].score +
    INTEGRITY[of.integrity].score +
    AVAILABILITY[of.availability].score +
    INTENT[of.intent].score;
  const score = CONTEXT[of.context].score * IDENTIFICATION[of.identification].score + circumstances;
  return { score, level: levelOf(score) };
}

function levelOf(score: number): Severity['level'] {
  if (score < 2) return 'low';
  if (score < 3) return 'medium';
  return score < 4 ? 'high' : 'very high';
}

/** What each level means for people, as the method has it. */
export const LEVEL_WORDS: Readonly<Record<Severity['level'], string>> = {
  low: 'At worst a nuisance for the people affected.',
  medium: 'Trouble that people can get over, with some effort: extra costs, fear, being turned down.',
  high: 'Grave trouble that is hard to get over: money lost, a job lost, harm to health.',
  'very high': 'Harm that may never be put right: to life, to health, to a living.',
};
