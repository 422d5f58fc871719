/** Rows that came past the protocol: each is really written, as whoever administers the database could. */
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { end, letRead, openForm, propose } from '../../grants/testing.ts';
import {
  aFoundedBody,
  enrol,
  foundHost,
  leave,
  resume,
  settled,
  suspend,
  type TestBody,
} from '../../people/testing.ts';
import { type TestDatabase, testDatabase } from '../../store/testing.ts';
import { protocolSubject } from './protocol.ts';

let db: TestDatabase;
let body: TestBody;
let proposed: string;
beforeEach(async () => {
  db = await testDatabase();
  body = await aFoundedBody(db);
  proposed = await letRead(body, body.ana, {});
  await openForm(body, body.ana, 'review');
});

const found = async () => (await protocolSubject(db.alarm).look()).map(({ seen, key }) => `${key}: ${seen}`);
const idOf = (who: { readonly staff: { readonly person: string } }) => who.staff.person;
/** A row like Ana's grant, with what is said instead. */
const forgeGrant = (person: string, more: string) =>
  db.admin.run(
    `insert into letterbox.grants select (x).* from (select jsonb_populate_record(g, jsonb_build_object('id', gen_random_uuid(),
      'person', $1::text) || $2::jsonb) as x from letterbox.grants g where g.person = $3) y`,
    [person, more, idOf(body.ana)],
  );
/** As the superuser could: past what keeps documents as they are. */
const past = async (sql: string, parameters: readonly string[] = []) => {
  await db.admin.run('alter table letterbox.signed_document disable trigger append_only');
  await db.admin.run('alter table letterbox.register_entry disable trigger append_only');
  await db.admin.run(sql, parameters);
};

test('where everything was signed nothing is found: after grants, renewals, ends, leavings, suspensions and in the host', async () => {
  await foundHost(db);
  await letRead(body, body.ana, {});
  const other = await letRead(body, body.ben, { form: 'review' });
  await propose(body, body.founder, body.ben, { form: 'review' });
  settled(await end(body, body.founder, other));
  await enrol(db, body.founder, 'Waiting Colleague', ['caseworker']);
  settled(await suspend(db, body.founder, body.ana));
  expect(await found()).toEqual([]);
  settled(await resume(db, body.founder, body.ana));
  settled(await resume(db, body.second, body.ana));
  settled(await leave(db, body.founder, body.ben));
  expect(await found()).toEqual([]);
});

describe('somebody who was given nothing', () => {
  test('has a row that lets them read', async () => {
    await forgeGrant(idOf(body.ben), '{}');
    expect(await found()).toEqual([
      expect.stringMatching(/^grant-other-terms .*lets Ben Caseworker have .* of review/),
    ]);
    await db.admin.run('delete from letterbox.grants where person = $1', [idOf(body.ben)]);
    expect(await found()).toEqual([]);
  });

  test('has one that no document stands behind', async () => {
    await forgeGrant(idOf(body.ben), JSON.stringify({ document: '\\x00', approval: '\\x01' }));
    expect(await found()).toEqual([
      expect.stringMatching(/^grant-unsigned .*no two different people signed/),
    ]);
  });

  test('has a key', async () => {
    const sql = `insert into letterbox.key_envelope select e.organisation, e.form, e.generation, $1, e.sealed, e.sealed_by, now()
      from letterbox.key_envelope e where e.person = $2`;
    await db.admin.run(sql, [idOf(body.ben), idOf(body.ana)]);
    expect(await found()).toEqual([expect.stringMatching(/^key-without-grant .*sealed to Ben Caseworker/)]);
  });
});

