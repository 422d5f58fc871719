import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { formId, newCaseId, newId, objectId } from '../sealing/place.ts';
import { parseSealed } from '../sealing/seal.ts';
import { sha256Hex } from '../sealing/signature.ts';
import { decodePost, encodePost, newCase, sealSubmission } from '../sealing/submission.ts';
import { testDatabase } from '../store/testing.ts';
import { postCases } from './acts.ts';
import { putChunk } from './store.ts';
import { approveKey, openForm, publish, someContent, somePost } from './testing.ts';

const count = z.object({ n: z.bigint() });

test('a post becomes one case, with its register entry, and its bytes are stored as they came', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const { post } = await somePost(target);
  const [result] = await postCases(db.slot, [{ slug, post }]);
  expect(result?.verdict).toBe('accepted');
  const row = z.object({
    ...{ answers: z.instanceof(Buffer), summary: z.instanceof(Buffer), case_key: z.instanceof(Buffer) },
    ...{ receipt_key: z.instanceof(Buffer), sealed_hash: z.instanceof(Buffer), arrival: z.string() },
  });
  const stored = await db.admin.one(row, 'select * from letterbox.cases where id = $1', [post.case]);
  expect(Buffer.compare(stored.answers, post.answers)).toBe(0);
  expect(Buffer.compare(stored.summary, post.summary)).toBe(0);
  expect(Buffer.compare(stored.case_key, post.caseKey)).toBe(0);
  expect(Buffer.compare(stored.receipt_key, post.receiptKey)).toBe(0);
  const objects = [post.answers, post.summary, post.caseKey, post.receiptKey];
  const hashes = await Promise.all(objects.map(sha256Hex));
  expect(stored.sealed_hash.toString('hex')).toBe(await sha256Hex(Buffer.from(hashes.join(''), 'hex')));
  const entry = await db.admin.one(
    z.object({ body: z.string(), at: z.date() }),
    "select body, at from letterbox.register_entry where case_id = $1 and kind = 'submission'",
    [post.case],
  );
  expect(JSON.parse(entry.body)).toMatchObject({
    ...{ kind: 'submission', form: 'report', version: 1, generation: 1, arrival: 'browser', case: post.case },
    ...{ sealed: stored.sealed_hash.toString('hex'), attachments: 0 },
  });
});

test('equality answers are kept apart: a day, and no way to the case', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const { post } = await somePost(target);
  await postCases(db.slot, [{ slug, post }]);
  const row = await db.admin.one(
    z.record(z.string(), z.unknown()),
    'select * from letterbox.equality_answer',
  );
  expect(Object.keys(row).sort()).toEqual([
    'form',
    'generation',
    'id',
    'organisation',
    'received_on',
    'sealed',
  ]);
  expect(Buffer.compare(Buffer.from(post.equality ?? []), z.instanceof(Buffer).parse(row.sealed))).toBe(0);
  const bodies = await db.admin.rows(
    z.object({ body: z.string() }),
    'select body from letterbox.register_entry',
  );
  expect(JSON.stringify(bodies)).not.toContain(await sha256Hex(post.equality ?? new Uint8Array()));
});

test('the same post again is acknowledged as before; another sender cannot take its case id', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const { draft, post } = await somePost(target);
  await postCases(db.slot, [{ slug, post }]);
  await db.admin.run("update letterbox.cases set received_at = '2026-04-01T12:00:00Z'");
  expect(await postCases(db.slot, [{ slug, post }])).toEqual([{ verdict: 'again', day: '2026-04-01' }]);
  const resealed = await sealSubmission(draft, someContent, []);
  expect(await postCases(db.slot, [{ slug, post: resealed }])).toEqual([
    { verdict: 'again', day: '2026-04-01' },
  ]);
  const { post: stranger } = await somePost(target);
  const thief = { ...stranger, case: post.case };
  expect(await postCases(db.slot, [{ slug, post: thief }])).toEqual([{ verdict: 'taken', day: null }]);
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.cases')).toEqual({ n: 1n });
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.equality_answer')).toEqual({ n: 1n });
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.register_entry')).toEqual({ n: 1n });
});

