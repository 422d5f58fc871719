import { expect, test } from 'vitest';
import { z } from 'zod';
import type { KeptFile, PublishedForm } from '../forms/sending.ts';
import { FULL, shippedJson } from '../forms/shipped.testing.ts';
import { publishedForm } from '../forms/store.ts';
import { openEnvelope, openStream, openSubmission } from '../sealing/open.ts';
import { caseId, formId, objectId } from '../sealing/place.ts';
import { parseReceiptCode, receiptIdentity } from '../sealing/receipt.ts';
import { parseSealed, type Sealed } from '../sealing/seal.ts';
import { submissionPlace } from '../sealing/submission.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { isRefusal, type Refusal } from '../web/refusal.ts';
import { postCases } from './acts.ts';
import { sealedOnArrival } from './arrival.ts';
import { openIntake } from './intake.ts';
import { approveKey, type OpenForm, openForm } from './testing.ts';

const definition = z.looseObject({ id: z.string(), title: z.string() }).parse(shippedJson('review'));

async function arrangement(db: TestDatabase) {
  const open = await openForm(db.admin, 'exampleshire', definition);
  const deps = sealedOnArrival({
    database: db.slot,
    intake: openIntake((batch) => postCases(db.slot, batch)),
  });
  return { open, deps, form: await currentForm(db) };
}

async function currentForm(db: TestDatabase): Promise<PublishedForm> {
  const form = await publishedForm(db.slot, 'exampleshire', definition.id);
  if (!form) throw new Error('The form is not published.');
  return form;
}

const summary = { title: 'Ana Silva', lines: ['Exampleshire Police'] };
const equality = { age: '30 to 39' };

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

function kept(outcome: KeptFile | Refusal): KeptFile {
  if (isRefusal(outcome)) throw new Error(outcome.message);
  return outcome;
}

const stored = z.object({
  ...{ id: z.string(), arrival: z.string(), answers: z.instanceof(Buffer), summary: z.instanceof(Buffer) },
  ...{ case_key: z.instanceof(Buffer), receipt_key: z.instanceof(Buffer) },
});

function whole(bytes: Uint8Array): Sealed {
  const sealed = parseSealed(new Uint8Array(bytes));
  if (!sealed) throw new Error('This is not a sealed object.');
  return sealed;
}

async function openStored(db: TestDatabase, { target, identity }: OpenForm) {
  const row = await db.admin.one(stored, 'select * from letterbox.cases');
  const of = { ...target, case: caseId(row.id) };
  const sealed = { answers: whole(row.answers), summary: whole(row.summary), caseKey: whole(row.case_key) };
  return { row, of, ...(await openSubmission(identity, of, sealed)) };
}

test('what came without JavaScript is sealed on arrival, and opens with the form key and with the receipt code', async () => {
  const db = await testDatabase();
  const { open, deps, form } = await arrangement(db);
  const carry = await deps.startCase(form);
  const sent = await deps.send(form, { carry, answers: FULL.review, equality, summary, files: [] });
  if (isRefusal(sent)) throw new Error(sent.message);
  expect(sent.template).toBe('submissions/pages/confirmation.njk');
  const opened = await openStored(db, open);
  expect(opened.row.arrival).toBe('server');
  expect(opened.answers).toEqual(FULL.review);
  expect(opened.summary).toEqual(summary);
  const code = parseReceiptCode(String(sent.context.receiptCode));
  if (!code) throw new Error('There is no receipt code.');
  const place = submissionPlace(opened.of, 'receipt-key');
  expect(await openEnvelope(await receiptIdentity(code), opened.row.receipt_key, place)).toBe(
    opened.caseIdentity,
  );
});

test('nothing of what was written is in the database or in what the server keeps', async () => {
  const db = await testDatabase();
  const { deps, form } = await arrangement(db);
  const carry = await deps.startCase(form);
  const content = new TextEncoder().encode('The witness was Mr Oakapple. '.repeat(100));
  const file = {
    question: 'letter',
    name: 'oakapple.pdf',
    type: 'application/pdf',
    content: pieces(content, 500),
  };
  const one = kept(await deps.keepFile(form, carry, file));
  await deps.send(form, {
    carry,
    answers: { why: 'Mr Oakapple saw it' },
    equality,
    summary,
    files: [{ ...one, question: 'letter' }],
  });
  const tables = ['cases', 'attachment', 'attachment_chunk', 'equality_answer', 'register_entry'];
  for (const table of tables) {
    const rows = await db.admin.rows(
      z.object({ text: z.string() }),
      `select t::text as text from letterbox.${table} t`,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { text } of rows) {
      const bytes = [...text.matchAll(/\\x([0-9a-f]+)/g)].map(([, hex = '']) =>
        Buffer.from(hex, 'hex').toString('latin1'),
      );
      expect([text, ...bytes].join().toLowerCase().includes('oakapple')).toBe(false);
    }
  }
});

