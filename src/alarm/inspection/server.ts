/** The database server: its settings, those that are left on roles and databases, and who is connected as what. */
import { z } from 'zod';
import { OUR_ROLES } from '../../store/catalogue.ts';
import { LOGIN_ROLES } from '../../store/migrate.ts';
import type { Database } from '../../store/store.ts';
import type { Finding, Subject } from '../inspection.ts';

/** `embedded`: it is the one that comes with the program, which must be reachable on this machine only. */
export function serverSubject(database: Database, embedded: boolean): Subject {
  return {
    name: 'The database server',
    patience: 1,
    look: async () => {
      const [settings, left, connected, own] = [
        await settingsOf(database),
        await leftSettings(database),
        await database.rows(connection, CONNECTIONS),
        await database.one(ownConnection, OWN),
      ];
      return [
        ...settingFindings(settings, embedded),
        ...left,
        ...connected.map(tooMuch),
        ...(own.open ? [unencrypted(own.address)] : []),
      ];
    },
  };
}

const finding = (key: string, whom: Finding['whom'], address: string, seen: string): Finding => ({
  ...{ key, colour: 'amber', whom, address, seen },
});

/** Settings as this session has them: what it may not see, or what no loaded module knows, is absent. */
async function settingsOf(database: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await database.rows(
    z.object({ name: z.string(), setting: z.string() }),
    'select name, setting from pg_catalog.pg_settings where name = any ($1)',
    [WATCHED],
  );
  return new Map(rows.map(({ name, setting }) => [name, setting]));
}

type Check = {
  readonly name: string;
  readonly wrong: (value: string, all: ReadonlyMap<string, string>) => boolean;
  /** What it leads to, and what to do. */
  readonly says: string;
};

const LOGS =
  'so secrets of sessions and what was posted, sealed or on its way to be, come to lie in the server’s log.';
const parametersLogged = (all: ReadonlyMap<string, string>) => all.get('log_parameter_max_length') !== '0';
const UNSAFE = 'so what was acknowledged may be lost when power fails. Switch it on.';

const CHECKS: readonly Check[] = [
  {
    name: 'log_statement',
    wrong: (value) => value === 'mod' || value === 'all',
    says: `The database server writes statements into its log, ${LOGS} Set it to none or ddl, and delete those logs.`,
  },
  ...['log_min_duration_statement', 'log_min_duration_sample', 'auto_explain.log_min_duration'].map(
    (name) => ({
      name,
      wrong: (value: string, all: ReadonlyMap<string, string>) => value !== '-1' && parametersLogged(all),
      says: `The database server writes slow statements into its log with what they carry, ${LOGS} Set it to -1, or log_parameter_max_length to 0, and delete those logs.`,
    }),
  ),
  {
    name: 'log_transaction_sample_rate',
    wrong: (value, all) => Number(value) > 0 && parametersLogged(all),
    says: `The database server writes some statements into its log with what they carry, ${LOGS} Set it to 0, and delete those logs.`,
  },
  {
    name: 'log_parameter_max_length_on_error',
    wrong: (value) => value !== '0',
    says: `The database server writes what failed statements carry into its log, ${LOGS} Set it to 0, and delete those logs.`,
  },
  {
    name: 'pgaudit.log_parameter',
    wrong: (value) => value === 'on',
    says: `pgaudit writes what statements carry into the log, ${LOGS} Switch it off, and delete those logs.`,
  },
  ...['fsync', 'full_page_writes', 'synchronous_commit'].map((name) => ({
    name,
    wrong: (value: string) => value === 'off',
    says: `The database server does not wait for its disk, ${UNSAFE}`,
  })),
  {
    name: 'session_replication_role',
    wrong: (value) => value !== 'origin',
    says: 'The database’s triggers do not run, so the register and the signed documents can be changed. Set it back to origin.',
  },
  {
    name: 'password_encryption',
    wrong: (value) => value !== 'scram-sha-256',
    says: 'New passwords of database accounts are kept in a way that can be guessed quickly. Set it to scram-sha-256.',
  },
];
const WATCHED = [
  ...new Set(CHECKS.map(({ name }) => name)),
  ...['log_parameter_max_length', 'listen_addresses'],
];

/** What is wrong with the server's settings. `embedded` as for `serverSubject`. */
export function settingFindings(settings: ReadonlyMap<string, string>, embedded: boolean): Finding[] {
  const wrong = CHECKS.flatMap(({ name, wrong: isWrong, says }) => {
    const value = settings.get(name);
    if (value === undefined || !isWrong(value, settings)) return [];
    return [finding(`setting ${name}`, 'site', `the database’s setting ${name} = ${value}`, says)];
  });
  const listens = settings.get('listen_addresses') ?? '';
  if (embedded && !listens.split(',').every((address) => LOOPBACK.test(address.trim())))
    wrong.push(
      finding(
        'setting listen_addresses',
        'all',
        `the database’s setting listen_addresses = ${listens}`,
        'The database that comes with Letterbox can be reached from other machines, although its encryption is old. Take listen_addresses out of its configuration, or use a PostgreSQL of your own (docs/operating.md).',
      ),
    );
  return wrong;
}
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1|)$/;

