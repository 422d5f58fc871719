/** Founding, inviting, enrolling, confirming and sessions, by the database that decides. */
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sha256Hex } from '../sealing/signature.ts';
import { act, type SessionSecret } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { confirmPerson, endSession, invitePerson, type Method, takeIn } from './acts.ts';
import { signMembership } from './enrolment.ts';
import { verifyPeople } from './person.ts';
import { findActor, freshSecret, keptIdentity, passphraseFor } from './store.ts';
import {
  aFoundedBody,
  confirm,
  directoryOf,
  documentsIn,
  emailOf,
  enrol,
  enrolmentFor,
  entriesOf,
  found,
  foundHost,
  join,
  refusalOf,
  type SignedIn,
  settled,
  signIn,
} from './testing.ts';

let db: TestDatabase;
let founder: SignedIn;
beforeEach(async () => {
  db = await testDatabase();
  founder = (await found(db, 'exampleshire')).founder;
});
const passkey: Method = {
  kind: 'passkey',
  credential: 'credential',
  publicKey: new Uint8Array(32),
  counter: 0,
  transports: [],
  sealed: new Uint8Array(8),
};

describe('joining', () => {
  test('the founder alone confirms the second person, two managers everybody after', async () => {
    const second = await enrol(db, founder, 'Second Manager', ['manager']);
    expect(await confirm(db, founder, second, ['manager'])).toEqual({ confirmed: true });
    const third = await enrol(db, founder, 'Third Person', []);
    expect(await confirm(db, founder, third, [])).toEqual({ confirmed: false });
    expect(await confirm(db, second, third, [])).toEqual({ confirmed: true });
  });

  test('the database confirms exactly whom the signed documents prove', async () => {
    const body = await aFoundedBody(db, 'anothershire');
    const late = await enrol(db, body.founder, 'Late Person', []);
    settled(await confirm(db, body.founder, late, []));
    const confirmed = await db.admin.rows(
      z.object({ id: z.string() }),
      'select id from letterbox.person where organisation = $1 and confirmed_at is not null',
      [body.founder.staff.organisation],
    );
    const { people } = await directoryOf(body);
    expect(confirmed.map(({ id }) => id).sort()).toEqual([...people.keys()].sort());
  });

  test('a one-time link works once, and not after seven days', async () => {
    const colleague = { name: 'A Colleague', email: 'colleague@example.com', capacities: [] };
    const { secret } = settled(await invitePerson(db.desk, founder.session, colleague));
    const { signed } = await enrolmentFor(db, secret);
    await db.admin.run("update letterbox.invitation set expires_at = now() - interval '1 second'");
    expect(refusalOf(await takeIn(db.signin, 'enrol', secret, signed, passkey))).toBe('invitation');
    await db.admin.run("update letterbox.invitation set expires_at = now() + interval '1 day'");
    settled(await takeIn(db.signin, 'enrol', secret, signed, passkey));
    expect(refusalOf(await takeIn(db.signin, 'enrol', secret, signed, passkey))).toBe('invitation');
  });

  test('somebody’s link cannot enrol another person', async () => {
    const invite = async (name: string) =>
      settled(
        await invitePerson(db.desk, founder.session, { name, email: `${name}@example.com`, capacities: [] }),
      );
    const [one, other] = [await invite('one'), await invite('other')];
    const { signed } = await enrolmentFor(db, other.secret);
    expect(refusalOf(await takeIn(db.signin, 'enrol', one.secret, signed, passkey))).toBe('invitation');
  });

  test('an enrolment whose way to sign in is not taken leaves nothing behind', async () => {
    const invite = async (name: string) => {
      const colleague = { name, email: `${name}@example.com`, capacities: [] };
      const { secret } = settled(await invitePerson(db.desk, founder.session, colleague));
      return { secret, signed: (await enrolmentFor(db, secret)).signed };
    };
    const [one, other] = [await invite('one'), await invite('other')];
    settled(await takeIn(db.signin, 'enrol', one.secret, one.signed, passkey));
    const again = () => takeIn(db.signin, 'enrol', other.secret, other.signed, passkey);
    await expect(again()).rejects.toThrow('passkey_pkey');
    const fresh = { ...passkey, credential: 'another' };
    settled(await takeIn(db.signin, 'enrol', other.secret, other.signed, fresh));
  });
});

