/**
 * Data-protection training: who is not in date can neither propose, approve nor receive access.
 *
 * The built-in course asks about the very screen by which access is given. Its answers stand in the signed record, so
 * that every browser can see for itself that they are right. A course held elsewhere is recorded by a manager.
 */
import type { TrainingDocument } from './documents.ts';

export const COURSE = 'what-will-this-change';
export const COURSE_VERSION = 1;
/** How long the built-in course counts. */
export const COURSE_DAYS = 365;

export type CourseQuestion = {
  readonly question: string;
  /** What the permission screen shows in this example, as rows of a small table. */
  readonly shown: readonly (readonly [what: string, before: string, after: string])[];
  readonly choices: readonly string[];
  /** The index of the right choice. */
  readonly right: number;
  readonly because: string;
};

export const QUESTIONS: readonly CourseQuestion[] = [
  {
    question: 'How many people will be able to read after this?',
    shown: [
      [
        'Complaints about the police',
        '2: Iris Vale, Omar Reed',
        '4: Iris Vale, Omar Reed, June Pike, Tom Hale',
      ],
    ],
    choices: ['2', '4', '6'],
    right: 1,
    because: 'The number after counts everybody, those who read already and those who are new.',
  },
  {
    question: 'Who of them is from outside the organisation?',
    shown: [
      ['Messages to the Commissioner', '1: Iris Vale', '2: Iris Vale, Noel Finch (Finch & Lane Solicitors)'],
    ],
    choices: ['Nobody', 'Iris Vale', 'Noel Finch'],
    right: 2,
    because: 'Where somebody belongs to another organisation, its name stands behind theirs.',
  },
  {
    question: 'Their access starts tomorrow, but they want the case today. What may you send them?',
    shown: [
      [
        'One case of Messages to the Commissioner',
        '1: Iris Vale',
        '2: Iris Vale, Noel Finch (Finch & Lane Solicitors)',
      ],
    ],
    choices: [
      'The case, if the file has a password',
      'Nothing of the case: they open it here when their access starts',
      'Only what the submitter wrote, without their name',
    ],
    right: 1,
    because:
      'What leaves this site can be read by whoever it reaches, and nothing takes it back. Here, each opening is written down.',
  },
  {
    question: 'This ends June Pike’s access. What can it not undo?',
    shown: [['Complaints about the police', '3: Iris Vale, Omar Reed, June Pike', '2: Iris Vale, Omar Reed']],
    choices: [
      'What she opened before, and may have copied',
      'That she could read cases that arrive tomorrow',
      'That she is listed among the readers',
    ],
    right: 0,
    because:
      'Ending stops reading at once, and new cases get a new key. What somebody opened before stays known to them.',
  },
  {
    question: 'A colleague meant to give two people one form. The second signature is yours. What do you do?',
    shown: [
      [
        'Complaints about the police',
        '2: Iris Vale, Omar Reed',
        '19: Iris Vale, Omar Reed, June Pike, and 16 more',
      ],
      ['Messages to the Commissioner', '1: Iris Vale', '18: Iris Vale, June Pike, and 16 more'],
    ],
    choices: [
      'Type the number that is asked for, and sign',
      'Sign, and end what is too much afterwards',
      'Turn it down, and ask the colleague what was meant',
    ],
    right: 2,
    because:
      'The number and the second form are not what was meant. Turning down needs one person and harms nobody; what was read is never unread.',
  },
];

/** Whether these are the right answers of that version of the built-in course. */
export function passes(course: string, version: number, answers: readonly number[]): boolean {
  return (
    course === COURSE &&
    version === COURSE_VERSION &&
    answers.length === QUESTIONS.length &&
    QUESTIONS.every(({ right }, index) => answers[index] === right)
  );
}

const DAY = 24 * 60 * 60 * 1000;

/**
 * Why a training record does not count, or null: the built-in course is signed by who took it, with all answers right,
 * and counts a year; another course is recorded by a manager who is somebody else, and counts three years at most.
 */
export function objectionToTraining(record: TrainingDocument, byManager: boolean): string | null {
  const days = (Date.parse(record.until) - Date.parse(record.at)) / DAY;
  if (!(days > 0)) return 'It ends before it begins.';
  if (record.answers !== null) {
    if (record.signer !== record.person) return 'It is not signed by who took the course.';
    if (!passes(record.course, record.version, record.answers)) return 'Not all of its answers are right.';
    return days <= COURSE_DAYS + 1 ? null : 'It counts for longer than the course does.';
  }
  if (!byManager || record.signer === record.person)
    return 'A course held elsewhere is recorded by a manager who is somebody else.';
  return days <= 3 * 366 ? null : 'It counts for more than three years.';
}
