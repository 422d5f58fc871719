/**
 * Has every checkpoint cosigned by the witnesses elsewhere, and alarms when one of them will not: then this register has
 * not grown from what it showed before, or an older copy of it was put back.
 *
 * Where a register was ever cosigned, the database releases nothing after it was started until a witness has been asked, nor
 * while one objects: an older copy that is put back gives nobody back what was taken from them.
 *
 * Apart from the sequencer, since what is asked over a network must not keep entries from their places. If the power fails
 * between a cosignature and its being written down, the witness names its size at the next asking.
 */
import { type Repeating, repeat } from '../store/repeating.ts';
import type { Database } from '../store/store.ts';
import { askWitness, type Verdict, type Witness } from './asking.ts';
import { openCheckpoint } from './checkpoint.ts';
import { parseVerifier } from './note.ts';
import { StoredParts } from './parts.ts';
import { leafHashes, type Newest, newestCheckpoints } from './store.ts';

type Options = {
  /** As letterbox_register. */
  readonly database: Database;
  readonly witnesses: readonly Witness[];
  readonly everyMs?: number;
  readonly clock?: () => Date;
  /** Told what keeps it from asking, once as long as it stays the same. */
  readonly say?: (line: string) => void;
};

/** A witness that gives no answer for so long is told of: it protects nothing meanwhile. */
const SILENT_AFTER_MS = 60 * 60 * 1000;
const AGAIN_AFTER_MS = 30_000;

/** Asks for all that waits, every five seconds. Without witnesses, the site vouches for itself. */
export function startCosigning(options: Options): Repeating {
  const { everyMs = 5000, say = () => undefined } = options;
  return repeat(openRounds(options), everyMs, (why) => say(`Witnesses: ${why}`));
}

/** What is remembered of one log between rounds; of each witness by its verifier key. */
type Remembered = {
  readonly parts: StoredParts;
  readonly askedAt: Map<string, Date>;
  /** Since when it gives no answer. */
  readonly silentSince: Map<string, Date>;
  /** Those that object to nothing, as their alarms say. */
  readonly content: Set<string>;
};

const remember = (database: Database, organisation: string): Remembered => ({
  parts: new StoredParts((from, count) => leafHashes(database, organisation, from, count)),
  ...{ askedAt: new Map(), silentSince: new Map(), content: new Set() },
});

function openRounds({ database, witnesses, clock = () => new Date() }: Options): () => Promise<void> {
  const logs = new Map<string, Remembered>();
  const askOne = async (log: Newest, witness: Witness): Promise<void> => {
    const memory = logs.get(log.organisation) ?? remember(database, log.organisation);
    logs.set(log.organisation, memory);
    const now = clock();
    if (!isDue(memory, log, witness, now)) return;
    const checkpoint = await openCheckpoint(log.note, parseVerifier(log.vkey));
    const known = log.cosigned[witness.vkey] ?? 0n;
    const verdict = await askWitness(witness, { checkpoint, note: log.note, parts: memory.parts, known });
    if (verdict.is === 'cosigned') {
      const cosigned = [log.organisation, log.size, witness.vkey, verdict.line];
      await database.run('select letterbox.register_cosign($1, $2, $3, $4)', cosigned);
    }
    // Another process may have asked it meanwhile, for a checkpoint that is newer than the one read here.
    if (verdict.is === 'ahead' && (await sizeNow(database, log)) >= verdict.size) return;
    memory.askedAt.set(witness.vkey, now);
    await tell(database, memory, { log, witness, verdict, now });
  };
  return async () => {
    await database.run('select letterbox.register_witnesses($1)', [witnesses.map(({ vkey }) => vkey)]);
    const newest = await newestCheckpoints(database);
    const asked = await Promise.allSettled(
      witnesses.map(async (witness) => {
        for (const log of newest) await askOne(log, witness);
      }),
    );
    for (const one of asked) if (one.status === 'rejected') throw one.reason;
  };
}

/** A checkpoint that it cosigned already is shown to it again now and then: it may know more than an older database. */
function isDue({ askedAt }: Remembered, log: Newest, { vkey }: Witness, now: Date): boolean {
  if (log.cosigned[vkey] !== log.size || !log.vouched.includes(vkey)) return true;
  const last = askedAt.get(vkey);
  return last === undefined || now.getTime() - last.getTime() >= AGAIN_AFTER_MS;
}

async function sizeNow(database: Database, { organisation }: Newest): Promise<bigint> {
  const logs = await newestCheckpoints(database);
  return logs.find((log) => log.organisation === organisation)?.size ?? 0n;
}

type Judged = {
  readonly log: Newest;
  readonly witness: Witness;
  readonly verdict: Verdict;
  readonly now: Date;
};

/** An objection that stands is told at each asking, so that the alarm says when it was last so. */
async function tell(database: Database, memory: Remembered, judged: Judged): Promise<void> {
  const { log, witness, verdict } = judged;
  const silent = noteSilence(memory, judged);
  const said = verdict.is === 'away' || verdict.is === 'stranger' ? silent : objection(judged);
  // No answer takes back nothing: what it objected to last still stands.
  if (said === null && verdict.is !== 'cosigned') return;
  if (said === null && memory.content.has(witness.vkey)) return;
  const key = `witness ${witness.verifier.name}`.slice(0, 300);
  const finding = said && JSON.stringify({ ...said, address: witness.url.href.slice(0, 500) });
  await database.run('select letterbox.register_objection($1, $2, $3, $4)', [
    ...[log.organisation, witness.vkey, key, finding],
  ]);
  if (said === null) memory.content.add(witness.vkey);
  else memory.content.delete(witness.vkey);
}

type Said = { readonly colour: 'red' | 'amber'; readonly seen: string };

/** What is said of a witness that has given no answer for long; null before that, and where it gave one. */
function noteSilence({ silentSince }: Remembered, { log, witness, verdict, now }: Judged): Said | null {
  const { vkey, verifier } = witness;
  // One that never cosigned this register may be meant for another of the site's.
  const silent = verdict.is === 'away' || (verdict.is === 'stranger' && log.cosigned[vkey] !== undefined);
  if (!silent) {
    silentSince.delete(vkey);
    return null;
  }
  const since = silentSince.get(vkey) ?? now;
  silentSince.set(vkey, since);
  if (now.getTime() - since.getTime() < SILENT_AFTER_MS) return null;
  const why = verdict.is === 'away' ? verdict.why : 'It no longer looks after this register.';
  return {
    colour: 'amber',
    seen: `The witness ${verifier.name} has not cosigned for over an hour. ${why} Meanwhile it would not notice a changed history.`,
  };
}

/** What is said of a register that a witness will not cosign; null where it does. */
function objection({ log, witness, verdict }: Judged): Said | null {
  const { name } = witness.verifier;
  if (verdict.is === 'ahead')
    return {
      colour: 'red',
      seen: `The witness ${name} has cosigned ${verdict.size} entries of this register, and here there are ${log.size}. Entries were taken out, or an older copy of the database was put back.`,
    };
  if (verdict.is === 'forked')
    return {
      colour: 'red',
      seen: `The witness ${name} will not cosign this register: what is here has not grown from the ${verdict.size} entries that it cosigned. Its history was changed, or there are two of it.`,
    };
  return null;
}
