-- What the desk's pages about access show.

-- What a browser judges today's access by, so that it need not download the past: everything signed about people, keys
-- and recovery, and all about the grants that have a line in force or to come, that wait for a signature, that were the
-- actor's own, or by which somebody made a form key. What belongs to a grant is found by the documents themselves, whatever the rows say.
create index document_lasting on signed_document (organisation, position)
  where kind not in ('grant', 'approval', 'withdrawal', 'grant-end', 'review');
create index document_about_lines on signed_document using gin (((text::jsonb) -> 'grants')) where kind in ('grant-end', 'review');
create index document_about_proposal on signed_document (organisation, ((text::jsonb) ->> 'proposal')) where kind in ('approval', 'withdrawal');
create function documents_in_force() returns table (kind text, hash text, signer uuid, text text, signature text, "position" bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := actor();
  org uuid := who.organisation;
  kept bytea[];
  lines text[];
begin
  if who.person is null then perform refuse('LB401', 'signed-out'); end if;
  kept := array(select g.document from live_grants(org) g
    union select p.document from proposal p
      where p.organisation = org and p.approved_at is null and p.withdrawn_at is null and p.until > now()
    union select g.document from grants g where g.organisation = org and g.person = who.person
    union select g.document from form_key k join signed_document s on s.organisation = org and s.hash = k.document
      join grants g on g.organisation = org and g.person = s.signer and g.form = k.form and g.case_id is null
      where k.organisation = org);
  lines := array(select grant_line(encode(d.hash, 'hex'), (p ->> 'person')::uuid, s ->> 'form', (s ->> 'case')::uuid)
    from unnest(kept) k join signed_document d on d.organisation = org and d.hash = k and d.kind = 'grant',
      jsonb_array_elements(d.text::jsonb -> 'people') p, jsonb_array_elements(d.text::jsonb -> 'scopes') s);
  return query with found as (
      select d.* from signed_document d where d.organisation = org
        and d.kind not in ('grant', 'approval', 'withdrawal', 'grant-end', 'review')
    union all
      select d.* from signed_document d where d.organisation = org and d.hash = any (kept) and d.kind = 'grant'
    union all
      select d.* from unnest(kept) k join signed_document d on d.organisation = org and d.kind in ('approval', 'withdrawal')
        and d.text::jsonb ->> 'proposal' = encode(k, 'hex')
    union all
      select d.* from signed_document d where d.organisation = org and d.kind in ('grant-end', 'review')
        and d.text::jsonb -> 'grants' ?| lines)
  select f.kind, encode(f.hash, 'hex'), f.signer, f.text, f.signature, f.position from found f order by f.position;
end $$;
create function people_documents() returns table (kind text, hash text, signer uuid, text text, signature text, "position" bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := actor();
begin
  if who.person is null then perform refuse('LB401', 'signed-out'); end if;
  return query select d.kind, encode(d.hash, 'hex'), d.signer, d.text, d.signature, d.position from signed_document d
    where d.organisation = who.organisation
      and d.kind in ('founding', 'enrolment', 'membership', 'leaving', 'suspension', 'resumption', 'training') order by d.position;
end $$;

create function form_title(org uuid, of_form text) returns text language sql stable as $$
  select f.definition ->> 'title' from letterbox.published_form f
  where f.organisation = org and f.form = of_form order by f.version desc limit 1
$$;

-- What waits for the actor: a proposal to look at, keys to hand over, a form key to make, countersign or turn, readers
-- to confirm or end (`n` of them), a training to take.
create function what_waits() returns table (what text, proposal uuid, grant_id uuid, form text, titles text, case_id uuid, name text, n bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  manages boolean := 'manager' = any (who.capacities);
begin
  return query select w.what, w.proposal, w.grant_id, w.form, coalesce(w.titles, form_title(org, w.form)), w.case_id, w.name, w.n from (
    select 'train' as what, null::uuid as proposal, null::uuid as grant_id, null::text as form, null::text as titles, null::uuid as case_id,
      null::text as name, null::bigint as n where not trained(org, who.person)
    union all
    select 'approve', p.id, null, null, (select string_agg('“' || form_title(org, f) || '”', ', ') from jsonb_array_elements_text(forms_in(d.text::jsonb)) f), null,
      (select string_agg(x.name, ', ' order by x.name) from person x where x.organisation = org and x.id = any (people_in(d.text::jsonb))), null
    from proposal p join signed_document d on d.organisation = org and d.hash = p.document
    where p.organisation = org and p.approved_at is null and p.withdrawn_at is null and p.until > now()
      and manages and who.person <> p.proposer and who.person <> all (people_in(d.text::jsonb))
    union all
    select 'fulfil', g.proposal, g.id, g.form, null, g.case_id, p.name, null
    from grants g join person p on p.organisation = org and p.id = g.person
    where g.organisation = org and g.fulfilled_at is null and g.ended_at is null and g.until > now() and g.review_by > now()
      and g.person <> who.person and stands(org, g.person)
      and case when g.case_id is null
        then lacks_keys(org, g.person, g.form, g.from_generation) and holds_keys(org, who.person, g.form, g.from_generation)
        else exists (select from cases c where c.organisation = org and c.id = g.case_id
          and may_read(org, who.person, c.form, c.generation)) end
    union all
    select distinct 'make-key', null::uuid, null::uuid, g.form, null, null::uuid, null, null::bigint from live_grants(org) g
    where g.person = who.person and g.starts <= now() and g.case_id is null and (
      not exists (select from form_key k where k.organisation = org and k.form = g.form)
      or exists (select from form_key k join signed_document s on s.organisation = k.organisation and s.hash = k.document
        where k.organisation = org and k.form = g.form and k.approved_at is null and not may_read(org, s.signer, k.form, k.generation)))
    union all
    select 'approve-key', null, null, k.form, null, null, p.name, null from form_key k
    join signed_document s on s.organisation = k.organisation and s.hash = k.document
    join person p on p.organisation = k.organisation and p.id = s.signer
    where k.organisation = org and k.approved_at is null and manages and s.signer <> who.person
      and may_read(k.organisation, s.signer, k.form, k.generation)
    union all
    select 'turn-key', null, null, f.form, null, null, null, null from (select distinct k.form from form_key k
      where k.organisation = org and k.approved_at is not null) f
    where case when may_read(org, who.person, f.form, newest_generation(org, f.form) + 1) then turn_due(org, f.form) is not null
      when manages then turn_due(org, f.form) = 'ended'
        and not was_let_read(org, who.person, f.form, plain_generation(org, f.form, newest_generation(org, f.form))) else false end
    union all
    select 'review', null, null, null, null, null, null, count(*) from live_grants(org) g
    where manages and g.person <> who.person and g.review_by < g.until and g.review_by < now() + interval '14 days'
    having count(*) > 0) w;
end $$;

-- The access pages. Who does not stand is left out of every count, by one short list instead of a question a row.
create function not_standing(org uuid) returns uuid[] language sql stable as $$
  select array(select p.id from letterbox.person p where p.organisation = org and not letterbox.stands(org, p.id))
$$;
create function access_overview() returns table (form text, title text, open boolean, readers bigint, names text[], one_case bigint,
  cases bigint, turn text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  gone uuid[] := not_standing(org);
begin
  return query with reader as materialized (
    select g.form, g.person, bool_or(g.case_id is null) as whole from live_grants(org) g
    where g.starts <= now() and g.person <> all (gone) group by g.form, g.person)
  select f.form, f.definition ->> 'title', newest_generation(org, f.form) > 0,
    (select count(*) from reader r where r.form = f.form and r.whole),
    array(select p.name from reader r join person p on p.organisation = org and p.id = r.person
      where r.form = f.form and r.whole order by p.name limit 5),
    (select count(*) from reader r where r.form = f.form and not r.whole),
    (select count(*) from cases c where c.organisation = org and c.form = f.form and not is_canary(org, c.id)), turn_due(org, f.form)
  from (select distinct on (x.form) x.form, x.definition from published_form x where x.organisation = org
    order by x.form, x.version desc) f order by f.form;
end $$;

-- The lines of a form's access page, newest end first within its part: 'now' (in force), 'later' (to come), 'past'.
create function form_grants(of_form text, part text, page integer) returns table (id uuid, proposal uuid, document text, person uuid, name text,
  email text, outside text, case_id uuid, from_generation integer, starts timestamptz, until timestamptz, review_by timestamptz, purpose text,
  proposer_name text, approver_name text, approved_at timestamptz, fulfilled boolean, ended_at timestamptz, stands boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
begin
  return query select g.id, g.proposal, encode(g.document, 'hex'), p.id, p.name, p.email, p.outside, g.case_id, g.from_generation, g.starts,
      g.until, g.review_by, g.purpose, r.name, a.name, g.approved_at, g.fulfilled_at is not null, g.ended_at, letterbox.stands(g.organisation, g.person)
    from (select x.* from grants x where x.organisation = who.organisation and x.form = of_form
      and case part
        when 'now' then x.until > now() and x.starts <= now() and x.review_by > now() and x.ended_at is null
        when 'later' then x.until > now() and x.starts > now() and x.review_by > now() and x.ended_at is null
        else x.until <= now() or x.review_by <= now() or x.ended_at is not null end
      order by x.until desc, x.id limit 50 offset 50 * greatest(page, 0)) g
    join person p on p.organisation = g.organisation and p.id = g.person
    join person r on r.organisation = g.organisation and r.id = g.proposer
    join person a on a.organisation = g.organisation and a.id = g.approver
    order by g.until desc, g.id;
end $$;
create function form_proposals(of_form text) returns table (id uuid, names text, proposer_name text, proposed_at timestamptz, until timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select p.id, (select string_agg(x.name, ', ' order by x.name) from person x
      where x.organisation = p.organisation and x.id = any (people_in(d.text::jsonb))), r.name, p.proposed_at, p.until
    from proposal p join signed_document d on d.organisation = p.organisation and d.hash = p.document
    join person r on r.organisation = p.organisation and r.id = p.proposer
    where p.organisation = who.organisation and p.approved_at is null and p.withdrawn_at is null and p.until > now()
      and forms_in(d.text::jsonb) ? of_form order by p.proposed_at desc limit 50;
end $$;

-- The lines an end or a review is about, with what revocation cannot undo: how many cases their reader opened.
create function grant_lines(ids uuid[]) returns table (id uuid, document text, person uuid, name text, form text, title text, case_id uuid,
  until timestamptz, review_by timestamptz, ended_at timestamptz, opened bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select g.id, encode(g.document, 'hex'), g.person, p.name, g.form, form_title(g.organisation, g.form), g.case_id, g.until, g.review_by, g.ended_at,
    (select count(distinct e.case_id) from register_entry e where e.organisation = g.organisation and e.actor = g.person
      and e.kind in ('release', 'attachment-release') and e.body::jsonb ->> 'form' = g.form and (g.case_id is null or e.case_id = g.case_id))
    from grants g join person p on p.organisation = g.organisation and p.id = g.person
    where g.organisation = who.organisation and g.id = any (ids) order by p.name, g.form;
end $$;
create index register_entry_by_reader on register_entry (organisation, actor, id) where kind in ('release', 'attachment-release');

-- Which cases somebody opened, with the first and last time: what no end of access takes back. For managers.
create function opened_by(of_person uuid, of_form text) returns table (case_id uuid, form text, first_at timestamptz, last_at timestamptz, times bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor('manager');
begin
  return query select e.case_id, e.body::jsonb ->> 'form', min(e.at), max(e.at), count(*) from register_entry e
    where e.organisation = who.organisation and e.actor = of_person and e.kind in ('release', 'attachment-release')
      and (of_form is null or e.body::jsonb ->> 'form' = of_form)
    group by 1, 2 order by 4 desc, 1 limit 5000;
end $$;

-- The review calendar: who reads on only if somebody says so, the next first.
create function reviews_due(page integer) returns table (id uuid, person uuid, name text, form text, title text, case_id uuid, review_by timestamptz, until timestamptz, purpose text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select g.id, g.person, p.name, g.form, form_title(g.organisation, g.form), g.case_id, g.review_by, g.until, g.purpose
    from live_grants(who.organisation) g join person p on p.organisation = g.organisation and p.id = g.person
    where g.review_by < g.until and letterbox.stands(g.organisation, g.person)
    order by g.review_by, g.id limit 50 offset 50 * greatest(page, 0);
end $$;

grant execute on function documents_in_force(), people_documents(), what_waits(), access_overview(), form_grants(text, text, integer), form_proposals(text), grant_lines(uuid[]),
  opened_by(uuid, text), reviews_due(integer) to letterbox_desk;
