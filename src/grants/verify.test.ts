/** What a browser believes of access, whatever rows stand in the database; and that the database and the rule agree. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Signed } from '../people/enrolment.ts';
import {
  aFoundedBody,
  directoryOf,
  documentsOf,
  forge,
  publish,
  type SignedIn,
  type TestBody,
} from '../people/testing.ts';
import { type SigningKey, sha256Hex, signText } from '../sealing/signature.ts';
import { testDatabase } from '../store/testing.ts';
import { approval, end, letRead, openForm, proposal, propose, provenIn, termsFound } from './testing.ts';
import { provenInForce, verifyGrants } from './verify.ts';

let body: TestBody;
let forms = 0;
beforeAll(async () => {
  body = await aFoundedBody(await testDatabase());
});
afterAll(() => body.db.close());

/** A form of its own for each test, so that none sees another's grants. */
async function aForm(): Promise<string> {
  forms += 1;
  const form = `form-${forms}`;
  await publish(body, form);
  return form;
}

const may = z.object({ may: z.boolean() });
async function mayRead({ staff }: SignedIn, form: string): Promise<boolean> {
  const sql = 'select letterbox.may_read($1, $2, $3, 1) as may';
  return (await body.db.admin.one(may, sql, [staff.organisation, staff.person, form])).may;
}

async function believedReaders(form: string): Promise<string[]> {
  const inForce = provenInForce(await provenIn(body), new Date().toISOString());
  return inForce.filter((line) => line.form === form).map(({ person }) => person);
}

/** A grant as whoever owns the database could write it: rows that look approved, signed with `key`. */
async function writtenByTheDatabaseOwner(form: string, grantee: SignedIn, key: SigningKey) {
  const made = await proposal(body, body.founder, grantee, { form });
  const resigned = async (signed: Signed) => ({
    text: signed.text,
    signature: await signText(key, signed.text),
  });
  const document = await forge(body.db, await resigned(made.signed));
  const { organisation, effect, state } = JSON.parse(made.signed.text);
  const text = JSON.stringify({
    ...{
      at: new Date().toISOString(),
      effect,
      kind: 'approval',
      organisation,
      people: 1,
      proposal: document,
    },
    ...{ signer: body.second.staff.person, state },
  });
  const approved = await forge(body.db, await resigned({ text, signature: '' }));
  await body.db.admin.run(
    `insert into letterbox.proposal (organisation, id, document, proposer, proposed_at, until, approved_at)
     values ($1, $2, decode($3, 'hex'), $4, now(), now() + interval '9 days', now())`,
    [organisation, made.id, document, body.founder.staff.person],
  );
  await body.db.admin.run(
    `insert into letterbox.grants (organisation, id, proposal, person, form, from_generation, starts, until, review_by,
       purpose, document, proposer, approver, approved_at, approval)
     values ($1, letterbox.grant_line($5, $3, $4, null), $2, $3, $4, 1, now(), now() + interval '9 days',
       now() + interval '9 days', 'Review cases', decode($5, 'hex'), $6, $7, now(), decode($8, 'hex'))`,
    [
      ...[organisation, made.id, grantee.staff.person, form, document],
      ...[body.founder.staff.person, body.second.staff.person, approved],
    ],
  );
  return { document, approved };
}

describe('a browser believes', () => {
  test('a grant that two managers signed, until one of them ends it', async () => {
    const form = await aForm();
    const id = await letRead(body, body.ana, { form });
    expect(await believedReaders(form)).toEqual([body.ana.staff.person]);
    await end(body, body.second, id);
    expect(await believedReaders(form)).toEqual([]);
  });

  test('no proposal that nobody approved', async () => {
    const form = await aForm();
    await propose(body, body.founder, body.ana, { form });
    expect(await believedReaders(form)).toEqual([]);
  });

  test('no rows of the database’s owner, though the database itself does', async () => {
    const form = await aForm();
    const { document } = await writtenByTheDatabaseOwner(form, body.ben, body.ben.staff.signingKey);
    expect(await mayRead(body.ben, form)).toBe(true);
    expect(await believedReaders(form)).toEqual([]);
    const { ignored } = await provenIn(body);
    expect(ignored).toContainEqual({ hash: document, why: 'Its signature is not that of its signer.' });
  });

  test('one manager’s key under both names no more than any other', async () => {
    const form = await aForm();
    const { approved } = await writtenByTheDatabaseOwner(form, body.ben, body.founder.staff.signingKey);
    expect(await believedReaders(form)).toEqual([]);
    const { ignored } = await provenIn(body);
    expect(ignored.map(({ hash }) => hash)).toContain(approved);
  });

  test('nothing from which a signature was taken, and nothing moved to another grant', async () => {
    const form = await aForm();
    const toAna = await propose(body, body.founder, body.ana, { form });
    const toBen = await propose(body, body.founder, body.ben, { form });
    const signed = await approval(body, body.second, toAna);
    const [grantToBen, { signer, proposal: mine }] = [await termsFound(body, toBen), JSON.parse(signed.text)];
    const text = signed.text.replace(mine, grantToBen.document);
    const moved = {
      ...{ kind: 'approval', signer, text, signature: signed.signature },
      ...{ hash: await sha256Hex(text), position: 5000 },
    };
    const proven = await verifyGrants([...(await documentsOf(body)), moved], await directoryOf(body));
    expect(proven.grants.filter((line) => line.form === form)).toEqual([]);
    const whole = { ...moved, text: signed.text, hash: await sha256Hex(signed.text) };
    const control = await verifyGrants([...(await documentsOf(body)), whole], await directoryOf(body));
    expect(control.grants.filter((line) => line.form === form)).toHaveLength(1);
  });

  test('a form’s key that a reader made and a manager countersigned, and none before', async () => {
    const form = 'review';
    await letRead(body, body.ana, { form });
    const keys = async () => (await provenIn(body)).keys.map(({ key }) => key.form);
    expect(await keys()).toEqual([]);
    await openForm(body, body.ana);
    expect(await keys()).toEqual([form]);
  });

  test('no more when documents are missing', async () => {
    const documents = await documentsOf(body);
    const whole = await verifyGrants(documents, await directoryOf(body));
    const known = new Set(whole.grants.map(({ id }) => id));
    await fc.assert(
      fc.asyncProperty(fc.subarray(documents), async (left) => {
        const { grants } = await verifyGrants(left, await directoryOf(body, left));
        expect(grants.filter(({ id }) => !known.has(id))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});
