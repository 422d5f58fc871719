/** The register's sequencer: `letterbox register`, or a part of `letterbox start`. Holds the register's role only. */
import { startSequencer } from '../register/jobs.ts';
import { type Database, openDatabase } from '../store/store.ts';
import type { Main } from './letterbox.ts';
import { serveUntilStopped } from './serving.ts';
import { readSettings, roleUrl } from './settings.ts';

export function startRegister(database: Database, dataDir: string): { close(): Promise<void> } {
  const sequencer = startSequencer({ database, dataDir });
  return { close: () => sequencer.stop() };
}

export const main: Main = async (_args, say) => {
  const settings = readSettings(process.env);
  const database = openDatabase('register', roleUrl(settings, 'register'), 2);
  return serveUntilStopped([database, startRegister(database, settings.data)], say);
};
