/**
 * What a person may cause about recovery. Each act is one SQL function that decides, changes and appends to the
 * register together; a refusal is registered in a transaction of its own.
 */
import { z } from 'zod';
import { MISMATCH, objectionToSignature } from '../people/directory.ts';
import { parseRecipient } from '../sealing/keys.ts';
import { parseSealed } from '../sealing/seal.ts';
import { keyTag } from '../sealing/shares.ts';
import { act, type Database, type SessionSecret, type Tx } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import type { Signed } from './documents.ts';
import { parseRecoveryDocument, type RecoveryRoomDocument } from './recovery-documents.ts';
import { recoveryOverview } from './recovery-store.ts';

const WORDS: Record<string, string> = {
  'not-keyholder': 'Only a keyholder or a manager can do this.',
  'own-recovery': 'Nobody can begin, or consent to, a recovery by which they get the keys themselves.',
  'recovery-open': 'A recovery is under way already. It has to be finished or stopped first.',
  'no-grant':
    'Whoever is to get the keys needs access to each of these forms first: a proposal and a second manager’s approval, as ever. Nothing was given out.',
  'too-few-keyholders':
    'Your organisation has too few keyholders who could consent. Invite those who hold the sheets as keyholders first.',
  'recovery-ended': 'This recovery is over already.',
  'recovery-lapsed': 'This recovery has lapsed: 72 hours have passed since it began. Begin a new one.',
  'consented-already': 'You have consented already. Others have to consent too.',
  'same-person':
    'You have the same name or address as another person of this recovery, as one person with two accounts would. Another keyholder has to consent.',
  'too-few-consents': 'Not enough keyholders have consented. Nothing was given out.',
  'not-runner': 'The keys were given to somebody else in the meantime. Reload the page and begin again.',
  generations: 'The keys handed over are not those of this recovery. Reload the page and begin again.',
  clock: 'The clock of this device is wrong by more than ten minutes. Set it right and try again.',
};

async function attempt<T>(
  desk: Database,
  session: SessionSecret,
  name: string,
  work: (tx: Tx) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const result = await act<T | Refusal>(desk, session, work);
  if (!isRefusal(result)) return result;
  await act(desk, session, (tx) =>
    tx.run('select letterbox.register_refusal($1, $2)', [name, result.refusal]),
  );
  return refuse(result.refusal, result.kind, WORDS[result.refusal] ?? result.message);
}

/** Why this text is not a document of that kind, signed by its signer, or null. */
async function objection(
  tx: Tx,
  kind: RecoveryRoomDocument['kind'],
  signed: Signed,
): Promise<Refusal | null> {
  const document = parseRecoveryDocument(signed.text);
  if (document?.kind !== kind) return MISMATCH;
  return objectionToSignature(tx, document.signer, signed);
}

/** Tells that k sheets were typed and rebuilt the key; nothing of the sheets themselves is in the document. */
export function rehearse(desk: Database, session: SessionSecret, signed: Signed): Promise<number | Refusal> {
  return attempt(desk, session, 'rehearse-recovery', async (tx) => {
    const why = await objection(tx, 'rehearsal', signed);
    if (why) return why;
    const document = parseRecoveryDocument(signed.text);
    const { recipient } = await recoveryOverview(tx);
    if (document?.kind !== 'rehearsal' || document.key !== keyTag(parseRecipient(recipient))) return MISMATCH;
    return tx.run('select letterbox.rehearse_recovery($1, $2)', [signed.text, signed.signature]);
  });
}

const acts = {
  begin: ['recovery', 'begin_recovery'],
  consent: ['recovery-consent', 'consent_to_recovery'],
  end: ['recovery-end', 'end_recovery'],
} as const;

/** Begins, consents to or stops a recovery by a signed document. */
export function actOnRecovery(
  desk: Database,
  session: SessionSecret,
  what: keyof typeof acts,
  signed: Signed,
): Promise<number | Refusal> {
  const [kind, name] = acts[what];
  return attempt(
    desk,
    session,
    `${what}-recovery`,
    async (tx) =>
      (await objection(tx, kind, signed)) ??
      tx.run(`select letterbox.${name}($1, $2)`, [signed.text, signed.signature]),
  );
}

const envelopeShape = z.object({
  form: z.string(),
  generation: z.number(),
  sealed: z.instanceof(Uint8Array),
});
export type RecoveryEnvelope = z.infer<typeof envelopeShape>;

/** The keys of the named forms as they are sealed to the recovery recipient; `document` is the recovery's hash. */
export function recoveryEnvelopes(
  desk: Database,
  session: SessionSecret,
  document: string,
): Promise<RecoveryEnvelope[] | Refusal> {
  return attempt(desk, session, 'recovery-envelopes', (tx) =>
    tx.rows(envelopeShape, "select * from letterbox.recovery_envelopes(decode($1, 'hex'))", [document]),
  );
}

/** One generation's secret, sealed to the person named, in hex. */
export type RecoveredKey = { readonly form: string; readonly generation: number; readonly sealed: string };

/** Stores what was sealed to the person named; the recovery is done with it. */
export function handOverRecovery(
  desk: Database,
  session: SessionSecret,
  signed: Signed,
  keys: readonly RecoveredKey[],
): Promise<number | Refusal> {
  return attempt(desk, session, 'hand-over-recovery', async (tx) => {
    const why = await objection(tx, 'recovery-end', signed);
    if (why) return why;
    if (!keys.every(({ sealed }) => parseSealed(new Uint8Array(Buffer.from(sealed, 'hex'))))) return MISMATCH;
    const sql = 'select letterbox.hand_over_recovery($1, $2, $3)';
    return tx.run(sql, [signed.text, signed.signature, JSON.stringify(keys)]);
  });
}
