-- Who can read what, now and then: the lines in force at a moment, and who was given what until then.
-- Managers, data-protection officers and keyholders see everybody; anybody else sees themselves.

create index register_entry_openings on register_entry (organisation, case_id, actor, at) where kind in ('release', 'attachment-release');
create index register_entry_lists on register_entry (organisation, ((body::jsonb) ->> 'form'), actor, at) where kind = 'list';
-- The documents in the register's order: what stood when something was released is what came before it.
create index register_entry_documents on register_entry (organisation, xid, id)
  where kind not in ('submission', 'release', 'attachment-release', 'list', 'sign-in', 'sign-out', 'refusal');

create function sees_everybody(who acting) returns boolean language sql immutable as $$
  select who.capacities && array['manager', 'data-protection-officer', 'keyholder']
$$;
-- Whom an actor may ask about: the person asked for, everybody (null), or nobody but themselves.
create function whom_to_see(who acting, asked uuid) returns uuid language plpgsql stable as $$
begin
  if letterbox.sees_everybody(who) then return asked; end if;
  if asked is distinct from null and asked <> who.person then perform letterbox.refuse('LB403', 'only-yourself'); end if;
  return who.person;
end $$;

-- What a question about access may name: all own forms, and whom the actor may ask about. A case is found (`case_form`
-- is set) by those who see everybody and by whoever was ever let read it; for all others it is not there, and so is what
-- came after their access was over.
create function access_choices(of_case uuid) returns table (forms jsonb, people jsonb, case_form text, received_at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  everybody boolean := sees_everybody(who);
begin
  return query select
    (select coalesce(jsonb_agg(jsonb_build_object('id', f.form, 'name', f.title) order by f.title, f.form), '[]') from (
      select distinct on (p.form) p.form, p.definition ->> 'title' as title from published_form p
      where p.organisation = org order by p.form, p.version desc) f),
    (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'email', p.email, 'left', p.left_at is not null) order by p.name, p.id), '[]')
      from person p where p.organisation = org and p.confirmed_at is not null and (everybody or p.id = who.person)),
    c.form, c.received_at
  from (select) one left join cases c on c.organisation = org and c.id = of_case and (everybody or exists (select from grants g
    where g.organisation = org and g.person = who.person and g.form = c.form and g.starts <= now()
      and c.received_at < least(g.until, g.review_by, coalesce(g.ended_at, 'infinity'))
      and (g.case_id = c.id or g.case_id is null and g.from_generation <= plain_generation(org, c.form, c.generation))));
end $$;

-- The conditions of reading_grant(), but for whether the person stood. `of_generation`: the plain one of the case.
create function lines_at(org uuid, of_form text, of_case uuid, of_generation integer, moment timestamptz)
returns setof grants language sql stable as $$
  select g.* from letterbox.grants g
  where g.organisation = org and (of_form is null or g.form = of_form)
    and (of_case is null or g.case_id = of_case or g.case_id is null and g.from_generation <= of_generation)
    and g.approved_at <= moment and g.starts <= moment and g.until > moment and g.review_by > moment
    and (g.ended_at is null or g.ended_at > moment)
$$;

-- stands() for everybody at once: one plan instead of a question a person.
create function standing_at(org uuid, moment timestamptz) returns setof person language sql stable as $$
  select p.* from letterbox.person p
  where p.organisation = org and p.confirmed_at <= moment and (p.left_at is null or p.left_at > moment)
    and not exists (select from letterbox.suspension s where s.organisation = org and s.person = p.id
      and s.since <= moment and (s.lifted_at is null or s.lifted_at > moment))
$$;

