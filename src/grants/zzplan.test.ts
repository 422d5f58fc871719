import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { aBody, aPerson } from '../cases/testing.ts';
import { act } from '../store/store.ts';
import { testDatabase } from '../store/testing.ts';
import { accessAt, accessChoices, accessCount, accessDone } from './history-store.ts';
vi.setConfig({ testTimeout: 600_000 });
test('plans', async () => {
  const db = await testDatabase();
  const body = await aBody(db);
  const org = body.target.organisation;
  const [m, n] = body.managers;
  await db.admin.run(`insert into letterbox.person (organisation, id, name, email, capacities, invited_at, enrolled_at, recipient, verify_key, confirmed_at)
    select $1, gen_random_uuid(), 'Person ' || md5(i::text), 'p' || i || '@example.com', '{caseworker}', now() - interval '3 years', now() - interval '3 years', 'age1', 'k', now() - interval '3 years' from generate_series(1, 2000) i`, [org]);
  for (const f of ['a','b','c','d','e','f','g','h']) await db.admin.run(`insert into letterbox.published_form (organisation, form, version, definition, published_at) values ($1, $2, 1, '{"title":"Form"}', now())`, [org, f]);
  await db.admin.run(`insert into letterbox.proposal (organisation, id, document, proposer, proposed_at, until, approved_at) values ($1, $2, '\\x00', $3, now(), now(), now())`, [org, m.person, m.person]);
  await db.admin.run(`insert into letterbox.cases (organisation, id, form, version, generation, arrival, received_at, authenticator_hash, sealed_hash, answers, summary, case_key, receipt_key)
    select $1, gen_random_uuid(), (array['review','a','b','c','d','e','f','g','h'])[1 + i % 9], 1, 1, 'browser', now() - i * interval '10 minutes', sha256('a'), sha256('b'), 'x','x','x','x' from generate_series(1, 50000) i`, [org]);
  await db.admin.run(`insert into letterbox.grants (organisation, id, proposal, person, form, case_id, from_generation, starts, until, review_by, purpose, document, proposer, approver, approval, approved_at, ended_at, ended_by, end_document)
    select $1, gen_random_uuid(), $2, p.id, (array['review','a','b','c','d','e','f','g','h'])[1 + i % 9], null, 1, s, s + interval '90 days', s + interval '92 days', 'x', sha256((p.id::text || i)::bytea), $2, $3, '', s,
      case when i % 5 = 0 then s + interval '20 days' end, case when i % 5 = 0 then $2::uuid end, case when i % 5 = 0 then '\\x00'::bytea end
    from (select id from letterbox.person where capacities = '{caseworker}') p, generate_series(1, 50) i, lateral (select now() - random() * interval '1000 days' - interval '1 minute' + p.id::text::char(0)::interval * 0 as s) x`.replace(" + p.id::text::char(0)::interval * 0", " + (length(p.id::text) + i) * interval '1 second'"), [org, m.person, n.person]);
  await db.admin.run(`insert into letterbox.register_entry (organisation, at, kind, actor, case_id, body)
    select $1, now() - i * interval '2 minutes', case when i % 4 = 0 then 'list' else 'release' end, p.ids[1 + (i::bigint * 7919 % 2000)::int], case when i % 4 <> 0 then c.ids[1 + (i::bigint * 104729 % 50000)::int] end,
      jsonb_build_object('form', 'review', 'cases', case when i % 4 = 0 then c.ids[1 + i % 40000 : 50 + i % 40000] end)::text
    from generate_series(1, 200000) i, (select array_agg(id) as ids from letterbox.person where capacities = '{caseworker}') p, (select array_agg(id) as ids from letterbox.cases) c`, [org]);
  await db.admin.run('vacuum analyze');
  const [who] = [body.managers[0]];
  const p = await db.admin.one(z.object({ id: z.string(), c: z.string() }), `select (select id from letterbox.person where capacities = '{caseworker}' limit 1) as id, (select id from letterbox.cases where form = 'review' order by received_at limit 1) as c`);
  const none = { form: null, case: null, person: null };
  const asks = { all: none, past: { ...none, at: new Date(Date.now() - 400 * 86_400_000) }, form: { ...none, form: 'review' }, person: { ...none, person: p.id }, case: { ...none, case: p.c } };
  for (const [name, ask] of Object.entries(asks)) {
    const asked = { at: new Date(), ...ask };
    for (const round of [1, 2, 3]) {
      const times: string[] = [];
      const t = async (label: string, work: () => Promise<unknown>) => { const s = performance.now(); const r = await work(); times.push(`${label} ${(performance.now() - s).toFixed(0)}`); return r; };
      await act(db.desk, who.session, async (on) => {
        await t('choices', () => accessChoices(on, asked.case));
        await t('at', () => accessAt(on, asked, 0));
        const c = await t('count', () => accessCount(on, asked));
        await t('done', () => accessDone(on, asked, 0));
        await t('page40', () => accessAt(on, asked, 40));
        if (round === 3) console.log(name, c, times.join(', '));
      });
    }
  }
  const s = performance.now();
  await act(db.desk, who.session, (on) => accessAt(on, { ...none, at: new Date() }, 0, 100_000));
  console.log('csv', performance.now() - s);
  await db.admin.run("load 'auto_explain'").catch(() => undefined);
  const client = await db.admin.pool.connect();
  await client.query("select set_config('letterbox.session', $1, false)", [who.session]);
  client.on('notice', (n) => { const t = String(n.message); if (t.includes('access_') || t.includes('register_entry')) console.log(t.slice(0, 6000)); });
  await client.query("load 'auto_explain'"); 
  await client.query("set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set auto_explain.log_analyze = on; set client_min_messages = log");
  if (process.env.PLANS) {
    await client.query("select * from letterbox.access_at(null, null, null, now(), 0)");
    await client.query("select * from letterbox.access_done('review', null, null, now(), 0)");
  }
  client.release();
  expect(1).toBe(1);
});
