/** Listing, releasing and downloading through the acts, against the real database. */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Decrypter } from 'age-encryption';
import { expect, test } from 'vitest';
import { newId } from '../sealing/place.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { isRefusal, type Refusal } from '../web/refusal.ts';
import { download, list, NO_CASE, openings, release } from './acts.ts';
import { releaseCase } from './store.ts';
import {
  aBody,
  aCase,
  aPerson,
  aReader,
  content,
  endGrant,
  entries,
  expireGrant,
  grantTo,
} from './testing.ts';

function granted<T>(value: T | Refusal): T {
  if (isRefusal(value)) throw new Error(`Refused: ${value.refusal}`);
  return value;
}

async function bytesIn(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

test('a release is one entry that names who, which case and the hash of what was sealed', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const { post } = await aCase(db, body);
  const { row, definition } = granted(await release(db.desk, reader, post.case));
  expect([row.answers, row.summary, row.case_key].map((bytes) => Buffer.from(bytes ?? ''))).toEqual(
    [post.answers, post.summary, post.caseKey].map((bytes) => Buffer.from(bytes)),
  );
  expect(definition?.id).toBe('review');
  const [told, ...more] = await entries(db, 'release');
  expect(more).toEqual([]);
  const [submission] = await entries(db, 'submission');
  const sealed = JSON.parse(submission?.body ?? '').sealed;
  expect(JSON.parse(told?.body ?? '')).toMatchObject({ case: post.case, actor: reader.person, sealed });
  expect(granted(await openings(db.desk, reader, post.case))).toMatchObject([
    { person: reader.person, name: reader.name, kind: 'release' },
  ]);
});

test('a release that is rolled back leaves no entry, and hands over nothing that was committed', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const { post } = await aCase(db, body);
  const lost = act(db.desk, reader.session, async (tx) => {
    await releaseCase(tx, post.case);
    throw new Error('The power fails here.');
  });
  await expect(lost).rejects.toThrow('The power fails here.');
  expect(await entries(db, 'release')).toEqual([]);
});

test('a refused release is registered by itself, with the case and without ciphertext', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const person = await aPerson(db, body.target.organisation);
  const { post } = await aCase(db, body);
  expect(await release(db.desk, person, post.case)).toEqual(NO_CASE);
  expect(await entries(db, 'release', 'list', 'attachment-release')).toEqual([]);
  const [refusal] = await entries(db, 'refusal');
  expect(JSON.parse(refusal?.body ?? '')).toMatchObject({ act: 'release', why: 'missing', case: post.case });
});

test('a grant that was ended or has expired releases nothing from then on', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const { post, attachment } = await aCase(db, body);
  for (const stop of [endGrant, expireGrant]) {
    const reader = await aReader(db, body);
    granted(await release(db.desk, reader, post.case));
    expect(granted(await list(db.desk, reader, 'review', null)).rows).toHaveLength(1);
    await stop(db, reader.grant);
    expect(await release(db.desk, reader, post.case)).toEqual(NO_CASE);
    expect(await download(db.desk, reader, post.case, attachment.id)).toEqual(NO_CASE);
    expect(await openings(db.desk, reader, post.case)).toEqual(NO_CASE);
    expect(isRefusal(await list(db.desk, reader, 'review', null))).toBe(true);
  }
});

test('a download that is under way breaks off when the grant ends', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const { post, attachment } = await aCase(db, body, randomBytes(5 * 1024 * 1024));
  expect(attachment.chunks).toBeGreaterThan(4);
  for (const stop of [endGrant, expireGrant]) {
    const reader = await aReader(db, body);
    const { stream, size } = granted(await download(db.desk, reader, post.case, attachment.id));
    let got = 0;
    const reading = (async () => {
      for await (const piece of stream) {
        if (got === 0) await stop(db, reader.grant);
        got += piece.length;
      }
    })();
    await expect(reading).rejects.toThrow('broken off');
    expect(got).toBeLessThan(size);
  }
});

