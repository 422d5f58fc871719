/** `letterbox verify`: checks a downloaded register, or a case's proofs, offline, and says what that proves. */
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { extract } from 'tar-stream';
import { z } from 'zod';
import { type Checkpoint, openCheckpoint } from '../register/checkpoint.ts';
import {
  consistencyProof,
  type Hash,
  hashLeaf,
  inclusionProof,
  rootOf,
  sameHash,
  verifyConsistency,
  verifyInclusion,
} from '../register/merkle.ts';
import { parseVerifier, RegisterError } from '../register/note.ts';
import { parseCaseProof, verifyProof } from '../register/proof.ts';
import { parseEntry, sentence } from '../register/register.ts';
import { decodeBundle, hashTiles, tilePath, WIDTH } from '../register/tile.ts';
import type { Main } from './letterbox.ts';

type Say = (line: string) => void;
type Files = ReadonlyMap<string, Uint8Array>;

const USAGE =
  'letterbox verify <folder | register.tar | case proof file> [--case ID] [--vkey KEY] [--since CHECKPOINT FILE]';

const NOT_PROVEN = [
  'What this does not prove: what a reader did with what they were given; and, as long as only the',
  'operator signs, that there is no second log. Keep checkpoints elsewhere, and compare them.',
];

export const main: Main = async (args, say) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { case: { type: 'string' }, vkey: { type: 'string' }, since: { type: 'string' } },
  });
  const [path] = positionals;
  if (!path) {
    say(USAGE);
    return 2;
  }
  try {
    if (
      statSync(path).isFile() &&
      readFileSync(path).subarray(0, 20).toString().startsWith('letterbox-case-proof')
    ) {
      await verifyCaseProof(readFileSync(path, 'utf8'), values.vkey, say);
    } else {
      await verifyLog(await readLog(path), values, say);
    }
  } catch (error) {
    if (!(error instanceof RegisterError)) throw error;
    say(`NOT PROVEN: ${error.message}`);
    return 1;
  }
  for (const line of NOT_PROVEN) say(line);
  return 0;
};

async function verifyCaseProof(text: string, vkey: string | undefined, say: Say): Promise<void> {
  const { id, vkey: carried, proofs } = parseCaseProof(text);
  const verifier = parseVerifier(vkey ?? carried);
  if (proofs.length === 0) throw new RegisterError('no-entries', 'The file proves no entry.');
  for (const proof of proofs) {
    const { size } = await verifyProof(proof, verifier);
    const entry = parseEntry(proof.entry);
    if (entry?.case !== id)
      throw new RegisterError('other-case', `Entry ${proof.index} is not about the case ${id}.`);
    say(`Proven: entry ${proof.index} of ${size}, ${entry.at}: ${sentence(entry)}`);
  }
  if (!vkey) say('The verifier key was taken from the file itself: compare it with one you got another way.');
}

type Options = {
  readonly case?: string | undefined;
  readonly vkey?: string | undefined;
  readonly since?: string | undefined;
};

async function verifyLog(files: Files, options: Options, say: Say): Promise<void> {
  const text = (name: string) => new TextDecoder().decode(needed(files, name));
  const verifier = parseVerifier(options.vkey ?? text('log.vkey'));
  const checkpoint = await openCheckpoint(text('checkpoint'), verifier);
  const entries = readEntries(files, Number(checkpoint.size));
  const leaves = entries.map(hashLeaf);
  checkTiles(files, leaves);
  if (!sameHash(rootOf(leaves), checkpoint.root)) {
    throw new RegisterError(
      'wrong-root',
      'The entries are not those that the checkpoint signs: something was changed, added or taken out.',
    );
  }
  say(
    `Proven: ${checkpoint.size} entries of ${checkpoint.origin} are exactly those that its operator signed, in this order.`,
  );
  if (options.since) await checkSince(readFileSync(options.since, 'utf8'), verifier, checkpoint, leaves, say);
  if (options.case) checkCase(options.case, entries, leaves, checkpoint, say);
  if (!options.vkey)
    say('The verifier key was taken from the download itself: compare it with one you got another way.');
}

function readEntries(files: Files, size: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let n = 0; n * WIDTH < size; n += 1) {
    const width = Math.min(WIDTH, size - n * WIDTH);
    const bundle = decodeBundle(needed(files, tilePath('entries', n, width)));
    if (bundle.length !== width)
      throw new RegisterError(
        'bad-bundle',
        `Bundle ${n} holds ${bundle.length} entries where ${width} belong.`,
      );
    for (const entry of bundle) entries.push(entry);
  }
  return entries;
}

function checkTiles(files: Files, leaves: readonly Hash[]): void {
  for (const tile of hashTiles(leaves)) {
    if (!sameHash(needed(files, tile.path), tile.bytes))
      throw new RegisterError('wrong-tile', `The tile ${tile.path} does not fit the entries below it.`);
  }
}

async function checkSince(
  note: string,
  verifier: ReturnType<typeof parseVerifier>,
  now: Checkpoint,
  leaves: readonly Hash[],
  say: Say,
): Promise<void> {
  const before = await openCheckpoint(note, verifier);
  const proof =
    before.size > 0n && before.size <= now.size ? consistencyProof(leaves, Number(before.size)) : [];
  const sizes = { size1: before.size, size2: now.size, root1: before.root, root2: now.root };
  if (!verifyConsistency({ ...sizes, proof }))
    throw new RegisterError(
      'not-consistent',
      'The log does not begin with what the earlier checkpoint signed: history was changed.',
    );
  say(`Proven: nothing before entry ${before.size} was changed or taken out since the earlier checkpoint.`);
}

function checkCase(
  id: string,
  entries: readonly Uint8Array[],
  leaves: readonly Hash[],
  { size, root }: Checkpoint,
  say: Say,
): void {
  let found = 0;
  entries.forEach((bytes, index) => {
    const entry = parseEntry(new TextDecoder().decode(bytes));
    const listed = Array.isArray(entry?.cases) && entry.cases.includes(id);
    const leaf = leaves[index];
    if (!entry || !leaf || (entry.case !== id && !listed)) return;
    const proof = inclusionProof(leaves, index);
    if (!verifyInclusion({ index: BigInt(index), size, leaf, root, proof }))
      throw new RegisterError('not-included', `Entry ${index} is not in the log.`);
    say(`  entry ${index}, ${entry.at}: ${sentence(entry)}`);
    found += 1;
  });
  say(
    found === 0
      ? `The log holds no entry about the case ${id}.`
      : `Proven: these ${found} entries are all there are about the case ${id}.`,
  );
}

function needed(files: Files, name: string): Uint8Array {
  const found = files.get(name);
  if (!found) throw new RegisterError('missing-file', `The download lacks ${name}.`);
  return found;
}

const bytes = z.instanceof(Uint8Array);

/** The files of a folder or a tar archive, by their paths within it. */
async function readLog(path: string): Promise<Files> {
  if (statSync(path).isDirectory()) {
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(path, name)).isFile(),
    );
    return new Map(names.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(path, name))]));
  }
  const files = new Map<string, Uint8Array>();
  const archive = createReadStream(path).pipe(extract());
  try {
    for await (const entry of archive) {
      const parts: Buffer[] = [];
      for await (const part of entry) parts.push(Buffer.from(bytes.parse(part)));
      files.set(entry.header.name, Buffer.concat(parts));
    }
  } catch {
    throw new RegisterError('bad-archive', 'This is not a whole register.tar.');
  }
  return files;
}
