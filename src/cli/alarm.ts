/** Alarms: `letterbox alarm`, or a part of `letterbox start`. Holds the alarm's role only, looks at the configuration and at the reading, and sends the mails. */
import { startAlarms, startInspecting, startJudgingReading } from '../alarm/jobs.ts';
import { openRelay } from '../post/post.ts';
import { type Database, openDatabase } from '../store/store.ts';
import { type Assets, freshAssets } from '../web/assets.ts';
import { inspected } from './inspected.ts';
import type { Main } from './letterbox.ts';
import { type Part, reachableRoleUrl, serveUntilStopped } from './serving.ts';
import { readSettings, type Settings } from './settings.ts';

export type AlarmParts = {
  readonly settings: Settings;
  readonly database: Database;
  readonly assets: Assets;
  /** Whether the database is the one that comes with the program. */
  readonly embedded: boolean;
  readonly say: (line: string) => void;
};

export function startAlarm({ settings, database, assets, embedded, say }: AlarmParts): Part {
  const { mail, webhook, deskUrl } = settings;
  const relay = mail && openRelay(mail.relay, mail.from);
  const { subjects, close } = inspected({ settings, database, assets, embedded, relay });
  const inspecting = startInspecting({ database, subjects, say });
  const judging = startJudgingReading(database, { say });
  const alarms = startAlarms({ database, relay, webhook, deskUrl, say });
  return {
    close: async () => {
      // What it is asking at this moment is let go of: nobody waits for the answer.
      const stopped = inspecting.stop();
      close();
      await stopped;
      await judging.stop();
      close();
      await alarms.stop();
    },
  };
}

export const main: Main = async (_args, say) => {
  const settings = readSettings(process.env);
  const database = openDatabase('alarm', await reachableRoleUrl(settings, 'alarm'), 4);
  const assets = await freshAssets();
  return serveUntilStopped([database, startAlarm({ settings, database, assets, embedded: false, say })], say);
};
