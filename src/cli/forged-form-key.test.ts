/** A form's key that the owner of the database writes: what a submitter's browser makes of it, and everybody else's. */
import { beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { publishForm } from '../forms/acts.ts';
import type { PublishedForm } from '../forms/sending.ts';
import { shippedJson } from '../forms/shipped.testing.ts';
import { publishedForm } from '../forms/store.ts';
import { letRead, openForm, provenIn, stateOf, turnOf } from '../grants/testing.ts';
import { isToldTruly } from '../grants/told.ts';
import { aFoundedBody, directoryOf, forge, settled, type TestBody } from '../people/testing.ts';
import { generateIdentity } from '../sealing/keys.ts';
import { type SigningKey, signText } from '../sealing/signature.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { signedTarget } from '../submissions/target.ts';
import { main as access } from './access.ts';
import { toldOf } from './forged.testing.ts';
import { main as verify } from './verify.ts';

vi.setConfig({ testTimeout: 60_000 });

let body: TestBody;
const sql = (text: string, ...parameters: string[]) => body.db.admin.run(text, parameters);
const resigned = async ({ text }: { text: string }, key: SigningKey) => ({
  text,
  signature: await signText(key, text),
});

const asked = z.looseObject({ id: z.string(), title: z.string() });
const PURPOSE = 'Deciding requests for a review';
beforeEach(async () => {
  body = await aFoundedBody(await testDatabase());
  await letRead(body, body.ana);
  await openForm(body, body.ana);
  const form = { ...asked.parse(shippedJson('review')), id: 'asked' };
  settled(await act(body.db.desk, body.founder.session, (tx) => publishForm(tx, form)));
  const scope = { form: 'asked', case: null, fromGeneration: 1, purpose: PURPOSE };
  await letRead(body, body.ana, { scopes: [scope] });
  await openForm(body, body.ana, 'asked');
});
const served = async (): Promise<PublishedForm> => {
  const found = await publishedForm(body.db.slot, 'exampleshire', 'asked');
  if (!found) throw new Error('The form is closed.');
  return found;
};

test('control: a submitter’s browser seals to the key that a reader made and a manager countersigned', async () => {
  const [target, key] = [await signedTarget(await served()), (await provenIn(body)).keys.at(-1)];
  expect([target?.recipient, key?.key.form]).toEqual([key?.key.recipient, 'asked']);
});

test('the row’s recipient alone, or the documents of another key: nobody seals to it', async () => {
  const { recipient } = await generateIdentity();
  const { recipient: real } = await served();
  await sql("update letterbox.form_key set recipient = $1 where form = 'asked'", recipient);
  expect(await signedTarget(await served())).toBeNull();
  await sql("update letterbox.form_key set recipient = $1 where form = 'asked'", real);
  expect(await signedTarget(await served())).not.toBeNull();
  await sql(
    `insert into letterbox.form_key (organisation, form, generation, recipient, document, approval, made_at, approved_at)
     select organisation, form, 2, $1, document, approval, now(), now() from letterbox.form_key where form = 'asked'`,
    recipient,
  );
  expect((await served()).generation).toBe(2);
  expect(await signedTarget(await served())).toBeNull();
  await sql(
    "update letterbox.form_key k set document = o.document, recipient = o.recipient, approval = o.approval from letterbox.form_key o where k.form = 'asked' and k.generation = 2 and o.form = 'review'",
  );
  expect(await signedTarget(await served()), 'the key of another form').toBeNull();
});

/** A key document in the name of a reader, with or without an approval in a manager's. */
async function forgedKey(after: string | null, generation: number, approved: boolean): Promise<string> {
  const { organisation, person: signer } = body.ana.staff;
  const { recipient } = await generateIdentity();
  const at = new Date().toISOString();
  const of = { kind: 'form-key', organisation, form: 'asked', generation, recipient };
  const text = JSON.stringify({ after, around: null, at, ...of, signer });
  const document = await forge(body.db, await resigned({ text }, body.ben.staff.signingKey));
  const said = {
    at,
    formKey: document,
    kind: 'form-key-approval',
    organisation,
    signer: body.second.staff.person,
  };
  const approvedBy = await resigned({ text: JSON.stringify(said) }, body.ben.staff.signingKey);
  const signed = approved ? await forge(body.db, approvedBy) : document;
  await sql(
    `insert into letterbox.form_key (organisation, form, generation, recipient, document, approval, made_at, approved_at)
     values ($1, 'asked', $2::integer, $3, decode($4, 'hex'), decode($5, 'hex'), now(), now())`,
    ...[organisation, String(generation), recipient, document, signed],
  );
  return recipient;
}

test('a first key that nobody countersigned: nobody seals to it', async () => {
  await sql("delete from letterbox.key_envelope where form = 'asked'");
  await sql("delete from letterbox.form_key where form = 'asked'");
  await forgedKey(null, 1, false);
  expect(await signedTarget(await served())).toBeNull();
});

test('LIMIT: a stranger’s browser knows nobody’s keys; every reader’s and manager’s browser sees that a whole chain is forged', async () => {
  const [real] = (await provenIn(body)).keys.filter(({ key }) => key.form === 'asked');
  const recipient = await forgedKey(real?.hash ?? '', 2, true);
  expect((await signedTarget(await served()))?.recipient, 'what it cannot see').toBe(recipient);
  const proven = await provenIn(body);
  expect(proven.keys.some(({ key }) => key.recipient === recipient)).toBe(false);
  const at = new Date().toISOString();
  const state = await stateOf(body, 'asked');
  expect(isToldTruly(state, await directoryOf(body), proven, at), 'nobody signs on it').toBe(false);
  const { text } = await turnOf(body, body.ana, 'asked');
  expect(JSON.parse(text), 'the next turn goes on from the real one').toMatchObject({
    after: real?.hash,
    generation: 2,
  });
  const told = await toldOf(body, { verify, access });
  expect(told.verify.said + told.access.said).toMatch(
    /2 (signed )?documents of the download stand in no entry/,
  );
});
