/** Mistakes in the database, made by its owner in SQL; and what lies in its files, its dumps and the program's own words. */
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../bench/site.ts';
import { type Case, type Made, NOTHING_TO_UNDO, type Piece, piece } from '../case.ts';
import { askAll, askDatabase, filesIn, openAnswers, openedByReader } from '../probes.ts';
import type { World } from '../world.ts';

const withReadersKey = {
  how: 'The ciphertext that came out is opened with a reader’s key.',
  out: openedByReader,
};
const CASES = 'select answers, summary, case_key, receipt_key from letterbox.cases';

/** Made by these statements and mended by those; `out` asks as a role of a running process. */
async function bySql(
  world: World,
  make: readonly string[],
  mend: readonly string[],
  out: () => Promise<readonly Piece[]>,
): Promise<Made> {
  for (const sql of make) await world.db.admin.run(sql);
  return {
    ...{ refused: null, out },
    undo: async () => {
      for (const sql of mend) await world.db.admin.run(sql);
    },
  };
}

async function inOne({ db }: World, statements: readonly string[]): Promise<void> {
  const client = await db.admin.pool.connect();
  try {
    await client.query('begin');
    for (const sql of statements) await client.query(sql);
    await client.query('commit');
  } finally {
    client.release();
  }
}

/** Whoever got hold of a copy: every table's rows, and every small file of the data folder. */
async function everythingKept({ db, data }: World, as: string): Promise<Piece[]> {
  const tables = await db.admin.pool.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'letterbox'",
  );
  const pieces: Piece[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await db.admin.pool.query<{ line: string }>(
      `select row_to_json(t)::text as line from letterbox.${name} t`,
    );
    pieces.push(piece(as, `the table ${name}`, rows.map(({ line }) => line).join('\n')));
  }
  const own = ['register', 'opaque-server-setup', 'database-secrets.json'].flatMap((name) =>
    filesIn(as, join(data, name)),
  );
  return [...pieces, ...own];
}

/** The database's port under another address, as a forwarding rule opens it; what strangers get there. */
async function throughOpenPort({ db }: World): Promise<Piece[]> {
  const database = new URL(db.adminUrl);
  const sockets = new Set<Socket>();
  const forward = createServer((client) => {
    const inner = connect(Number(database.port), '127.0.0.1');
    for (const socket of [client, inner]) sockets.add(socket.on('error', () => socket.destroy()));
    client.pipe(inner).pipe(client);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => forward.listen(port, '127.0.0.2', resolve));
  const pieces: Piece[] = [];
  for (const user of [
    'postgres',
    'letterbox',
    'letterbox_slot',
    'letterbox_desk',
    'letterbox_owner',
    'admin',
  ])
    for (const password of ['', user, 'postgres', 'password', 'letterbox']) {
      const client = new pg.Client({ host: '127.0.0.2', port, user, password, database: 'letterbox' });
      const said = await client.connect().then(
        async () => JSON.stringify((await client.query(CASES)).rows),
        (error: Error) => error.message,
      );
      // One that was not let in never says that it has ended.
      client.end().catch(() => undefined);
      pieces.push(piece('whoever finds the open port', `as ${user}`, said));
    }
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => forward.close(() => resolve()));
  return pieces;
}

