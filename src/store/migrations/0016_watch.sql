-- Watch: the canaries it plants, what it is told, what it tells, and how it rehearses.

-- A planted submission. Watch announces its id before it posts it, so that no real case can ever be made one; what it says
-- is known to Watch alone. Nobody who may read the form is shown it, and it is counted nowhere.
create table canary (
  organisation body_id not null references organisation,
  case_id uuid not null,
  form text not null,
  announced_at timestamptz not null,
  announced_by uuid not null,
  retired_at timestamptz,
  primary key (organisation, case_id),
  foreign key (organisation, announced_by) references person
);
create function is_canary(org uuid, of_case uuid) returns boolean language sql stable as $$
  select exists (select from letterbox.canary x where x.organisation = org and x.case_id = of_case)
$$;

-- A leak that Watch plants to rehearse: a few bytes with a mark of no canary, handed out at an address where nothing else
-- is, for ten minutes at most. `found_at` is what Watch then says.
create table rehearsal (
  organisation uuid not null,
  id uuid not null default gen_random_uuid(),
  site text not null check (site in ('slot', 'desk')),
  path text not null check (path ~ '^/[A-Za-z0-9._~/-]{1,200}$'),
  packing text not null check (length(packing) between 1 and 60),
  bytes bytea check (length(bytes) between 1 and 65536),
  planted_at timestamptz not null,
  found_at timestamptz,
  missed boolean not null default false,
  primary key (organisation, id)
);
create index rehearsal_planted on rehearsal (site, path) where found_at is null and not missed;

-- The actor, when it is Watch, or a refusal.
create function require_watch() returns acting language plpgsql stable as $$
begin
  return letterbox.require_colleague('watch');
end $$;
-- Watch: what it needs to know, and nothing that is sealed or signed.
create function watch_duty() returns jsonb
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_watch();
begin
  return jsonb_build_object('organisation', who.organisation, 'person', who.person,
    'slug', (select o.slug from organisation o where o.id = who.organisation),
    'forms', (select coalesce(jsonb_agg(f.form order by f.form), '[]') from (select distinct k.form from form_key k
      where k.organisation = who.organisation and k.approved_at is not null) f),
    'quarantined', (select coalesce(jsonb_agg(q.form order by q.form), '[]') from quarantine q
      where q.organisation = who.organisation and q.lifted_at is null),
    'canaries', (select coalesce(jsonb_agg(jsonb_build_object('case', c.case_id, 'form', c.form, 'at', iso(c.announced_at),
        'arrived', exists (select from cases x where x.organisation = c.organisation and x.id = c.case_id)) order by c.announced_at), '[]')
      from canary c where c.organisation = who.organisation and c.retired_at is null));
end $$;

-- Says which cases will be canaries. Sixty may be live in a form, and none that is there already can become one.
create function announce_canaries(of_form text, ids uuid[]) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_watch();
begin
  if who.kind <> 'controller' then perform refuse('LB404', 'missing'); end if;
  if not exists (select from published_form f where f.organisation = who.organisation and f.form = of_form) then perform refuse('LB404', 'missing'); end if;
  perform lock_case(id) from (select distinct unnest(ids) as id order by 1) x;
  if exists (select from cases c where c.organisation = who.organisation and c.id = any (ids))
    or exists (select from canary c where c.organisation = who.organisation and c.case_id = any (ids)) then
    perform refuse('LB409', 'case-there');
  end if;
  if cardinality(ids) + (select count(*) from canary c where c.organisation = who.organisation and c.form = of_form
    and c.retired_at is null) > 60 then perform refuse('LB422', 'too-many'); end if;
  insert into canary (organisation, case_id, form, announced_at, announced_by)
  select who.organisation, id, of_form, now(), who.person from unnest(ids) id;
  perform register_append(who.organisation, 'canaries', who.person, null, jsonb_build_object('form', of_form, 'cases', to_jsonb(ids)));
end $$;

-- Canaries that were replaced go, with what was attached to them. Whoever announced them, any Watch of the body may.
create function retire_canaries(ids uuid[]) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_watch();
  live uuid[] := array(select c.case_id from canary c where c.organisation = who.organisation and c.case_id = any (ids) and c.retired_at is null);
begin
  if live = '{}' then return; end if;
  delete from attachment_chunk c where c.organisation = who.organisation and c.case_id = any (live);
  delete from attachment a where a.organisation = who.organisation and a.case_id = any (live);
  delete from case_envelope e where e.organisation = who.organisation and e.case_id = any (live);
  delete from cases c where c.organisation = who.organisation and c.id = any (live);
  update canary c set retired_at = now() where c.organisation = who.organisation and c.case_id = any (live);
  perform register_append(who.organisation, 'canaries-retired', who.person, null, jsonb_build_object('cases', to_jsonb(live)));
