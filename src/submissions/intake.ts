/**
 * # Note: why posts travel together
 *
 * A commit waits for the disk; so does every commit beside it. Posts that arrive while a statement is on its way
 * therefore wait and go together in the next: under load one statement and one commit carry dozens, and when it is
 * quiet a post waits for nothing. Nobody is acknowledged before the commit that holds their case.
 *
 * Two batches are on their way at most, and of one size: whoever takes everything that waits leaves the few who come
 * next to a statement of their own, and the two then take turns instead of working side by side. Nobody waits long
 * for company, though: a batch that is stuck holds up no other.
 */
import { type Refusal, refuse } from '../web/refusal.ts';
import { sizeOf } from './acts.ts';
import { largestBatch, type Posting, type PostResult } from './submissions.ts';

export type Intake = {
  /** Resolves once the post is durable or refused; rejects when the database failed, also at the second try. */
  post(posting: Posting): Promise<PostResult | Refusal>;
  /** How many posts wait for their turn now. */
  waiting(): number;
};

/** Takes a batch to the database: one result a post, in order. */
export type Take = (postings: readonly Posting[]) => Promise<PostResult[]>;

type Waiting = {
  readonly posting: Posting;
  readonly size: number;
  readonly resolve: (result: PostResult) => void;
  readonly reject: (error: unknown) => void;
};

/** Posts go together up to this many bytes. */
const largestBatchBytes = 4 * 1024 * 1024;
/** Two, so that the database works on one while the other's commit waits for the disk. */
const mostOnTheirWay = 2;
const longestForCompanyMs = 50;
const mostWaiting = 2000;
const mostWaitingBytes = 40 * 1024 * 1024;

/** An intake over `take`. Beyond 2,000 waiting posts, or 40 MB of them, it refuses: `busy`. */
export function openIntake(take: Take): Intake {
  const queue: Waiting[] = [];
  const onTheirWay = new Set<readonly Waiting[]>();
  let queuedBytes = 0;
  let scheduled = false;
  let patience: NodeJS.Timeout | undefined;

  const sent = (): number => [...onTheirWay].reduce((sum, batch) => sum + batch.length, 0);

  const next = (): Waiting[] => {
    const most = Math.min(largestBatch, Math.ceil((queue.length + sent()) / mostOnTheirWay));
    let bytes = 0;
    const count = queue.findIndex(({ size }, index) => {
      bytes += size;
      return index === most || (index > 0 && bytes > largestBatchBytes);
    });
    const batch = queue.splice(0, count === -1 ? queue.length : count);
    for (const { size } of batch) queuedBytes -= size;
    return batch;
  };

  const mayWork = (): boolean => queue.length > 0 && onTheirWay.size < mostOnTheirWay;

  /** The first leaves at once, the second when it carries as many as the first, or a full batch waits. */
  const mayLeave = (): boolean => mayWork() && queue.length >= Math.min(largestBatch, sent());

  const leave = (): void => {
    clearTimeout(patience);
    patience = undefined;
    const batch = next();
    onTheirWay.add(batch);
    void settle(take, batch).finally(() => {
      onTheirWay.delete(batch);
      schedule();
    });
  };

  const dispatch = (): void => {
    scheduled = false;
    while (mayLeave()) leave();
    schedule();
  };

  const waitNoLonger = (): void => {
    patience = undefined;
    if (mayWork()) leave();
    schedule();
  };

  // After the current round of I/O, so that what arrived in it goes together.
  const schedule = (): void => {
    if (scheduled || !mayWork()) return;
    if (!mayLeave()) {
      patience ??= setTimeout(waitNoLonger, longestForCompanyMs);
      return;
    }
    scheduled = true;
    setImmediate(dispatch);
  };

  return {
    waiting: () => queue.length,
    post: (posting) => {
      const size = sizeOf(posting);
      if (queue.length >= mostWaiting || queuedBytes + size > mostWaitingBytes) return Promise.resolve(busy);
      return new Promise((resolve, reject) => {
        queue.push({ posting, size, resolve, reject });
        queuedBytes += size;
        schedule();
      });
    },
  };
}

const busy = refuse(
  'busy',
  'busy',
  'Too many people are sending at this moment. Nothing is lost: try again soon.',
);

/** Tells everyone in the batch what became of their post. Never rejects. */
async function settle(take: Take, batch: readonly Waiting[]): Promise<void> {
  try {
    deliver(batch, await take(batch.map(({ posting }) => posting)));
  } catch {
    // One post may have spoilt it for all, or the connection broke: perhaps after the commit, in which
    // case the second try is told `again`.
    await Promise.all(batch.map((one) => settleAlone(take, one)));
  }
}

async function settleAlone(take: Take, one: Waiting): Promise<void> {
  try {
    deliver([one], await take([one.posting]));
  } catch (error) {
    one.reject(error);
  }
}

function deliver(batch: readonly Waiting[], results: readonly PostResult[]): void {
  if (results.length !== batch.length) throw new Error('Not every post was judged.');
  batch.forEach(({ resolve }, index) => {
    const result = results[index];
    if (result) resolve(result);
  });
}
