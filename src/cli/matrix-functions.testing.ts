/** Calls every function of every database role, with arguments made from their names, as every kind of principal. */
import type pg from 'pg';
import { z } from 'zod';
import { toHex } from '../sealing/encoding.ts';
import { newId } from '../sealing/place.ts';
import type { LoginRole } from '../store/migrate.ts';
import { DOORS } from '../web/doors.ts';
import { asksOf, spelt } from './matrix-asking.testing.ts';
import type { Bodies } from './matrix-bodies.testing.ts';
import type { Kind, Principal, Thing } from './matrix-cast.testing.ts';
import type { About } from './matrix-rules.testing.ts';
import type { Matrix } from './matrix-world.testing.ts';

const functionRow = z.object({ name: z.string(), names: z.array(z.string()), types: z.array(z.string()) });
export type DatabaseFunction = z.infer<typeof functionRow>;

/** What a role may run, as the catalogue says it. */
export function functionsOf({ db }: Pick<Matrix, 'db'>, role: LoginRole): Promise<DatabaseFunction[]> {
  return db.admin.rows(
    functionRow,
    `select p.proname as name, coalesce(p.proargnames[1:p.pronargs], '{}') as names,
       array(select format_type(t, null) from unnest(p.proargtypes) t) as types from pg_proc p
     where p.pronamespace = 'letterbox'::regnamespace and has_function_privilege($1, p.oid, 'execute') order by 1`,
    [`letterbox_${role}`],
  );
}

/** One call: its arguments as SQL, and what they name. */
export type Call = { readonly name: string; readonly args: readonly string[]; readonly about: About };

/** Functions that take a signed document, with the door whose documents they are. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  confirm_person: 'POST desk /people/:person/confirm',
  leave_organisation: 'POST desk /people/:person/leaving',
  suspend_person: 'POST desk /people/:person/suspension',
  resume_person: 'POST desk /people/:person/resumption',
  record_training: 'POST desk /people/:person/training',
  propose_grant: 'POST desk /access/propose',
  approve_grant: 'POST desk /proposals/:proposal/approve',
  withdraw_proposal: 'POST desk /proposals/:proposal/withdraw',
  end_grants: 'POST desk /grants/end',
  review_grants: 'POST desk /grants/review',
  make_form_key: 'POST desk /forms/:form/key',
  approve_form_key: 'POST desk /forms/:form/key/approval',
  turn_form_key: 'POST desk /forms/:form/key/turn',
  rehearse_recovery: 'POST desk /recovery/rehearsal',
  begin_recovery: 'POST desk /recovery/begin',
  consent_to_recovery: 'POST desk /recovery/:recovery/consent',
  end_recovery: 'POST desk /recovery/:recovery/end',
  hand_over_recovery: 'POST desk /recovery/:recovery/hand-over',
  lift_quarantine: 'POST desk /quarantines/:quarantine',
  // What letterbox_signin takes is refused for want of an invitation.
  found: 'POST desk /training/record',
  enrol: 'POST desk /training/record',
};
/** Arguments that name something. */
const NAMES: Readonly<Record<string, Kind>> = {
  ...{ of_case: 'case', before_id: 'case', about_case: 'case', of_attachment: 'attachment', of_form: 'form' },
  ...{
    about_form: 'form',
    of_person: 'person',
    who_is: 'person',
    who: 'person',
    of_proposal: 'proposal',
    told: 'away',
  },
  ...{
    of_forms: 'form',
    of_cases: 'case',
    of_people: 'person',
    ids: 'grant',
    of_recovery: 'recovery',
    ...{
      of_alarm: 'alarm',
      of_rehearsal: 'rehearsal',
      of_incident: 'incident',
      of_notice: 'notice',
      colleague: 'person',
      to_person: 'person',
    },
    org_slug: 'organisation',
  },
};

