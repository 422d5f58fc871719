/** Alarms: `letterbox alarm`, or a part of `letterbox start`. Holds the alarm's role only, and sends the mails. */
import { startAlarms } from '../alarm/jobs.ts';
import { openRelay } from '../post/post.ts';
import { type Database, openDatabase } from '../store/store.ts';
import type { Main } from './letterbox.ts';
import { type Part, reachableRoleUrl, serveUntilStopped } from './serving.ts';
import { readSettings, type Settings } from './settings.ts';

export function startAlarm(database: Database, settings: Settings, say: (line: string) => void): Part {
  const { mail, webhook, deskUrl } = settings;
  const relay = mail && openRelay(mail.relay, mail.from);
  const alarms = startAlarms({ database, relay, webhook, deskUrl, say });
  return { close: () => alarms.stop() };
}

export const main: Main = async (_args, say) => {
  const settings = readSettings(process.env);
  const database = openDatabase('alarm', await reachableRoleUrl(settings, 'alarm'), 2);
  return serveUntilStopped([database, startAlarm(database, settings, say)], say);
};
