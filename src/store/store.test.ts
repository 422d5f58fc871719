import { expect, test } from 'vitest';
import { z } from 'zod';
import { isRefusal } from '../web/refusal.ts';
import { asAway } from './away.ts';
import { act, sessionSecret } from './store.ts';
import { testDatabase } from './testing.ts';

test('a refusal raised in SQL comes back as a value and its transaction leaves nothing', async () => {
  const db = await testDatabase();
  await db.admin.run(
    'create table letterbox.probe (n int); grant insert on letterbox.probe to letterbox_desk',
  );
  const refused = await act(db.desk, null, async (tx) => {
    await tx.run('insert into letterbox.probe values (1)');
    await tx.run(
      "do $$ begin raise exception using errcode = 'LB409', message = 'document-replayed'; end $$",
    );
  });
  expect(isRefusal(refused) && refused.kind).toBe('conflict');
  expect(
    await db.admin.one(z.object({ n: z.bigint() }), 'select count(*) as n from letterbox.probe'),
  ).toEqual({ n: 0n });
});

test('the session of one transaction is gone in the next on the same connection', async () => {
  const db = await testDatabase();
  const secret = sessionSecret('a'.repeat(64));
  const setting = z.object({ value: z.string().nullable() });
  const inside = await act(db.desk, secret, (tx) =>
    tx.one(setting, "select current_setting('letterbox.session', true) as value"),
  );
  const after = await db.desk.one(setting, "select current_setting('letterbox.session', true) as value");
  expect(inside).toEqual({ value: 'a'.repeat(64) });
  expect(after.value ?? '').toBe('');
});

test('a connection that breaks inside a transaction is told to its caller, and ends nothing else', async () => {
  const db = await testDatabase();
  const pid = z.object({ pid: z.number() });
  const broken = act(db.desk, null, async (tx) => {
    const own = await tx.one(pid, 'select pg_backend_pid() as pid');
    await db.admin.run('select pg_terminate_backend($1, 10000)', [own.pid]);
    await tx.run('select 1');
  });
  await expect(broken).rejects.toMatchObject({ code: 'database-away', statusCode: 503 });
  expect(await db.desk.run('select 1')).toBe(1);
});

test('a statement planned before a migration changed what it gives is planned anew, after one failure', async () => {
  const db = await testDatabase();
  const define = (type: string) =>
    db.admin.run(`drop function if exists letterbox.probe(); create function letterbox.probe() returns ${type} language sql
      as 'select 1::${type}'; grant execute on function letterbox.probe() to letterbox_desk`);
  const shape = z.object({ n: z.union([z.number(), z.string()]) });
  const asked = () => act(db.desk, null, (tx) => tx.one(shape, 'select letterbox.probe() as n'));
  await define('int');
  expect(await asked()).toEqual({ n: 1 });
  await define('text');
  await expect(asked()).rejects.toMatchObject({ code: '0A000' });
  expect(await asked()).toEqual({ n: '1' });
});

test('no secret stands in what a connection has planned', async () => {
  const db = await testDatabase();
  const secret = sessionSecret('b'.repeat(64));
  const planned = z.object({ statement: z.string() });
  const statements = await act(db.desk, secret, (tx) =>
    tx.rows(planned, 'select statement from pg_prepared_statements'),
  );
  expect(JSON.stringify(statements)).toContain('pg_prepared_statements');
  expect(JSON.stringify(statements)).not.toContain('b'.repeat(64));
});

test('a full disk is told as such', () => {
  const full = Object.assign(new Error('could not extend file'), { code: '53100' });
  expect(asAway(full)).toMatchObject({ code: 'database-full', statusCode: 503 });
  const defect = Object.assign(new Error('no such column'), { code: '42703' });
  expect(asAway(defect)).toBe(defect);
});
