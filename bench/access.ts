/** Whether the pages that say who can read what stay quick with 100,000 grants of 2,000 people, and by which plans. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import { administer } from '../src/store/admin.ts';
import { type Body, makeBody } from './body.ts';
import { type Figure, median, quantile } from './figures.ts';
import { type Site, startTogether, temporaryFolder } from './site.ts';

export type Size = { readonly people: number; readonly grants: number; readonly rounds: number };

/** One in ten grants is in force; the others ended, ran out or were never confirmed again. */
export async function measureAccess(
  { people, grants, rounds }: Size,
  say: (line: string) => void,
): Promise<Figure[]> {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  mkdirSync(data);
  const site = await startTogether(data);
  try {
    const body = await makeBody(site.adminUrl);
    await fill(site.adminUrl, body, { people, grants, rounds });
    say(`${grants.toLocaleString('en-GB')} grants of ${people.toLocaleString('en-GB')} people are there.`);
    const figures: Figure[] = [];
    for (const [name, path, bar = BAR] of PAGES)
      figures.push({ ...(await measured(site, body, name, path, rounds)), ...(bar && { bar }) });
    for (const about of ['now', 'ever'] as const) figures.push(await downloaded(site, body, about));
    figures.push(...(await plans(site.adminUrl, body)), await inspected(site.adminUrl));
    return figures;
  } finally {
    await site.close();
    folder.remove();
  }
}

const PAGES = [
  ['access_page', '/access'],
  ['access_form', '/forms/review/access'],
  ['access_past', '/forms/review/access?part=past'],
  ['access_history', '/access/history?form=review'],
  ['access_waiting', '/waiting'],
  ['access_people', '/people'],
  // Names everybody: no page to come back to, and no bar.
  ['access_propose', '/access/propose', null],
] as const;
const BAR = { most: 200 };