end $$;

-- What Watch says after each round: `findings` as raise_alarm takes them, and `gone`, the keys of what it no longer sees.
-- Once an hour the register keeps that it has been round, so that a quiet hour is one that was watched.
create function watch_report(report jsonb) returns jsonb
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_watch();
  one jsonb;
  b watch_beat;
begin
  for one in select * from jsonb_array_elements(report -> 'findings') loop
    if one ->> 'kind' not in ('readable', 'loose', 'elsewhere', 'blind') then perform refuse('LB422', 'document-mismatch'); end if;
    perform raise_alarm(who.organisation, one, who.person);
  end loop;
  update alarm a set gone_at = now(), tell_at = null where a.organisation = who.organisation and a.gone_at is null
    and a.kind in ('readable', 'loose', 'elsewhere', 'blind') and a.key in (select jsonb_array_elements_text(report -> 'gone'));
  insert into watch_beat as w (organisation, person, at, every, took, asked, told_at, asked_since)
  values (who.organisation, who.person, now(), make_interval(secs => (report ->> 'every')::double precision),
    make_interval(secs => (report ->> 'took')::double precision), (report ->> 'asked')::bigint, 'epoch', (report ->> 'asked')::bigint)
  on conflict (organisation, person) do update set at = now(), every = excluded.every, took = excluded.took, asked = excluded.asked,
    asked_since = w.asked_since + excluded.asked
  returning * into b;
  update alarm a set gone_at = now(), tell_at = null where a.organisation = who.organisation and a.kind = 'silence' and a.gone_at is null
    and a.key = 'silence ' || who.person;
  if b.told_at < now() - interval '1 hour' then
    perform register_append(who.organisation, 'watched', who.person, null, jsonb_build_object('asked', b.asked_since));
    update watch_beat w set told_at = now(), asked_since = 0 where w.organisation = who.organisation and w.person = who.person;
  end if;
  return jsonb_build_object('quarantined', (select coalesce(jsonb_agg(q.form order by q.form), '[]') from quarantine q
    where q.organisation = who.organisation and q.lifted_at is null));
end $$;

-- A rehearsal: something harmless to be found.
create function plant_rehearsal(of_site text, of_path text, of_packing text, content bytea) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_watch();
  planted uuid;
begin
  update rehearsal r set missed = true, bytes = null where r.organisation = who.organisation and r.found_at is null
    and not r.missed and r.planted_at < now() - interval '10 minutes';
  if (select count(*) from rehearsal r where r.organisation = who.organisation and r.found_at is null and not r.missed) >= 5 then
    perform refuse('LB422', 'too-many');
  end if;
  insert into rehearsal (organisation, site, path, packing, bytes, planted_at)
  values (who.organisation, of_site, of_path, of_packing, content, now()) returning id into planted;
  return planted;
end $$;
create function found_rehearsal(of_rehearsal uuid) returns interval
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_watch();
  took interval;
begin
  update rehearsal r set found_at = now(), bytes = null where r.organisation = who.organisation and r.id = of_rehearsal
    and r.found_at is null and not r.missed returning r.found_at - r.planted_at into took;
  if took is null then perform refuse('LB404', 'missing'); end if;
  return took;
end $$;
-- What is planted at an address where nothing else is, for either site.
create function planted_at(of_site text, of_path text) returns bytea
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select r.bytes from rehearsal r where r.site = of_site and r.path = of_path and r.found_at is null and not r.missed
    and r.planted_at > now() - interval '10 minutes' order by r.planted_at limit 1
$$;

create function own_rehearsals() returns table (packing text, planted_at timestamptz, found_at timestamptz, missed boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_minder();
begin
  return query select r.packing, r.planted_at, r.found_at, r.missed or r.found_at is null and r.planted_at < now() - interval '10 minutes'
    from rehearsal r where r.organisation = who.organisation order by r.planted_at desc limit 1000;
end $$;

grant execute on function watch_duty(), announce_canaries(text, uuid[]), retire_canaries(uuid[]), watch_report(jsonb),
  plant_rehearsal(text, text, text, bytea), found_rehearsal(uuid), planted_at(text, text), own_rehearsals() to letterbox_desk;
grant execute on function planted_at(text, text) to letterbox_slot;
