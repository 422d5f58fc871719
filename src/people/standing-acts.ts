/** What may be caused about somebody's standing: leaving, suspension and its lifting, training, leave. */
import { z } from 'zod';
import type { Database, SessionSecret } from '../store/store.ts';
import type { Refusal } from '../web/refusal.ts';
import { attempt } from './acts.ts';
import { MISMATCH, objectionToSignature, provenDirectory } from './directory.ts';
import { type PeopleDocument, parsePeopleDocument } from './documents.ts';
import type { Signed } from './enrolment.ts';
import { objectionToTraining } from './training.ts';

const functions = {
  leaving: 'leave_organisation',
  suspension: 'suspend_person',
  resumption: 'resume_person',
  training: 'record_training',
} as const;
export type StandingAct = keyof typeof functions;

const stands = z.object({ stands: z.boolean() });

/**
 * Takes a signed leaving, suspension, resumption or training in; true when the person is in good standing afterwards
 * (a suspension is lifted by the second signature). `person`: whom the page was about.
 */
export async function actOnStanding(
  desk: Database,
  session: SessionSecret,
  what: StandingAct,
  signed: Signed,
  person?: string,
): Promise<{ stands: boolean } | Refusal> {
  return attempt(desk, session, what, async (tx) => {
    const document = parsePeopleDocument(signed.text);
    if (document?.kind !== what || (person ?? subjectOf(document)) !== subjectOf(document)) return MISMATCH;
    const why = await objectionToSignature(tx, document.signer, signed);
    if (why) return why;
    if (document.kind === 'training') {
      const signer = (await provenDirectory(tx)).people.get(document.signer);
      if (objectionToTraining(document, signer?.capacities.includes('manager') ?? false) !== null)
        return MISMATCH;
    }
    const sql = `select letterbox.${functions[what]}($1, $2) as stands`;
    return tx.one(stands, sql, [signed.text, signed.signature]);
  });
}

const subjectOf = (document: PeopleDocument): string | null =>
  'person' in document && typeof document.person === 'string' ? document.person : null;

const idRow = z.object({ id: z.string() });

/** Tells a leave, by its days (`YYYY-MM-DD`); one's own, or as a manager anybody's. */
export async function tellAway(
  desk: Database,
  session: SessionSecret,
  person: string,
  days: { readonly first: string; readonly last: string },
): Promise<{ id: string } | Refusal> {
  return attempt(desk, session, 'tell-away', (tx) =>
    tx.one(idRow, 'select letterbox.tell_away($1, $2, $3) as id', [person, days.first, days.last]),
  );
}

/** Takes a leave back; one's own, or as a manager anybody's. */
export async function forgetAway(
  desk: Database,
  session: SessionSecret,
  id: string,
): Promise<{ id: string } | Refusal> {
  return attempt(desk, session, 'forget-away', async (tx) => {
    await tx.run('select letterbox.forget_away($1)', [id]);
    return { id };
  });
}