async function measured(
  { deskUrl }: Omit<Site, 'body'>,
  { session }: Body,
  name: string,
  path: string,
  rounds: number,
): Promise<Figure> {
  const times: number[] = [];
  for (let round = 0; round < rounds + 3; round += 1) {
    const since = performance.now();
    const answer = await fetch(deskUrl + path, { headers: { cookie: `letterbox=${session}` } });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}.`);
    if (round >= 3) times.push(performance.now() - since);
  }
  const says = `GET ${path}, 95th percentile of ${rounds}`;
  return { name, value: quantile(times, 0.95), unit: 'ms', says };
}

/** What the inspection asks the database every 15 seconds: what stands there otherwise than people signed it. */
async function inspected(adminUrl: string): Promise<Figure> {
  const times = await administer(adminUrl, async (client) => {
    const each: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const since = performance.now();
      await client.query('select count(*) from letterbox.outside_protocol()');
      each.push(performance.now() - since);
    }
    return each;
  });
  const says = 'the database looks for what nobody signed, every 15 seconds, median of 5';
  return { name: 'outside_protocol', value: median(times), unit: 'ms', bar: { most: 1500 }, says };
}

/** What a browser downloads to check today's access, or that of all times, by itself. */
async function downloaded(
  { deskUrl }: Omit<Site, 'body'>,
  { session }: Body,
  about: 'now' | 'ever',
): Promise<Figure> {
  const since = performance.now();
  const answer = await fetch(`${deskUrl}/documents?about=${about}`, {
    headers: { cookie: `letterbox=${session}` },
  });
  const bytes = (await answer.arrayBuffer()).byteLength;
  if (!answer.ok) throw new Error(`/documents answered ${answer.status}.`);
  const took = Math.round(performance.now() - since);
  const says = `GET /documents?about=${about}, in ${took} ms`;
  return { name: `documents_${about}`, value: bytes / 1e6, unit: 'MB', says };
}

async function fill(adminUrl: string, { id }: Body, { people, grants }: Size): Promise<void> {
  await administer(adminUrl, async (client) => {
    await client.query('set search_path = letterbox');
    await fillPeopleAndGrants(client, id, people, grants);
    await fillDocuments(client, id);
    await client.query('analyze');
  });
}

async function fillPeopleAndGrants(
  client: pg.Client,
  id: string,
  people: number,
  grants: number,
): Promise<void> {
  await client.query(
    `insert into person (organisation, id, name, email, capacities, invited_at, enrolled_at, recipient, verify_key, confirmed_at)
     select $1, gen_random_uuid(), 'Person ' || n, 'person' || n || '@example.org', '{caseworker}', now(), now(), 'none', 'none', now()
     from generate_series(1, $2::integer) n`,
    [id, people],
  );
  await client.query(
    `with parties as (
       select (array_agg(p.id) filter (where p.name = 'Founder'))[1] as proposer,
         (array_agg(p.id) filter (where p.name = 'Approver'))[1] as approver from person p where p.organisation = $1
     ), whom as (
       select p.id, row_number() over (order by p.id) - 1 as nth, count(*) over () as all from person p
       where p.organisation = $1 and p.name like 'Person %'
     ), line as (
       select gen_random_uuid() as id, n, w.id as person, parties.*, sha256(n::text::bytea) as document,
         case when n % 10 = 0 then now() + interval '60 days' else now() - interval '1 day' * (n % 700) - interval '1 hour' end as until
       from generate_series(1, $2::integer) n join whom w on w.nth = n % w.all, parties
     ), proposed as (
       insert into proposal (organisation, id, document, proposer, proposed_at, until, approved_at)
       select $1, l.id, l.document, l.proposer, l.until - interval '90 days', l.until, l.until - interval '90 days' from line l
     )
     insert into grants (organisation, id, proposal, person, form, from_generation, starts, until, review_by, purpose, document,
       proposer, approver, approval, approved_at, fulfilled_at)
     select $1, l.id, l.id, l.person, case when l.n % 3 = 0 then 'victims' else 'review' end, 1, l.until - interval '90 days', l.until,
       l.until, 'Measuring', l.document, l.proposer, l.approver, '', l.until - interval '90 days', now()
     from line l`,
    [id, grants],
  );
}

/** Two documents a grant, of the length that real ones have. */
async function fillDocuments(client: pg.Client, id: string): Promise<void> {
  await client.query(
    `insert into signed_document (organisation, hash, kind, signer, text, signature, at)
     select $1::uuid, g.document, 'grant', g.proposer, jsonb_build_object('kind', 'grant', 'id', g.id, 'organisation', $1::uuid, 'state', repeat('0', 64),
         'effect', repeat('0', 64), 'signer', g.proposer, 'from', g.starts, 'until', g.until, 'at', g.starts, 'people', jsonb_build_array(
         jsonb_build_object('person', g.person, 'fingerprint', repeat('0', 64), 'recipient', repeat('q', 1959))),
         'scopes', jsonb_build_array(jsonb_build_object('form', g.form, 'case', null, 'fromGeneration', 1, 'purpose', g.purpose))),
       repeat('s', 86), g.starts from grants g where g.organisation = $1
     union all
     select $1::uuid, sha256(g.document), 'approval', g.approver, jsonb_build_object('kind', 'approval', 'proposal', encode(g.document, 'hex'),
         'organisation', $1::uuid, 'state', repeat('0', 64), 'effect', repeat('0', 64), 'people', 4, 'signer', g.approver, 'at', g.starts),
       repeat('s', 86), g.starts from grants g where g.organisation = $1
     on conflict do nothing`,
    [id],
  );
}

const explained = z.array(z.object({ 'QUERY PLAN': z.string() }));

/** How many of the pages' queries read the grants by an index, and how many go through them all. */
async function plans(adminUrl: string, { id }: Body): Promise<Figure[]> {
  const queries = [
    `select count(*) from grants where organisation = '${id}' and form = 'review' and until > now() and review_by > now() and ended_at is null`,
    `select * from grants where organisation = '${id}' and form = 'review' and until <= now() order by until desc, id limit 50`,
    `select * from grants where organisation = '${id}' and person = (select id from person limit 1) and form = 'review'`,
  ];
  const plans = await administer(adminUrl, async (client) => {
    await client.query('set search_path = letterbox');
    const found: string[] = [];
    for (const query of queries) {
      const { rows } = await client.query(`explain ${query}`);
      const lines = explained.parse(rows).map((row) => row['QUERY PLAN']);
      found.push(lines.join('\n'));
    }
    return found;
  });
  const whole = plans.filter((plan) => /Seq Scan on grants/.test(plan)).length;
  return [
    {
      name: 'access_scans',
      value: whole,
      unit: '',
      bar: { most: 0 },
      says: `of ${queries.length} plans that go through all grants`,
    },
  ];
}
