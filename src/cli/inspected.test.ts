/** The inspection as it runs: `letterbox alarm` as a process of its own beside both sites, and what the desk then shows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ownAlarms } from '../alarm/store.ts';
import { settled } from '../people/testing.ts';
import { act } from '../store/store.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { freshAssets } from '../web/assets.ts';
import { inspected } from './inspected.ts';
import { readSettings } from './settings.ts';
import { aWatchedSite, type Watched } from './watched.testing.ts';

let db: TestDatabase;
let site: Watched;
let alarm: ChildProcess;
const said: string[] = [];
beforeAll(async () => {
  db = await testDatabase();
  site = await aWatchedSite(db, await freshAssets());
  const { publicUrl, deskUrl, data } = site.settings;
  alarm = spawn(process.execPath, [join(import.meta.dirname, 'letterbox.ts'), 'alarm'], {
    env: {
      PATH: process.env.PATH,
      ...{ DATABASE_URL_ALARM: db.urlOf('alarm'), LETTERBOX_DATA: data },
      ...{ LETTERBOX_PUBLIC_URL: publicUrl, LETTERBOX_DESK_URL: deskUrl },
    },
  });
  for (const stream of [alarm.stdout, alarm.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => said.push(text));
}, 120_000);
afterAll(async () => {
  alarm?.kill('SIGTERM');
  await site?.close();
  await db?.close();
});

/** What the desk shows a manager of the body. */
const seen = async () =>
  settled(await act(db.desk, site.body.founder.session, ownAlarms)).flatMap(({ goneAt, ...each }) =>
    goneAt ? [] : [`${each.kind} ${each.colour} ${each.seen}`],
  );
/** What stands at all, the host's too. */
const standing = async () =>
  (
    await db.admin.rows(
      z.object({ seen: z.string() }),
      'select seen from letterbox.alarm where gone_at is null order by seen',
    )
  ).map((row) => row.seen);

// The server of the tests does not wait for its disk; that is all there is to be found.
const FSYNC = expect.stringMatching(/^The database server does not wait for its disk/);
const GRANT = expect.stringMatching(
  /^configuration amber Every account of the database server .* select on cases/,
);

test('43: a grant to public is an alarm on the desk within a minute, and gone within a minute once it is revoked', async () => {
  await expect.poll(standing, { timeout: 60_000, interval: 500 }).toEqual([FSYNC]);
  expect(await seen(), 'who runs the site is the host').toEqual([]);
  await db.admin.run('grant select on letterbox.cases to public');
  const began = performance.now();
  await expect.poll(seen, { timeout: 60_000, interval: 250 }).toEqual([GRANT]);
  expect(performance.now() - began).toBeLessThan(60_000);
  const cookie = `letterbox=${site.body.founder.session}`;
  const page = await fetch(`${site.settings.deskUrl}/watch`, { headers: { cookie, accept: 'text/html' } });
  expect(await page.text()).toMatch(/Something is not set as it should be[\s\S]*select on cases/);
  await db.admin.run('revoke select on letterbox.cases from public');
  await expect.poll(seen, { timeout: 60_000, interval: 250 }).toEqual([]);
  expect(await standing()).toEqual([FSYNC]);
  expect(said.join('')).not.toContain('Inspection:');
}, 200_000);

test('17, 28: what only a public deployment needs is not asked of one on loopback', async () => {
  const assets = await freshAssets();
  const found = async (environment: Readonly<Record<string, string>>) => {
    const settings = readSettings({ LETTERBOX_DATA: site.settings.data, ...environment });
    const { subjects, close } = inspected({
      settings,
      database: db.alarm,
      assets,
      embedded: false,
      relay: null,
    });
    close();
    const looked = subjects.filter(({ name }) => ['The mail relay', 'The age of the backup'].includes(name));
    return (await Promise.all(looked.map((subject) => subject.look()))).flat().map(({ address }) => address);
  };
  expect(await found({})).toEqual([]);
  const open = [
    ['LETTERBOX_PUBLIC_URL', 'https://letters.example.org'],
    ['LETTERBOX_HOST', '0.0.0.0'],
  ] as const;
  for (const [name, value] of open)
    expect(await found({ [name]: value })).toEqual(['LETTERBOX_BACKUP_STAMP', 'LETTERBOX_MAIL_RELAY']);
  const told = { LETTERBOX_ALARM_WEBHOOK: 'https://example.org/hook#whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0' };
  const kept = { LETTERBOX_BACKUP_STAMP: join(site.settings.data, 'opaque-server-setup') };
  expect(await found({ LETTERBOX_HOST: '0.0.0.0', ...told, ...kept })).toEqual([]);
});
