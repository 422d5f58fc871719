/**
 * Whether a breach has to be told, and to whom: the questions of the regulator's own self-assessment (Information
 * Commissioner's Office), in the order in which each may end it. UK GDPR Articles 4(12), 33(1) and 34(1) and (3); Data
 * Protection Act 2018 sections 67 and 68.
 *
 * The outcome is advice: who decides writes down why, and may decide otherwise.
 */
import { z } from 'zod';

type Question = {
  readonly legend: string;
  readonly hint: string;
  readonly choices: Readonly<Record<string, { readonly text: string }>>;
};

/** The questions in their order. */
export const SELF_ASSESSMENT = {
  breach: {
    legend: 'Did something happen to personal data?',
    hint: 'Data of living people that somebody lost, changed or destroyed, or that was seen by whoever should not have seen it.',
    choices: { yes: { text: 'Yes' }, no: { text: 'No: it was no personal data, or nothing happened to it' } },
  },
  readable: {
    legend: 'Can whoever may have it read it?',
    hint: 'Sealed or encrypted data without the key cannot be read. A device that is only locked can.',
    choices: {
      yes: { text: 'Yes, or we do not know' },
      no: { text: 'No: it is unintelligible to them, and we still have it ourselves' },
    },
  },
  recovered: {
    legend: 'Do you have it back?',
    hint: 'Only where you are sure that nobody kept a copy or made use of it: a trusted colleague elsewhere who deleted it unread.',
    choices: { no: { text: 'No, or we are not sure' }, yes: { text: 'Yes, and we are sure' } },
  },
  likely: {
    legend: 'How likely is it that people come to harm?',
    hint: 'Harm to body, mind, money, good name or standing; being found, hurt, shamed or cheated.',
    choices: {
      unlikely: { text: 'Unlikely' },
      possible: { text: 'Possible' },
      probable: { text: 'More likely than not' },
    },
  },
  grave: {
    legend: 'How grave would the harm be?',
    hint: 'Think of the person for whom it would be worst: a victim whose address becomes known.',
    choices: {
      minor: { text: 'Minor: a nuisance' },
      considerable: { text: 'Considerable: trouble that takes effort to get over' },
      grave: { text: 'Grave: it may not be put right' },
    },
  },
} as const satisfies Readonly<Record<string, Question>>;

export const selfAssessmentShape = {
  breach: z.enum(['yes', 'no']),
  readable: z.enum(['yes', 'no']),
  recovered: z.enum(['yes', 'no']),
  likely: z.enum(['unlikely', 'possible', 'probable']),
  grave: z.enum(['minor', 'considerable', 'grave']),
};
const facts = z.object(selfAssessmentShape);
export type SelfAssessed = z.output<typeof facts>;

export type Advice = {
  readonly risk: 'none' | 'unlikely' | 'risk' | 'high';
  /** Whether the regulator, and whether the people affected, have to be told. */
  readonly regulator: boolean;
  readonly people: boolean;
};

const LIKELY = { unlikely: 0, possible: 1, probable: 2 } as const;
const GRAVE = { minor: 0, considerable: 1, grave: 2 } as const;

/** What the answers come to. More likely or graver never asks for less. */
export function adviceOf({ breach, readable, recovered, likely, grave }: SelfAssessed): Advice {
  const of = (risk: Advice['risk']): Advice => ({
    ...{ risk, regulator: risk === 'risk' || risk === 'high', people: risk === 'high' },
  });
  if (breach === 'no') return of('none');
  if (readable === 'no' || recovered === 'yes') return of('unlikely');
  const weight = LIKELY[likely] + GRAVE[grave];
  if (weight >= 3) return of('high');
  return weight === 0 ? of('unlikely') : of('risk');
}

/** The advice in a sentence. */
export function adviceInWords({ risk }: Advice): string {
  switch (risk) {
    case 'none':
      return 'It is no personal data breach. Keep the reasons; nobody has to be told.';
    case 'unlikely':
      return 'A risk to people is unlikely: keep it in your register of incidents. Nobody has to be told.';
    case 'risk':
      return 'There is a risk to people: tell the regulator within the 72 hours.';
    case 'high':
      return 'There is a high risk to people: tell the regulator within the 72 hours, and the people affected without delay.';
  }
}
