/** One thread of a filling: sealing is arithmetic, so each processor gets its share of the cases. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { type Filling, fillOne, openForms } from './filling.ts';

/** What a thread is given: the cases `first`, `first + step`, … below `end`. */
export type Share = {
  readonly filling: Filling;
  readonly first: number;
  readonly step: number;
  readonly end: number;
};

/** Several at once, so that the thread seals while others wait for the site. */
const LANES = 3;

async function work({ filling, first, step, end }: Share): Promise<void> {
  const forms = await openForms(filling);
  let next = first;
  const lane = async () => {
    for (let nth = next; nth < end; nth = next) {
      next = nth + step;
      await fillOne(filling, forms, nth);
      parentPort?.postMessage('done');
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

if (!isMainThread) await work(workerData);
