/** What may be caused about alarms: by those who mind them, and by Watch. */
import { z } from 'zod';
import { attemptSaying } from '../people/acts.ts';
import { MISMATCH, objectionToSignature } from '../people/directory.ts';
import type { Signed } from '../people/enrolment.ts';
import type { Database, SessionSecret } from '../store/store.ts';
import type { Refusal } from '../web/refusal.ts';
import { parseLift, type Report } from './alarm.ts';

const WORDS: Readonly<Record<string, string>> = {
  'not-minder': 'Only managers and data protection officers look after alarms. Ask one of yours.',
  'not-watch': 'Only Watch does this.',
  'acknowledged-already': 'Somebody has acknowledged this alarm already.',
  'quarantined-already': 'This form is in quarantine already.',
  'lifted-already': 'This quarantine was lifted already.',
  'same-person':
    'Your name or address is that of the colleague who has signed already. Another manager has to sign.',
  'not-trained': 'Your data-protection training is not in date. Take the short course first, then come back.',
  'too-many': 'There are too many of these already.',
  'case-there': 'One of these cases is there already, so it cannot become a canary.',
};

const tried = attemptSaying(WORDS);

const DONE = { done: true } as const;
type Done = typeof DONE;

/** Says that one is on it: the mails stop, for a day where the thing goes on. */
export function acknowledge(desk: Database, session: SessionSecret, alarm: string): Promise<Done | Refusal> {
  return tried(desk, session, 'acknowledge-alarm', async (tx) => {
    await tx.run('select letterbox.acknowledge_alarm($1)', [alarm]);
    return DONE;
  });
}

/** Stops the release of a form's cases to everybody, at once and alone. */
export function quarantineForm(
  desk: Database,
  session: SessionSecret,
  form: string,
  why: string,
): Promise<Done | Refusal> {
  return tried(desk, session, 'quarantine', async (tx) => {
    await tx.run('select letterbox.quarantine_form($1, $2)', [form, why]);
    return DONE;
  });
}

const liftedRow = z.object({ lifted: z.boolean() });

/** Takes one of the two signatures in by which a quarantine is lifted; true when it was the second. */
export function liftQuarantine(
  desk: Database,
  session: SessionSecret,
  signed: Signed,
  quarantine: string,
): Promise<{ lifted: boolean } | Refusal> {
  return tried(desk, session, 'quarantine-lift', async (tx) => {
    const document = parseLift(signed.text);
    if (document?.quarantine !== quarantine) return MISMATCH;
    const objection = await objectionToSignature(tx, document.signer, signed);
    if (objection) return objection;
    const sql = 'select letterbox.lift_quarantine($1, $2) as lifted';
    return tx.one(liftedRow, sql, [signed.text, signed.signature]);
  });
}

const reportedRow = z.object({ answer: z.object({ quarantined: z.array(z.string()) }) });

/** Takes Watch's report of a round in; gives the forms that are in quarantine now. */
export async function takeReport(
  desk: Database,
  session: SessionSecret,
  report: Report,
): Promise<{ quarantined: string[] } | Refusal> {
  return tried(desk, session, 'watch-report', async (tx) => {
    const sql = 'select letterbox.watch_report($1) as answer';
    return (await tx.one(reportedRow, sql, [JSON.stringify(report)])).answer;
  });
}

/** Says which cases will be canaries, before they are posted. */
export function announceCanaries(
  desk: Database,
  session: SessionSecret,
  form: string,
  cases: readonly string[],
): Promise<Done | Refusal> {
  return tried(desk, session, 'announce-canaries', async (tx) => {
    await tx.run('select letterbox.announce_canaries($1, $2)', [form, cases]);
    return DONE;
  });
}

/** Takes canaries away that were replaced. */
export function retireCanaries(
  desk: Database,
  session: SessionSecret,
  cases: readonly string[],
): Promise<Done | Refusal> {
  return tried(desk, session, 'retire-canaries', async (tx) => {
    await tx.run('select letterbox.retire_canaries($1)', [cases]);
    return DONE;
  });
}

export type Plant = {
  readonly site: 'slot' | 'desk';
  readonly path: string;
  /** How it is packed, in a word: what the detection times are told by. */
  readonly packing: string;
  readonly bytes: Uint8Array;
};
const plantedRow = z.object({ id: z.string() });

/** Plants something harmless for Watch to find. */
export function plant(
  desk: Database,
  session: SessionSecret,
  { site, path, packing, bytes }: Plant,
): Promise<{ id: string } | Refusal> {
  return tried(desk, session, 'rehearsal', (tx) =>
    tx.one(plantedRow, 'select letterbox.plant_rehearsal($1, $2, $3, $4) as id', [
      ...[site, path, packing, bytes],
    ]),
  );
}

/** Says that it was found, and how long that took (seconds). */
export function foundPlant(
  desk: Database,
  session: SessionSecret,
  rehearsal: string,
): Promise<{ seconds: number } | Refusal> {
  return tried(desk, session, 'rehearsal-found', (tx) =>
    tx.one(
      z.object({ seconds: z.number() }),
      'select extract(epoch from letterbox.found_rehearsal($1))::double precision as seconds',
      [rehearsal],
    ),
  );
}
