/** The register's doors: the page, the whole log as a file, and one case's proofs. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { act, type Database, type SessionSecret, type Statements } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { parseCosigner } from './cosignature.ts';
import { type Hash, inclusionProof } from './merkle.ts';
import { caseProofText } from './proof.ts';
import { parseEntry, sentence } from './register.ts';
import {
  type Cosigned,
  caseEntries,
  ownCheckpoint,
  ownCosignatures,
  ownDocuments,
  ownEntries,
  ownHashes,
  peopleNames,
  releaseContexts,
  type SignedCheckpoint,
} from './store.ts';
import { encodeBundle, hashTiles, tilePath, WIDTH } from './tile.ts';

export type RegisterDeps = { readonly desk: Database };

// In this version an auditor is a signed-in person of the organisation.
const auditor = { config: { audience: 'auditor' } } as const;
const LATEST = 50n;
const NOT_YET = refuse(
  'no-checkpoint',
  'missing',
  'The register has no checkpoint yet. Wait a moment and reload the page.',
);

export function registerRoutes({ desk }: RegisterDeps) {
  return async (app: FastifyInstance): Promise<void> => {
    const ask = <T>(request: FastifyRequest, work: (on: Statements) => Promise<T>): Promise<T | Refusal> =>
      act(desk, sessionOf(request), work);
    app.get('/register', auditor, async (request, reply) => {
      const found = await ask(request, async (on) => {
        const checkpoint = await ownCheckpoint(on);
        const size = checkpoint?.size ?? 0n;
        const from = size > LATEST ? size - LATEST : 0n;
        const latest = await ownEntries(on, from, Number(LATEST));
        const contexts = await releaseContexts(on, from, Number(LATEST));
        const witnesses = (await ownCosignatures(on)).map(witnessShown);
        return { checkpoint, latest, contexts, witnesses, names: await peopleNames(on) };
      });
      if (isRefusal(found)) return reply.refuse(found);
      const entries = found.latest.reverse().flatMap(({ index, body }) => {
        const entry = parseEntry(body);
        return entry
          ? [{ index: String(index), at: entry.at, text: sentence(entry, found.names), entry }]
          : [];
      });
      // For the auditor's own browser to judge: what was handed over, and which document came last before it.
      const releases = entries.flatMap(({ index, entry }) => {
        const after = found.contexts.get(BigInt(index));
        return after === undefined ? [] : [{ index, after: Number(after), entry }];
      });
      const { checkpoint, witnesses } = found;
      return reply.page('register/pages/register.njk', { checkpoint, witnesses, entries, releases });
    });
    app.get('/register/download', auditor, async (request, reply) => {
      const notes = await ask(request, ownNotes);
      if (isRefusal(notes)) return reply.refuse(notes);
      if (!notes) return reply.refuse(NOT_YET);
      const stream = pack();
      writeLog(stream, notes, (work) => ask(request, work)).catch((error: Error) => stream.destroy(error));
      return reply
        .header('content-type', 'application/x-tar')
        .header('content-disposition', 'attachment; filename="register.tar"')
        .send(stream);
    });
    app.get('/cases/:case/proof', auditor, async (request, reply) => {
      const id = z.object({ case: z.uuid().lowercase() }).safeParse(request.params);
      const missing = refuse(
        'missing',
        'missing',
        'There is no such case for you. Check the address, or whether your access has ended.',
      );
      if (!id.success) return reply.refuse(missing);
      const text = await ask(request, (on) => caseProof(on, id.data.case));
      if (isRefusal(text)) return reply.refuse(text.kind === 'missing' && text !== NOT_YET ? missing : text);
      return reply
        .header('content-type', 'text/plain; charset=utf-8')
        .header('content-disposition', `attachment; filename="case-${id.data.case}.proof.txt"`)
        .send(text);
    });
  };
}

function sessionOf(request: FastifyRequest): SessionSecret {
  if (!request.actor) throw new Error('An auditor route was reached without an actor.');
  return request.actor.session;
}

const witnessShown = ({ witness, size, at }: Cosigned) => ({ name: parseCosigner(witness).name, size, at });

/** A checkpoint with the lines of all witnesses that cosigned that very one. */
type Note = { readonly size: bigint; readonly note: string; readonly witnesses: number };
type Notes = {
  readonly vkey: string;
  readonly newest: Note;
  /** Older ones, that witnesses cosigned last: the newest may not have been shown to them yet. */
  readonly older: readonly Note[];
};