describe('inviting', () => {
  const invite = (email: string, more: { outside?: string; capacities?: string[] } = {}) =>
    invitePerson(db.desk, founder.session, { name: 'A Colleague', email, capacities: [], ...more });

  test('somebody from another organisation is named so, for ever, and cannot manage', async () => {
    expect(refusalOf(await invite('a@x.example', { outside: 'Finch & Lane', capacities: ['manager'] }))).toBe(
      'outside',
    );
    const second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
    const noel = await enrol(db, founder, 'Noel Finch', ['caseworker'], { outside: 'Finch & Lane' });
    expect(refusalOf(await confirm(db, founder, noel, ['caseworker'])), 'as one of our own').toBe(
      'document-mismatch',
    );
    for (const by of [founder, second])
      settled(await confirm(db, by, noel, ['caseworker'], { outside: 'Finch & Lane' }));
    const { people } = await verifyPeople(await documentsIn(db, founder.staff), founder.staff.founding);
    expect(people.get(noel.staff.person)?.outside).toBe('Finch & Lane');
    expect(people.get(second.staff.person)?.outside).toBeNull();
  });

  test('nobody both runs the site and belongs to a body on it', async () => {
    const operator = await foundHost(db);
    expect(refusalOf(await invite(emailOf(operator.name).toUpperCase()))).toBe('host-operator');
    expect(refusalOf(await invite('nobody@host.example'))).toBe('no refusal');
    const colleague = (email: string) => ({ name: 'Somebody', email, capacities: ['operator'] });
    const asked = (email: string) => invitePerson(db.desk, operator.session, colleague(email));
    settled(await asked('operator@host.example'));
    expect(refusalOf(await invite('operator@host.example')), 'nor who was only invited there').toBe(
      'host-operator',
    );
    expect(refusalOf(await asked('nobody@host.example'))).toBe('somebody-of-a-body');
  });

  test('gives nobody a capacity that their kind of organisation does not have', async () => {
    expect(refusalOf(await invite('a@x.example', { capacities: ['operator'] }))).toBe('capacities');
    const operator = await foundHost(db);
    for (const capacity of ['caseworker', 'keyholder', 'data-protection-officer']) {
      const colleague = { name: 'Somebody', email: 'b@host.example', capacities: [capacity] };
      expect(refusalOf(await invitePerson(db.desk, operator.session, colleague))).toBe('capacities');
    }
  });
});