test('a replay is acknowledged also after the form was closed to new posts', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const { post } = await somePost(target);
  await postCases(db.slot, [{ slug, post }]);
  await approveKey(db.admin, { ...target, generation: 2 });
  expect((await postCases(db.slot, [{ slug, post }]))[0]?.verdict).toBe('again');
});

test('of the same case posted many times at once, in batches that overlap, one is stored', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const posts = await Promise.all(
    Array.from({ length: 6 }, async () => ({ slug, post: (await somePost(target)).post })),
  );
  const { post: other } = await somePost(target);
  const rivals = posts.slice(0, 3).map(({ post }) => ({ slug, post: { ...other, case: post.case } }));
  const batches = [
    posts,
    posts.toReversed(),
    [...posts, ...posts],
    [...rivals, ...posts],
    [...posts, ...rivals].toReversed(),
  ];
  const results = (await Promise.all(batches.map((batch) => postCases(db.slot, batch)))).flat();
  expect(results.filter(({ verdict }) => verdict === 'accepted')).toHaveLength(6);
  expect(results.every(({ verdict }) => ['accepted', 'again', 'taken'].includes(verdict))).toBe(true);
  expect(results.every(({ verdict, day }) => (verdict === 'taken') === (day === null))).toBe(true);
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.cases')).toEqual({ n: 6n });
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.register_entry')).toEqual({ n: 6n });
});

test('within one batch the first of two posts with one case id wins', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const { post } = await somePost(target);
  const { post: other } = await somePost(target);
  const batch = [post, { ...other, case: post.case }, post].map((each) => ({ slug, post: each }));
  expect((await postCases(db.slot, batch)).map(({ verdict }) => verdict)).toEqual([
    'accepted',
    'taken',
    'again',
  ]);
  const stored = await db.admin.one(
    z.object({ answers: z.instanceof(Buffer) }),
    'select answers from letterbox.cases',
  );
  expect(Buffer.compare(stored.answers, post.answers)).toBe(0);
});

test('bad posts among good ones are refused, each for its reason, and hinder nobody', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  await publish(db.admin, { ...target, form: formId('unkeyed') }, { title: 'No key yet' });
  const post = async (over: object) => ({ slug, post: { ...(await somePost(target)).post, ...over } });
  const missing = { id: objectId(newId()), size: 10, chunks: 1, sha256: '00'.repeat(32) };
  const batch = [
    await post({}),
    await post({ form: 'no-such-form' }),
    await post({ form: 'unkeyed' }),
    await post({ organisation: newId() }),
    { ...(await post({})), slug: 'elsewhere' },
    await post({ version: 2 }),
    await post({ version: Number.MAX_SAFE_INTEGER }),
    await post({ generation: 2 }),
    await post({ generation: 0 }),
    await post({ attachments: [missing] }),
    await post({
      attachments: [{ ...missing, size: Number.MAX_SAFE_INTEGER, chunks: Number.MAX_SAFE_INTEGER }],
    }),
    await post({}),
  ];
  const results = await postCases(db.slot, batch);
  expect(results.map(({ verdict }) => verdict)).toEqual([
    ...['accepted', 'closed', 'closed', 'closed', 'closed', 'stale-version', 'stale-version'],
    ...['stale-generation', 'stale-generation', 'incomplete', 'incomplete', 'accepted'],
  ]);
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.cases')).toEqual({ n: 2n });
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.register_entry')).toEqual({ n: 2n });
  expect(await db.admin.one(count, 'select count(*) as n from letterbox.equality_answer')).toEqual({ n: 2n });
});

