/** The migrations' sum, compared with a golden file: a right given by mistake shows in review. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { testDatabase } from './testing.ts';

const CATALOGUE = `
with lines as (
  select 1 as part, c.relname || '.' || a.attname as name,
    format('column %s.%s %s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' else '' end) as line
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'letterbox'::regnamespace and c.relkind in ('r', 'v')
  union all
  select 2, conrelid::regclass::text || conname, format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  from pg_constraint where connamespace = 'letterbox'::regnamespace and contype <> 'n'
  union all
  select 3, indexname, indexdef from pg_indexes where schemaname = 'letterbox'
  union all
  select 4, tablename || policyname, format('policy %s on %s %s to %s using (%s) check (%s)', policyname, tablename, cmd,
      array_to_string(roles, ', '), qual, with_check) from pg_policies where schemaname = 'letterbox'
  union all
  select 5, t.tgrelid::regclass::text || t.tgname, pg_get_triggerdef(t.oid)
  from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'letterbox'::regnamespace and not t.tgisinternal
  union all
  select 6, p.proname || pg_get_function_identity_arguments(p.oid), format('function %s(%s)%s%s', p.proname,
      pg_get_function_identity_arguments(p.oid), case when p.prosecdef then ' security definer' else '' end,
      coalesce(' for ' || (select string_agg(r.rolname, ', ' order by r.rolname) from aclexplode(p.proacl) x
        join pg_roles r on r.oid = x.grantee where r.oid <> p.proowner), ''))
  from pg_proc p where p.pronamespace = 'letterbox'::regnamespace
  union all
  select 7, table_name || grantee, format('right on %s for %s: %s', table_name, grantee, string_agg(distinct privilege_type, ', '))
  from information_schema.table_privileges where table_schema = 'letterbox' and grantee <> 'letterbox_owner' group by table_name, grantee
  union all
  select 8, table_name || grantee, format('right on %s for %s: %s (%s)', table_name, grantee, privilege_type, string_agg(column_name, ', ' order by column_name))
  from information_schema.column_privileges where table_schema = 'letterbox' and grantee <> 'letterbox_owner' group by table_name, grantee, privilege_type
)
select replace(line, 'letterbox.', '') as line from lines order by part, name collate "C", line collate "C"`;

test('the schema is the golden one (schema.txt; vitest -u rewrites it)', async () => {
  const db = await testDatabase();
  const lines = await db.admin.rows(z.object({ line: z.string() }), CATALOGUE);
  await expect(`${lines.map(({ line }) => line).join('\n')}\n`).toMatchFileSnapshot('schema.txt');
});