test('the same carry sent twice gives the same confirmation and one case', async () => {
  const db = await testDatabase();
  const { deps, form } = await arrangement(db);
  const carry = await deps.startCase(form);
  const arriving = { carry, answers: FULL.review, equality: null, summary, files: [] };
  const both = await Promise.all([deps.send(form, arriving), deps.send(form, arriving)]);
  const later = await deps.send(form, arriving);
  expect(both).toEqual([later, later]);
  expect(isRefusal(later)).toBe(false);
  const count = z.object({ n: z.bigint() });
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.cases')).toEqual({ n: 1n });
});

test('an upload is sealed piece by piece and opens again as it was', async () => {
  const db = await testDatabase();
  const { open, deps, form } = await arrangement(db);
  const carry = await deps.startCase(form);
  const content = new Uint8Array(3_000_000).map((_, index) => index % 251);
  const file = {
    question: 'letter',
    name: '../letter\u202e.pdf',
    type: 'application/pdf',
    content: pieces(content, 70_000),
  };
  const one = kept(await deps.keepFile(form, carry, file));
  expect([one.name, one.size]).toEqual(['.._letter_.pdf', content.length]);
  const sent = await deps.send(form, {
    carry,
    answers: {},
    equality: null,
    summary,
    files: [{ ...one, question: 'letter' }],
  });
  expect(isRefusal(sent)).toBe(false);
  const { caseIdentity, of } = await openStored(db, open);
  const chunks = await db.admin.rows(
    z.object({ bytes: z.instanceof(Buffer) }),
    'select bytes from letterbox.attachment_chunk order by n',
  );
  expect(chunks.length).toBe(3);
  const { id } = await db.admin.one(z.object({ id: z.string() }), 'select id from letterbox.attachment');
  expect(id).toBe(one.id);
  const place = submissionPlace(of, 'attachment', objectId(id));
  const sealed = new Blob(chunks.map(({ bytes }) => new Uint8Array(bytes))).stream();
  const opened = await openStream(caseIdentity, sealed, place);
  const found = new Uint8Array(await new Response(opened.content).arrayBuffer());
  expect(Buffer.compare(found, content)).toBe(0);
  expect(opened.name).toEqual({ name: one.name, type: one.type });
});

test('what goes wrong while an upload is read is passed on, and nothing of it is kept', async () => {
  const db = await testDatabase();
  const { deps, form } = await arrangement(db);
  const carry = await deps.startCase(form);
  const trouble = new Error('The file is too large.');
  async function* content(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(2_000_000);
    throw trouble;
  }
  const file = { question: 'letter', name: 'letter.pdf', type: 'application/pdf', content: content() };
  await expect(deps.keepFile(form, carry, file)).rejects.toBe(trouble);
  const count = z.object({ n: z.bigint() });
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.attachment_chunk')).toEqual({
    n: 0n,
  });
});

test('files sealed under a key that was turned since must be added again', async () => {
  const db = await testDatabase();
  const { open, deps, form } = await arrangement(db);
  const carry = await deps.startCase(form);
  const file = () => ({
    question: 'letter',
    name: 'a.pdf',
    type: 'application/pdf',
    content: pieces(new Uint8Array(9), 9),
  });
  const old = kept(await deps.keepFile(form, carry, file()));
  await approveKey(db.admin, { ...open.target, generation: 2 });
  const turned = await currentForm(db);
  const arriving = { carry, answers: {}, equality: null, summary };
  const refused = await deps.send(turned, { ...arriving, files: [{ ...old, question: 'letter' }] });
  expect(isRefusal(refused) && refused.refusal).toBe('stale-files');
  const fresh = kept(await deps.keepFile(turned, carry, file()));
  expect(isRefusal(await deps.send(turned, { ...arriving, files: [{ ...fresh, question: 'letter' }] }))).toBe(
    false,
  );
});

test('nothing is sealed to a recipient that the signed document does not name, or to another kind of key', async () => {
  const db = await testDatabase();
  const { deps, form } = await arrangement(db);
  const other = await openForm(db.admin, 'elsewhere', definition);
  const carry = await deps.startCase(form);
  const arriving = { carry, answers: {}, equality: null, summary, files: [] };
  const swapped = { ...form, recipient: other.target.recipient };
  const moved = { ...form, definition: { ...form.definition, id: formId('other') } };
  const turned = { ...form, generation: 2 };
  const loose = { ...form, formKey: { ...form.formKey, approval: { text: '{}', signature: 'x' } } };
  for (const wrong of [swapped, moved, turned, loose]) {
    const refused = await deps.send(wrong, arriving);
    expect(isRefusal(refused) && refused.refusal).toBe('unsigned-recipient');
  }
});

test('a carry that no page of ours gave is refused', async () => {
  const db = await testDatabase();
  const { deps, form } = await arrangement(db);
  const carry = await deps.startCase(form);
  const broken = [
    '',
    'x',
    '//',
    carry.slice(1),
    `${carry}/x`,
    carry.replace('AGE-SECRET-KEY-PQ-1', 'AGE-SECRET-KEY-1'),
  ];
  for (const each of broken) {
    const refused = await deps.send(form, { carry: each, answers: {}, equality: null, summary, files: [] });
    expect(isRefusal(refused) && refused.refusal).toBe('bad-carry');
  }
});
