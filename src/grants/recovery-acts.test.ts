/** Recovery in the database: who may begin, consent, get the sealed keys and hand them over; and that refusals are told. */
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { findActor } from '../people/store.ts';
import {
  aFoundedBody,
  entriesOf,
  join,
  publish,
  refusalOf,
  type SignedIn,
  settled,
  type TestBody,
} from '../people/testing.ts';
import { generateIdentity, recipientOf } from '../sealing/keys.ts';
import { formId, formKeyPlace, newId } from '../sealing/place.ts';
import { sealEnvelope } from '../sealing/seal.ts';
import { keyTag } from '../sealing/shares.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import type { Signed } from './documents.ts';
import { actOnRecovery, handOverRecovery, recoveryEnvelopes, rehearse } from './recovery-acts.ts';
import { signRecovery } from './recovery-documents.ts';
import { recoveryChoices, recoveryOverview } from './recovery-store.ts';

let body: TestBody;
let kim: SignedIn;
let lee: SignedIn;
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
  const managers = [body.founder, body.second];
  kim = await join(body.db, body.founder, 'Kim Keyholder', ['keyholder'], managers);
  lee = await join(body.db, body.founder, 'Lee Sheetwright', ['keyholder'], managers);
});

const sql = (text: string, parameters: (string | Uint8Array | null)[] = []) =>
  body.db.admin.run(text, parameters);

/** A row as two signatures leave it; what they are is tested where they are given. */
async function grantRow(who: SignedIn, form = 'review', fromGeneration = '1') {
  const ids = [body.founder.staff.organisation, newId(), who.staff.person, form, fromGeneration];
  const signers = [body.founder.staff.person, body.second.staff.person];
  await sql(
    `insert into letterbox.proposal (organisation, id, document, proposer, proposed_at, until, approved_at)
     values ($1, $2::uuid, sha256(convert_to($2::uuid::text, 'UTF8')), $3, now(), now() + interval '9 days', now())`,
    [ids[0] ?? '', ids[1] ?? '', signers[0] ?? ''],
  );
  await sql(
    `insert into letterbox.grants (organisation, id, proposal, person, form, from_generation, starts, until, review_by,
       purpose, document, proposer, approver, approval, approved_at)
     values ($1, $2::uuid, $2::uuid, $3, $4, $5::integer, now() - interval '1 second', now() + interval '9 days', now() + interval '9 days',
       'Review cases', sha256(convert_to($2::uuid::text, 'UTF8')), $6, $7, sha256('a'), now() - interval '1 second')`,
    [...ids, ...signers],
  );
  return ids[1] ?? '';
}

/** Generations of a form's key, each sealed to the recovery recipient. */
async function keyRows(generations: number, form = 'review') {
  const { organisation, person } = body.founder.staff;
  const recipient = await recipientOf(body.recovery);
  for (let generation = 1; generation <= generations; generation += 1) {
    const { identity, recipient: own } = await generateIdentity();
    const place = {
      ...formKeyPlace({ organisation, form: formId(form), generation }, null),
      at: new Date().toISOString(),
    };
    await sql(
      `insert into letterbox.form_key (organisation, form, generation, recipient, document, approval, made_at, approved_at)
       values ($1, $2, $3::integer, $4, sha256('k'), sha256('a'), now(), now())`,
      [organisation, form, String(generation), own],
    );
    await sql(
      `insert into letterbox.key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
       values ($1, $2, $3::integer, null, $4, $5, now())`,
      [organisation, form, String(generation), await sealEnvelope(recipient, place, identity), person],
    );
  }
}

const begins = (by: SignedIn, person: SignedIn, forms = ['review'], id = newId()) =>
  signRecovery(
    by.staff,
    { kind: 'recovery', id, person: person.staff.person, forms, reason: 'All have left' },
    new Date(),
  );
const post = (by: SignedIn, what: 'begin' | 'consent' | 'end', signed: Signed) =>
  actOnRecovery(body.db.desk, by.session, what, signed);

/** Begun by the founder for Ana, who may read; gives the recovery's hash. */
async function begun(forms?: string[]): Promise<string> {
  const signed = await begins(body.founder, body.ana, forms);
  settled(await post(body.founder, 'begin', signed));
  return sha256Hex(signed.text);
}
const consent = async (by: SignedIn, recovery: string) =>
  post(by, 'consent', await signRecovery(by.staff, { kind: 'recovery-consent', recovery }, new Date()));
