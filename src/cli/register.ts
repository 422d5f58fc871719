/** The register's sequencer: `letterbox register`, or a part of `letterbox start`. Holds the register's role only. */
import { startSequencer } from '../register/jobs.ts';
import { type Database, openDatabase } from '../store/store.ts';
import type { Main } from './letterbox.ts';
import { reachableRoleUrl, serveUntilStopped } from './serving.ts';
import { readSettings } from './settings.ts';

export function startRegister(
  database: Database,
  dataDir: string,
  say: (line: string) => void,
): { close(): Promise<void> } {
  const sequencer = startSequencer({ database, dataDir, say });
  return { close: () => sequencer.stop() };
}

export const main: Main = async (_args, say) => {
  const settings = readSettings(process.env);
  const database = openDatabase('register', await reachableRoleUrl(settings, 'register'), 2);
  return serveUntilStopped([database, startRegister(database, settings.data, say)], say);
};
