/**
 * The sequencer: gives entries their places and signs the tree's head. One at a time does the work;
 * a second one does no harm, since places are given under a lock and a checkpoint of one size is one.
 *
 * If the power fails: before `sequence` commits, entries wait and get the same order later; after it,
 * leaves without a checkpoint are signed by the next tick, since `signed` is then less than `size`.
 * The tree itself is not stored: its right edge is rebuilt from the leaf hashes at the first tick.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf } from '../store/away.ts';
import { writePrivate } from '../store/private-file.ts';
import { type Repeating, repeat } from '../store/repeating.ts';
import type { Database } from '../store/store.ts';
import { checkpointText } from './checkpoint.ts';
import { GrowingTree } from './merkle.ts';
import { publicKey, signNote, verifierText } from './note.ts';
import { type Log, leafHashes, registerLogs, sequence } from './store.ts';

type Options = {
  readonly database: Database;
  readonly dataDir: string;
  readonly everyMs?: number;
  /** Told what keeps a log from being signed, once as long as it stays the same. */
  readonly say?: (line: string) => void;
};

/** Entries placed by one statement, and hashes read at once. */
const BATCH = 10_000;

/** Does all that waits, four times a second. */
export function startSequencer({
  database,
  dataDir,
  everyMs = 250,
  say = () => undefined,
}: Options): Repeating {
  const trees = new Map<string, GrowingTree>();
  const tick = async () => {
    const problems: unknown[] = [];
    for (const log of await registerLogs(database)) {
      if (!log.waiting && log.signed === log.size && log.vkey) continue;
      // One organisation's trouble is not another's.
      await advance(database, dataDir, trees, log).catch((error) => problems.push(error));
    }
    if (problems.length > 0) throw problems[0];
  };
  return repeat(tick, everyMs, say);
}

async function advance(
  database: Database,
  dataDir: string,
  trees: Map<string, GrowingTree>,
  log: Log,
): Promise<void> {
  const { organisation } = log;
  const origin = log.origin ?? `letterbox/${log.slug}/${organisation}`;
  const seed = keptSeed(dataDir, organisation, log.vkey === null);
  if (!log.vkey) {
    const vkey = verifierText(origin, await publicKey(seed));
    await database.run('select letterbox.register_open($1, $2, $3)', [organisation, origin, vkey]);
  }
  while ((await sequence(database, organisation, BATCH)) === BigInt(BATCH));
  const tree = trees.get(organisation) ?? new GrowingTree();
  trees.set(organisation, tree);
  for (;;) {
    const hashes = await leafHashes(database, organisation, tree.size, BATCH);
    for (const hash of hashes) tree.append(hash);
    if (hashes.length < BATCH) break;
  }
  if (tree.size === 0n || tree.size === log.signed) return;
  const note = await signNote(checkpointText({ origin, size: tree.size, root: tree.root() }), origin, seed);
  await database.run('select letterbox.register_sign($1, $2, $3)', [organisation, tree.size, note]);
}

/**
 * The log's signing seed, in a file of its own: on disk before anything is signed with it.
 * @throws when it is missing although the log has one, or is damaged: another key would sign what nobody believes
 */
function keptSeed(dataDir: string, organisation: string, mayBeMade: boolean): Uint8Array {
  const file = join(dataDir, 'register', `${organisation}.key`);
  if (!existsSync(file)) {
    if (!mayBeMade)
      throw new Error(`The register’s signing key ${file} is missing. Restore it from your backup.`);
    makeSeed(file);
  }
  const seed = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  if (seed.length !== 32)
    throw new Error(`The register’s signing key ${file} is damaged. Restore it from your backup.`);
  return seed;
}

/** Whole or not at all, and of two sequencers that make one at once, the first one's. */
function makeSeed(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const own = `${file}.${process.pid}`;
  writePrivate(own, randomBytes(32).toString('hex'));
  try {
    linkSync(own, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
}
