import { expect, test } from 'vitest';
import { z } from 'zod';
import { newCaseId, newId, objectId } from '../sealing/place.ts';
import { newCase, sealSubmission } from '../sealing/submission.ts';
import { testDatabase } from '../store/testing.ts';
import { postCases } from './acts.ts';
import { startSweeping } from './jobs.ts';
import { putChunk, sweepChunks } from './store.ts';
import { openForm, someContent } from './testing.ts';

const left = z.object({ attachment: z.string() });

test('chunks whose case never came go after a day; those of a case stay', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const draft = await newCase(target, new Date());
  const [listed, replaced, abandoned, recent] = Array.from({ length: 4 }, () => objectId(newId()));
  if (!listed || !replaced || !abandoned || !recent) throw new Error('There are no ids.');
  const put = (attachment: string, of: string = draft.case) =>
    putChunk(db.slot, { slug, form: target.form, case: of, attachment, n: 0 }, new Uint8Array(5));
  for (const attachment of [listed, replaced]) await put(attachment);
  await put(abandoned, newCaseId(new Date()));
  const attachments = [{ id: listed, size: 5, chunks: 1, sha256: '00'.repeat(32) }];
  const post = await sealSubmission(draft, someContent, attachments);
  expect((await postCases(db.slot, [{ slug, post }]))[0]?.verdict).toBe('accepted');
  expect(await sweepChunks(db.slot)).toBe(0n);
  await db.admin.run("update letterbox.attachment_chunk set arrived_at = now() - interval '25 hours'");
  await put(recent, newCaseId(new Date()));
  expect(await sweepChunks(db.slot)).toBe(2n);
  const rows = await db.admin.rows(left, 'select attachment from letterbox.attachment_chunk');
  expect(rows.map(({ attachment }) => attachment).sort()).toEqual([listed, recent].sort());
});

test('a case that is being posted at this moment is not swept', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const of = newCaseId(new Date());
  await putChunk(
    db.slot,
    { slug, form: target.form, case: of, attachment: newId(), n: 0 },
    new Uint8Array(5),
  );
  await db.admin.run("update letterbox.attachment_chunk set arrived_at = now() - interval '25 hours'");
  const other = await db.admin.pool.connect();
  try {
    await other.query('begin');
    await other.query('select letterbox.lock_case($1)', [of]);
    expect(await sweepChunks(db.slot)).toBe(0n);
    await other.query('rollback');
    expect(await sweepChunks(db.slot)).toBe(1n);
  } finally {
    other.release();
  }
});

test('sweeping starts by itself, and closing waits for what is under way', async () => {
  const db = await testDatabase();
  const { slug, target } = await openForm(db.admin);
  const to = { slug, form: target.form, case: newCaseId(new Date()), attachment: newId(), n: 0 };
  await putChunk(db.slot, to, new Uint8Array(5));
  await db.admin.run("update letterbox.attachment_chunk set arrived_at = now() - interval '25 hours'");
  await startSweeping(db.slot).close();
  expect(await db.admin.rows(left, 'select attachment from letterbox.attachment_chunk')).toEqual([]);
});