async function ownNotes(on: Statements): Promise<Notes | null> {
  const checkpoint = await ownCheckpoint(on);
  if (!checkpoint) return null;
  const cosigned = await ownCosignatures(on);
  const noteOf = ({ size, note }: Pick<SignedCheckpoint, 'size' | 'note'>): Note => {
    const lines = cosigned.filter((one) => one.size === size).map(({ line }) => line);
    return { size, note: note + lines.join(''), witnesses: lines.length };
  };
  const older = new Map(
    cosigned.filter(({ size }) => size < checkpoint.size).map((one) => [one.size, noteOf(one)]),
  );
  return { vkey: checkpoint.vkey, newest: noteOf(checkpoint), older: [...older.values()] };
}

/** The note by which most witnesses vouch for all entries before `end`; of equal ones the newest. */
function noteFor({ newest, older }: Notes, end: bigint): Note {
  const enough = older.filter(({ size }) => size >= end);
  return enough.reduce((best, one) => (one.witnesses > best.witnesses ? one : best), newest);
}

async function caseProof(on: Statements, id: string): Promise<string | Refusal> {
  const entries = await caseEntries(on, id);
  const notes = await ownNotes(on);
  if (!notes) return NOT_YET;
  const signed = entries.filter(({ index }) => index < notes.newest.size);
  const { size, note } = noteFor(notes, (signed.at(-1)?.index ?? -1n) + 1n);
  const leaves = await ownHashes(on, size);
  const proofs = signed.map(({ index, body }) => ({
    ...{ index, entry: body, hashes: inclusionProof(leaves, Number(index)), note },
  }));
  return caseProofText(id, notes.vkey, proofs);
}

type Ask = <T>(work: (on: Statements) => Promise<T>) => Promise<T | Refusal>;
type Pack = ReturnType<typeof pack>;

const README = `This is an organisation's register in the C2SP tlog-tiles layout: every release, grant and refusal.
Check it offline with: letterbox verify register.tar
documents.json holds every signed document of the organisation, verbatim: who let whom read what, from the founding on.
Who could read at a moment, and who did: letterbox access register.tar --at 2026-11-02T09:00Z
Keep the file "checkpoint": a later download must be consistent with it (letterbox verify --since checkpoint).
Witnesses elsewhere cosign checkpoints, that one or the older ones in cosigned/: letterbox verify --witness KEY
`;

/** Writes the log up to a checkpoint: what it signs, and nothing after. */
async function writeLog(stream: Pack, { vkey, newest, older }: Notes, ask: Ask): Promise<void> {
  const put = (name: string, content: string | Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      stream.entry({ name, mode: 0o644, mtime: new Date(0) }, Buffer.from(content), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  const settled = async <T>(work: (on: Statements) => Promise<T>): Promise<T> => {
    const result = await ask(work);
    if (isRefusal(result)) throw new Error('The download was broken off: the session ended.');
    return result;
  };
  await put('README.txt', README);
  await put('log.vkey', `${vkey}\n`);
  await put('checkpoint', newest.note);
  for (const { size, note } of older) await put(`cosigned/${size}`, note);
  const { size } = newest;
  for (let from = 0n; from < size; from += BigInt(WIDTH)) {
    const width = Number(size - from < BigInt(WIDTH) ? size - from : BigInt(WIDTH));
    const entries = await settled((on) => ownEntries(on, from, width));
    await put(
      tilePath('entries', Number(from) / WIDTH, width),
      encodeBundle(entries.map(({ body }) => new TextEncoder().encode(body))),
    );
  }
  const leaves: Hash[] = await settled((on) => ownHashes(on, size));
  for (const tile of hashTiles(leaves)) await put(tile.path, tile.bytes);
  // Read last, so that no entry above names a document that is not here yet.
  await put('documents.json', `${JSON.stringify(await settled(ownDocuments), null, 1)}\n`);
  stream.finalize();
}
