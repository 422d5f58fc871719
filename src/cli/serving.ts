/** What programs that serve have in common: whether the database answers, and stopping in order. */
import type { Database } from '../store/store.ts';

export type Part = { close(): Promise<void> };
export type Served = Part & { readonly address: string };

/** Whether this role's database answers. */
export async function answers(database: Database, sql: string): Promise<boolean> {
  await database.run(sql);
  return true;
}

/** Resolves to 0 when somebody asks the program to stop. */
export function stopAsked(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(0));
  });
}

/** Serves until asked to stop, then closes the parts from the last to the first. */
export async function serveUntilStopped(
  parts: readonly Part[],
  say: (line: string) => void,
): Promise<number> {
  say('Serving. Ctrl-C stops it.');
  const code = await stopAsked();
  for (const part of [...parts].reverse()) await part.close();
  return code;
}
