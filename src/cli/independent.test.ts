/** The register under two verifiers: ours, and one that shares nothing with it. What one believes, so does the other. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { targetNow } from '../cases/opening.testing.ts';
import { aCase } from '../cases/testing.ts';
import { letRead, openForm } from '../grants/testing.ts';
import { aFoundedBody } from '../people/testing.ts';
import { checkpointText } from '../register/checkpoint.ts';
import { hashLeaf, rootOf } from '../register/merkle.ts';
import { publicKey, RegisterError, signNote, verifierText } from '../register/note.ts';
import { encodeBundle, hashTiles, tilePath, WIDTH } from '../register/tile.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { openLog } from './downloaded.ts';
import { deskOf, sequence } from './forged.testing.ts';
import { buildIndependent } from './independent.testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'letterbox-independent-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const built = buildIndependent(folder);
if ('why' in built) console.warn(`Skipped: the register under an independent verifier. ${built.why}.`);
const program = 'program' in built ? built.program : '';

/** What the other verifier says, and whether it believes. */
function theirs(...args: string[]) {
  const told = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000 });
  return { believes: told.status === 0, said: `${told.stdout}${told.stderr}`.trim() };
}

async function ours(path: string): Promise<boolean> {
  try {
    await openLog(path, undefined);
    return true;
  } catch (error) {
    if (error instanceof RegisterError) return false;
    throw error;
  }
}

const origin = 'letterbox/test/log';
const seed = new Uint8Array(32).fill(7);
const entryOf = (nth: number) => new TextEncoder().encode(`{"nth":${nth}}`);

/** A log of so many entries, as a download lays it out, and the checkpoints of other sizes. */
async function aLog(name: string, size: number) {
  const path = join(folder, name);
  const put = (file: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content);
  };
  const entries = Array.from({ length: size }, (_, nth) => entryOf(nth));
  const leaves = entries.map(hashLeaf);
  const noteOf = (tree: typeof leaves) =>
    signNote(checkpointText({ origin, size: BigInt(tree.length), root: rootOf(tree) }), origin, seed);
  put('log.vkey', `${verifierText(origin, await publicKey(seed))}\n`);
  put('checkpoint', await noteOf(leaves));
  for (let from = 0; from < size; from += WIDTH) {
    const bundle = entries.slice(from, from + WIDTH);
    put(tilePath('entries', from / WIDTH, bundle.length), encodeBundle(bundle));
  }
  for (const tile of hashTiles(leaves)) put(tile.path, tile.bytes);
  return { path, put, leaves, noteOf };
}

const SIZES = [1, 2, 255, 256, 257, 700, 65_536, 70_000];

describe.skipIf(program === '')('the register under an independent verifier', () => {
  test.each(SIZES)('a log of %i entries is believed by both', async (size) => {
    const { path } = await aLog(`log-${size}`, size);
    expect(theirs('log', path)).toEqual({ believes: true, said: `${size} entries verified` });
    expect(await ours(path)).toBe(true);
  });

  test('that a log has grown from an older checkpoint is believed, and that it has not is not', async () => {
    const { path, put, leaves, noteOf } = await aLog('grown', 700);
    for (const size of [1, 255, 256, 257, 512, 699, 700]) {
      put('../old', await noteOf(leaves.slice(0, size)));
      expect(theirs('grown', join(folder, 'old'), path).believes, `${size}`).toBe(true);
    }
    put('../old', await noteOf(leaves.slice(0, 300).with(7, hashLeaf(entryOf(99)))));
    expect(theirs('grown', join(folder, 'old'), path)).toMatchObject({ believes: false });
  });

  test('a change of one byte is found, wherever it is', async () => {
    const { path } = await aLog('small', 3);
    expect(theirs('flip', path).said).toMatch(/^\d{3,} changes tried, 0 unnoticed \[\]$/);
    const { path: larger } = await aLog('larger', 600);
    expect(theirs('flip', larger, '211').said).toMatch(/^\d{3,} changes tried, 0 unnoticed \[\]$/);
  });

  describe('a real download', () => {
    let path: string;
    let proof: string;
    let db: TestDatabase;
    beforeAll(async () => {
      [db, path] = [await testDatabase(), join(folder, 'downloaded')];
      proof = await aDownload(db, path);
    });
    afterAll(() => db?.close());

    test('is believed by both, with a case’s proofs', async () => {
      expect(theirs('log', path)).toMatchObject({ believes: true });
      expect(await ours(path)).toBe(true);
      expect(theirs('case', proof).said).toMatch(/^[1-9]\d* proofs verified$/);
    });

    test('a changed byte of a case’s proofs is found', async () => {
      const bytes = readFileSync(proof);
      const text = bytes.toString('latin1');
      // The case's id in the second line is whose proofs they are said to be: ours compares it with the entries.
      const start = text.indexOf('vkey ');
      for (let at = start; at < bytes.length; at += 37) {
        const changed = Buffer.from(bytes);
        changed[at] = (bytes[at] ?? 0) ^ 1;
        writeFileSync(join(folder, 'changed'), changed);
        expect(theirs('case', join(folder, 'changed')).believes, `${at}`).toBe(false);
      }
    });
  });
});

test('a change of one byte is found by ours, wherever it is', async () => {
  const { path } = await aLog('flipped', 3);
  const files = ['checkpoint', 'log.vkey', 'tile/0/000.p/3', 'tile/entries/000.p/3'];
  for (const file of files) {
    const bytes = readFileSync(join(path, file));
    for (const [at, byte] of bytes.entries()) {
      for (const bit of [1, 0x20, 0x80]) {
        writeFileSync(join(path, file), bytes.with(at, byte ^ bit));
        expect(await ours(path), `${file} at ${at}`).toBe(false);
      }
    }
    writeFileSync(join(path, file), bytes);
  }
  expect(await ours(path), 'control: as it was').toBe(true);
});

/** What a manager downloads of a body in which a case came in, unpacked, and beside it the file of the case's proofs. */
async function aDownload(db: TestDatabase, to: string): Promise<string> {
  const body = await aFoundedBody(db);
  await letRead(body, body.ana);
  await openForm(body, body.ana);
  const { post } = await aCase(db, { slug: 'exampleshire', target: await targetNow(body) });
  await sequence(body, folder);
  const ask = await deskOf(body);
  const proof = join(folder, 'case.proof.txt');
  writeFileSync(proof, (await ask(body.ana, `/cases/${post.case}/proof`)).rawPayload);
  const archive = Readable.from([(await ask(body.founder, '/register/download')).rawPayload]).pipe(extract());
  for await (const entry of archive) {
    const file = join(to, entry.header.name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await buffer(entry));
  }
  return proof;
}
