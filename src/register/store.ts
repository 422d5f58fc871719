/** What the database knows of the register; rows are parsed on their way in. */
import { z } from 'zod';
import type { Statements } from '../store/store.ts';
import type { Hash } from './merkle.ts';
import { splitHashes } from './tile.ts';

const logRow = z.object({
  organisation: z.string(),
  slug: z.string(),
  origin: z.string().nullable(),
  vkey: z.string().nullable(),
  size: z.bigint(),
  signed: z.bigint(),
  waiting: z.boolean(),
});
export type Log = z.infer<typeof logRow>;

/** Every organisation's log, and whether entries wait for their places. For the sequencer. */
export function registerLogs(on: Statements): Promise<Log[]> {
  return on.rows(logRow, 'select * from letterbox.register_logs()');
}

/** Gives up to `most` waiting entries their places; how many got one. */
export async function sequence(on: Statements, organisation: string, most: number): Promise<bigint> {
  return (
    await on.one(z.object({ n: z.bigint() }), 'select letterbox.register_sequence($1, $2) as n', [
      organisation,
      most,
    ])
  ).n;
}

const hashesRow = z.object({ hashes: z.instanceof(Uint8Array) });
export async function leafHashes(
  on: Statements,
  organisation: string,
  from: bigint,
  most: number,
): Promise<Hash[]> {
  const row = await on.one(hashesRow, 'select letterbox.register_hashes($1, $2, $3) as hashes', [
    organisation,
    from,
    most,
  ]);
  return splitHashes(row.hashes);
}

const newestRow = z.object({
  organisation: z.string(),
  vkey: z.string(),
  size: z.bigint(),
  note: z.string(),
  cosigned: z.record(z.string(), z.string().transform(BigInt)),
  vouched: z.array(z.string()),
});
/**
 * A log's newest checkpoint, by verifier key the size that each witness cosigned last, and who of them has said since the
 * database was started what they hold of it.
 */
export type Newest = z.infer<typeof newestRow>;

/** Of every organisation whose log has a checkpoint. For asking witnesses. */
export function newestCheckpoints(on: Statements): Promise<Newest[]> {
  return on.rows(newestRow, 'select * from letterbox.register_newest()');
}

const checkpointRow = z.object({ vkey: z.string(), size: z.bigint(), note: z.string(), at: z.date() });
export type SignedCheckpoint = z.infer<typeof checkpointRow>;

/** The newest checkpoint of the actor's organisation; null before the first. */
export function ownCheckpoint(on: Statements): Promise<SignedCheckpoint | null> {
  return on.maybe(checkpointRow, 'select * from letterbox.own_checkpoint()');
}

const cosignatureRow = z.object({
  witness: z.string(),
  size: z.bigint(),
  note: z.string(),
  line: z.string(),
  at: z.date(),
});
/** What a witness cosigned last: its verifier key, the checkpoint and its line for it. */
export type Cosigned = z.infer<typeof cosignatureRow>;

/** Of each witness of the actor's organisation. */
export function ownCosignatures(on: Statements): Promise<Cosigned[]> {
  return on.rows(cosignatureRow, 'select * from letterbox.own_cosignatures()');
}

const entryRow = z.object({ index: z.bigint(), body: z.string() });
export type PlacedEntry = z.infer<typeof entryRow>;

/** Entries of the actor's organisation by place, 1,024 at most. */
export function ownEntries(on: Statements, from: bigint, most: number): Promise<PlacedEntry[]> {
  return on.rows(entryRow, 'select * from letterbox.own_entries($1, $2)', [from, most]);
}

/** Everything about one case, for whoever may read it. */
export function caseEntries(on: Statements, id: string): Promise<PlacedEntry[]> {
  return on.rows(entryRow, 'select * from letterbox.case_entries($1)', [id]);
}

/**
 * The leaf hashes of the first `size` entries. LIMIT: 32 bytes an entry in memory, for a proof or a
 * download; beyond some millions of entries, inner tiles will have to be stored.
 */
export async function ownHashes(on: Statements, size: bigint): Promise<Hash[]> {
  const row = await on.one(hashesRow, 'select letterbox.own_hashes(0, $1) as hashes', [size]);
  return splitHashes(row.hashes);
}

/** People's names by id, for the actor's organisation. */
export async function peopleNames(on: Statements): Promise<Map<string, string>> {
  const rows = await on.rows(
    z.object({ id: z.string(), name: z.string() }),
    'select * from letterbox.own_people()',
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

const documentRow = z.object({
  kind: z.string(),
  signer: z.string(),
  text: z.string(),
  signature: z.string(),
});

/** Every signed document of the actor's organisation, verbatim, in order. */
export function ownDocuments(on: Statements): Promise<z.infer<typeof documentRow>[]> {
  return on.rows(
    documentRow,
    'select kind, signer, text, signature from letterbox.documents() order by position',
  );
}

/** Of the releases at these places, the position of the newest document before each, in the register's order. */
export async function releaseContexts(
  on: Statements,
  from: bigint,
  most: number,
): Promise<Map<bigint, bigint>> {
  const row = z.object({ index: z.bigint(), after: z.bigint().nullable() });
  const rows = await on.rows(row, 'select * from letterbox.release_contexts($1, $2)', [from, most]);
  return new Map(rows.map(({ index, after }) => [index, after ?? 0n]));
}
