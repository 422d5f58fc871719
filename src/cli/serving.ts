/** What programs that serve have in common: listening, whether the database answers, and stopping in order. */
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { administer } from '../store/admin.ts';
import { codeOf } from '../store/away.ts';
import { settingOf } from '../store/cluster.ts';
import type { LoginRole } from '../store/migrate.ts';
import type { Database } from '../store/store.ts';
import { roleUrl, type Settings } from './settings.ts';
import { aborted, stopAsked } from './stopping.ts';

export type Part = { close(): Promise<void> };
export type Served = Part & { readonly address: string };

/** Listens; resolves to the address. `setting` is what chooses the port. @throws one line when it cannot */
export async function listen(
  app: FastifyInstance,
  { host }: Settings,
  port: number,
  setting: string,
): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw new Error(whyNot(codeOf(error), host, port, setting) ?? String(error), { cause: error });
  }
}

function whyNot(code: string, host: string, port: number, setting: string): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken by another program. Stop that one, or set ${setting} to a free port.`;
    case 'EACCES':
      return `Port ${port} is reserved for root. Set ${setting} to one from 1024, and let a proxy stand in front.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no address of this machine. Set LETTERBOX_HOST to one, or unset it for loopback.`;
    default:
      return null;
  }
}

/** Whether this role's database answers, soon. */
export async function answers(database: Database, sql: string): Promise<boolean> {
  const late = new AbortController();
  const asked = database.run(sql).then(() => true);
  try {
    return await Promise.race([asked, wait(5000, false, { signal: late.signal })]);
  } finally {
    late.abort();
    asked.catch(() => undefined);
  }
}

/** One role's address for a part that runs by itself. @throws one line when there is none, or it does not let in */
export async function reachableRoleUrl(settings: Settings, role: LoginRole): Promise<string> {
  const url = roleUrl(settings, role);
  await administer(url, async () => undefined, settingOf(role));
  return url;
}

const longestClosing = 10_000;

/** Closes the parts from the last to the first; one that cannot be closed does not keep the others open. */
export async function closeAll(parts: Part[], say: (line: string) => void): Promise<void> {
  for (const part of parts.splice(0).reverse()) {
    const late = new AbortController();
    const closing = part.close().then(() => 'closed');
    closing.catch(() => undefined);
    const how = await Promise.race([
      closing.catch((error: unknown) => `it failed (${error instanceof Error ? error.message : error})`),
      wait(longestClosing, 'it took too long', { signal: late.signal }),
    ]);
    late.abort();
    if (how !== 'closed') say(`A part of Letterbox was left without waiting for it: ${how}.`);
  }
}

/** Serves until asked to stop, then closes the parts. */
export async function serveUntilStopped(
  parts: readonly Part[],
  say: (line: string) => void,
): Promise<number> {
  say('Serving. Ctrl-C stops it.');
  await aborted(stopAsked());
  await closeAll([...parts], say);
  return 0;
}