describe('confirming', () => {
  test('is refused to caseworkers, to oneself, twice, and after it is done', async () => {
    const second = await join(db, founder, 'Second Manager', ['manager'], [founder]);
    const worker = await join(db, founder, 'A Caseworker', ['caseworker'], [founder, second]);
    const late = await enrol(db, founder, 'Late Manager', ['manager']);
    expect(refusalOf(await confirm(db, worker, late, ['manager']))).toBe('not-manager');
    expect(refusalOf(await confirm(db, late, late, ['manager']))).toBe('not-confirmed');
    settled(await confirm(db, founder, late, ['manager']));
    expect(refusalOf(await confirm(db, founder, late, ['manager']))).toBe('signed-already');
    settled(await confirm(db, second, late, ['manager']));
    expect(refusalOf(await confirm(db, second, late, ['manager']))).toBe('confirmed-already');
    expect(refusalOf(await confirm(db, late, late, ['manager']))).toBe('own-membership');
  });

  test('is refused where the capacities, the enrolment or the membership before are others than those there are', async () => {
    const late = await enrol(db, founder, 'Late Person', ['caseworker']);
    expect(refusalOf(await confirm(db, founder, late, ['manager']))).toBe('document-mismatch');
    const elsewhere = { ...late, enrolment: 'a'.repeat(64) };
    expect(refusalOf(await confirm(db, founder, elsewhere, ['caseworker']))).toBe('document-mismatch');
    const about = {
      person: late.staff.person,
      enrolment: late.enrolment,
      capacities: ['caseworker' as const],
    };
    const loose = await signMembership(founder.staff, { ...about, after: 'a'.repeat(64) }, new Date());
    expect(refusalOf(await confirmPerson(db.desk, founder.session, loose))).toBe('document-mismatch');
  });

  test('is refused before the database is asked where the text is none or the signature is another’s', async () => {
    const late = await enrol(db, founder, 'Late Person', []);
    const after = founder.staff.founding;
    const about = { person: late.staff.person, enrolment: late.enrolment, after, capacities: [] };
    const signed = await signMembership(founder.staff, about, new Date());
    const forged = { ...founder.staff, signingKey: late.staff.signingKey };
    const wrong = await signMembership(forged, about, new Date());
    const by = (text: typeof signed, person?: string) =>
      confirmPerson(db.desk, founder.session, text, person);
    expect(refusalOf(await by({ ...signed, text: 'no document' }))).toBe('document-mismatch');
    expect(refusalOf(await by({ ...signed, text: `${signed.text} ` }))).toBe('document-mismatch');
    expect(refusalOf(await by(signed, founder.staff.person))).toBe('document-mismatch');
    expect(refusalOf(await by(wrong))).toBe('bad-signature');
    expect(refusalOf(await by(signed, late.staff.person))).toBe('no refusal');
  });
});

describe('a second factor', () => {
  const signinOf = async (email: string) => {
    const row = await passphraseFor(db.signin, email);
    if (!row) throw new Error('Nobody signs in so.');
    return row;
  };
  const used = async (person: string, step: number) => {
    const sql = 'select letterbox.passphrase_used($1, $2, $3) as fresh';
    const parameters = [founder.staff.organisation, person, step];
    return (await db.signin.one(z.object({ fresh: z.boolean() }), sql, parameters)).fresh;
  };
  const failed = (person: string) =>
    db.signin.run('select letterbox.passphrase_failed($1, $2)', [founder.staff.organisation, person]);
  async function byPassphrase() {
    const colleague = { name: 'A Colleague', email: 'colleague@example.com', capacities: [] };
    const { secret, person } = settled(await invitePerson(db.desk, founder.session, colleague));
    const { signed } = await enrolmentFor(db, secret);
    const method = {
      kind: 'passphrase',
      step: 0,
      record: 'record',
      totp: 'SECRET',
      sealed: new Uint8Array(8),
    } as const;
    settled(await takeIn(db.signin, 'enrol', secret, signed, method));
    return { person, email: colleague.email };
  }

  test('counts each time step once, and none before it', async () => {
    const { person } = await byPassphrase();
    expect(await used(person, 100)).toBe(true);
    expect(await used(person, 100)).toBe(false);
    expect(await used(person, 99)).toBe(false);
    expect(await used(person, 101)).toBe(true);
  });

  test('is locked by ten tries, right code or not, until fifteen minutes have passed', async () => {
    const { person, email } = await byPassphrase();
    for (let tries = 0; tries < 9; tries += 1) await failed(person);
    expect((await signinOf(email)).locked).toBe(false);
    await failed(person);
    expect((await signinOf(email)).locked).toBe(true);
    expect(await used(person, 100)).toBe(false);
    await db.admin.run("update letterbox.passphrase set locked_until = locked_until - interval '15 minutes'");
    expect((await signinOf(email)).locked).toBe(false);
    expect(await used(person, 100)).toBe(true);
  });

  test('is forgiven its failures by one sign-in that ends well', async () => {
    const { person, email } = await byPassphrase();
    for (let tries = 0; tries < 9; tries += 1) await failed(person);
    expect(await used(person, 100)).toBe(true);
    await failed(person);
    expect((await signinOf(email)).locked).toBe(false);
  });
});

