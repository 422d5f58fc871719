/** What is inspected in this deployment. What only a public one needs is not asked of one on loopback. */
import { catalogueSubject } from '../alarm/inspection/catalogue.ts';
import { clockSubject } from '../alarm/inspection/clock.ts';
import { backupSubject, debuggerSubject, secretsSubject } from '../alarm/inspection/files.ts';
import { isLoopback } from '../alarm/inspection/loopback.ts';
import { protocolSubject } from '../alarm/inspection/protocol.ts';
import { serverSubject } from '../alarm/inspection/server.ts';
import { siteSubject } from '../alarm/inspection/sites.ts';
import { mailSubject, watchSubject } from '../alarm/inspection/telling.ts';
import type { Subject } from '../alarm/inspection.ts';
import type { Relay } from '../post/post.ts';
import type { Database } from '../store/store.ts';
import type { Assets } from '../web/assets.ts';
import type { Settings } from './settings.ts';

export type Inspected = {
  readonly settings: Settings;
  /** As letterbox_alarm. */
  readonly database: Database;
  readonly assets: Assets;
  readonly embedded: boolean;
  readonly relay: Relay | null;
};

export function inspected({ settings, database, assets, embedded, relay }: Inspected): {
  readonly subjects: readonly Subject[];
  close(): void;
} {
  const { publicUrl, deskUrl, backups, webhook, data } = settings;
  const open = isPublic(settings);
  const now = () => new Date();
  const sites = (['slot', 'desk'] as const).map((site) =>
    siteSubject(site, { publicUrl, deskUrl, assets }, now),
  );
  const subjects = [
    ...[catalogueSubject(database), serverSubject(database, embedded), protocolSubject(database)],
    ...[clockSubject(database), ...sites, secretsSubject(data), debuggerSubject()],
    backupSubject({ ...backups, expected: open }, now),
    mailSubject(relay, open && webhook === null),
    watchSubject(database, open),
  ];
  return {
    subjects,
    close: () => {
      for (const site of sites) site.close();
    },
  };
}

/** Whether others than this machine's own people can come to it. */
function isPublic({ publicUrl, deskUrl, host }: Settings): boolean {
  return ![new URL(publicUrl).hostname, new URL(deskUrl).hostname, host].every(isLoopback);
}
