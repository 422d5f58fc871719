/**
 * Every database role × every table and every function, read from the catalogue of a migrated database and compared with
 * what is written here by hand. A function or a table that is new fails by its name until somebody says whose it is.
 */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { LOGIN_ROLES } from './migrate.ts';
import { type TestDatabase, testDatabase } from './testing.ts';

/** Who may run which function. All other functions are run by these alone, as their owner. */
const MAY_RUN: Readonly<Record<(typeof LOGIN_ROLES)[number], readonly string[]>> = {
  slot: [
    'published_forms',
    'slot_post',
    'slot_put_chunk',
    'slot_return',
    'slot_reply',
    'slot_proof',
    'slot_state',
    'register_hashes',
    'sweep_chunks',
    'planted_at',
    'anything_planted',
  ],
  signin: [
    ...['invitation_for', 'found', 'enrol', 'add_passkey', 'add_passphrase'],
    ...[
      'passkey_for',
      'passkey_used',
      'passphrase_for',
      'passphrase_failed',
      'passphrase_used',
      'open_session',
    ],
  ],
  register: [
    ...['register_logs', 'register_open', 'register_sequence', 'register_hashes', 'register_sign'],
    ...['register_newest', 'register_witnesses', 'register_cosign', 'register_objection'],
  ],
  alarm: [
    ...[
      'alarm_tick',
      'measures_tick',
      'tips_tick',
      'alarm_found',
      'alarm_organisations',
      'outbox_due',
      'outbox_done',
      'hooks_due',
    ],
    ...['openings_since', 'odd_reading'],
    ...['hook_done', 'inspection', 'inspection_done', 'outside_protocol'],
  ],
  desk: [
    // the session
    ...[
      'session_hash',
      'actor',
      'session_of',
      'keep_identity',
      'kept_identity',
      'end_session',
      'sweep_sessions',
    ],
    // people
    ...['people', 'documents', 'documents_in_force', 'people_documents', 'own_training', 'invite_person'],
    ...['confirm_person', 'leave_organisation', 'suspend_person', 'resume_person', 'record_training'],
    ...['tell_away', 'forget_away'],
    // forms and their keys
    ...['own_forms', 'form_version', 'publish_form', 'make_form_key', 'approve_form_key', 'turn_form_key'],
    ...['my_form_keys', 'form_keys', 'fulfil_grants'],
    // hosting
    ...['host_invite_body', 'host_bodies', 'host_health'],
    // grants
    ...[
      'access_state',
      'proposal_found',
      'propose_grant',
      'approve_grant',
      'withdraw_proposal',
      'end_grants',
    ],
    ...['review_grants', 'what_waits', 'access_overview', 'form_grants', 'form_proposals', 'grant_lines'],
    ...['opened_by', 'reviews_due', 'access_choices', 'access_at', 'access_count', 'access_done'],
    // alarms, for those who mind them, and what Watch tells
    ...['open_incident', 'take_incident_step', 'own_incidents', 'own_incident_steps'],
    ...['exposed_cases', 'exposed_to', 'seen_meanwhile'],
    ...['propose_notice', 'approve_notice', 'steer_notice', 'own_notice', 'notice_messages', 'notice_list'],
    ...['claim_messages', 'message_done', 'keep_fates', 'notice_found'],
    ...['own_alarms', 'own_quarantines', 'own_outbox', 'own_watches', 'own_rehearsals', 'acknowledge_alarm'],
    ...['quarantine_form', 'lift_quarantine', 'watch_duty', 'watch_report', 'announce_canaries'],
    ...['retire_canaries', 'plant_rehearsal', 'found_rehearsal', 'planted_at', 'anything_planted'],
    // cases
    ...['my_forms', 'list_cases', 'release_case', 'release_attachment', 'released_chunk', 'case_openings'],
    ...['unanswered', 'write_message', 'renew_receipt', 'tell_submitter'],
    ...['take_case_state', 'assign_case', 'case_work', 'my_work'],
    ...['equality_count'],
    // recovery
    ...[
      'recovery_overview',
      'recovery_choices',
      'rehearse_recovery',
      'begin_recovery',
      'consent_to_recovery',
    ],
    ...['end_recovery', 'recovery_envelopes', 'hand_over_recovery'],
    // the register
    ...['own_checkpoint', 'own_entries', 'own_hashes', 'own_people', 'case_entries', 'release_contexts'],
    ...['register_refusal', 'own_cosignatures', 'own_odd_reading'],
  ],
};

