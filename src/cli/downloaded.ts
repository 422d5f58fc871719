/** A downloaded register: the folder or the tar, opened and checked against the checkpoint that its operator signed. */
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import { z } from 'zod';
import type { SignedDocument } from '../people/person.ts';
import { type Checkpoint, openCheckpoint } from '../register/checkpoint.ts';
import { type Hash, hashLeaf, rootOf, sameHash } from '../register/merkle.ts';
import { parseVerifier, RegisterError, type Verifier } from '../register/note.ts';
import { documentOf, type Entry, parseEntry } from '../register/register.ts';
import { decodeBundle, hashTiles, tilePath, WIDTH } from '../register/tile.ts';
import { sha256Hex } from '../sealing/signature.ts';

type Files = ReadonlyMap<string, Uint8Array>;

/** A whole log, its entries by their places; null for one that is no entry this version reads. */
export type Log = {
  readonly files: Files;
  readonly verifier: Verifier;
  readonly checkpoint: Checkpoint;
  readonly leaves: readonly Hash[];
  readonly entries: readonly (Entry | null)[];
};

/** Opens a download. @throws RegisterError where it is not exactly what the checkpoint signs */
export async function openLog(path: string, vkey: string | undefined): Promise<Log> {
  const files = await readFiles(path);
  const text = (name: string) => new TextDecoder().decode(needed(files, name));
  const verifier = parseVerifier(vkey ?? onlyLine(text('log.vkey')));
  const checkpoint = await openCheckpoint(text('checkpoint'), verifier);
  const bodies = readEntries(files, Number(checkpoint.size));
  const leaves = bodies.map(hashLeaf);
  checkTiles(files, leaves);
  if (!sameHash(rootOf(leaves), checkpoint.root)) {
    throw new RegisterError(
      'wrong-root',
      'The entries are not those that the checkpoint signs: something was changed, added or taken out.',
    );
  }
  const entries = bodies.map((body) => parseEntry(new TextDecoder().decode(body)));
  return { files, verifier, checkpoint, leaves, entries };
}

/** A file of one line, without its end. @throws RegisterError for anything else: no byte of a download may be another */
function onlyLine(text: string): string {
  if (!/^\S+\n$/.test(text)) throw new RegisterError('bad-vkey', 'log.vkey is not one verifier key.');
  return text.trimEnd();
}

/** The sentence that says what an opened log proves. */
export const provenLog = ({ checkpoint }: Log): string =>
  `Proven: ${checkpoint.size} entries of ${checkpoint.origin} are exactly those that its operator signed, in this order.`;

export type Documents = {
  /** In the register's order: the position of each is the place of its entry. */
  readonly documents: readonly SignedDocument[];
  /** Hash of the founding document, from which everything else is judged. */
  readonly founding: string;
  /** Documents of the download that no entry names: newer than the checkpoint, or never registered. They count for nothing. */
  readonly unregistered: number;
};

const documentsShape = z.array(
  z.object({ kind: z.string(), signer: z.string(), text: z.string(), signature: z.string() }),
);

/** The signed documents of a download. @throws RegisterError where one that the register names is missing or altered */
export async function openDocuments({ files, entries }: Log): Promise<Documents> {
  const given = new Map<string, z.infer<typeof documentsShape>[number]>();
  for (const each of parseDocuments(needed(files, 'documents.json')))
    given.set(await sha256Hex(each.text), each);
  const documents: SignedDocument[] = [];
  for (const [position, entry] of entries.entries()) {
    const hash = entry && documentOf(entry);
    if (!hash) continue;
    const found = given.get(hash);
    if (found?.kind !== entry.kind)
      throw new RegisterError(
        'missing-document',
        `The document of entry ${position} is not in documents.json as the register names it: it was changed or taken out.`,
      );
    documents.push({ ...found, hash, position });
  }
  const founding = documents.find(({ kind }) => kind === 'founding');
  if (!founding)
    throw new RegisterError('no-founding', 'The register holds no founding document to judge anything from.');
  return { documents, founding: founding.hash, unregistered: given.size - documents.length };
}

/** Says from which founding document everything is judged. @throws RegisterError where it is not the one expected */
export function sayFounding(
  founding: string,
  expected: string | undefined,
  say: (line: string) => void,
): void {
  if (expected && expected !== founding)
    throw new RegisterError(
      'other-founding',
      `The founding document is ${founding}, not the one you expect.`,
    );
  say(`The founding document is ${founding}${expected ? ', as you expect.' : '.'}`);
  if (!expected) say('Compare it with what people of the organisation hold: their page “Register” shows it.');
}

function parseDocuments(bytes: Uint8Array): z.infer<typeof documentsShape> {
  try {
    return documentsShape.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw new RegisterError('bad-documents', 'documents.json is not a list of signed documents.');
  }
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

function needed(files: Files, name: string): Uint8Array {
  const found = files.get(name);
  if (!found) throw new RegisterError('missing-file', `The download lacks ${name}.`);
  return found;
}

const bytes = z.instanceof(Uint8Array);

/** The files of a folder or a tar archive, by their paths within it. */
async function readFiles(path: string): Promise<Files> {
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
