/** One program a folder. */
import { linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../store/away.ts';
import { writePrivate } from '../store/private-file.ts';

/**
 * Makes the folder and claims it for this process: `<name>.pid` holds `4711 88123`, the process and when it
 * started, so that a number given to another process later is not taken for it. A killed one's claim is taken over.
 * Returns what gives the claim back. @throws one line when Letterbox runs there already; it ends with what to do `elsewhere`
 */
export function claim(
  data: string,
  { name = 'running', elsewhere = 'set LETTERBOX_DATA' }: { name?: string; elsewhere?: string } = {},
): () => void {
  mkdirSync(data, { recursive: true, mode: 0o711 });
  const file = join(data, `${name}.pid`);
  const own = join(data, `${name}.${process.pid}`);
  writePrivate(own, `${process.pid} ${startOf(process.pid)}`);
  try {
    // A link is made whole or not at all: of two programs started at once, one gets it.
    while (!linked(own, file)) {
      const holder = holderOf(file);
      if (holder !== null)
        throw new Error(
          `Letterbox already runs on ${data} (process ${holder}). Stop it first, or ${elsewhere}.`,
        );
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => rmSync(file, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The running process that a claim names, or null. */
function holderOf(file: string): number | null {
  const [pid = 0, started = ''] = readFileSync(file, 'utf8').split(' ');
  const holder = Number(pid);
  if (!(holder > 0) || holder === process.pid) return null;
  try {
    process.kill(holder, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return null; // another account's process is one, too
  }
  return startOf(holder) === started ? holder : null;
}

/**
 * When a process started, in the kernel's ticks. LIMIT: '' where there is no /proc; there a claim is believed as
 * long as any process has its number.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'ended, but not yet reaped' : (fields[19] ?? '');
  } catch {
    return '';
  }
}
