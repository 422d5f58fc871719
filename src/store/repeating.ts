/** Work that goes on by itself against the database, a round after the other, whoever asks for one. */
import { setTimeout as wait } from 'node:timers/promises';
import { AwayError } from './away.ts';

export type Repeating = {
  /** Does one round at once and resolves when it is through. */
  tick(): Promise<void>;
  /** Resolves when the round that runs is through; there is none after it. */
  stop(): Promise<void>;
};

/**
 * Does `work` every `everyMs`. The database may be away for a while: what waits, waits. `say` is told why a round failed
 * otherwise, once for each reason.
 */
export function repeat(work: () => Promise<void>, everyMs: number, say: (why: string) => void): Repeating {
  const stopping = new AbortController();
  let working: Promise<void> = Promise.resolve();
  const inTurn = () => {
    working = working.catch(() => undefined).then(work);
    return working;
  };
  const running = (async () => {
    let told = '';
    while (!stopping.signal.aborted) {
      await inTurn().catch((error) => {
        const why = error instanceof Error ? error.message : String(error);
        if (!(error instanceof AwayError) && why !== told) say(why);
        told = why;
      });
      await wait(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    tick: inTurn,
    stop: async () => {
      stopping.abort();
      await running;
      await working.catch(() => undefined);
    },
  };
}
