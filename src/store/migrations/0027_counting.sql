-- What a form holds, counted in one pass: a body with some hundred thousand cases waited ten seconds for a page that asked of each
-- case whether it is a canary and to which generation its key belongs. The index has all that is counted: the rows themselves are wide.
drop index cases_by_form;
create index cases_by_form on cases (organisation, form, received_at desc, id) include (generation, attachments);
create function cases_counted(org uuid, of_form text) returns table (generation integer, count bigint, oldest timestamptz, newest timestamptz,
  attachments bigint)
language sql stable set search_path = letterbox, pg_temp as $$
  select plain_generation(org, of_form, g.generation), sum(g.count)::bigint, min(g.oldest), max(g.newest), sum(g.attachments)::bigint
  from (select c.generation, count(*) as count, min(c.received_at) as oldest, max(c.received_at) as newest, sum(c.attachments) as attachments
    from cases c where c.organisation = org and c.form = of_form
      and not exists (select from canary x where x.organisation = org and x.case_id = c.id)
    group by c.generation) g
  group by 1
$$;

create or replace function access_state(of_forms text[], of_cases uuid[], of_people uuid[]) returns jsonb
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  known text[] := array(select distinct f.form from published_form f where f.organisation = org and f.form = any (of_forms));
  single uuid[] := array(select g.case_id from live_grants(org) g where g.form = any (known) and g.case_id is not null);
begin
  if cardinality(known) < cardinality(of_forms) then perform refuse('LB404', 'missing'); end if;
  return jsonb_build_object('organisation', org,
    'forms', (select coalesce(jsonb_agg(jsonb_build_object('form', f.form, 'title', f.definition ->> 'title',
        'purposes', f.definition -> 'purposes', 'generation', newest_generation(org, f.form),
        'holdings', (select coalesce(jsonb_agg(to_jsonb(h)), '[]') from (
          select x.generation, x.count, iso(x.oldest) as oldest, iso(x.newest) as newest, x.attachments
          from cases_counted(org, f.form) x order by x.generation) h)) order by f.form), '[]')
      from (select distinct on (p.form) p.form, p.definition from published_form p
        where p.organisation = org and p.form = any (known) order by p.form, p.version desc) f),
    'people', (select coalesce(jsonb_agg(member_json(p) order by p.name, p.id), '[]') from person p
      where p.organisation = org and (of_people is null and p.left_at is null or p.id = any (of_people)
        or p.id in (select g.person from live_grants(org) g where g.form = any (known))
        or p.left_at is null and looks(p.name) in (select looks(q.name) from person q where q.organisation = org and q.id = any (of_people)))),
    'grants', (select coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'document', encode(g.document, 'hex'), 'person', g.person,
        'form', g.form, 'case', g.case_id, 'fromGeneration', g.from_generation, 'from', iso(g.starts), 'until', iso(g.until),
        'reviewBy', iso(g.review_by)) order by g.id), '[]')
      from live_grants(org) g where g.form = any (known)),
    'cases', (select coalesce(jsonb_agg(jsonb_build_object('case', c.id, 'form', c.form,
        'generation', plain_generation(org, c.form, c.generation), 'receivedAt', iso(c.received_at), 'attachments', c.attachments) order by c.id), '[]')
      from cases c where c.organisation = org and c.id = any (single || of_cases) and (c.id = any (single)
        -- Only managers and its readers learn that a case is there, and of it no more than its day.
        or c.form = any (known) and ('manager' = any (who.capacities) or may_read(org, who.person, c.form, c.generation, c.id)))));
end $$;

create or replace function access_overview() returns table (form text, title text, open boolean, readers bigint, names text[], one_case bigint,
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
    (select coalesce(sum(x.count), 0)::bigint from cases_counted(org, f.form) x), turn_due(org, f.form)
  from (select distinct on (x.form) x.form, x.definition from published_form x where x.organisation = org
    order by x.form, x.version desc) f order by f.form;
end $$;

create or replace function my_forms() returns table (form text, title text, cases bigint, newest timestamptz, until timestamptz, has_key boolean, whole boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
begin
  return query select m.form,
      coalesce((select f.definition ->> 'title' from published_form f where f.organisation = org
        and f.form = m.form order by f.version desc limit 1), m.form),
      x.count, x.newest, m.until,
      case when m.from_generation is null then exists (select from case_envelope e where e.organisation = org and e.person = who.person
          and e.case_id = any (m.single))
        else not lacks_keys(org, who.person, m.form, m.from_generation)
          and exists (select from generations_from(org, m.form, m.from_generation)) end,
      m.from_generation is not null
    from (select g.form, max(g.until) as until, min(g.from_generation) filter (where g.case_id is null) as from_generation,
        array_agg(g.case_id) filter (where g.case_id is not null) as single
      from live_grants(org) g where g.person = who.person and g.starts <= now() group by g.form) m,
    lateral (select coalesce(sum(y.count), 0)::bigint as count, max(y.newest) as newest from (
      select w.count, w.newest from cases_counted(org, m.form) w where w.generation >= m.from_generation
      union all
      select 1, s.received_at from cases s where s.organisation = org and s.form = m.form and s.id = any (m.single) and not is_canary(org, s.id)
        and (m.from_generation is null or plain_generation(org, s.form, s.generation) < m.from_generation)) y) x
    order by m.form;
end $$;
