/** A PostgreSQL of the operator's own: what it needs, and what is said when that is not so. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { administer } from './admin.ts';
import { type Cluster, openCluster } from './cluster.ts';
import { type EmbeddedServer, startEmbedded } from './embedded.ts';
import { openDatabase } from './store.ts';

let home: string;
let server: EmbeddedServer;
const data = (name: string) => join(home, name);
const urlOf = (user: string, database: string) =>
  `postgres://${user}:secret@127.0.0.1:${server.port}/${database}`;
const open = (url: string, folder = 'data', roles = {}): Promise<Cluster> =>
  openCluster(data(folder), url, roles);

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'letterbox-cluster-'));
  chmodSync(home, 0o711);
  server = await startEmbedded(join(home, 'postgres'), 'secret', { fsync: 'off' });
  await administer(server.adminUrl('postgres'), async (client) => {
    await client.query("create role operator login createrole password 'secret'");
    await client.query("create role nobody login password 'secret'");
    await client.query('create database ours owner operator');
    await client.query('create database theirs owner nobody');
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

test('an owner of the database who may create roles is enough, the second time too', async () => {
  for (let time = 0; time < 2; time += 1) {
    const { urls } = await open(urlOf('operator', 'ours'));
    const slot = openDatabase('slot', urls.slot, 1);
    expect(await slot.run('select from letterbox.published_forms()')).toBe(0);
    await slot.close();
  }
});

test('a role whose address is given gets the password that stands there', async () => {
  const desk = urlOf('letterbox_desk', 'ours').replace('secret', 'the%20operator%E2%80%99s');
  const { urls } = await open(urlOf('operator', 'ours'), 'data', { desk });
  expect(urls.desk).toBe(desk);
  await administer(desk, async () => undefined);
});

test('what is wrong with an address is said in one line without the password', async () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [urlOf('operator', 'ours').replace('secret', 'hidden'), /refuses the password of the user operator/],
    [urlOf('operator', 'absent'), /has no database absent .*createdb --owner operator absent/],
    [urlOf('nobody', 'theirs'), /The user nobody may not prepare the database theirs/],
    [urlOf('operator', 'theirs'), /The user operator may not prepare the database theirs/],
    [`${urlOf('operator', 'ours')}?sslmode=verify-full`, /does not offer TLS/],
  ];
  for (const [url, line] of wrong) {
    const said = await open(url).then(String, (error: Error) => error.message);
    expect(said).toMatch(line);
    expect(said).not.toMatch(/secret|hidden|\n/);
  }
});

test('a second Letterbox on the same server is refused while the first one is connected', async () => {
  const { urls } = await open(urlOf('operator', 'ours'));
  const first = openDatabase('slot', urls.slot, 1);
  await first.run('select from letterbox.published_forms()');
  await expect(open(urlOf('operator', 'ours'), 'another')).rejects.toThrow('Another Letterbox uses this');
  await expect(open(server.adminUrl('postgres'), 'data')).rejects.toThrow('(its database ours)');
  await expect(open(urlOf('operator', 'ours'))).resolves.toBeTruthy();
  await first.close();
});

test('a database that a newer Letterbox has used is left alone', async () => {
  await administer(urlOf('operator', 'ours'), (client) =>
    client.query("insert into letterbox_migrations.applied (file, sha256) values ('9999_later.sql', '')"),
  );
  await expect(open(urlOf('operator', 'ours'))).rejects.toThrow('A newer Letterbox has used this database');
});