test('a form whose newest key waits for its second signature still takes posts to the one before', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  await approveKey(db.admin, { ...target, generation: 2 });
  await db.admin.run(
    'update letterbox.form_key set approved_at = null, approval = null where generation = 2',
  );
  const { post } = await somePost(target);
  expect((await postCases(db.slot, [{ slug, post }]))[0]?.verdict).toBe('accepted');
  await db.admin.run(
    "update letterbox.form_key set approved_at = now(), approval = '\\x00' where generation = 2",
  );
  const { post: late } = await somePost(target);
  expect((await postCases(db.slot, [{ slug, post: late }]))[0]?.verdict).toBe('stale-generation');
});

test('a case with attachments is taken once all their chunks are there', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const draft = await newCase(target, new Date());
  const [a, b] = [objectId(newId()), objectId(newId())];
  const at = (attachment: string, n: number) => ({
    slug,
    form: target.form,
    case: draft.case,
    attachment,
    n,
  });
  const attachments = [
    { id: a, size: 30, chunks: 2, sha256: 'aa'.repeat(32) },
    { id: b, size: 5, chunks: 1, sha256: 'bb'.repeat(32) },
  ];
  const post = await sealSubmission(draft, someContent, attachments);
  await putChunk(db.slot, at(a, 0), new Uint8Array(20));
  await putChunk(db.slot, at(b, 0), new Uint8Array(5));
  expect((await postCases(db.slot, [{ slug, post }]))[0]?.verdict).toBe('incomplete');
  await putChunk(db.slot, at(a, 1), new Uint8Array(9));
  expect((await postCases(db.slot, [{ slug, post }]))[0]?.verdict).toBe('incomplete');
  await db.admin.run('delete from letterbox.attachment_chunk where n = 1');
  await putChunk(db.slot, at(a, 1), new Uint8Array(10));
  expect((await postCases(db.slot, [{ slug, post }]))[0]?.verdict).toBe('accepted');
  const row = z.object({ id: z.string(), size: z.bigint(), chunks: z.number() });
  const rows = await db.admin.rows(
    row,
    'select id, size, chunks from letterbox.attachment order by size desc',
  );
  expect(rows).toEqual([
    { id: a, size: 30n, chunks: 2 },
    { id: b, size: 5n, chunks: 1 },
  ]);
});

test('whatever is encoded and decoded and posted is stored byte for byte', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const sealed = await somePost(target);
  // Any payload of a padded length has the shape of a sealed object; the header is a real one.
  const header = sealed.post.summary.subarray(0, 1627);
  const object = fc.constantFrom(512, 1024, 4096).chain((length) =>
    fc.uint8Array({ minLength: length + 32, maxLength: length + 32 }).map((payload) => {
      const bytes = parseSealed(Uint8Array.of(...header, ...payload));
      if (!bytes) throw new Error('This has not the shape of a sealed object.');
      return bytes;
    }),
  );
  const posts = fc.array(
    fc.record({
      answers: object,
      summary: object,
      caseKey: object,
      receiptKey: object,
      equality: fc.option(object),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const columns = ['answers', 'summary', 'case_key', 'receipt_key'] as const;
  const row = z.object(Object.fromEntries(columns.map((name) => [name, z.instanceof(Buffer)])));
  await fc.assert(
    fc.asyncProperty(posts, async (objects) => {
      const batch = objects.map((each) => {
        const post = decodePost(encodePost({ ...sealed.post, ...each, case: newCaseId(new Date()) }));
        if (!post) throw new Error('The post did not survive its encoding.');
        return { slug, post };
      });
      await postCases(db.slot, batch);
      for (const [index, { post }] of batch.entries()) {
        const stored = await db.admin.one(row, 'select * from letterbox.cases where id = $1', [post.case]);
        const sent = objects[index];
        expect(columns.map((name) => stored[name]?.toString('hex'))).toEqual(
          [sent?.answers, sent?.summary, sent?.caseKey, sent?.receiptKey].map((each) =>
            Buffer.from(each ?? []).toString('hex'),
          ),
        );
      }
    }),
    { numRuns: 20 },
  );
});