const envelopes = (by: SignedIn, recovery: string) => recoveryEnvelopes(body.db.desk, by.session, recovery);
const end = async (by: SignedIn, recovery: string, done = false) =>
  post(by, 'end', await signRecovery(by.staff, { kind: 'recovery-end', recovery, done }, new Date()));

/** What is sealed to Ana, by its shape. */
async function sealedForAna(generation = 1, form = 'review') {
  const { organisation } = body.ana.staff;
  const place = {
    ...formKeyPlace({ organisation, form: formId(form), generation }, body.ana.staff.person),
    at: new Date().toISOString(),
  };
  const { identity } = await generateIdentity();
  const sealed = await sealEnvelope(body.ana.staff.recipient, place, identity);
  return { form, generation, sealed: Buffer.from(sealed).toString('hex') };
}
async function handOver(by: SignedIn, recovery: string, keys: Awaited<ReturnType<typeof sealedForAna>>[]) {
  const signed = await signRecovery(by.staff, { kind: 'recovery-end', recovery, done: true }, new Date());
  return handOverRecovery(body.db.desk, by.session, signed, keys);
}
const suspends = (who: SignedIn) =>
  sql(
    `insert into letterbox.suspension (organisation, person, document, since) values ($1, $2::uuid, sha256('s'), now() - interval '1 second')`,
    [who.staff.organisation, who.staff.person],
  );
const lapses = () =>
  sql(
    "update letterbox.recovery set begun_at = begun_at - interval '73 hours', lapses_at = lapses_at - interval '73 hours'",
  );

describe('a rehearsal', () => {
  const rehearsal = async (by: SignedIn, change: object = {}) => {
    const key = keyTag(await recipientOf(body.recovery));
    const about = { kind: 'rehearsal', sheets: [1, 3], set: 'ABCDEFGH', key, worked: true } as const;
    return rehearse(
      body.db.desk,
      by.session,
      await signRecovery(by.staff, { ...about, ...change }, new Date()),
    );
  };

  test('by a keyholder or a manager is told, with one entry, and gives nothing out', async () => {
    await grantRow(body.ana);
    await keyRows(1);
    const entries = await entriesOf(body.db, async () => settled(await rehearsal(kim)));
    expect(entries.map(({ kind, actor }) => [kind, actor])).toEqual([['rehearsal', kim.staff.person]]);
    settled(await rehearsal(body.founder));
    const overview = settled(await act(body.db.desk, body.ana.session, recoveryOverview));
    expect(overview.rehearsals).toMatchObject([
      { name: 'First Manager' },
      { name: 'Kim Keyholder', sheets: [1, 3] },
    ]);
  });

  test('of another key, of too few or unheard-of sheets, or by a caseworker, is refused and told', async () => {
    const entries = await entriesOf(body.db, async () => {
      expect(refusalOf(await rehearsal(kim, { key: 'ABCDEFGH' }))).toBe('document-mismatch');
      expect(refusalOf(await rehearsal(kim, { sheets: [1, 4] }))).toBe('document-mismatch');
      expect(refusalOf(await rehearsal(body.ben))).toBe('not-keyholder');
    });
    expect(entries.map(({ kind }) => kind)).toEqual(['refusal', 'refusal', 'refusal']);
  });
});