/** Every table there is. No role of a running process has any right on any of them. */
const TABLES = [
  ...['alarm', 'quarantine', 'outbox', 'watch_beat', 'canary', 'rehearsal', 'inspected'],
  ...[
    'organisation',
    'invitation',
    'person',
    'suspension',
    'training',
    'away',
    'passkey',
    'passphrase',
    'session',
  ],
  ...['signed_document', 'published_form', 'form_key', 'key_envelope', 'case_envelope', 'proposal', 'grants'],
  ...['cases', 'attachment', 'attachment_chunk', 'equality_answer', 'recovery', 'recovery_consent'],
  ...['message', 'renewed_receipt', 'case_step'],
  ...['register_entry', 'register_log', 'register_leaf', 'register_checkpoint', 'register_cosignature'],
  ...['register_vouching', 'incident', 'incident_step', 'notice', 'notice_message'],
];

const lines = async (db: TestDatabase, sql: string): Promise<string[]> =>
  (await db.admin.rows(z.object({ line: z.string() }), `${ROLES} ${sql}`)).map(({ line }) => line).sort();

/** The roles of running processes, and everybody (`public` is a role to none but this query). */
const ROLES = `with role as (select r.oid, r.rolname::text as name from pg_roles r
  where r.rolname in (${LOGIN_ROLES.map((role) => `'letterbox_${role}'`)}))`;
const OURS = `('letterbox', 'letterbox_migrations', 'public')`;

/** Every right that a role has or comes to have by `public`, where there should be none. */
const OPEN = {
  tables: `select format('%s may %s %s', role.name, may, c.oid::regclass) as line from role, pg_class c
    join pg_namespace n on n.oid = c.relnamespace,
    unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) may
    where (n.nspname in ${OURS} or c.relkind = 't') and c.relkind in ('r', 'p', 'v', 'm', 'f', 't')
      and has_table_privilege(role.oid, c.oid, may)`,
  columns: `select format('%s may %s a column of %s', role.name, may, c.oid::regclass) as line from role, pg_class c
    join pg_namespace n on n.oid = c.relnamespace, unnest(array['select', 'insert', 'update', 'references']) may
    where n.nspname in ${OURS} and c.relkind in ('r', 'p', 'v', 'm', 'f') and has_any_column_privilege(role.oid, c.oid, may)
      and not has_table_privilege(role.oid, c.oid, may)`,
  sequences: `select format('%s may use %s', role.name, c.oid::regclass) as line from role, pg_class c
    join pg_namespace n on n.oid = c.relnamespace, unnest(array['usage', 'select', 'update']) may
    where n.nspname in ${OURS} and c.relkind = 'S' and has_sequence_privilege(role.oid, c.oid, may)`,
  schemas: `select format('%s may %s in %s', role.name, may, n.nspname) as line from role, pg_namespace n, unnest(array['create', 'usage']) may
    where n.nspname !~ '^pg_' and has_schema_privilege(role.oid, n.oid, may)
      and not (may = 'usage' and n.nspname in ('letterbox', 'public', 'information_schema'))`,
  database: `select format('%s may %s in the database', role.name, may) as line from role, unnest(array['create', 'temporary']) may
    where has_database_privilege(role.oid, current_database(), may)`,
  rows: `select format('the rows of %s are not closed', c.oid::regclass) as line from pg_class c
    where c.relnamespace = 'letterbox'::regnamespace and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)`,
  policies: `select format('%s lets %s at rows of %s', p.policyname, p.roles, p.tablename) as line from pg_policies p
    where p.roles <> '{letterbox_owner}'`,
  views: `select format('%s is no table', c.oid::regclass) as line from pg_class c
    where c.relnamespace = 'letterbox'::regnamespace and c.relkind in ('v', 'm', 'f')`,
  owners: `select format('%s does not belong to letterbox_owner', coalesce(c.name, '?')) as line from (
      select p.oid::regproc::text as name, p.proowner as owner from pg_proc p where p.pronamespace = 'letterbox'::regnamespace
      union all select t.oid::regclass::text, t.relowner from pg_class t where t.relnamespace = 'letterbox'::regnamespace) c
    where c.owner <> 'letterbox_owner'::regrole`,
  everybody: `select format('everybody may run %s', p.oid::regproc) as line
    from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.pronamespace = 'letterbox'::regnamespace and a.grantee = 0`,
  paths: `select format('%s looks names up in a path of its caller', p.oid::regproc) as line from pg_proc p
    where p.pronamespace = 'letterbox'::regnamespace and p.prosecdef
      and not coalesce('search_path=letterbox, pg_temp' = any (p.proconfig), false)`,
  languages: `select format('%s is written in %s', p.oid::regproc, l.lanname) as line from pg_proc p
    join pg_language l on l.oid = p.prolang where p.pronamespace = 'letterbox'::regnamespace and l.lanname not in ('sql', 'plpgsql')`,
  defaults: `select format('what %s makes is open to %s', d.defaclrole::regrole, a.grantee::regrole) as line
    from pg_default_acl d, aclexplode(d.defaclacl) a where a.grantee <> d.defaclrole`,
  powers: `select format('%s can do more than log in', role.name) as line from role join pg_roles r on r.oid = role.oid
    where r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolinherit`,
  possessions: `select format('%s owns %s', role.name, c.name) as line from role join (
      select oid::regclass::text as name, relowner as owner from pg_class
      union all select oid::regproc::text, proowner from pg_proc) c on c.owner = role.oid`,
  members: `select format('%s is a member of %s', role.name, m.roleid::regrole) as line from role
    join pg_auth_members m on m.member = role.oid`,
} as const;

