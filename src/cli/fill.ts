/** `letterbox fill`: fills a running body with sealed submissions, invented ones or from real texts. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { Share } from './fill.worker.ts';
import { type Filling, openForms, tidyText } from './filling.ts';
import type { Main } from './letterbox.ts';
import { readSettings } from './settings.ts';

export type FillOptions = Pick<Filling, 'publicUrl' | 'organisation'> &
  Partial<Filling> & {
    readonly cases: number;
    /** The number of the first: what a filling that was cut short has behind it. */
    readonly from?: number;
    readonly onProgress?: (done: number, of: number) => void;
    /** Aborted: the threads end where they are. */
    readonly stop?: AbortSignal;
  };

/**
 * Adds `cases` cases, in turn for each form, and resolves when all are acknowledged. Called twice it adds them twice:
 * ask first how many there are. @throws when one was refused; what was acknowledged before stays.
 */
export async function fillCases(options: FillOptions): Promise<void> {
  const { cases, from = 0, onProgress = () => undefined } = options;
  const filling: Filling = {
    ...{ publicUrl: options.publicUrl, organisation: options.organisation },
    ...{ seed: options.seed ?? 'demonstration', texts: options.texts ?? [] },
    attachmentsEvery: options.attachmentsEvery ?? 10,
  };
  await openForms(filling); // says what is wrong with the address, before any thread starts
  const threads = Math.max(1, Math.min(4, availableParallelism(), Math.ceil(cases / 20)));
  let done = 0;
  onProgress(done, cases);
  const told = () => {
    done += 1;
    onProgress(done, cases);
  };
  const shares = Array.from({ length: threads }, (_, thread): Share => {
    return { filling, first: from + thread, step: threads, end: from + cases };
  });
  await Promise.all(shares.map((share) => thread(share, told, options.stop)));
}

function thread(share: Share, told: () => void, stop?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fill.worker.ts', import.meta.url), { workerData: share });
    worker.on('message', told).on('error', reject);
    if (stop?.aborted) void worker.terminate();
    stop?.addEventListener('abort', () => worker.terminate(), { once: true });
    worker.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error('A filling thread ended early.')),
    );
  });
}

type Terminal = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

/** Shows how far it is: a bar on a terminal, else a line for each quarter. Made anew for each filling. */
export function progress(what: string, out: Terminal = process.stdout): (done: number, of: number) => void {
  let shown = -1;
  return (done, of) => {
    const percent = of === 0 ? 100 : Math.floor((done / of) * 100);
    const step = out.isTTY ? percent : Math.floor(percent / 25);
    if (step === shown) return;
    shown = step;
    if (!out.isTTY) {
      out.write(`${what}: ${done} of ${of}\n`);
      return;
    }
    const width = Math.max(10, Math.min(40, (out.columns ?? 80) - what.length - 24));
    const full = Math.round((percent / 100) * width);
    const bar = '█'.repeat(full) + '░'.repeat(width - full);
    out.write(`\r${what} ${bar} ${done} of ${of}${done === of ? '\n' : ''}`);
  };
}

const line = z.object({ narrative: z.string() });

/** The narratives of a file of JSON lines (`id`, `date`, `category`, `narrative`). */
export function readTexts(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const texts = lines.map((each) => tidyText(line.parse(JSON.parse(each)).narrative)).filter(Boolean);
  if (texts.length === 0) throw new Error(`${file} holds no narratives.`);
  return texts;
}

const USAGE = 'letterbox fill --cases N [--texts FILE.jsonl] [--organisation SLUG] [--to URL]';

export const main: Main = async (args, say) => {
  const { values } = parseArgs({
    args,
    options: {
      cases: { type: 'string' },
      texts: { type: 'string' },
      organisation: { type: 'string', default: 'exampleshire' },
      to: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const cases = Number(values.cases);
  if (values.help || !Number.isSafeInteger(cases) || cases < 1) {
    say(USAGE);
    return values.help ? 0 : 2;
  }
  const publicUrl = (values.to ?? readSettings(process.env).publicUrl).replace(/\/$/, '');
  const texts = values.texts === undefined ? [] : readTexts(values.texts);
  const { organisation, seed = new Date().toISOString() } = values;
  await fillCases({ ...{ publicUrl, organisation, cases, texts, seed }, onProgress: progress('Filling') });
  return 0;
};
