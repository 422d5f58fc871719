/** Watch as a process of its own beside `letterbox start`, where its configuration lies in the data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Part } from './serving.ts';

export const watchConfigIn = (data: string): string => join(data, 'watch', 'watch.json');

const PROGRAM = new URL('./letterbox.ts', import.meta.url).pathname;
const PAUSE = 5000;

/**
 * Starts it, and again some seconds after it ends; null where nobody let a Watch in. Of this process's settings it is
 * given none: no address of a database reaches it.
 *
 * LIMIT: on one machine it runs as the same account, which can read what this one can. Elsewhere it cannot.
 */
export function watchBeside(data: string, say: (line: string) => void): Part | null {
  const config = watchConfigIn(data);
  if (!existsSync(config)) return null;
  const stopping = new AbortController();
  let child: ChildProcess | null = null;
  const running = (async () => {
    while (!stopping.signal.aborted) {
      child = spawn(process.execPath, [...process.execArgv, PROGRAM, 'watch', '--config', config], {
        // By the channel it notices when this process is no more, however that ended (stopping.ts).
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { PATH: process.env.PATH, HOME: process.env.HOME },
      });
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => tell(text, say));
      await ended(child);
      if (stopping.signal.aborted) return;
      say('Watch has ended. It is started again in five seconds.');
      await wait(PAUSE, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    close: async () => {
      stopping.abort();
      child?.kill('SIGTERM');
      await running;
    },
  };
}

function tell(text: string, say: (line: string) => void): void {
  for (const line of text.split('\n')) if (line.trim() !== '') say(`Watch: ${line.trim()}`);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}