async function openIn(db: TestDatabase): Promise<string[]> {
  const found = await Promise.all(Object.values(OPEN).map((sql) => lines(db, sql)));
  return found.flat();
}
const runnable = (db: TestDatabase) =>
  lines(
    db,
    `select format('%s runs %s', role.name, p.proname) as line from role, pg_proc p
     where p.pronamespace = 'letterbox'::regnamespace and has_function_privilege(role.oid, p.oid, 'execute')`,
  );
const expected = Object.entries(MAY_RUN)
  .flatMap(([role, names]) => names.map((name) => `letterbox_${role} runs ${name}`))
  .sort();

test('each role runs the functions that are written here, and no other', async () => {
  const db = await testDatabase();
  expect(await runnable(db)).toEqual(expected);
  const twice = `select p.proname as line from pg_proc p where p.pronamespace = 'letterbox'::regnamespace group by 1 having count(*) > 1`;
  expect(await lines(db, twice), 'a name that stands for two functions').toEqual([]);
});

test('there are the tables that are written here, and no role has any right on any of them', async () => {
  const db = await testDatabase();
  const tables = `select c.relname as line from pg_class c where c.relnamespace = 'letterbox'::regnamespace and c.relkind in ('r', 'p')`;
  expect(await lines(db, tables)).toEqual([...TABLES].sort());
  expect(await openIn(db)).toEqual([]);
});

/** Mistakes, each with what must be said of it. */
const MISTAKES: readonly (readonly [sql: string, said: string])[] = [
  ['grant select on letterbox.cases to letterbox_desk', 'letterbox_desk may select cases'],
  [
    'grant select (answers) on letterbox.cases to letterbox_slot',
    'letterbox_slot may select a column of cases',
  ],
  ['grant truncate on letterbox.register_entry to public', 'letterbox_register may truncate register_entry'],
  [
    'grant usage on sequence letterbox.register_entry_id_seq to letterbox_desk',
    'letterbox_desk may use register_entry_id_seq',
  ],
  ['grant create on schema letterbox to letterbox_signin', 'letterbox_signin may create in letterbox'],
  [
    'grant usage on schema letterbox_migrations to letterbox_desk',
    'letterbox_desk may usage in letterbox_migrations',
  ],
  ['create table letterbox.drafts (body text)', 'the rows of drafts are not closed'],
  ['alter table letterbox.cases no force row level security', 'the rows of cases are not closed'],
  [
    'create policy mistake on letterbox.cases to letterbox_desk using (true)',
    'mistake lets {letterbox_desk} at rows of cases',
  ],
  ['create view letterbox.overview as select * from letterbox.cases', 'overview is no table'],
  [
    `create function letterbox.loose() returns setof letterbox.cases language sql as 'select * from letterbox.cases'`,
    'everybody may run loose',
  ],
  [
    'alter function letterbox.release_case(uuid) reset search_path',
    'release_case looks names up in a path of its caller',
  ],
  [
    'alter function letterbox.release_case(uuid) set search_path to public, letterbox',
    'release_case looks names up in a path of its caller',
  ],
  [
    'alter function letterbox.release_case(uuid) owner to postgres',
    'release_case does not belong to letterbox_owner',
  ],
  ['alter role letterbox_desk bypassrls', 'letterbox_desk can do more than log in'],
  ['grant letterbox_owner to letterbox_register', 'letterbox_register is a member of letterbox_owner'],
  ['alter table letterbox.away owner to letterbox_desk', 'letterbox_desk owns away'],
  [
    'alter default privileges for role letterbox_owner grant select on tables to letterbox_desk',
    'what letterbox_owner makes is open to letterbox_desk',
  ],
];

test('negative controls: each mistake is seen, by the name of what it opened', async () => {
  const db = await testDatabase();
  for (const [sql, said] of MISTAKES) {
    const client = await db.admin.pool.connect();
    try {
      await client.query('begin; set local search_path = letterbox, pg_catalog');
      await client.query(sql);
      const found: string[] = [];
      for (const query of Object.values(OPEN))
        found.push(...(await client.query(`${ROLES} ${query}`)).rows.map((row) => String(row.line)));
      expect(found, sql).toContain(said);
    } finally {
      await client.query('rollback');
      client.release();
    }
  }
});

test('negative control: a function given to one role too many is seen', async () => {
  const db = await testDatabase();
  await db.admin.run('grant execute on function letterbox.release_case(uuid) to letterbox_slot');
  expect((await runnable(db)).filter((line) => !expected.includes(line))).toEqual([
    'letterbox_slot runs release_case',
  ]);
});
