import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newId } from '../sealing/place.ts';
import { act, type SessionSecret, sessionSecret } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { approveKey, openForm, publish } from '../submissions/testing.ts';
import { publishForm } from './acts.ts';
import { DefinitionError } from './definition.ts';
import { shippedJson } from './shipped.testing.ts';
import { formVersion, ownForms, publishedForm, publishedForms } from './store.ts';

const review = { title: '', ...(shippedJson('review') as object), id: 'review' };
const NAME = 'Exampleshire Office for Policing';

async function signedIn(
  db: TestDatabase,
  organisation: string,
  capacities: string[],
): Promise<SessionSecret> {
  const [person, secret] = [newId(), randomBytes(32).toString('hex')];
  await db.admin.run(
    `insert into letterbox.person (organisation, id, name, email, capacities, invited_at, enrolled_at, recipient,
       verify_key, confirmed_at) values ($1, $2, 'Ana', $3, $4, now(), now(), 'x', 'x', now())`,
    [organisation, person, `${person}@example.com`, capacities],
  );
  await db.admin.run(
    `insert into letterbox.session (secret_hash, organisation, person, opened_at, seen_at)
     values (sha256(decode($1, 'hex')), $2, $3, now(), now())`,
    [secret, organisation, person],
  );
  const session = sessionSecret(secret);
  if (!session) throw new Error('no session');
  return session;
}

describe('published forms', () => {
  test('are found by their address, newest version and generation, with the signed key', async () => {
    const db = await testDatabase();
    const { target } = await openForm(db.admin, 'exampleshire', review);
    const found = await publishedForm(db.slot, 'exampleshire', 'review');
    expect(found).toMatchObject({
      organisation: { id: target.organisation, slug: 'exampleshire', name: NAME, demonstration: false },
      definition: { id: 'review', version: 1 },
      generation: 1,
      recipient: target.recipient,
    });
    expect(JSON.parse(found?.formKey.document.text ?? '')).toMatchObject({ kind: 'form-key', generation: 1 });
    await publish(db.admin, { ...target, version: 2 }, { ...review, version: 2 });
    await approveKey(db.admin, { ...target, generation: 2 });
    const [newest, ...others] = await publishedForms(db.slot);
    expect(others).toEqual([]);
    expect(newest).toMatchObject({ definition: { version: 2 }, generation: 2 });
  });

  test('are nobody else’s, and none without an approved key', async () => {
    const db = await testDatabase();
    const { target } = await openForm(db.admin, 'exampleshire', review);
    expect(await publishedForm(db.slot, 'elsewhere', 'review')).toBeNull();
    for (const form of ["review' or true --", 'review\0', 'REVIEW'])
      expect(await publishedForm(db.slot, 'exampleshire', form)).toBeNull();
    await db.admin.run('update letterbox.form_key set approval = null, approved_at = null where form = $1', [
      target.form,
    ]);
    expect(await publishedForms(db.slot)).toEqual([]);
  });

  test('say so when what was published is no form', async () => {
    const db = await testDatabase();
    await openForm(db.admin, 'exampleshire', { id: 'review', title: 'Half a form' });
    await expect(publishedForm(db.slot, 'exampleshire', 'review')).rejects.toThrow(DefinitionError);
  });
});

describe('publishing', () => {
  test('is for managers, goes up by one version, and is in the register', async () => {
    const db = await testDatabase();
    const { target } = await openForm(db.admin, 'exampleshire', review);
    const manager = await signedIn(db, target.organisation, ['manager']);
    const caseworker = await signedIn(db, target.organisation, ['caseworker']);
    const second = { ...review, version: 2 };
    expect(await act(db.desk, caseworker, (tx) => publishForm(tx, second))).toMatchObject({
      kind: 'forbidden',
    });
    expect(await act(db.desk, null, (tx) => publishForm(tx, second))).toMatchObject({ kind: 'signed-out' });
    expect(await act(db.desk, manager, (tx) => publishForm(tx, second))).toBeNull();
    expect(await act(db.desk, manager, (tx) => publishForm(tx, second))).toMatchObject({ kind: 'conflict' });
    const third = await act(db.desk, manager, (tx) => publishForm(tx, { ...second, version: 3, pages: [] }));
    expect(third).toMatchObject({ kind: 'invalid', message: expect.stringContaining('pages') });
    const entries = await db.admin.run("select from letterbox.register_entry where kind = 'publication'");
    expect(entries).toBe(1);
  });

  test('leaves each version as it was asked', async () => {
    const db = await testDatabase();
    const { target } = await openForm(db.admin, 'exampleshire', review);
    const manager = await signedIn(db, target.organisation, ['manager']);
    await act(db.desk, manager, (tx) => publishForm(tx, { ...review, version: 2, title: 'Another title' }));
    const [first, second, none, own] = await Promise.all([
      act(db.desk, manager, (tx) => formVersion(tx, 'review', 1, NAME)),
      act(db.desk, manager, (tx) => formVersion(tx, 'review', 2, NAME)),
      act(db.desk, manager, (tx) => formVersion(tx, 'review', 9, NAME)),
      act(db.desk, manager, (tx) => ownForms(tx, NAME)),
    ]);
    expect(first).toMatchObject({ version: 1, title: expect.stringContaining('Ask for a review') });
    expect(second).toMatchObject({ version: 2, title: 'Another title' });
    expect(none).toBeNull();
    expect(own).toMatchObject([{ definition: { version: 2 }, open: true }]);
  });
});