-- The lines by which somebody could read at that moment, by name; with what has ended them since. A plan is made for each
-- question: one that suits every question suits none.
create function access_at(of_form text, of_case uuid, of_person uuid, moment timestamptz, page integer, at_most integer default 50)
returns table (id uuid, document text, person uuid, name text, email text, outside text, form text, title text, case_id uuid,
  from_generation integer, purpose text, proposer_name text, approver_name text, approved_at timestamptz, starts timestamptz,
  until timestamptz, review_by timestamptz, ended_at timestamptz, ended_by_name text, left_at timestamptz, suspended_at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  seen uuid := whom_to_see(who, of_person);
  c cases;
  asked text := of_form;
begin
  select * into c from cases x where x.organisation = org and x.id = of_case;
  if c.id is not null then asked := coalesce(of_form, c.form); end if;
  if of_case is not null and asked is distinct from c.form then return; end if;
  return query select g.id, encode(g.document, 'hex'), g.person, g.name, g.email, g.outside, g.form,
      (select f.definition ->> 'title' from published_form f where f.organisation = org and f.form = g.form order by f.version desc limit 1),
      g.case_id, g.from_generation, g.purpose, r.name, a.name, g.approved_at, g.starts, g.until, g.review_by, g.ended_at,
      (select e.name from person e where e.organisation = org and e.id = g.ended_by), g.left_at,
      (select min(s.since) from suspension s where s.organisation = org and s.person = g.person and s.since > moment and s.lifted_at is null)
    from (select l.*, p.name, p.email, p.outside, p.left_at
      from (select * from standing_at(org, moment) x where seen is null or x.id = seen order by x.name, x.id) p
      join lines_at(org, asked, of_case, plain_generation(org, c.form, c.generation), moment) l on l.person = p.id
      order by p.name, p.id, l.form, l.until desc, l.id
      limit greatest(1, least(at_most, 100000)) offset at_most::bigint * greatest(page, 0)) g
    join person r on r.organisation = org and r.id = g.proposer
    join person a on a.organisation = org and a.id = g.approver
    order by g.name, g.person, g.form, g.until desc, g.id;
end $$;

-- How many lines that were, and how many people.
create function access_count(of_form text, of_case uuid, of_person uuid, moment timestamptz) returns table (lines bigint, people bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  seen uuid := whom_to_see(who, of_person);
  c cases;
  asked text := of_form;
begin
  select * into c from cases x where x.organisation = org and x.id = of_case;
  if c.id is not null then asked := coalesce(of_form, c.form); end if;
  if of_case is not null and asked is distinct from c.form then return query select 0::bigint, 0::bigint; return; end if;
  return query select count(*), count(distinct l.person)
    from lines_at(org, asked, of_case, plain_generation(org, c.form, c.generation), moment) l
    where l.person in (select p.id from standing_at(org, moment) p where seen is null or p.id = seen);
end $$;

-- Who was given what until that moment: the cases they opened (with attachments), the newest case first, and how often they
-- were given a form's list of sealed summaries (of one case: a list with it). A page has `at_most` of each. In the order of
-- the indexes, so that a page of a long register is found without counting the rest.
-- LIMIT: which lists held one case is found by looking into each list of its form since it arrived.
create function access_done(of_form text, of_case uuid, of_person uuid, moment timestamptz, page integer, at_most integer default 50)
returns table (what text, person uuid, name text, form text, case_id uuid, first_at timestamptz, last_at timestamptz, times bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  seen uuid := whom_to_see(who, of_person);
  arrived timestamptz := (select c.received_at from cases c where c.organisation = org and c.id = of_case);
  asked text := coalesce(of_form, (select c.form from cases c where c.organisation = org and c.id = of_case));
  most integer := greatest(1, least(at_most, 100000));
begin
  return query select d.what, d.actor, p.name, d.form, d.case_id, d.first_at, d.last_at, d.times from (
      (select 'opened' as what, o.actor, f.form, o.case_id, o.first_at, o.last_at, o.times
      from (select x.case_id, x.actor, min(x.at) as first_at, max(x.at) as last_at, count(*) as times from register_entry x
        where x.organisation = org and x.kind in ('release', 'attachment-release') and x.at <= moment
          and (of_case is null or x.case_id = of_case) and (seen is null or x.actor = seen)
        group by x.case_id, x.actor order by x.case_id desc, x.actor desc) o
      left join cases c on c.organisation = org and c.id = o.case_id
      -- Whose case is not there any more is found by what its entry says.
      cross join lateral (select coalesce(c.form, (select b.body::jsonb ->> 'form' from register_entry b
        where b.organisation = org and b.case_id = o.case_id limit 1)) as form) f
      where asked is null or c.form = asked or c.id is null and f.form = asked
      order by o.case_id desc, o.actor desc limit most offset most::bigint * greatest(page, 0))
      union all
      (select 'listed', l.actor, f.form, of_case, l.first_at, l.last_at, l.times
      from (select distinct x.form from published_form x where x.organisation = org and (asked is null or x.form = asked)) f
      cross join lateral (select x.actor, min(x.at) as first_at, max(x.at) as last_at, count(*) as times from register_entry x
        where x.organisation = org and x.kind = 'list' and (x.body::jsonb) ->> 'form' = f.form and x.at <= moment
          and (seen is null or x.actor = seen) and (of_case is null or x.at >= arrived and x.body like '%' || of_case || '%')
        group by x.actor) l
      order by f.form, l.actor limit most offset most::bigint * greatest(page, 0))) d
    join person p on p.organisation = org and p.id = d.actor order by d.what desc, d.case_id desc, d.form, p.name, d.actor;
end $$;

-- For each release among these places of the register, the position of the newest document before it, in the register's
-- order: the browser judges the release by what was signed until then.
create function release_contexts(from_index bigint, at_most integer) returns table (index bigint, after bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  return query select l.index, (select d.position from register_entry b join signed_document d on d.organisation = b.organisation
        and d.hash = decode(b.body::jsonb ->> 'document', 'hex')
      where b.organisation = who.organisation and (b.xid, b.id) < (e.xid, e.id) and b.kind not in ('submission', 'release',
        'attachment-release', 'list', 'sign-in', 'sign-out', 'refusal') and b.body::jsonb ? 'document'
      order by b.xid desc, b.id desc limit 1)
    from register_leaf l join register_entry e on e.id = l.entry
    where l.organisation = who.organisation and l.index >= from_index and l.index < from_index + least(at_most, 1024)
      and e.kind in ('release', 'attachment-release', 'list') order by l.index;
end $$;

grant execute on function access_choices(uuid), access_at(text, uuid, uuid, timestamptz, integer, integer),
  access_count(text, uuid, uuid, timestamptz), access_done(text, uuid, uuid, timestamptz, integer, integer),
  release_contexts(bigint, integer) to letterbox_desk;
