/** What stands in the database's tables although nobody signed it: rows that came past the protocol. */
import { z } from 'zod';
import type { Database } from '../../store/store.ts';
import type { Finding, Subject } from '../inspection.ts';

const row = z.object({
  organisation: z.string(),
  what: z.enum([
    ...([
      'grant-unsigned',
      'grant-other-terms',
      'grant-ended',
      'grant-unregistered',
      'key-without-grant',
    ] as const),
    ...([
      'form-key-unsigned',
      'member-unsigned',
      'leaver-back',
      'suspension-lifted',
      'quarantine-lifted',
    ] as const),
  ]),
  subject: z.string(),
  person: z.string().nullable(),
  form: z.string().nullable(),
});
type Row = z.output<typeof row>;

const AND_ASK = 'Ask whoever administers the database, and put it right from a backup.';
const END = `Two managers did not decide this: end the access on the page Access. ${AND_ASK}`;

/** What each is, of a person and a form. */
const SAYS: Readonly<Record<Row['what'], (person: string, form: string) => string>> = {
  'grant-unsigned': (person, form) =>
    `The database lets ${person} have sealed submissions of ${form} although no two different people signed that. ${END}`,
  'grant-other-terms': (person, form) =>
    `The database lets ${person} have sealed submissions of ${form} for longer, or more of them, than two people signed. ${END}`,
  'grant-ended': (person, form) =>
    `A manager ended ${person}’s access to ${form}, and in the database it is not ended. ${END}`,
  'grant-unregistered': (person, form) =>
    `${person}’s access to ${form} was signed, and the register has no entry of it. ${AND_ASK}`,
  'key-without-grant': (person, form) =>
    `A key of ${form} is sealed to ${person}, who was never given access to it. Turn the form’s key on the page Access. ${AND_ASK}`,
  'form-key-unsigned': (_person, form) =>
    `A key of ${form} counts in the database although two people did not sign it. Browsers seal nothing to it. ${AND_ASK}`,
  'member-unsigned': (person) =>
    `${person} counts as a colleague, or has tasks, although no colleague signed that. Suspend them on the page People. ${AND_ASK}`,
  'leaver-back': (person) => `${person} has left, and in the database they have not. ${AND_ASK}`,
  'suspension-lifted': (person) =>
    `${person} was suspended, and in the database they are not, although no two managers lifted it. ${AND_ASK}`,
  'quarantine-lifted': (_person, form) =>
    `The quarantine of ${form} was lifted although no two managers signed that. Put it back on the page Watch. ${AND_ASK}`,
};

export function protocolSubject(database: Database): Subject {
  return {
    name: 'What people signed, against what the database holds,',
    patience: 1,
    look: async () => {
      const rows = await database.rows(row, 'select * from letterbox.outside_protocol()');
      return rows.map(asFinding);
    },
  };
}

function asFinding({ organisation, what, subject, person, form }: Row): Finding {
  return {
    ...{ key: `${what} ${subject}`, colour: 'amber', whom: { organisation } },
    seen: SAYS[what](person ?? 'somebody', form ?? 'a single case'),
    address: `the database, ${what} ${subject}`,
  };
}
