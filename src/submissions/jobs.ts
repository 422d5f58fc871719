/** What the public process does by itself: chunks whose case never came are deleted after a day. */
import type { Database } from '../store/store.ts';
import { sweepChunks } from './store.ts';

const hour = 3_600_000;

/** Sweeps now and once an hour. A sweep that fails is left to the next one; `close` waits for one under way. */
export function startSweeping(slot: Database, every: number = hour): { close(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  const sweep = () => {
    running = sweepChunks(slot).catch(() => undefined);
  };
  sweep();
  const timer = setInterval(sweep, every);
  timer.unref();
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