describe('a session', () => {
  const actor = (session: SessionSecret) => findActor(db.desk, { letterbox: session });
  const set = (sql: string) => db.admin.run(`update letterbox.session set ${sql}`);

  test('is over after 15 idle minutes, after 12 hours, and when it is ended', async () => {
    expect((await actor(founder.session))?.person).toBe(founder.staff.person);
    await set("seen_at = now() - interval '15 minutes'");
    expect(await actor(founder.session)).toBeNull();
    await set("seen_at = now(), opened_at = now() - interval '12 hours'");
    expect(await actor(founder.session)).toBeNull();
    await set('opened_at = now()');
    expect(await actor(founder.session)).not.toBeNull();
    await endSession(db.desk, founder.session);
    expect(await actor(founder.session)).toBeNull();
  });

  test('is nobody’s for a secret that was never given out', async () => {
    expect(await actor(freshSecret().secret)).toBeNull();
  });

  test('is prolonged by being used', async () => {
    await set("seen_at = now() - interval '14 minutes'");
    await actor(founder.session);
    const sql = "select seen_at > now() - interval '1 minute' as fresh from letterbox.session";
    expect((await db.admin.one(z.object({ fresh: z.boolean() }), sql)).fresh).toBe(true);
  });

  test('ends for somebody who has left', async () => {
    await db.admin.run('update letterbox.person set left_at = now()');
    expect(await actor(founder.session)).toBeNull();
  });

  test('keeps its own half of the identity, no other session’s, and drops it at its end', async () => {
    const other = await signIn(db, founder.name, founder.staff);
    const keep = (session: SessionSecret | null) =>
      act(db.desk, session, (tx) => tx.run('select letterbox.keep_identity($1)', [Buffer.from('half')]));
    settled(await keep(founder.session));
    const kept = async (session: SessionSecret) => settled(await act(db.desk, session, keptIdentity));
    expect(Buffer.from((await kept(founder.session)) ?? []).toString()).toBe('half');
    expect(await kept(other.session)).toBeNull();
    await endSession(db.desk, founder.session);
    expect(refusalOf(await keep(founder.session))).toBe('signed-out');
    expect(refusalOf(await keep(null))).toBe('signed-out');
    const left = 'select count(*)::integer as n from letterbox.session where kept is not null';
    expect((await db.admin.one(z.object({ n: z.number() }), left)).n).toBe(0);
  });
});

test('each act about people leaves exactly one register entry, and each refusal exactly one', async () => {
  const colleague = { name: 'A Colleague', email: 'colleague@example.com', capacities: [] };
  const kinds = async (work: () => Promise<unknown>) => (await entriesOf(db, work)).map(({ kind }) => kind);
  let link = { secret: '', person: '' };
  const invite = async () => {
    const invited = await invitePerson(db.desk, founder.session, colleague);
    link = refusalOf(invited) === 'no refusal' ? settled(invited) : link;
  };
  expect(await kinds(invite)).toEqual(['invitation']);
  expect(await kinds(invite)).toEqual(['refusal']);
  const { signed, staff } = await enrolmentFor(db, link.secret);
  expect(await kinds(() => takeIn(db.signin, 'enrol', link.secret, signed, passkey))).toEqual(['enrolment']);
  const whom = await signIn(db, colleague.name, staff);
  const enrolled = { ...whom, signed, enrolment: await sha256Hex(signed.text) };
  expect(await kinds(() => signIn(db, colleague.name, staff))).toEqual(['sign-in']);
  expect(await kinds(() => confirm(db, founder, enrolled, ['manager']))).toEqual(['refusal']);
  expect(await kinds(() => confirm(db, founder, enrolled, []))).toEqual(['membership']);
  expect(await kinds(() => confirm(db, founder, enrolled, []))).toEqual(['refusal']);
  expect(await kinds(() => endSession(db.desk, whom.session))).toEqual(['sign-out']);
});
