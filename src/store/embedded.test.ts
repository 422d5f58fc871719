import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { administer } from './admin.ts';
import { startEmbedded } from './embedded.ts';
import { inShort } from './postgres-words.ts';

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'letterbox-embedded-'));
  chmodSync(made, 0o711);
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return join(made, 'postgres');
};

test('a database whose making was cut short is made anew, and kept from then on', async () => {
  const data = folder();
  mkdirSync(join(data, 'base'), { recursive: true });
  writeFileSync(join(data, 'PG_VERSION'), '18\n');
  writeFileSync(`${data}.unfinished`, 'secret');
  for (const statement of ['create table kept ()', 'drop table kept']) {
    const server = await startEmbedded(data, 'secret', { fsync: 'off' });
    await administer(server.adminUrl('postgres'), (client) => client.query(statement));
    await server.stop();
  }
  expect(existsSync(`${data}.unfinished`)).toBe(false);
  expect(existsSync(join(data, 'postmaster.pid'))).toBe(false);
});

test('another database’s password is not tried for ever', async () => {
  const data = folder();
  await (await startEmbedded(data, 'secret', { fsync: 'off' })).stop();
  await expect(startEmbedded(data, 'other')).rejects.toThrow('Restore both from the same backup.');
});

test('where the database is a link to nothing, none is made in its place', async () => {
  const data = folder();
  symlinkSync(join(data, '..', 'not-mounted'), data);
  await expect(startEmbedded(data, 'secret')).rejects.toThrow('is its disk mounted?');
});

test('of all that PostgreSQL says, the line that tells why', () => {
  const said = [
    '2026-11-23 22:25:46.281 UTC [15893] LOG:  starting PostgreSQL 18.4 on x86_64-pc-linux-gnu',
    '2026-11-23 22:25:46.285 UTC [15899] FATAL:  could not write to file "pg_wal/xlogtemp.1": No space left on device',
    '2026-11-23 22:25:46.286 UTC [15893] FATAL:  the database system is starting up',
    '2026-11-23 22:25:46.289 UTC [15893] LOG:  database system is shut down',
  ];
  expect(inShort(said.join('\n'))).toBe(
    'there is no room left on its disk (could not write to file "pg_wal/xlogtemp.1": No space left on device). Make room there.',
  );
});