const bytes = (text: string): string => `'\\x${text}'`;
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Arguments that name nothing, by name or by their type. */
function plainArguments({ ours, theirs, release }: Matrix): Readonly<Record<string, readonly string[]>> {
  const organisations = [ours, theirs].map(({ body }) => quoted(body.founder.staff.organisation));
  return {
    org: organisations,
    of_release: [String(release), '0', '1'],
    part: [`'now'`, `'later'`, `'past'`],
    of_email: [quoted('yorick.vex@example.com'), `'nora@example.org'`],
    of_version: ['1', '2'],
    of_definition: [`'{"title": "x", "purposes": []}'`],
    of_capacities: [`'{caseworker}'`, `'{manager}'`],
    of_slug: [`'exampleshire'`, `'fourthshire'`],
    moment: ['now()', `now() - interval '1 day'`, `'infinity'`],
    report: [`'{"every": 15, "took": 1, "asked": 1, "findings": [], "gone": []}'`],
    why: [`'Somebody rang'`],
    of_title: [`'A form was open'`],
    of_source: [`'colleague'`],
    aware: ['now()', `'infinity'`],
    of_kind: [`'note'`, `'closed'`, `'x'`],
    of_facts: [`'{"text": "x"}'`],
    what: [`'stopped'`, `'posted'`, `'x'`],
    keys: [`'{}'`],
    commitments: [`'{}'`],
    of_key: [quoted(newId())],
    of_state: [`'sent'`, `'acknowledged'`, `'x'`],
    of_why: [`'The relay does not answer'`],
    of_site: [`'slot'`],
    of_path: [`'/backup.zip'`],
    of_packing: [`'plain'`],
    content: [bytes('ab')],
    of_message: [quoted(newId())],
    of_outcome: ['null', `'upheld'`],
    how: [`'browser'`, `'x'`],
    first: ['current_date + 1'],
    last: ['current_date + 3'],
    heads: [`'[]'`, `'{}'`, `'[{}]'`],
    at_most: ['1', '50', '100000'],
    'timestamp with time zone': ['now()'],
    text: [`'x'`, 'null'],
    'text[]': [`'{}'`],
    bytea: [bytes('ab'.repeat(32)), `''`],
    integer: ['0', '1'],
    bigint: ['0', '1'],
    jsonb: [`'[]'`, `'{}'`],
    date: ['current_date'],
    boolean: ['true'],
  };
}

function spelled(type: string, thing: Thing): string {
  const id = quoted(decodeURIComponent(thing.id));
  if (type === 'bytea') return bytes(thing.document ?? toHex(new Uint8Array(32)));
  return type.endsWith('[]') ? `array[${id}]::${type}` : id;
}

/** @throws where an argument is one that nobody said what to call it with */
export async function callsOf(
  matrix: Matrix,
  of: DatabaseFunction,
  who: Principal,
  bodies: Bodies,
): Promise<Call[]> {
  const { name, names, types } = of;
  if (DOCUMENTS[name]) return documentCalls(matrix, of, who, bodies);
  if (names[0] === 'keys') return documentCalls(matrix, of, who, bodies, 'POST desk /grants/fulfil');
  const plain = plainArguments(matrix);
  const choices = names.map((argument, i): Choice[] => {
    const type = types[i] ?? '';
    const kind = NAMES[argument];
    if (kind) {
      const some = thingsOf(matrix, kind).map((thing) => ({
        ...{ sql: spelled(type, thing), about: { [argument]: thing } },
      }));
      return [...some, { sql: `null::${type}`, about: {} }];
    }
    const values = plain[argument] ?? plain[type];
    if (!values)
      throw new Error(
        `The access matrix cannot call ${name}: it has nothing for ${argument} ${type}. Add it to its arguments.`,
      );
    return values.map((sql) => ({ sql, about: {} }));
  });
  return mixes(choices).map((mix) => ({
    name,
    args: mix.map(({ sql }) => sql),
    about: Object.assign({}, ...mix.map(({ about }) => about)),
  }));
}
type Choice = { readonly sql: string; readonly about: About };
const thingsOf = ({ things }: Matrix, kind: Kind): Thing[] =>
  things.filter((thing) => thing.kind === kind && thing.wellFormed);

/** All of them where they are few; else each argument in turn, the others being the first of theirs, and then the last. */
function mixes(choices: readonly (readonly Choice[])[]): Choice[][] {
  const product = (from: typeof choices): Choice[][] =>
    from.reduce<Choice[][]>((all, some) => all.flatMap((so) => some.map((each) => [...so, each])), [[]]);
  const all = choices.reduce((count, { length }) => count * length, 1);
  if (all <= 64) return product(choices);
  return choices.flatMap((_, varied) =>
    [0, -1].flatMap((end) =>
      product(choices.map((some, i) => (i === varied ? some : some.slice(end, end === 0 ? 1 : undefined)))),
    ),
  );
}