export const IN_THE_DATABASE: readonly Case[] = [
  {
    n: 23,
    how: 'A forwarding rule opens the database’s port under another address; strangers try its accounts with the usual passwords.',
    expects: 'refused',
    make: async (world) => ({
      refused: 'Each account has a password of its own, made at random.',
      out: () => throughOpenPort(world),
      undo: NOTHING_TO_UNDO,
    }),
    control: {
      how: 'The superuser’s password is known: what comes out is sealed.',
      out: async (world) => [await askDatabase(world, 'admin', CASES)],
    },
  },
  {
    n: 13,
    how: 'The public side’s account of the database is made superuser. It reads every table, and all of it is sealed.',
    expects: { noticed: /letterbox_slot/ },
    make: (world) =>
      bySql(
        world,
        ['alter role letterbox_slot superuser'],
        ['alter role letterbox_slot nosuperuser'],
        async () => [await askDatabase(world, 'slot', CASES)],
      ),
    control: withReadersKey,
  },
  {
    n: 28,
    how: 'A backup is lost: every row of every table, the register’s keys and the passwords of the database.',
    expects: {
      unseen:
        'Nobody can see who has a copy that lies elsewhere. It holds ciphertext, names of staff and sizes.',
    },
    make: async (world) => ({
      ...{ refused: null, undo: NOTHING_TO_UNDO },
      out: () => everythingKept(world, 'whoever finds the backup'),
    }),
    control: { how: 'The same backup is opened with a reader’s key.', out: openedByReader },
  },
  {
    n: 43,
    how: 'The right to read all cases is granted to PUBLIC.',
    expects: { noticed: /every account|public/i },
    make: (world) =>
      bySql(
        world,
        [
          'grant usage on schema letterbox to public',
          'grant select on letterbox.cases to public',
          'alter table letterbox.cases disable row level security',
        ],
        [
          'alter table letterbox.cases enable row level security',
          'revoke select on letterbox.cases from public',
          'revoke usage on schema letterbox from public',
        ],
        async () => [await askDatabase(world, 'slot', CASES)],
      ),
    control: withReadersKey,
  },
  {
    n: 44,
    how: 'A table for a report is made of the cases, without row-level security, and granted to the desk.',
    expects: { noticed: /report_2026/ },
    make: (world) =>
      bySql(
        world,
        [
          `create table letterbox.report_2026 as ${CASES}`,
          'grant select on letterbox.report_2026 to letterbox_desk',
        ],
        ['drop table letterbox.report_2026'],
        async () => [await askDatabase(world, 'desk', 'select * from letterbox.report_2026')],
      ),
    control: withReadersKey,
  },
  {
    n: 45,
    how: 'A view of all cases, which reads with its owner’s rights, is granted to the public side.',
    expects: { noticed: /all_cases/ },
    make: (world) =>
      bySql(
        world,
        [
          `create view letterbox.all_cases as ${CASES}`,
          'grant select on letterbox.all_cases to letterbox_slot',
        ],
        ['drop view letterbox.all_cases'],
        async () => [await askDatabase(world, 'slot', 'select * from letterbox.all_cases')],
      ),
    control: withReadersKey,
  },
  {
    n: 46,
    how: 'A reader’s session is left as a setting on the desk’s account, so that every connection begins with it.',
    expects: { noticed: /letterbox_desk|letterbox\.session/ },
    make: async (world) => {
      const { session } = await world.reader();
      return bySql(
        world,
        [`alter role letterbox_desk set letterbox.session = '${session}'`],
        ['alter role letterbox_desk reset letterbox.session'],
        async () => [
          ...(await askAll(world, {
            only: ({ path }) => path.includes(':case'),
          })),
          await askDatabase(
            world,
            'desk',
            `select * from letterbox.release_case('${world.submissions[0]?.case}')`,
            'a connection without anybody behind it',
          ),
        ],
      );
    },
    control: withReadersKey,
  },
  {
    n: 47,
    how: 'The public side’s statements are logged, with what they carry.',
    expects: { noticed: /log/i },
    make: (world) =>
      bySql(
        world,
        [
          "alter role letterbox_slot set log_statement = 'all'",
          'alter role letterbox_slot set log_parameter_max_length = -1',
        ],
        [
          'alter role letterbox_slot reset log_statement',
          'alter role letterbox_slot reset log_parameter_max_length',
        ],
        async () => [
          piece('whoever reads the log', 'what the program and the database said', world.program.said()),
        ],
      ),
    control: withReadersKey,
  },
  {
    n: 48,
    how: 'The guard of the register is switched off, and its lines about who was let read are deleted.',
    expects: { noticed: /register_entry|register/i },
    make: async (world) => {
      const { rows } = await world.db.admin.pool.query<{ id: string; line: string }>(
        `select e.id, row_to_json(e)::text as line from letterbox.register_entry e join letterbox.register_leaf l on l.entry = e.id
         where e.kind = 'approval' order by e.id limit 1`,
      );
      const [gone] = rows;
      if (!gone) throw new Error('The register has no such line.');
      const unguarded = 'set local session_replication_role = replica';
      await world.db.admin.run('alter table letterbox.register_entry disable trigger append_only');
      await inOne(world, [unguarded, `delete from letterbox.register_entry where id = ${gone.id}`]);
      return {
        refused: null,
        out: () => askAll(world, { only: ({ path }) => path.includes(':case') }),
        undo: async () => {
          const line = gone.line.replaceAll("'", "''");
          await inOne(world, [
            unguarded,
            `insert into letterbox.register_entry overriding system value select * from json_populate_record(null::letterbox.register_entry, '${line}')`,
          ]);
          await world.db.admin.run('alter table letterbox.register_entry enable trigger append_only');
        },
      };
    },
    control: withReadersKey,
  },
  {
    n: 49,
    how: 'A statement with a wrong WHERE swaps what two people wrote; their reader opens one of them.',
    expects: 'refused',
    make: async (world) => {
      const [one, other] = world.submissions;
      if (!one || !other) throw new Error('It takes two submissions.');
      const swap = `update letterbox.cases c set answers = x.answers from letterbox.cases x
        where (c.id, x.id) in (('${one.case}', '${other.case}'), ('${other.case}', '${one.case}'))`;
      await world.db.admin.run(swap);
      const { rows } = await world.db.admin.pool.query<{ answers: Buffer }>(
        `select answers from letterbox.cases where id = '${one.case}'`,
      );
      const swapped = rows[0]?.answers;
      if (!swapped) throw new Error('The case is not there.');
      return {
        refused: 'What is sealed says where it belongs, and does not open anywhere else.',
        out: async () => [
          piece(
            'whoever opens the case of somebody else',
            'the answers',
            JSON.stringify((await openAnswers(world, one, swapped)) ?? 'did not open'),
          ),
        ],
        undo: async () => {
          await world.db.admin.run(swap);
        },
      };
    },
    control: { how: 'The same answers are opened where they belong.', out: openedByReader },
  },
  {
    n: 54,
    how: 'The program’s environment, its words and its errors are looked through for keys and answers.',
    expects: {
      unseen:
        'Who reads a process’s environment leaves no trace in it. There is nothing in it that opens a submission.',
    },
    make: async (world) => ({
      ...{ refused: null, undo: NOTHING_TO_UNDO },
      out: async () => [
        piece(
          'whoever may look at the process',
          'its environment',
          readFileSync(`/proc/${world.program.pid}/environ`),
        ),
        piece('whoever reads its log', 'all it said', world.program.said()),
      ],
    }),
    control: {
      how: 'An error that carries what somebody wrote.',
      out: async ({ submissions }) => [
        piece(
          'whoever reads its log',
          'an error',
          `TypeError: ${submissions[0]?.marks[0]?.mark} is not iterable`,
        ),
      ],
    },
  },
];
