/** What is looked at on this machine and around it: the clock, files of keys, backups, the debugger, the relay, Watch. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { aFoundedBody } from '../../people/testing.ts';
import { parseAddress } from '../../post/address.ts';
import { openRelay, parseRelay } from '../../post/post.ts';
import { openPostbox } from '../../post/testing.ts';
import { testDatabase } from '../../store/testing.ts';
import type { Subject } from '../inspection.ts';
import { type Clock, clockSubject, MACHINE_CLOCK } from './clock.ts';
import { backupSubject, debuggerSubject, secretsSubject } from './files.ts';
import { isLoopback } from './loopback.ts';
import { mailSubject, watchSubject } from './telling.ts';

const keys = async (subject: Subject) => (await subject.look()).map(({ key }) => key);
const said = async (subject: Subject) => (await subject.look()).map(({ seen }) => seen).join('\n');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'letterbox-machine-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

describe('the clock', () => {
  const HOUR = 3_600_000;
  /** The machine's, with the wall set to something else by hand. */
  const shifted = (by: { ms: number }): Clock => ({ ...MACHINE_CLOCK, wall: () => Date.now() + by.ms });

  test('agrees with the database’s, or is a finding until it does', async () => {
    const db = await testDatabase();
    expect(await keys(clockSubject(db.alarm))).toEqual([]);
    for (const ms of [-HOUR, 2 * 365 * 24 * HOUR])
      expect(await keys(clockSubject(db.alarm, shifted({ ms })))).toEqual(['clock database']);
    expect(await said(clockSubject(db.alarm, shifted({ ms: 2 * 365 * 24 * HOUR })))).toContain(
      '2 years apart',
    );
    expect(await keys(clockSubject(db.alarm, shifted({ ms: 30_000 })))).toEqual([]);
  });

  test('that is a year behind is seen by the register’s entries, which lie in the future', async () => {
    const db = await testDatabase();
    await aFoundedBody(db);
    expect(await keys(clockSubject(db.alarm))).toEqual([]);
    await db.admin.run(
      "insert into letterbox.register_entry (organisation, at, kind, body) select id, now() + interval '1 year', 'x', '{}' from letterbox.organisation",
    );
    expect(await keys(clockSubject(db.alarm))).toEqual(['clock register']);
    await db.admin.run('alter table letterbox.register_entry disable trigger append_only');
    await db.admin.run("delete from letterbox.register_entry where kind = 'x'");
    expect(await keys(clockSubject(db.alarm))).toEqual([]);
  });

  test('that is set back is told of for an hour; that the machine slept is not', async () => {
    const db = await testDatabase();
    const by = { ms: 0 };
    let slept = 0;
    const clock: Clock = { wall: () => Date.now() + by.ms, steady: () => performance.now() + slept };
    const subject = clockSubject(db.alarm, clock);
    by.ms = 50_000;
    expect(await keys(subject), 'a jump ahead').toEqual([]);
    by.ms = -20_000;
    expect(await keys(subject)).toEqual(['clock set back']);
    expect(await keys(subject)).toEqual(['clock set back']);
    slept = 61 * 60_000;
    by.ms = 61 * 60_000;
    expect(await keys(subject), 'an hour later').not.toContain('clock set back');
    by.ms += 8 * HOUR;
    expect(await keys(subject), 'after a night').not.toContain('clock set back');
  });
});