describe('what was signed', () => {
  test('is made to last longer', async () => {
    await db.admin.run("update letterbox.grants set until = until + interval '1 day'");
    expect(await found()).toEqual([expect.stringMatching(/^grant-other-terms .*for longer/)]);
  });

  test('is never reviewed again', async () => {
    await db.admin.run("update letterbox.grants set review_by = review_by + interval '1 year'");
    expect(await found()).toEqual([expect.stringMatching(/^grant-other-terms/)]);
  });

  test('was ended, and is not any more: an old backup, or a hand', async () => {
    settled(await end(body, body.founder, proposed));
    await db.admin.run('update letterbox.grants set ended_at = null, ended_by = null, end_document = null');
    expect(await found()).toEqual([
      expect.stringMatching(/^grant-ended .*Ana Caseworker’s access to review/),
    ]);
  });

  test('is not in the register', async () => {
    await past("delete from letterbox.register_entry where kind = 'approval'");
    expect(await found()).toEqual([expect.stringMatching(/^grant-unregistered/)]);
  });

  test('is gone', async () => {
    await past("delete from letterbox.signed_document where kind = 'approval'");
    expect(await found()).toEqual([expect.stringMatching(/^grant-unsigned/)]);
  });
});

test('a form’s key that one person alone made count', async () => {
  await db.admin.run('update letterbox.form_key set approval = null');
  expect(await found()).toEqual([expect.stringMatching(/^form-key-unsigned review 1: /)]);
});

describe('people', () => {
  const change = (who: { readonly staff: { readonly person: string } }, what: string) =>
    db.admin.run(`update letterbox.person set ${what} where id = $1`, [idOf(who)]);

  test('made a manager by hand', async () => {
    await change(body.ben, "capacities = array['manager', 'caseworker']");
    expect(await found()).toEqual([expect.stringMatching(/^member-unsigned .*Ben Caseworker counts/)]);
  });

  test('confirmed by hand', async () => {
    const eve = await enrol(db, body.founder, 'Eve Stranger', ['caseworker']);
    await change(eve, 'confirmed_at = now()');
    expect(await found()).toEqual([expect.stringMatching(/^member-unsigned .*Eve Stranger/)]);
  });

  test('back after they left', async () => {
    settled(await leave(db, body.founder, body.ben));
    await change(body.ben, 'left_at = null');
    expect(await found()).toEqual([expect.stringMatching(/^leaver-back .*Ben Caseworker has left/)]);
  });

  test('suspended, and not any more', async () => {
    settled(await suspend(db, body.founder, body.ben));
    settled(await resume(db, body.founder, body.ben));
    expect(await found()).toEqual([]);
    await db.admin.run('update letterbox.suspension set lifted_at = now()');
    expect(await found()).toEqual([expect.stringMatching(/^suspension-lifted .*Ben Caseworker/)]);
    settled(await resumeBySecond());
    expect(await found()).toEqual([]);
  });
  const resumeBySecond = async () => {
    await db.admin.run('update letterbox.suspension set lifted_at = null');
    return resume(db, body.second, body.ben);
  };
});

test('a quarantine that nobody lifted by two signatures', async () => {
  const { organisation } = body.founder.staff;
  await db.admin.run(
    "insert into letterbox.quarantine (organisation, form, since, reason, lifted_at) values ($1, 'review', now(), 'x', now())",
    [organisation],
  );
  expect(await found()).toEqual([expect.stringMatching(/^quarantine-lifted .*quarantine of review/)]);
});

test('each is told to its own body, and it takes little time beside a hundred thousand entries', async () => {
  await forgeGrant(idOf(body.ben), '{}');
  const [one] = await protocolSubject(db.alarm).look();
  expect(one?.whom).toEqual({ organisation: body.founder.staff.organisation });
  await db.admin.run(
    `insert into letterbox.register_entry (organisation, at, kind, body) select $1, now(), 'submission', '{"document":"x"}' from generate_series(1, 100000)`,
    [body.founder.staff.organisation],
  );
  const plan = await db.admin.rows(
    z.object({ 'QUERY PLAN': z.string() }),
    `explain select from letterbox.register_entry e where e.organisation = '${body.founder.staff.organisation}' and e.kind = 'grant'
      and e.body::jsonb ->> 'document' = 'x'`,
  );
  expect(plan.map((line) => line['QUERY PLAN']).join(' ')).toContain('register_entry_by_document');
});