describe('a recovery begins', () => {
  test('by a manager, for somebody with a grant, and everybody of the body sees it', async () => {
    await grantRow(body.ana);
    const since = async (who: SignedIn) =>
      (await findActor(body.db.desk, { letterbox: who.session }))?.recoverySince ?? null;
    expect(await since(body.ben)).toBeNull();
    let hash = '';
    const entries = await entriesOf(body.db, async () => {
      hash = await begun();
    });
    expect(entries.map(({ kind, actor }) => [kind, actor])).toEqual([
      ['recovery', body.founder.staff.person],
    ]);
    expect(JSON.parse(entries[0]?.body ?? '')).toMatchObject({
      subject: body.ana.staff.person,
      forms: ['review'],
    });
    for (const who of [body.ben, kim, body.second]) expect(await since(who)).toBeInstanceOf(Date);
    settled(await end(body.second, hash));
    expect(await since(body.ben)).toBeNull();
  });

  test('not by a caseworker or a keyholder, not for oneself, not without a grant, not two at a time', async () => {
    const entries = await entriesOf(body.db, async () => {
      expect(refusalOf(await post(body.ben, 'begin', await begins(body.ben, body.ana)))).toBe('not-manager');
      expect(refusalOf(await post(kim, 'begin', await begins(kim, body.ana)))).toBe('not-manager');
      expect(refusalOf(await post(body.founder, 'begin', await begins(body.founder, body.founder)))).toBe(
        'own-recovery',
      );
      expect(refusalOf(await post(body.founder, 'begin', await begins(body.founder, body.ana)))).toBe(
        'no-grant',
      );
    });
    expect(entries.map(({ kind }) => kind)).toEqual(Array(4).fill('refusal'));
    await grantRow(body.ana);
    await begun();
    expect(refusalOf(await post(body.second, 'begin', await begins(body.second, body.ana)))).toBe(
      'recovery-open',
    );
  });

  test('not for a form that the grant is not about, nor with a grant of one case', async () => {
    const grant = await grantRow(body.ana);
    await publish(body, 'other');
    const asked = async (forms: string[]) =>
      refusalOf(await post(body.founder, 'begin', await begins(body.founder, body.ana, forms)));
    expect(await asked(['other', 'review'])).toBe('no-grant');
    await sql('update letterbox.grants set case_id = gen_random_uuid() where id = $1', [grant]);
    expect(await asked(['review'])).toBe('no-grant');
  });

  test('not where fewer than k keyholders could consent', async () => {
    await grantRow(body.ana);
    await suspends(lee);
    expect(refusalOf(await post(body.founder, 'begin', await begins(body.founder, body.ana)))).toBe(
      'too-few-keyholders',
    );
  });

  test('managers choose among those who have a grant', async () => {
    await grantRow(body.ana);
    await keyRows(1);
    const choices = settled(await act(body.db.desk, body.founder.session, recoveryChoices));
    expect(choices).toMatchObject([{ person: body.ana.staff.person, form: 'review', holds: false }]);
    expect(refusalOf(await act(body.db.desk, body.ana.session, recoveryChoices))).toBe('not-manager');
  });
});

describe('the sealed keys', () => {
  beforeEach(async () => {
    await grantRow(body.ana);
    await keyRows(2);
  });

  test('are given out after two different keyholders consented, with an entry before', async () => {
    const recovery = await begun();
    expect(refusalOf(await envelopes(kim, recovery))).toBe('too-few-consents');
    settled(await consent(kim, recovery));
    expect(refusalOf(await consent(kim, recovery))).toBe('consented-already');
    const entries = await entriesOf(body.db, async () => {
      expect(refusalOf(await envelopes(kim, recovery))).toBe('too-few-consents');
    });
    expect(entries.map(({ kind, body: text }) => [kind, JSON.parse(text).act])).toEqual([
      ['refusal', 'recovery-envelopes'],
    ]);
    settled(await consent(lee, recovery));
    const given = await entriesOf(body.db, async () => {
      const found = settled(await envelopes(kim, recovery));
      expect(found.map(({ form, generation }) => [form, generation])).toEqual([
        ['review', 1],
        ['review', 2],
      ]);
    });
    expect(given.map(({ kind, actor }) => [kind, actor])).toEqual([['recovery-envelopes', kim.staff.person]]);
    expect(JSON.parse(given[0]?.body ?? '')).toMatchObject({
      subject: body.ana.staff.person,
      keys: ['review 1', 'review 2'],
    });
  });

  test('are refused to whoever is neither manager nor keyholder', async () => {
    const recovery = await begun();
    for (const who of [kim, lee]) settled(await consent(who, recovery));
    expect(refusalOf(await envelopes(body.ana, recovery))).toBe('not-keyholder');
    settled(await envelopes(body.second, recovery));
  });

  test('cover only the forms named, from the generation that the grant names', async () => {
    await sql('update letterbox.grants set from_generation = 2');
    await publish(body, 'other');
    await grantRow(body.ana, 'other');
    await keyRows(1, 'other');
    const recovery = await begun(['review']);
    for (const who of [kim, lee]) settled(await consent(who, recovery));
    const found = settled(await envelopes(kim, recovery));
    expect(found.map(({ form, generation }) => [form, generation])).toEqual([['review', 2]]);
  });

  test.each([
    ['a keyholder who consented is suspended', () => suspends(lee), 'too-few-consents'],
    ['the grant has ended', () => sql('update letterbox.grants set until = now()'), 'no-grant'],
    ['72 hours have passed', lapses, 'recovery-lapsed'],
    ['who gets them is suspended', () => suspends(body.ana), 'no-grant'],
  ])('are refused once %s', async (_what, happens, code) => {
    const recovery = await begun();
    for (const who of [kim, lee]) settled(await consent(who, recovery));
    await happens();
    expect(refusalOf(await envelopes(kim, recovery))).toBe(code);
  });

  test('are refused once any one manager stopped it; a keyholder cannot stop it', async () => {
    const recovery = await begun();
    for (const who of [kim, lee]) settled(await consent(who, recovery));
    expect(refusalOf(await end(kim, recovery))).toBe('not-manager');
    expect(refusalOf(await end(body.second, recovery, true))).toBe('document-mismatch');
    settled(await end(body.second, recovery));
    expect(refusalOf(await envelopes(kim, recovery))).toBe('recovery-ended');
    expect(refusalOf(await consent(kim, recovery))).toBe('recovery-ended');
  });

  test('cannot be read past the function', async () => {
    await expect(body.db.desk.run('select from letterbox.key_envelope')).rejects.toThrow(/permission denied/);
    const all = z.object({ n: z.bigint() });
    expect(
      await body.db.admin.one(all, 'select count(*) as n from letterbox.key_envelope where person is null'),
    ).toEqual({ n: 2n });
  });
});