test('a grant from a later generation reads nothing older, and the list shows what it reads', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const old = await aCase(db, body);
  await db.admin.run('update letterbox.cases set generation = 1 where id = $1', [old.post.case]);
  const fresh = await aCase(db, body);
  await db.admin.run('update letterbox.cases set generation = 2 where id = $1', [fresh.post.case]);
  const later = await aPerson(db, body.target.organisation);
  await grantTo(db, body, later, 2);
  const { rows, form } = granted(await list(db.desk, later, 'review', null));
  expect([rows.map(({ id }) => id), form.cases]).toEqual([[fresh.post.case], 1n]);
  expect(await release(db.desk, later, old.post.case)).toEqual(NO_CASE);
  granted(await release(db.desk, later, fresh.post.case));
  expect(isRefusal(await list(db.desk, later, 'review', old.post.case))).toBe(true);
});

async function copies(db: TestDatabase, of: string, count: number): Promise<void> {
  // Three share each microsecond, and a thousand microseconds share what a JavaScript date can tell.
  await db.admin.run(
    `insert into letterbox.cases select organisation, gen_random_uuid(), form, version, generation, arrival,
       date_trunc('milliseconds', received_at) - (n / 3) * interval '1 microsecond', authenticator_hash, sealed_hash,
       attachments, answers, summary, case_key, receipt_key
     from letterbox.cases, generate_series(1, $2::int) as n where id = $1`,
    [of, count],
  );
}

test('paging shows every case exactly once, newest first, though thousands arrive in a millisecond', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const { post } = await aCase(db, body);
  await copies(db, post.case, 129);
  const seen: string[] = [];
  for (let before: string | null = null; ; before = seen.at(-1) ?? null) {
    const { rows } = granted(await list(db.desk, reader, 'review', before));
    if (rows.length === 0) break;
    seen.push(...rows.map(({ id }) => id));
  }
  expect([seen.length, new Set(seen).size]).toEqual([130, 130]);
  const handed = (await entries(db, 'list')).flatMap((entry): string[] => JSON.parse(entry.body).cases);
  expect(handed.toSorted()).toEqual(seen.toSorted());
});

test('how many gave equality answers is told from ten on, and to readers of the form only', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const add = (count: number) =>
    db.admin.run(
      `insert into letterbox.equality_answer (organisation, form, generation, received_on, sealed)
       select $1, 'review', 1, current_date, '' from generate_series(1, $2::int)`,
      [body.target.organisation, count],
    );
  const told = async () => granted(await list(db.desk, reader, 'review', null)).equality;
  await add(9);
  expect(await told()).toBeNull();
  await add(1);
  expect(await told()).toBe(10n);
  const without = await aPerson(db, body.target.organisation);
  expect(isRefusal(await list(db.desk, without, 'review', null))).toBe(true);
});

/** What age makes of it, cut after the heading line to the length that the line tells. */
async function byAgeAlone(identity: string, file: Uint8Array): Promise<Buffer> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const plain = Buffer.from(await decrypter.decrypt(file));
  const end = plain.indexOf('\n');
  const { size } = JSON.parse(plain.subarray('letterbox/1 '.length, end).toString());
  return plain.subarray(end + 1, end + 1 + size);
}

test('what is released, and 20 MB of attachment, open with the age library and the keys alone', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const file = randomBytes(20 * 1024 * 1024);
  const { post, attachment } = await aCase(db, body, file);
  const { row } = granted(await release(db.desk, reader, post.case));
  const caseKey = (await byAgeAlone(body.identity, row.case_key)).toString();
  expect(JSON.parse((await byAgeAlone(caseKey, row.answers)).toString())).toEqual(content.answers);
  expect(JSON.parse((await byAgeAlone(body.identity, row.summary ?? new Uint8Array())).toString())).toEqual(
    content.summary,
  );

  const { stream, size } = granted(await download(db.desk, reader, post.case, attachment.id));
  const sealed = await bytesIn(stream);
  expect(sealed.length).toBe(size);
  expect((await byAgeAlone(caseKey, sealed)).equals(file)).toBe(true);
  expect(await entries(db, 'attachment-release')).toHaveLength(1);
});

test('an attachment of another case is not released, though both may be read', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const reader = await aReader(db, body);
  const [one, two] = [await aCase(db, body), await aCase(db, body)];
  expect(await download(db.desk, reader, one.post.case, two.attachment.id)).toEqual(NO_CASE);
  expect(await download(db.desk, reader, one.post.case, newId())).toEqual(NO_CASE);
});
