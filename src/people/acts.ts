/** What may be caused about people: founding, inviting, enrolling, confirming, opening and ending a session. */
import { z } from 'zod';
import { act, type Database, type SessionSecret, sessionSecret, type Tx } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { MISMATCH, objectionToSignature } from './directory.ts';
import { parsePeopleDocument } from './documents.ts';
import type { Signed } from './enrolment.ts';
import { freshSecret, hashOf } from './store.ts';

/** A way to sign in and unlock, added with founding or enrolment. `sealed`: the staff identity. */
export type Method =
  | {
      readonly kind: 'passkey';
      readonly credential: string;
      readonly publicKey: Uint8Array;
      readonly counter: number;
      readonly transports: readonly string[];
      readonly sealed: Uint8Array;
    }
  | {
      readonly kind: 'passphrase';
      readonly record: string;
      readonly totp: string;
      /** The time step of the code that showed the phone is set up. */
      readonly step: number;
      readonly sealed: Uint8Array;
    };

const WORDS: Record<string, string> = {
  invitation: 'This link has been used or is too old. Ask whoever gave it to you for a new one.',
  'founded-already': 'This has been founded already.',
  'enrolled-already': 'You have enrolled already. Sign in instead.',
  'email-taken': 'Somebody with this email address is in your organisation already.',
  'own-membership': 'Nobody can confirm themselves.',
  'confirmed-already': 'This person has been confirmed already.',
  'own-suspension': 'Nobody can suspend themselves, or lift their own suspension.',
  'last-managers':
    'Fewer than two would remain who let people in, and then nobody could ever be let in again. Invite another first.',
  'left-already': 'This person has left already.',
  'suspended-already': 'This person is suspended already.',
  'host-operator': 'This address belongs to somebody who runs the site. They cannot be given anything here.',
  'somebody-of-a-body':
    'This address belongs to somebody of a body on this site. Whoever runs the site has to be somebody else.',
  capacities: 'That is nothing people of your organisation can be asked to do.',
  outside: 'Somebody from another organisation cannot be a manager.',
  'signed-already': 'You have signed this already. Somebody else has to sign it too.',
  clock: 'The clock of your computer is wrong by more than ten minutes. Set it right and try again.',
  until: 'This training would count for longer than it can.',
  days: 'These days do not fit: leave ends after it begins, not in the past, and within two years.',
};
const inWords = (refusal: Refusal): Refusal =>
  refuse(refusal.refusal, refusal.kind, WORDS[refusal.refusal] ?? refusal.message);

const personRow = z.object({ id: z.string() });

/** Takes a founding or an enrolment with its way to sign in, in one transaction; gives the person's id. */
export async function takeIn(
  signin: Database,
  what: 'found' | 'enrol',
  invitation: string,
  signed: Signed,
  method: Method,
): Promise<{ id: string } | Refusal> {
  const secret = sessionSecret(invitation);
  if (!secret) return refuse('invitation', 'missing', WORDS.invitation ?? '');
  const result = await act(signin, null, async (tx) => {
    const person = await tx.one(personRow, `select letterbox.${what}($1, $2, $3) as id`, [
      hashOf(secret),
      signed.text,
      signed.signature,
    ]);
    await addMethod(tx, hashOf(secret), person.id, method);
    return person;
  });
  return isRefusal(result) ? inWords(result) : result;
}

async function addMethod(tx: Tx, invitation: Buffer, person: string, method: Method): Promise<void> {
  if (method.kind === 'passphrase') {
    await tx.run('select letterbox.add_passphrase($1, $2, $3, $4, $5, $6)', [
      invitation,
      person,
      method.record,
      method.totp,
      method.step,
      method.sealed,
    ]);
    return;
  }
  const { credential, publicKey, counter, transports, sealed } = method;
  await tx.run('select letterbox.add_passkey($1, $2, $3, $4, $5, $6, $7)', [
    invitation,
    person,
    credential,
    publicKey,
    counter,
    transports,
    sealed,
  ]);
}

/** Opens a session for somebody who has just proven who they are; gives its secret. */
export async function openSession(
  signin: Database,
  organisation: string,
  person: string,
  how: 'passkey' | 'passphrase',
): Promise<SessionSecret> {
  const { secret, hash } = freshSecret();
  await signin.run('select letterbox.open_session($1, $2, $3, $4)', [organisation, person, hash, how]);
  return secret;
}

export async function endSession(desk: Database, session: SessionSecret): Promise<void> {
  await act(desk, session, (tx) => tx.run('select letterbox.end_session()'));
}

export type NewColleague = {
  readonly name: string;
  readonly email: string;
  readonly capacities: readonly string[];
  /** The organisation they really belong to, where that is not this one. */
  readonly outside?: string | null;
};

/** Invites a colleague; gives the secret of the one-time link, shown once and kept nowhere. */
export async function invitePerson(
  desk: Database,
  session: SessionSecret,
  colleague: NewColleague,
): Promise<{ secret: string; person: string } | Refusal> {
  const { secret, hash } = freshSecret();
  const { name, email, capacities, outside = null } = colleague;
  const result = await attempt(desk, session, 'invite-person', (tx) =>
    tx.one(personRow, 'select letterbox.invite_person($1, $2, $3, $4, $5) as id', [
      name,
      email,
      capacities,
      hash,
      outside,
    ]),
  );
  return isRefusal(result) ? result : { secret, person: result.id };
}

/** Takes a manager's signed word about `person` in; true when they count from now on. */
export async function confirmPerson(
  desk: Database,
  session: SessionSecret,
  signed: Signed,
  person?: string,
): Promise<{ confirmed: boolean } | Refusal> {
  return attempt(desk, session, 'confirm-person', async (tx) => {
    const document = parsePeopleDocument(signed.text);
    if (document?.kind !== 'membership' || (person ?? document.person) !== document.person) return MISMATCH;
    const objection = await objectionToSignature(tx, document.signer, signed);
    return (
      objection ??
      tx.one(confirmedRow, 'select letterbox.confirm_person($1, $2) as confirmed', [
        signed.text,
        signed.signature,
      ])
    );
  });
}
const confirmedRow = z.object({ confirmed: z.boolean() });

/** Runs an act; a refusal is registered in a transaction of its own, and told in this room's words. */
export async function attempt<T>(
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
  return inWords(result);
}

/** `attempt` for a room that has sentences of its own for some refusals. */
export const attemptSaying =
  (words: Readonly<Record<string, string>>) =>
  async <T>(...asked: Parameters<typeof attempt<T>>): Promise<T | Refusal> => {
    const result = await attempt<T>(...asked);
    return isRefusal(result)
      ? refuse(result.refusal, result.kind, words[result.refusal] ?? result.message)
      : result;
  };
