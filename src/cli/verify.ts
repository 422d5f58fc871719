/** `letterbox verify`: checks a downloaded register, or a case's proofs, offline, and says what that proves. */
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { historyOf } from '../grants/history.ts';
import { objectionToRelease, releaseIn } from '../grants/history-releases.ts';
import { type Checkpoint, openCheckpoint } from '../register/checkpoint.ts';
import { cosignatureOf, parseCosigner } from '../register/cosignature.ts';
import {
  consistencyProof,
  inclusionProof,
  rootOf,
  sameHash,
  verifyConsistency,
  verifyInclusion,
} from '../register/merkle.ts';
import { parseVerifier, RegisterError, type Verifier } from '../register/note.ts';
import { parseCaseProof, verifyProof } from '../register/proof.ts';
import { parseEntry, sentence } from '../register/register.ts';
import { type Log, openDocuments, openLog, provenLog, sayFounding } from './downloaded.ts';
import type { Main } from './letterbox.ts';

type Say = (line: string) => void;

const USAGE =
  'letterbox verify <folder | register.tar | case proof file> [--case ID] [--vkey KEY] [--founding HASH] [--since CHECKPOINT FILE] [--witness KEY …]';

const notProven = (witnesses: readonly string[]): readonly string[] =>
  witnesses.length === 0
    ? [
        'What this does not prove: what a reader did with what they were given; and, as long as only the',
        'operator signs, that there is no second log. Name its witnesses (--witness), or compare checkpoints kept elsewhere.',
      ]
    : [
        'What this does not prove: what a reader did with what they were given; and that there is no second log, if',
        'the operator and every one of these witnesses deceive you together.',
      ];

export const main: Main = async (args, say) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      case: { type: 'string' },
      vkey: { type: 'string' },
      founding: { type: 'string' },
      since: { type: 'string' },
      witness: { type: 'string', multiple: true, default: [] },
    },
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
      await verifyCaseProof(readFileSync(path, 'utf8'), values, say);
    } else {
      await verifyLog(await openLog(path, values.vkey), values, say);
    }
  } catch (error) {
    if (!(error instanceof RegisterError)) throw error;
    say(`NOT PROVEN: ${error.message}`);
    return 1;
  }
  for (const line of notProven(values.witness)) say(line);
  return 0;
};

async function verifyCaseProof(text: string, { vkey, witness }: Options, say: Say): Promise<void> {
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
  for (const each of witness) await sayCosigned(each, new Set(proofs.map(({ note }) => note)), say);
  if (!vkey) say('The verifier key was taken from the file itself: compare it with one you got another way.');
}

/** Says when a witness cosigned each of these checkpoints. @throws RegisterError where it did not */
async function sayCosigned(witness: string, notes: ReadonlySet<string>, say: Say): Promise<void> {
  const verifier = parseCosigner(witness);
  for (const note of notes) {
    const cosignature = await cosignatureOf(note, verifier);
    if (!cosignature) throw notCosigned(verifier.name);
    say(`Proven: ${verifier.name} cosigned the checkpoint of these proofs, ${cosignature.at.toISOString()}.`);
  }
}

const notCosigned = (name: string) =>
  new RegisterError(
    'not-cosigned',
    `The witness ${name} has cosigned none of this. Download it again in a minute; if that helps nothing, ask the witness.`,
  );

type Options = {
  readonly witness: readonly string[];
  readonly case?: string | undefined;
  readonly vkey?: string | undefined;
  readonly founding?: string | undefined;
  readonly since?: string | undefined;
};

async function verifyLog(log: Log, options: Options, say: Say): Promise<void> {
  say(provenLog(log));
  if (options.since) await checkSince(readFileSync(options.since, 'utf8'), log, say);
  for (const witness of options.witness) await checkWitness(witness, log, say);
  if (options.case) checkCase(options.case, log, say);
  if (!options.vkey)
    say('The verifier key was taken from the download itself: compare it with one you got another way.');
  await checkReleases(log, options.founding, say);
}

/** Whether two people allowed each of the openings, judged from the founding document down. */
async function checkReleases(log: Log, expected: string | undefined, say: Say): Promise<void> {
  if (!log.entries.some((entry) => releaseIn(entry) !== null))
    return say('No entry hands anything over yet.');
  const { documents, founding, unregistered } = await openDocuments(log);
  sayFounding(founding, expected, say);
  if (unregistered > 0)
    say(
      `${unregistered} signed documents of the download stand in no entry up to this checkpoint. They count for nothing.`,
    );
  const history = await historyOf(documents, founding);
  let [releases, wrong] = [0, 0];
  for (const [position, entry] of log.entries.entries()) {
    const release = entry && releaseIn(entry);
    if (!entry || !release) continue;
    releases += 1;
    const why = objectionToRelease(history, release, position);
    if (why === null) continue;
    wrong += 1;
    say(
      `NOT ALLOWED BY TWO SIGNATURES: entry ${position}, ${entry.at}: ${sentence(entry, namesIn(history))} ${why}`,
    );
  }
  if (wrong > 0)
    throw new RegisterError(
      'not-allowed',
      `${wrong} of ${releases} entries hand something over that no two people had allowed. Tell the data protection officer at once.`,
    );
  say(
    `Proven: each of the ${releases} entries that hand something over was allowed by two people’s signatures then.`,
  );
}

const namesIn = ({ directory }: Awaited<ReturnType<typeof historyOf>>): ReadonlyMap<string, string> =>
  new Map([...directory.everyone].map(([id, { name }]) => [id, name]));

async function checkSince(note: string, { verifier, checkpoint: now, leaves }: Log, say: Say): Promise<void> {
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

/** Says how much of the log a witness has cosigned. @throws RegisterError for nothing, or for another history */
async function checkWitness(witness: string, log: Log, say: Say): Promise<void> {
  const verifier = parseCosigner(witness);
  const found = await cosignedIn(log, verifier);
  if (!found) throw notCosigned(verifier.name);
  const { size, root } = found.checkpoint;
  if (!sameHash(rootOf(log.leaves.slice(0, Number(size))), root))
    throw new RegisterError(
      'not-consistent',
      `The log does not begin with what ${verifier.name} cosigned: history was changed.`,
    );
  const newer = log.checkpoint.size - size;
  say(
    `Proven: ${verifier.name} cosigned ${newer === 0n ? 'all' : 'the first'} ${size} entries, ${found.at.toISOString()}, as grown from all it had cosigned before.${newer > 0n ? ` It has not cosigned the newest ${newer} yet.` : ''}`,
  );
}

/** The largest checkpoint of a download that this witness cosigned, and when; null for none. */
async function cosignedIn(
  { files, verifier, checkpoint }: Log,
  witness: Verifier,
): Promise<{ readonly checkpoint: Checkpoint; readonly at: Date } | null> {
  const names = [...files.keys()].filter((name) => name === 'checkpoint' || name.startsWith('cosigned/'));
  let largest: { readonly checkpoint: Checkpoint; readonly at: Date } | null = null;
  for (const name of names) {
    const note = new TextDecoder().decode(files.get(name));
    const cosignature = await cosignatureOf(note, witness);
    const older = cosignature && (await openCheckpoint(note, verifier));
    if (!older || older.size > checkpoint.size || (largest && largest.checkpoint.size >= older.size))
      continue;
    largest = { checkpoint: older, at: cosignature.at };
  }
  return largest;
}

function checkCase(id: string, { entries, leaves, checkpoint: { size, root } }: Log, say: Say): void {
  let found = 0;
  entries.forEach((entry, index) => {
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
