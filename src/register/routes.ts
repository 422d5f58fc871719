/** The register's doors: the page, the whole log as a file, and one case's proofs. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { act, type Database, type SessionSecret, type Statements } from '../store/store.ts';
import { isRefusal, type Refusal, refuse } from '../web/refusal.ts';
import { type Hash, inclusionProof } from './merkle.ts';
import { caseProofText } from './proof.ts';
import { parseEntry, sentence } from './register.ts';
import {
  caseEntries,
  ownCheckpoint,
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
        return { checkpoint, latest, contexts, names: await peopleNames(on) };
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
      return reply.page('register/pages/register.njk', { checkpoint: found.checkpoint, entries, releases });
    });
    app.get('/register/download', auditor, async (request, reply) => {
      const checkpoint = await ask(request, ownCheckpoint);
      if (isRefusal(checkpoint)) return reply.refuse(checkpoint);
      if (!checkpoint) return reply.refuse(NOT_YET);
      const stream = pack();
      writeLog(stream, checkpoint, (work) => ask(request, work)).catch((error: Error) =>
        stream.destroy(error),
      );
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

async function caseProof(on: Statements, id: string): Promise<string | Refusal> {
  const entries = await caseEntries(on, id);
  const checkpoint = await ownCheckpoint(on);
  if (!checkpoint) return NOT_YET;
  const leaves = await ownHashes(on, checkpoint.size);
  const proofs = entries
    .filter(({ index }) => index < checkpoint.size)
    .map(({ index, body }) => ({
      index,
      entry: body,
      hashes: inclusionProof(leaves, Number(index)),
      note: checkpoint.note,
    }));
  return caseProofText(id, checkpoint.vkey, proofs);
}

type Ask = <T>(work: (on: Statements) => Promise<T>) => Promise<T | Refusal>;
type Pack = ReturnType<typeof pack>;

const README = `This is an organisation's register in the C2SP tlog-tiles layout: every release, grant and refusal.
Check it offline with: letterbox verify register.tar
documents.json holds every signed document of the organisation, verbatim: who let whom read what, from the founding on.
Who could read at a moment, and who did: letterbox access register.tar --at 2026-11-02T09:00Z
Keep the file "checkpoint": a later download must be consistent with it (letterbox verify --since checkpoint).
`;

/** Writes the log up to a checkpoint: what it signs, and nothing after. */
async function writeLog(stream: Pack, { note, vkey, size }: SignedCheckpoint, ask: Ask): Promise<void> {
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
  await put('checkpoint', note);
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
