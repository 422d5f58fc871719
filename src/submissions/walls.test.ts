/** Wall 3 from the public side: whatever the public process says to the database, no submission comes back. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { toHex } from '../sealing/encoding.ts';
import { newId, objectId } from '../sealing/place.ts';
import { newCase, sealSubmission } from '../sealing/submission.ts';
import { type TestDatabase, testDatabase } from '../store/testing.ts';
import { postCases } from './acts.ts';
import { putChunk } from './store.ts';
import { openForm, someContent } from './testing.ts';

type Posted = { organisation: string; slug: string; form: string; case: string; marks: string[] };

/** A case with an attachment, and the strings that would give it away in any answer. */
async function postOne(db: TestDatabase): Promise<Posted> {
  const { slug, target } = await openForm(db.admin);
  const draft = await newCase(target, new Date());
  const id = objectId(newId());
  const chunk = crypto.getRandomValues(new Uint8Array(1000));
  await putChunk(db.slot, { slug, form: target.form, case: draft.case, attachment: id, n: 0 }, chunk);
  const attachments = [{ id, size: 1000, chunks: 1, sha256: 'ab'.repeat(32) }];
  const post = await sealSubmission(draft, someContent, attachments);
  expect((await postCases(db.slot, [{ slug, post }]))[0]?.verdict).toBe('accepted');
  const objects = [
    post.answers,
    post.summary,
    post.caseKey,
    post.receiptKey,
    post.equality ?? new Uint8Array(),
    chunk,
  ];
  const marks = objects.map((object) => toHex(object.subarray(-24)));
  return {
    organisation: target.organisation,
    slug,
    form: target.form,
    case: draft.case,
    marks: [...marks, 'ab'.repeat(32)],
  };
}

const row = z.record(z.string(), z.unknown());

/** What the role gets for a statement, as text in which marks can be looked for; null when it may not ask. */
async function answerTo(db: TestDatabase, sql: string): Promise<string | null> {
  try {
    const rows = await db.slot.rows(row, sql);
    return JSON.stringify(rows, (_key, value) =>
      typeof value === 'bigint'
        ? String(value)
        : value?.type === 'Buffer'
          ? toHex(Uint8Array.from(value.data))
          : value,
    );
  } catch {
    return null;
  }
}

/** Every statement whose answer gives something of the case away; of those about `what`, where something is named. */
async function leaks(db: TestDatabase, posted: Posted, what = ''): Promise<string[]> {
  const statements = [
    ...(await tableStatements(db)),
    ...(await functionStatements(db, posted)),
    ...wilder(posted),
  ];
  expect(statements.length).toBeGreaterThan(200);
  const found: string[] = [];
  for (const sql of statements.filter((each) => each.includes(what))) {
    const answer = await answerTo(db, sql);
    const marks = sql.includes(posted.case) ? posted.marks : [...posted.marks, posted.case];
    if (answer !== null && marks.some((mark) => answer.includes(mark))) found.push(sql);
  }
  return found;
}

async function tableStatements(db: TestDatabase): Promise<string[]> {
  const relations = await db.admin.rows(
    z.object({ name: z.string() }),
    `select c.oid::regclass::text as name from pg_class c
     where c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
       and c.relkind in ('r', 'p', 'v', 'm', 'f', 't', 'S')`,
  );
  return relations.flatMap(({ name }) => [
    `select * from ${name}`,
    `select t::text from ${name} t`,
    `delete from ${name} returning *`,
  ]);
}

/** Each function that the role may run, with nothing, and with what a curious insider knows. */
async function functionStatements(db: TestDatabase, posted: Posted): Promise<string[]> {
  const functions = await db.slot.rows(
    z.object({ name: z.string(), types: z.array(z.string()) }),
    `select p.oid::regproc::text as name, array(select format_type(t, null) from unnest(p.proargtypes) t) as types
     from pg_proc p where p.pronamespace = 'letterbox'::regnamespace and p.prokind = 'f'
       and has_function_privilege(p.oid, 'execute')`,
  );
  const known: Record<string, string[]> = {
    uuid: [`'${posted.organisation}'`, `'${posted.case}'`],
    text: [`'${posted.slug}'`, `'${posted.form}'`, `'${posted.organisation}'`, `'%'`],
    integer: ['0', '1'],
    bigint: ['0', '1'],
    bytea: [`''`, `'\\x00'`],
    jsonb: [`'[]'`, `'{}'`, `'[{}]'`],
    boolean: ['true'],
  };
  return functions.flatMap(({ name, types }) => {
    const choices = types.map((type) => ['null', ...(known[type] ?? [])].map((value) => `${value}::${type}`));
    const calls = choices.reduce<string[][]>(
      (all, one) => all.flatMap((start) => one.map((end) => [...start, end])),
      [[]],
    );
    return calls.slice(0, 400).map((each) => `select * from ${name}(${each.join(', ')}) as answer`);
  });
}

function wilder({ case: id, organisation }: Posted): string[] {
  return [
    'table letterbox.cases',
    'with all_of_it as (select * from letterbox.cases) select * from all_of_it',
    'update letterbox.cases set form = form returning *',
    `insert into letterbox.cases select * from letterbox.cases where id = '${id}' on conflict (organisation, id) do update set form = excluded.form returning *`,
    `insert into letterbox.equality_answer (organisation, form, generation, received_on, sealed)
       select '${organisation}', 'report', 1, now(), answers from letterbox.cases returning *`,
    'set role letterbox_owner; select * from letterbox.cases',
    'set session authorization postgres',
    'create temporary view seen as select * from letterbox.cases',
    'create table letterbox.mine as select * from letterbox.cases',
    'select * from pg_stats',
    'select * from pg_statistic',
    'select * from pg_stat_activity',
    "select pg_read_file('pg_hba.conf')",
    "select query_to_xml('select * from letterbox.cases', true, true, '')::text",
    "select database_to_xml(true, true, '')::text",
    "select lo_export(0, '/tmp/x')",
    'do $$ begin perform * from letterbox.cases; end $$',
  ];
}

test('as the public role no statement returns anything of a submission', async () => {
  const db = await testDatabase();
  const posted = await postOne(db);
  expect(await leaks(db, posted)).toEqual([]);
  for (const table of ['cases', 'attachment', 'attachment_chunk', 'equality_answer', 'register_entry']) {
    expect([table, await answerTo(db, `select from letterbox.${table}`)]).toEqual([table, null]);
  }
});

test('negative control: a right to read alone is stopped by the rows; without that wall the leak is seen', async () => {
  const db = await testDatabase();
  const posted = await postOne(db);
  await db.admin.run('grant select on letterbox.cases to letterbox_slot');
  expect(await leaks(db, posted, 'cases')).toEqual([]);
  await db.admin.run('create policy slip on letterbox.cases for select to letterbox_slot using (true)');
  expect(await leaks(db, posted, 'cases')).toContain('select * from letterbox.cases');
});

test('negative control: a loose function is seen', async () => {
  const db = await testDatabase();
  const posted = await postOne(db);
  await db.admin.run(`create function letterbox.loose(org uuid) returns setof letterbox.attachment_chunk
    language sql security definer as 'select * from letterbox.attachment_chunk where organisation = org'`);
  await db.admin.run('alter function letterbox.loose(uuid) owner to letterbox_owner');
  expect(await leaks(db, posted, 'loose')).not.toEqual([]);
});
