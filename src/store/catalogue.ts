/**
 * What the catalogue of a database says of Letterbox, in lines: roles and whose members they are, tables with their
 * columns, constraints, policies and triggers, functions with a hash of what they do, each right that anybody has, and
 * what lies outside the schema and reaches into it. The lines of a fresh database are `schema.txt`, which ships with the
 * program: whatever differs from it was changed by somebody else than the migrations.
 *
 *     function release_case(of_case uuid): returns released, plpgsql volatile security definer …, body 7b41c9…
 *     right: letterbox_desk may execute function release_case(of_case uuid)
 *     table cases: of letterbox_owner, rows closed to all but the owner's functions
 *
 * It reads `pg_catalog` only, which every role may. What the lines say is the same on PostgreSQL 15 to 18.
 *
 * LIMIT: whoever is superuser can make the catalogue say anything.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Tx } from './store.ts';

const OURS = "'letterbox'::regnamespace";

const ROLES = `
  select 'role' as kind, r.rolname::text as name, concat_ws(', ', case when r.rolcanlogin then 'logs in' else 'nobody logs in as it' end,
    case when r.rolsuper then 'superuser' end, case when r.rolbypassrls then 'bypasses the closing of rows' end,
    case when r.rolcreaterole then 'makes roles' end, case when r.rolcreatedb then 'makes databases' end,
    case when r.rolreplication then 'replicates' end, case when r.rolinherit and r.rolcanlogin then 'inherits' end) as detail
  from pg_roles r where r.rolname = any ($1)
  union all
  select 'member', m.member::regrole || ' may act as ' || m.roleid::regrole, ''
  from pg_auth_members m join pg_roles who on who.oid = m.member join pg_roles whom on whom.oid = m.roleid
  where who.rolname = any ($1)
    -- Whoever runs the migrations has to be of the owner's.
    or whom.rolname = any ($1) and not who.rolsuper and who.oid not in (
      select d.datdba from pg_database d where d.datname = current_database()
      union all select n.nspowner from pg_namespace n where n.nspname = 'letterbox_migrations')`;

const TABLES = `
  select case c.relkind when 'v' then 'view' when 'm' then 'view' when 'S' then 'sequence' else 'table' end, c.oid::regclass::text,
    'of ' || c.relowner::regrole || case when c.relkind in ('r', 'p') then case when not c.relrowsecurity then ', rows open'
      when not c.relforcerowsecurity then ', rows open to its owner' else ', rows closed' end else '' end
  from pg_class c where c.relnamespace = ${OURS} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 'column', c.oid::regclass || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
    || case when a.attnotnull then ' not null' else '' end || case when a.attidentity <> '' then ' counted' else '' end
    || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = ${OURS} and c.relkind in ('r', 'p', 'v', 'm', 'f')
  union all
  select 'constraint', case when k.conrelid = 0 then k.contypid::regtype::text else k.conrelid::regclass::text end || ' ' || k.conname,
    pg_get_constraintdef(k.oid)
  from pg_constraint k where k.connamespace = ${OURS} and k.contype not in ('n', 't')
  union all
  select 'index', i.indexname, i.indexdef from pg_indexes i where i.schemaname = 'letterbox'
  union all
  select 'policy', format('%s on %s', p.policyname, p.tablename), format('%s for %s to %s using (%s) check (%s)', lower(p.permissive), p.cmd,
    array_to_string(p.roles, ', '), p.qual, p.with_check) from pg_policies p where p.schemaname = 'letterbox'`;

const BEHAVIOUR = `
  select 'trigger', format('%s on %s', t.tgname, t.tgrelid::regclass),
    pg_get_triggerdef(t.oid) || case t.tgenabled when 'O' then '' when 'D' then ', switched off' else ', not always on' end
  from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = ${OURS} and not t.tgisinternal
  union all
  select distinct 'trigger', format('foreign keys of %s', t.tgrelid::regclass), 'switched off'
  from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = ${OURS} and t.tgisinternal and t.tgenabled <> 'O'
  union all
  select 'rule', format('%s on %s', r.rulename, r.tablename), r.definition from pg_rules r where r.schemaname = 'letterbox'
  union all
  select 'function', format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
    concat_ws(', ', 'returns ' || pg_get_function_result(p.oid), l.lanname,
      case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
      case when p.prosecdef then 'security definer' end, case when p.proleakproof then 'leakproof' end,
      array_to_string(p.proconfig, ' and '), 'of ' || p.proowner::regrole,
      'body ' || left(encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), 16))
  from pg_proc p join pg_language l on l.oid = p.prolang where p.pronamespace = ${OURS}
  union all
  select 'type', t.oid::regtype::text, concat_ws(', ', 'of ' || t.typowner::regrole, 'over ' || nullif(t.typbasetype, 0)::regtype)
  from pg_type t where t.typnamespace = ${OURS} and t.typtype in ('d', 'e')
  union all
  select 'schema', n.nspname, 'of ' || n.nspowner::regrole from pg_namespace n where n.nspname = 'letterbox'`;

/** Each right, but those of the thing's owner. */
const RIGHTS = `
  select 'right', format('%s may %s %s', case when x.grantee = 0 then 'everybody' else x.grantee::regrole::text end, lower(x.privilege_type), x.what), ''
  from (
    select a.grantee, a.privilege_type, c.oid::regclass::text as what
    from pg_class c, aclexplode(c.relacl) a
    where c.relnamespace in (select n.oid from pg_namespace n where n.nspname in ('letterbox', 'letterbox_migrations'))
      and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and a.grantee <> c.relowner
    union all
    select a.grantee, a.privilege_type, format('%s.%s', c.oid::regclass, t.attname)
    from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
    where c.relnamespace in (select n.oid from pg_namespace n where n.nspname in ('letterbox', 'letterbox_migrations')) and a.grantee <> c.relowner
    union all
    select a.grantee, a.privilege_type, format('function %s(%s)', p.proname, pg_get_function_identity_arguments(p.oid))
    from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.pronamespace = ${OURS} and a.grantee <> p.proowner
    union all
    select a.grantee, a.privilege_type, 'schema ' || n.nspname
    from pg_namespace n, aclexplode(n.nspacl) a where n.nspname in ('letterbox', 'letterbox_migrations') and a.grantee <> n.nspowner
    union all
    select a.grantee, a.privilege_type, 'this database'
    from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
    where d.datname = current_database() and (a.grantee = 0 or a.grantee in (select r.oid from pg_roles r where r.rolname = any ($1)))
      and a.grantee <> d.datdba
    union all
    select a.grantee, a.privilege_type, format('what %s will make', d.defaclrole::regrole)
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
    where a.grantee <> d.defaclrole and (n.nspname = 'letterbox' or d.defaclrole in (select r.oid from pg_roles r where r.rolname = any ($1)))
  ) x`;

