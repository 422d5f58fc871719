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
import { readersOf, stateText } from './grant.ts';
import {
  approval,
  approve,
  end,
  letRead,
  openForm,
  proposal,
  propose,
  provenIn,
  standing,
  stateOf,
} from './testing.ts';
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
  return (await body.db.desk.one(may, sql, [staff.organisation, staff.person, form])).may;
}

async function believedReaders(form: string): Promise<string[]> {
  const inForce = provenInForce(await provenIn(body), new Date().toISOString());
  return inForce.filter(({ grant }) => grant.form === form).map(({ grant }) => grant.person);
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
    ...{ at: new Date().toISOString(), effect, grant: document, kind: 'approval', organisation, people: 1 },
    ...{ signer: body.second.staff.person, state },
  });
  const approved = await forge(body.db, await resigned({ text, signature: '' }));
  await body.db.admin.run(
    `insert into letterbox.grants (organisation, id, person, form, from_generation, until, purpose, document,
       proposer, proposed_at, approver, approved_at, approval)
     values ($1, $2, $3, $4, 1, now() + interval '9 days', 'Review cases', decode($5, 'hex'), $6, now(), $7, now(),
       decode($8, 'hex'))`,
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
    await end(body, body.second, id, form);
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
    const signed = await approval(body, body.second, toAna, form);
    const [grantToBen, { signer }] = [await standing(body, toBen, form), JSON.parse(signed.text)];
    const text = signed.text.replace(JSON.parse(signed.text).grant, grantToBen.document);
    const moved = {
      ...{ kind: 'approval', signer, text, signature: signed.signature },
      ...{ hash: await sha256Hex(text), position: 5000 },
    };
    const proven = await verifyGrants([...(await documentsOf(body)), moved], await directoryOf(body));
    expect(proven.grants.filter(({ grant }) => grant.form === form)).toEqual([]);
    const whole = { ...moved, text: signed.text, hash: await sha256Hex(signed.text) };
    const control = await verifyGrants([...(await documentsOf(body)), whole], await directoryOf(body));
    expect(control.grants.filter(({ grant }) => grant.form === form)).toHaveLength(1);
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
    const known = new Set(whole.grants.map(({ hash }) => hash));
    await fc.assert(
      fc.asyncProperty(fc.subarray(documents), async (left) => {
        const { grants } = await verifyGrants(left, await directoryOf(body, left));
        expect(grants.filter(({ hash }) => !known.has(hash))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});

type Step = {
  readonly what: 'propose' | 'approve' | 'end' | 'expire' | 'leave' | 'return';
  readonly whom: number;
};
const anyStep: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(
    'propose',
    'propose',
    'approve',
    'approve',
    'approve',
    'end',
    'expire',
    'leave',
    'return',
  ),
  whom: fc.nat(1),
});

const BOTH_READ: Step[] = [0, 1].flatMap((whom): Step[] => [
  { what: 'propose', whom },
  { what: 'approve', whom },
]);

/** One step of somebody's work on access; what is refused changes nothing. */
async function take({ what, whom }: Step, form: string): Promise<void> {
  const who = [body.ana, body.ben][whom] ?? body.ana;
  if (what === 'leave' || what === 'return') {
    const sql = 'update letterbox.person set left_at = case when $2 then now() end where id = $1';
    await body.db.admin.run(sql, [who.staff.person, what === 'leave']);
    return;
  }
  const state = await stateOf(body, form);
  const theirs = state.grants.find(({ person }) => person === who.staff.person);
  if (what === 'propose' && state.people.some(({ id }) => id === who.staff.person))
    await propose(body, body.founder, who, { form });
  if (!theirs) return;
  if (what === 'approve') await approve(body, body.second, theirs.id, form);
  if (what === 'end') await end(body, body.founder, theirs.id, form);
  const late = "update letterbox.grants set until = now() - interval '1 second' where id = $1";
  if (what === 'expire') await body.db.admin.run(late, [theirs.id]);
}

test('the database and the rule agree about who reads, whatever was done before', async () => {
  let readers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 3, maxLength: 12 }), async (steps) => {
      const form = await aForm();
      for (const step of steps) await take(step, form);
      const [state, at] = [await stateOf(body, form), new Date().toISOString()];
      const byRule = readersOf(state, at);
      const everybody = [body.founder, body.second, body.ana, body.ben];
      const byDatabase: string[] = [];
      for (const who of everybody) if (await mayRead(who, form)) byDatabase.push(who.staff.person);
      expect(byDatabase.sort()).toEqual(byRule);
      const theirText = z.object({ text: z.string() });
      const { organisation, person } = body.ana.staff;
      const sql = 'select letterbox.access_state_text($1, $2, $3) as text';
      const { text } = await body.db.admin.one(theirText, sql, [organisation, form, person]);
      expect(stateText(state, person, at)).toBe(text);
      readers += byRule.length;
      for (const whom of [0, 1]) await take({ what: 'return', whom }, form);
    }),
    { numRuns: 30, endOnFailure: true, examples: [[BOTH_READ]] },
  );
  expect(readers).toBeGreaterThan(2);
});