describe('files', () => {
  test('54: keys that others may read', async () => {
    mkdirSync(join(folder, 'register'), { mode: 0o700 });
    const files = ['database-secrets.json', 'opaque-server-setup', 'register/a.key'].map((name) =>
      join(folder, name),
    );
    for (const file of files) writeFileSync(file, 'secret', { mode: 0o600 });
    writeFileSync(join(folder, 'running.pid'), '1', { mode: 0o644 });
    chmodSync(folder, 0o711);
    const subject = secretsSubject(folder);
    expect(await keys(subject)).toEqual([]);
    for (const file of files) {
      chmodSync(file, 0o640);
      expect(await keys(subject)).toEqual([`mode ${file}`]);
      chmodSync(file, 0o600);
    }
    chmodSync(folder, 0o777);
    expect(await keys(subject)).toEqual([`mode ${folder}`]);
    chmodSync(folder, 0o755);
    expect(await keys(subject)).toEqual([]);
    expect(await keys(secretsSubject(join(folder, 'not-there')))).toEqual([]);
  });

  test('28: a backup that is old, or is not there', async () => {
    const now = new Date('2026-11-27T09:00:00Z');
    const stamp = join(folder, 'backup');
    const subject = (more: { stamp?: string | null; expected?: boolean } = {}) =>
      backupSubject({ stamp, maxAge: 26, expected: true, ...more }, () => now);
    expect(await said(subject())).toContain('There is no backup');
    const aged = (path: string, hours: number) => {
      writeFileSync(path, '');
      utimesSync(path, now, new Date(now.getTime() - hours * 3_600_000));
    };
    aged(stamp, 25);
    expect(await keys(subject())).toEqual([]);
    aged(stamp, 27);
    expect(await said(subject())).toContain('27 hours old, and it should be 26 at most');
    for (const hours of [50, 3]) aged(join(folder, `of-${hours}`), hours);
    expect(await keys(subject({ stamp: folder }))).toEqual([]);
    rmSync(join(folder, 'of-3'));
    rmSync(stamp);
    expect(await keys(subject({ stamp: folder }))).toEqual(['backup']);
    expect(await keys(subject({ stamp: null }))).toEqual(['backup']);
    expect(await keys(subject({ stamp: null, expected: false })), 'on loopback').toEqual([]);
  });

  test('26: a debugger', async () => {
    expect(await keys(debuggerSubject(() => undefined))).toEqual([]);
    expect(await keys(debuggerSubject(() => 'ws://127.0.0.1:9229/8a4c'))).toEqual(['debugger']);
  });
});

describe('17: alarms that would reach nobody', () => {
  test('without a mail relay, where one is expected', async () => {
    expect(await keys(mailSubject(null, true))).toEqual(['mail']);
    expect(await keys(mailSubject(null, false))).toEqual([]);
  });

  test('by a relay that does not answer, until it does', async () => {
    const box = await openPostbox();
    const [address, from] = [parseRelay(box.url), parseAddress('letterbox@body.example')];
    if (!address || !from) throw new Error('No relay.');
    const relay = openRelay(address, from);
    const nobody = openRelay({ ...address, port: 9 }, from, { connect: 500, answer: 500 });
    let broken = true;
    let asked = 0;
    const trouble = () => {
      asked += 1;
      return (broken ? nobody : relay).trouble();
    };
    let now = 0;
    const subject = mailSubject({ trouble }, true, () => now);
    expect(await said(subject)).toContain('127.0.0.1:9 does not answer. Alarms reach nobody');
    broken = false;
    expect(await keys(subject)).toEqual([]);
    expect(await keys(subject)).toEqual([]);
    expect(asked, 'one that is well is left alone for half a minute').toBe(2);
    broken = true;
    now += 30_000;
    expect(await keys(subject)).toEqual(['mail']);
    expect(box.mails(), 'nothing was sent').toEqual([]);
    relay.close();
    nobody.close();
    await box.close();
  });

  test('because no Watch looks from outside', async () => {
    const db = await testDatabase();
    const { founder } = await aFoundedBody(db);
    expect(await keys(watchSubject(db.alarm, true)), 'on the first day').toEqual([]);
    await db.admin.run("update letterbox.organisation set founded_at = now() - interval '2 days'");
    expect(await watchSubject(db.alarm, true).look()).toMatchObject([
      { key: 'unwatched', whom: { organisation: founder.staff.organisation } },
    ]);
    expect(await keys(watchSubject(db.alarm, false)), 'on loopback').toEqual([]);
    await db.admin.run(
      `insert into letterbox.watch_beat (organisation, person, at, every, took, asked, told_at, asked_since)
       values ($1, $2, now(), '15 s', '1 s', 1, now(), 1)`,
      [founder.staff.organisation, founder.staff.person],
    );
    expect(await keys(watchSubject(db.alarm, true))).toEqual([]);
  });
});

test('this machine is what addresses of loopback say, and nothing that looks like one', () => {
  for (const host of ['localhost', 'desk.localhost', '127.0.0.1', '::1', '[::1]'])
    expect(isLoopback(host), host).toBe(true);
  for (const host of ['0.0.0.0', 'localhost.example.org', '127.0.0.1.example.org', '10.0.0.1', '::'])
    expect(isLoopback(host), host).toBe(false);
});