/** What is not in the schema, and shows what is; what an extension brought along is the extension's. */
const ELSEWHERE = `
  select distinct 'elsewhere', pg_describe_object(x.classid, x.objid, 0), ''
  from pg_depend d, lateral (
    select case d.classid when 'pg_rewrite'::regclass then 'pg_class'::regclass else d.classid end as classid,
      case d.classid when 'pg_rewrite'::regclass then (select r.ev_class from pg_rewrite r where r.oid = d.objid) else d.objid end as objid) x
  where (d.refclassid = 'pg_class'::regclass and d.refobjid in (select c.oid from pg_class c where c.relnamespace = ${OURS})
      or d.refclassid = 'pg_proc'::regclass and d.refobjid in (select p.oid from pg_proc p where p.pronamespace = ${OURS})
      or d.refclassid = 'pg_type'::regclass and d.refobjid in (select t.oid from pg_type t where t.typnamespace = ${OURS})
      or d.refclassid = 'pg_namespace'::regclass and d.refobjid = ${OURS})
    and case x.classid
      when 'pg_class'::regclass then (select c.relnamespace from pg_class c where c.oid = x.objid and c.relkind <> 't') not in (${OURS}, 'pg_toast'::regnamespace)
      when 'pg_proc'::regclass then (select p.pronamespace from pg_proc p where p.oid = x.objid) <> ${OURS}
      when 'pg_publication_rel'::regclass then true
      when 'pg_publication_namespace'::regclass then true
      else false end
  union all
  select 'elsewhere', 'publication of all tables ' || p.pubname, '' from pg_publication p where p.puballtables
  union all
  select 'elsewhere', 'function ' || p.oid::regprocedure, '' from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.prosecdef and p.prosrc ~* '\\mletterbox\\M' and n.nspname not in ('letterbox', 'pg_catalog', 'information_schema')
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  union all
  select 'elsewhere', c.oid::regclass || ' of ' || c.relowner::regrole, '' from pg_class c
  where c.relnamespace not in (${OURS}, 'pg_toast'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and c.relowner in (select r.oid from pg_roles r where r.rolname = any ($1)) and c.relpersistence <> 't'`;

const SQL = `
  select x.kind || ' ' || x.name || case when x.detail = '' then '' else ': ' || x.detail end as line
  from (${[ROLES, TABLES, BEHAVIOUR, RIGHTS, ELSEWHERE].join(' union all ')}) x`;

/** Those whose rights the migrations give. */
export const OUR_ROLES = ['owner', 'slot', 'desk', 'signin', 'register', 'alarm'].map(
  (role) => `letterbox_${role}`,
);

/** Every line, sorted; `letterbox.` is left out of names. */
export async function describeCatalogue(tx: Tx): Promise<string[]> {
  await tx.run('set local search_path = pg_catalog');
  const rows = await tx.rows(z.object({ line: z.string() }), SQL, [OUR_ROLES]);
  return rows.map(({ line }) => line.replaceAll(/\bletterbox\./g, '').replaceAll(/\s+/g, ' ')).sort();
}

/** The lines of this version. */
export function releasedCatalogue(): string[] {
  const text = readFileSync(new URL('./schema.txt', import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '');
}
