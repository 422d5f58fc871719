/**
 * C2SP tlog-proof: one entry's inclusion, verifiable offline. The entry's own text travels as `extra`,
 * which is not trusted: its hash has to be the leaf that the proof proves.
 */
import { base64 } from '@scure/base';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type Hash, hashLeaf, verifyInclusion } from './merkle.ts';
import { RegisterError, type Verifier } from './note.ts';

const HEAD = 'c2sp.org/tlog-proof@v1';

export type EntryProof = {
  readonly index: bigint;
  readonly entry: string;
  readonly hashes: readonly Hash[];
  readonly note: string;
};

export function proofText({ index, entry, hashes, note }: EntryProof): string {
  const extra = base64.encode(new TextEncoder().encode(entry));
  return `${[HEAD, `extra ${extra}`, `index ${index}`, ...hashes.map((hash) => base64.encode(hash))].join('\n')}\n\n${note}`;
}

/** @throws RegisterError `bad-proof` for anything not exactly of the form */
export function parseProof(text: string): EntryProof {
  const end = text.indexOf('\n\n');
  const [head, extra = '', index = '', ...hashes] = text.slice(0, end).split('\n');
  const malformed =
    end === -1 || head !== HEAD || !extra.startsWith('extra ') || !/^index (0|[1-9]\d*)$/.test(index);
  if (malformed || !hashes.every((hash) => /^[A-Za-z0-9+/]{43}=$/.test(hash)))
    throw new RegisterError('bad-proof', 'This is not a proof of an entry.');
  return {
    index: BigInt(index.slice('index '.length)),
    entry: new TextDecoder('utf-8', { fatal: true }).decode(base64.decode(extra.slice('extra '.length))),
    hashes: hashes.map((hash) => base64.decode(hash)),
    note: text.slice(end + 2),
  };
}

/** The checkpoint in which the entry is proven to be. @throws RegisterError */
export async function verifyProof(proof: EntryProof, verifier: Verifier): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(proof.note, verifier);
  const leaf = hashLeaf(new TextEncoder().encode(proof.entry));
  if (
    !verifyInclusion({
      index: proof.index,
      size: checkpoint.size,
      leaf,
      root: checkpoint.root,
      proof: proof.hashes,
    })
  ) {
    throw new RegisterError(
      'not-included',
      `Entry ${proof.index} is not in the log that the checkpoint signs.`,
    );
  }
  return checkpoint;
}

const FILE = 'letterbox-case-proof 1';
const NEXT = '=== next entry ===\n';

/** All entries of a case with their proofs, as one file. */
export function caseProofText(id: string, vkey: string, proofs: readonly EntryProof[]): string {
  return `${FILE}\ncase ${id}\nvkey ${vkey}\n${proofs.map((proof) => NEXT + proofText(proof)).join('')}`;
}

export type CaseProof = {
  readonly id: string;
  readonly vkey: string;
  readonly proofs: readonly EntryProof[];
};

/** @throws RegisterError `bad-proof` */
export function parseCaseProof(text: string): CaseProof {
  const [header = '', ...blocks] = text.split(NEXT);
  const [head, id = '', vkey = ''] = header.split('\n');
  if (head !== FILE || !id.startsWith('case ') || !vkey.startsWith('vkey '))
    throw new RegisterError('bad-proof', 'This is not a proof of a case.');
  return { id: id.slice('case '.length), vkey: vkey.slice('vkey '.length), proofs: blocks.map(parseProof) };
}
