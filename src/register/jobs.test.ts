import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { LOGIN_ROLES } from '../store/migrate.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { openCheckpoint } from './checkpoint.ts';
import { startSequencer } from './jobs.ts';
import { rootOf, sameHash } from './merkle.ts';
import { parseVerifier } from './note.ts';
import { splitHashes } from './tile.ts';

const ORGANISATION = '11111111-1111-4111-8111-111111111111';

async function withEntries(count: number): Promise<TestDatabase> {
  const db = await testDatabase();
  await db.admin.run(
    "insert into letterbox.organisation (id, slug, name, founded_at) values ($1, 'test', 'Test', now())",
    [ORGANISATION],
  );
  await append(db, count);
  return db;
}

async function append(db: TestDatabase, count: number): Promise<void> {
  await db.admin.run(
    "select letterbox.register_append($1, 'publication', null, null, '{}') from generate_series(1, $2::integer)",
    [ORGANISATION, count],
  );
}

function sequencer(db: TestDatabase, dataDir = mkdtempSync(join(tmpdir(), 'letterbox-register-'))) {
  const made = startSequencer({ database: db.register, dataDir, everyMs: 3_600_000 });
  onTestFinished(async () => {
    await made.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { ...made, dataDir };
}

/**
 * Repeats `step` until so many entries have their place. One step may place fewer: an entry waits for every
 * transaction that began before its own ended, and other tests run theirs on the same server.
 */
async function untilPlaced(db: TestDatabase, count: bigint, step: () => Promise<unknown>): Promise<void> {
  const size = 'select count(*) as count from letterbox.register_leaf';
  do await step();
  while ((await db.admin.one(z.object({ count: z.bigint() }), size)).count < count);
}

/** The oracle: leaves without gaps, each entry once and in order, and every checkpoint true and signed. */
async function checkRegister(db: TestDatabase): Promise<bigint> {
  const leaves = await db.admin.rows(
    z.object({ index: z.bigint(), hash: z.instanceof(Uint8Array), right: z.boolean(), later: z.boolean() }),
    `select l.index, l.hash, l.hash = sha256('\\x00'::bytea || convert_to(e.body, 'UTF8')) as right,
       coalesce((e.xid, e.id) > (lag(e.xid) over w, lag(e.id) over w), true) as later
     from letterbox.register_leaf l join letterbox.register_entry e on e.id = l.entry window w as (order by l.index) order by l.index`,
  );
  expect(leaves.every((leaf, at) => leaf.index === BigInt(at) && leaf.right && leaf.later)).toBe(true);
  const checkpoints = await db.admin.rows(
    z.object({ note: z.string(), vkey: z.string() }),
    'select note, vkey from letterbox.register_checkpoint join letterbox.register_log using (organisation)',
  );
  for (const { note, vkey } of checkpoints) {
    const { size, root } = await openCheckpoint(note, parseVerifier(vkey));
    const hashes = splitHashes(Buffer.concat(leaves.slice(0, Number(size)).map(({ hash }) => hash)));
    expect(sameHash(rootOf(hashes), root)).toBe(true);
  }
  return BigInt(leaves.length);
}

test('entries get their places in order and a signed checkpoint; a second tick adds nothing', async () => {
  const db = await withEntries(700);
  const { tick } = sequencer(db);
  await untilPlaced(db, 700n, tick);
  const notes = () =>
    db.admin.rows(z.object({ size: z.bigint() }), 'select size from letterbox.register_checkpoint');
  const signed = await notes();
  await tick();
  expect(await checkRegister(db)).toBe(700n);
  expect(signed.at(-1)).toEqual({ size: 700n });
  expect(await notes()).toEqual(signed);
});

test('two sequencers at once give each entry one place', async () => {
  const db = await withEntries(300);
  const first = sequencer(db);
  const second = sequencer(db, first.dataDir);
  await Promise.all([first.tick(), second.tick(), append(db, 100), first.tick(), second.tick()]);
  await untilPlaced(db, 400n, first.tick);
  expect(await checkRegister(db)).toBe(400n);
});

test('what was placed and not signed when the power failed is signed by the next sequencer', async () => {
  const db = await withEntries(5);
  const before = sequencer(db);
  await untilPlaced(db, 5n, before.tick);
  await append(db, 5);
  const place = () => db.register.run('select letterbox.register_sequence($1, 10000)', [ORGANISATION]);
  await untilPlaced(db, 10n, place);
  await sequencer(db, before.dataDir).tick();
  expect(await checkRegister(db)).toBe(10n);
  const sizes = await db.admin.rows(
    z.object({ size: z.bigint() }),
    'select size from letterbox.register_checkpoint order by size',
  );
  expect(sizes).toContainEqual({ size: 5n });
  expect(sizes.at(-1)).toEqual({ size: 10n });
});

test('an entry of a transaction that still runs waits, and so does all that came after it', async () => {
  const db = await withEntries(1);
  const { tick } = sequencer(db);
  await untilPlaced(db, 1n, tick);
  const slow = await db.admin.pool.connect();
  await slow.query('begin');
  await slow.query("select letterbox.register_append($1, 'publication', null, null, '{}')", [ORGANISATION]);
  await append(db, 3);
  await tick();
  expect(await checkRegister(db)).toBe(1n);
  await slow.query('commit');
  slow.release();
  await untilPlaced(db, 5n, tick);
  expect(await checkRegister(db)).toBe(5n);
});

test('the signing key lies in a file that only its owner may read', async () => {
  const db = await withEntries(1);
  const { tick, dataDir } = sequencer(db);
  await tick();
  const [file = ''] = readdirSync(join(dataDir, 'register'));
  expect(statSync(join(dataDir, 'register', file)).mode & 0o777).toBe(0o600);
});

test('a signing key that is gone is asked for, and no other is made in its place', async () => {
  const db = await withEntries(1);
  const { tick, dataDir } = sequencer(db);
  await untilPlaced(db, 1n, tick);
  const [file = ''] = readdirSync(join(dataDir, 'register'));
  rmSync(join(dataDir, 'register', file));
  await append(db, 1);
  await expect(untilPlaced(db, 2n, tick)).rejects.toThrow('is missing. Restore it from your backup');
  expect(readdirSync(join(dataDir, 'register'))).toEqual([]);
});

const TABLES = ['register_entry', 'register_leaf', 'register_log', 'register_checkpoint', 'signed_document'];
test.each(TABLES)('%s is only ever added to, whoever asks', async (table) => {
  const db = await withEntries(3);
  await sequencer(db).tick();
  const everyone = [...LOGIN_ROLES, 'admin'] as const;
  for (const role of everyone) {
    await expect(db[role].run(`delete from letterbox.${table}`), role).rejects.toThrow();
    await expect(db[role].run(`truncate letterbox.${table} cascade`), role).rejects.toThrow();
    await expect(
      db[role].run(`update letterbox.${table} set organisation = organisation`),
      role,
    ).rejects.toThrow();
  }
});

test('without a session the desk is given nothing of the register', async () => {
  const db = await withEntries(3);
  await sequencer(db).tick();
  for (const call of [
    'own_checkpoint()',
    'own_entries(0, 10)',
    'own_hashes(0, 10)',
    `case_entries('${ORGANISATION}')`,
    'own_people()',
  ]) {
    await expect(db.desk.run(`select * from letterbox.${call}`), call).rejects.toThrow('signed-out');
  }
});
