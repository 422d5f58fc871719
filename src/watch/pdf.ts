/** The text inside a PDF. */
import { Worker } from 'node:worker_threads';

const LONGEST = 10_000;

/** The text, or null where it cannot be had within ten seconds. */
export function textOfPdf(bytes: Buffer, longest = LONGEST): Promise<string | null> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./pdf.worker.ts', import.meta.url), {
      ...{ workerData: Uint8Array.from(bytes), stdout: true, stderr: true },
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    const timer = setTimeout(() => end(null), longest);
    const end = (text: string | null) => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(text);
    };
    worker.on('message', (text) => end(typeof text === 'string' ? text : null));
    worker.on('error', () => end(null));
    worker.on('exit', () => end(null));
  });
}