describe('a consent', () => {
  beforeEach(async () => {
    await grantRow(body.ana);
  });

  test('is refused from whoever is no keyholder, and in another’s name', async () => {
    const recovery = await begun();
    expect(refusalOf(await consent(body.second, recovery))).toBe('not-keyholder');
    const signed = await signRecovery(kim.staff, { kind: 'recovery-consent', recovery }, new Date());
    expect(refusalOf(await post(lee, 'consent', signed))).toBe('document-mismatch');
    const forged = await signRecovery(
      { ...lee.staff, person: kim.staff.person },
      { kind: 'recovery-consent', recovery },
      new Date(),
    );
    expect(refusalOf(await post(kim, 'consent', forged))).toBe('bad-signature');
  });

  test('of the person who gets the keys is refused, and so is that of somebody with their name', async () => {
    const managers = [body.founder, body.second];
    const third = await join(body.db, body.founder, 'Third Keyholder', ['keyholder'], managers);
    await grantRow(third);
    const signed = await begins(body.founder, third);
    settled(await post(body.founder, 'begin', signed));
    const recovery = await sha256Hex(signed.text);
    expect(refusalOf(await consent(third, recovery))).toBe('own-recovery');
    await sql("update letterbox.person set name = 'KIM  keyholder' where id = $1", [lee.staff.person]);
    settled(await consent(kim, recovery));
    expect(refusalOf(await consent(lee, recovery))).toBe('same-person');
  });
});

describe('the hand-over', () => {
  let recovery = '';
  beforeEach(async () => {
    await grantRow(body.ana);
    await keyRows(2);
    recovery = await begun();
  });

  test('stores the keys for the person named, and ends the recovery', async () => {
    for (const who of [kim, lee]) settled(await consent(who, recovery));
    settled(await envelopes(kim, recovery));
    const keys = [await sealedForAna(1), await sealedForAna(2)];
    const entries = await entriesOf(body.db, async () => settled(await handOver(kim, recovery, keys)));
    expect(entries.map(({ kind }) => kind)).toEqual(['recovery-end']);
    expect(JSON.parse(entries[0]?.body ?? '')).toMatchObject({ done: true, keys: ['review 1', 'review 2'] });
    const row = z.object({ n: z.bigint(), done: z.bigint() });
    const count = `select count(*) filter (where e.person = $1) as n, count(g.fulfilled_at) as done
      from letterbox.key_envelope e, letterbox.grants g`;
    expect(await body.db.admin.one(row, count, [body.ana.staff.person])).toEqual({ n: 2n, done: 4n });
    expect(refusalOf(await handOver(kim, recovery, keys))).toBe('recovery-ended');
  });

  test('is refused without consents, by somebody else, of other generations, and of what is not sealed', async () => {
    const key = await sealedForAna();
    const refusals = await entriesOf(body.db, async () => {
      expect(refusalOf(await handOver(kim, recovery, [key]))).toBe('too-few-consents');
      for (const who of [kim, lee]) settled(await consent(who, recovery));
      expect(refusalOf(await handOver(kim, recovery, [key]))).toBe('not-runner');
      settled(await envelopes(kim, recovery));
      expect(refusalOf(await handOver(lee, recovery, [key]))).toBe('not-runner');
      expect(refusalOf(await handOver(kim, recovery, [await sealedForAna(3)]))).toBe('generations');
      expect(refusalOf(await handOver(kim, recovery, [{ ...key, sealed: 'c0ffee' }]))).toBe(
        'document-mismatch',
      );
    });
    expect(refusals.filter(({ kind }) => kind === 'refusal')).toHaveLength(5);
    settled(await handOver(kim, recovery, [key]));
  });
});
