/**
 * The register's sequencer, and beside it the asking of witnesses: `letterbox register`, or a part of `letterbox start`.
 * Holds the register's role only.
 */
import { startCosigning } from '../register/cosigning.ts';
import { startSequencer } from '../register/jobs.ts';
import { type Database, openDatabase } from '../store/store.ts';
import type { Main } from './letterbox.ts';
import { type Part, reachableRoleUrl, serveUntilStopped } from './serving.ts';
import { readSettings, type Settings } from './settings.ts';

export function startRegister(
  database: Database,
  { data: dataDir, witnesses }: Pick<Settings, 'data' | 'witnesses'>,
  say: (line: string) => void,
): Part {
  const sequencer = startSequencer({ database, dataDir, say });
  const cosigning = startCosigning({ database, witnesses, say });
  return {
    close: async () => {
      await cosigning.stop();
      await sequencer.stop();
    },
  };
}

export const main: Main = async (_args, say) => {
  const settings = readSettings(process.env);
  const database = openDatabase('register', await reachableRoleUrl(settings, 'register'), 3);
  return serveUntilStopped([database, startRegister(database, settings, say)], say);
};