/** Settings that change what a statement means, whom it is run as, or what is written down of it. */
const MEANING = [
  ...['role', 'session_authorization', 'search_path', 'row_security', 'session_replication_role'],
  ...[
    'log_statement',
    'log_min_duration_statement',
    'log_min_duration_sample',
    'log_transaction_sample_rate',
  ],
  ...['log_parameter_max_length_on_error', 'session_preload_libraries', 'local_preload_libraries'],
  ...['default_transaction_isolation', 'default_transaction_read_only', 'transform_null_equals'],
  ...['standard_conforming_strings', 'check_function_bodies', 'synchronous_commit'],
];
const LEFT = `
  select coalesce(r.rolname::text, '') as role, split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value
  from pg_catalog.pg_db_role_setting s left join pg_catalog.pg_roles r on r.oid = s.setrole, unnest(s.setconfig) c
  where (s.setdatabase = 0 or s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
    and (s.setrole = 0 or r.rolname = any ($2))
    and (split_part(c, '=', 1) = any ($1) or split_part(c, '=', 1) like 'letterbox.%')
  order by 1, 2`;
/** Harmless values of these, which an administrator may well have set. */
const FINE: Readonly<Record<string, RegExp>> = {
  log_statement: /^(none|ddl)$/,
  log_min_duration_statement: /^-1$/,
  log_min_duration_sample: /^-1$/,
  log_parameter_max_length_on_error: /^0$/,
  log_transaction_sample_rate: /^0(\.0*)?$/,
  row_security: /^on$/,
  session_replication_role: /^origin$/,
  standard_conforming_strings: /^on$/,
  default_transaction_isolation: /^read committed$/,
  default_transaction_read_only: /^off$/,
  transform_null_equals: /^off$/,
  synchronous_commit: /^(on|remote_write|remote_apply|local)$/,
};

/** Settings that `alter role … set` or `alter database … set` left, and every new connection has. */
async function leftSettings(database: Database): Promise<Finding[]> {
  const shape = z.object({ role: z.string(), name: z.string(), value: z.string() });
  const rows = await database.rows(shape, LEFT, [MEANING, OUR_ROLES]);
  // A path for the whole database is ordinary; the functions have their own.
  const wrong = rows.filter(
    ({ role, name, value }) => !FINE[name]?.test(value) && !(role === '' && name === 'search_path'),
  );
  return wrong.map(({ role, name, value }) =>
    finding(
      `left setting ${role} ${name}`,
      'all',
      `${role === '' ? 'alter database' : `alter role ${role}`} … set ${name} = ${value}`.slice(0, 300),
      `Every new connection ${role === '' ? 'to the database' : `of ${role}`} begins with ${name} changed, so its statements may mean or write down something else than they should. Take it away: alter ${role === '' ? 'database' : `role ${role}`} … reset ${name}.`,
    ),
  );
}

const connection = z.object({ part: z.string(), account: z.string(), how: z.string() });
/** Parts of Letterbox that are signed in as somebody who can pass the walls. */
const CONNECTIONS = `
  select distinct substr(a.application_name, 11) as part, r.rolname::text as account,
    case when r.rolsuper then 'a superuser' when r.rolbypassrls then 'somebody who bypasses the closing of rows'
      else 'somebody who can act as letterbox_owner' end as how
  from pg_catalog.pg_stat_activity a join pg_catalog.pg_roles r on r.oid = a.usesysid
  where a.datname = current_database() and a.application_name in (${LOGIN_ROLES.map((role) => `'letterbox ${role}'`).join(', ')})
    and (r.rolsuper or r.rolbypassrls or pg_catalog.pg_has_role(r.oid, 'letterbox_owner', 'member'))
  order by 1, 2`;

function tooMuch({ part, account, how }: z.output<typeof connection>): Finding {
  return finding(
    `connected ${part} ${account}`,
    'all',
    `DATABASE_URL_${part.toUpperCase()}`,
    `The part ${part} of Letterbox is signed in to the database as ${account}, ${how}: the database protects nothing from it. Give it the address of letterbox_${part}, and see that this account is none of those.`,
  );
}

const ownConnection = z.object({ open: z.boolean(), address: z.string() });
/** Whether what is said to the database goes in the clear over a network that is neither this machine's nor private. */
const OWN = `
  select a.address is not null and not coalesce(s.ssl, false) and not a.address <<= any (array['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12',
    '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10', '::1/128', 'fc00::/7', 'fe80::/10']::inet[]) as open, coalesce(host(a.address), '') as address
  from (select pg_catalog.inet_server_addr() as address) a
  left join pg_catalog.pg_stat_ssl s on s.pid = pg_catalog.pg_backend_pid()`;

const unencrypted = (address: string): Finding =>
  finding(
    'database in the clear',
    'all',
    address,
    'What Letterbox and its database say to each other goes unencrypted over a public network. Add ?sslmode=verify-full to the addresses of the database (docs/operating.md), and let the server take nothing else.',
  );
