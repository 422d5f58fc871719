/** Vitest's global set-up: one embedded PostgreSQL in a temporary folder for the whole run. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const home = mkdtempSync(join(tmpdir(), 'letterbox-test-'));
  chmodSync(home, 0o711);
  const password = randomBytes(16).toString('hex');
  // Nothing is asked of this server after the run: durability has its own test with its own server.
  const server = await startEmbedded(join(home, 'postgres'), password, {
    fsync: 'off',
    max_connections: '300',
  });
  const admin = new pg.Client({ connectionString: server.adminUrl('postgres') });
  await admin.connect();
  await admin.query('create database letterbox_template');
  await admin.end();
  await migrate(server.adminUrl('letterbox_template'), {
    slot: password,
    desk: password,
    signin: password,
    register: password,
    alarm: password,
  });
  project.provide('postgres', { port: server.port, password });
  return async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  };
}