/** With the very documents that their browser would send, and with a manager's. */
async function documentCalls(
  matrix: Matrix,
  { name, names }: DatabaseFunction,
  who: Principal,
  bodies: Bodies,
  of = DOCUMENTS[name] ?? '',
): Promise<Call[]> {
  const door = DOORS.find((each) => spelt(each) === of);
  if (!door) throw new Error(`There is no door ${of} for ${name}.`);
  const signer = Object.entries(matrix.sessions).find(([each]) => each === who.name)?.[1] ?? null;
  const asks = asksOf(door, matrix.things).filter(({ sent }) => sent === 'own');
  const made = await Promise.all(
    asks.flatMap(({ about }) =>
      [signer, matrix.ours.body.second].map(async (by) => ({ about, body: await bodies(of, by, about) })),
    ),
  );
  return made.flatMap(({ about, body }) =>
    body ? [{ name, about, args: names.map((argument) => argumentIn(argument, body, matrix)) }] : [],
  );
}

function argumentIn(argument: string, body: Readonly<Record<string, unknown>>, matrix: Matrix): string {
  const of: Record<string, unknown> = { doc: body.text, sig: body.signature };
  const value = of[argument] ?? body[argument];
  if (argument === 'own_envelope' || argument === 'recovery_envelope') return bytes('ab'.repeat(100));
  if (value === undefined)
    return plainArguments(matrix)[argument === 'secret' ? 'bytea' : 'text']?.[0] ?? 'null';
  return quoted(typeof value === 'string' ? value : JSON.stringify(value));
}

export type Outcome = {
  readonly call: Call;
  readonly who: Principal;
  /** The rows as text, or the code and message of what was thrown. */
  readonly said: string;
  readonly refused: boolean;
  /** What was changed: the tables, and the organisations whose rows were written. */
  readonly changed: readonly Change[];
};
export type Change = { readonly table: string; readonly organisations: readonly string[] };

/**
 * Calls as that role with that session, looks at what it did, and undoes it. The role is put on by a superuser, who alone
 * can look at all tables in the same transaction afterwards.
 */
export async function callAs(
  client: pg.PoolClient,
  tables: Tables,
  role: LoginRole,
  session: string | null,
  { call, who }: { call: Call; who: Principal },
): Promise<Outcome> {
  await client.query(
    `begin; set local role letterbox_${role}; set local "letterbox.session" = '${session ?? ''}'`,
  );
  try {
    const { rows } = await client.query(`select * from letterbox.${call.name}(${call.args.join(', ')})`);
    return { call, who, said: textOf(rows), refused: false, changed: await changedIn(client, tables) };
  } catch (error) {
    const said = error instanceof Error ? `${'code' in error ? error.code : ''} ${error.message}` : '?';
    return { call, who, said, refused: true, changed: [] };
  } finally {
    await client.query('rollback');
  }
}

/** Each table with how many rows it has. */
export type Tables = ReadonlyMap<string, bigint>;
const countRow = z.object({ table: z.string(), count: z.bigint(), written: z.array(z.string().nullable()) });

export async function tablesOf({ db }: Pick<Matrix, 'db'>): Promise<Tables> {
  const names = await db.admin.rows(
    z.object({ name: z.string() }),
    `select relname as name from pg_class where relnamespace = 'letterbox'::regnamespace and relkind in ('r', 'p')`,
  );
  const counts = await db.admin.rows(countRow, contents(names.map(({ name }) => name)));
  return new Map(counts.map(({ table, count }) => [table, count]));
}
/** What each table holds; `written`: whose rows were written by this transaction, or by a part of it. */
const contents = (tables: Iterable<string>): string =>
  [...tables]
    .map(
      (table) => `select '${table}' as table, (select count(*) from letterbox.${table}) as count,
        array(select distinct to_jsonb(t) ->> 'organisation' from letterbox.${table} t
          where t.xmin::text::bigint >= pg_current_xact_id()::text::bigint % 4294967296) as written`,
    )
    .join(' union all ');

async function changedIn(client: pg.PoolClient, tables: Tables): Promise<Change[]> {
  const asked = await client.query(
    'reset role; select pg_current_xact_id_if_assigned() is not null as wrote',
  );
  const wrote = [asked].flat().flatMap(({ rows }) => rows);
  if (wrote[0]?.wrote !== true) return [];
  const found = z.array(countRow).parse((await client.query(contents(tables.keys()))).rows);
  return found
    .filter(({ table, count, written }) => written.length > 0 || count !== tables.get(table))
    .map(({ table, written }) => ({ table, organisations: written.map((each) => each ?? 'none') }));
}

/** Rows as text in which marks can be looked for. */
function textOf(rows: readonly unknown[]): string {
  return JSON.stringify(rows, (_key, value) => {
    if (typeof value === 'bigint') return String(value);
    return value?.type === 'Buffer' ? toHex(Uint8Array.from(value.data)) : value;
  });
}
