-- Incidents: what an exposure becomes once somebody says so. A clock that runs from the moment of awareness, and a list of
-- steps that only grows. The columns that a step moves are there so that every page can tell the time.

create table incident (
  organisation body_id not null references organisation,
  id uuid not null default gen_random_uuid(),
  title text not null check (length(title) between 1 and 200),
  source text not null check (source in ('watch', 'colleague', 'public', 'elsewhere')),
  -- The alarm that it was opened from.
  alarm uuid,
  opened_at timestamptz not null,
  opened_by uuid not null,
  -- When the body became aware; a step may correct it.
  aware_at timestamptz not null,
  -- When the regulator was told, or somebody decided that it need not be: the clock stands.
  settled_at timestamptz,
  closed_at timestamptz,
  primary key (organisation, id),
  foreign key (organisation, opened_by) references person (organisation, id)
);

create table incident_step (
  organisation body_id not null,
  incident uuid not null,
  n integer not null,
  kind text not null check (kind in ('opened', 'note', 'aware', 'contained', 'assessed', 'regulator', 'regulator-told', 'people',
    'people-told', 'learnt', 'reopened', 'closed')),
  -- What was decided and why, with a salt: the register holds its hash only.
  facts jsonb not null check (length(facts::text) <= 20000),
  at timestamptz not null,
  by_person uuid not null,
  primary key (organisation, incident, n),
  foreign key (organisation, incident) references incident (organisation, id),
  foreign key (organisation, by_person) references person (organisation, id)
);
create trigger append_only before update or delete or truncate on incident_step
  for each statement execute function never_changes();

alter table alarm drop constraint alarm_kind_check;
alter table alarm add constraint alarm_kind_check check (kind in ('readable', 'loose', 'elsewhere', 'configuration', 'silence', 'blind',
  'odd-reading', 'register', 'by-hand', 'incident'));

-- 72 hours from awareness (Article 33(1); DPA 2018 s. 67(1)): hours on end, over weekends and changes of the clock.
create function incident_due(aware timestamptz) returns timestamptz language sql immutable as $$ select aware + interval '72 hours' $$;

-- Whoever looks after alarms works on incidents, in a body whose data it is.
create function require_incident_worker() returns acting language plpgsql stable as $$
declare who letterbox.acting := letterbox.require_actor();
begin
  if not letterbox.minds_alarms(who.capacities) then perform letterbox.refuse('LB403', 'not-minder'); end if;
  return who;
end $$;

create function append_incident_step(org uuid, of_incident uuid, of_kind text, of_facts jsonb, by_whom uuid) returns integer
language plpgsql volatile as $$
declare
  next_n integer := (select coalesce(max(s.n), 0) + 1 from letterbox.incident_step s where s.organisation = org and s.incident = of_incident);
  kept jsonb := of_facts || jsonb_build_object('salt', gen_random_uuid());
begin
  insert into letterbox.incident_step (organisation, incident, n, kind, facts, at, by_person)
  values (org, of_incident, next_n, of_kind, kept, now(), by_whom);
  perform letterbox.register_append(org, 'incident-step', by_whom, null, jsonb_build_object(
    'incident', of_incident, 'n', next_n, 'step', of_kind, 'facts', encode(sha256(convert_to(kept::text, 'UTF8')), 'hex')));
  return next_n;
end $$;

-- Anybody of a body opens one, and everybody who looks after alarms is told at once. Two of the same alarm are one.
create function open_incident(of_title text, of_source text, of_alarm uuid, aware timestamptz, of_facts jsonb) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  i incident;
begin
  if 'watch' = any (who.capacities) then perform refuse('LB403', 'not-minder'); end if;
  if of_alarm is not null and not (minds_alarms(who.capacities) and exists (
    select from alarm a where a.organisation = who.organisation and a.id = of_alarm)) then perform refuse('LB404', 'missing'); end if;
  if aware > now() + interval '5 minutes' then perform refuse('LB422', 'not-yet'); end if;
  perform pg_advisory_xact_lock(hashtext('incident' || who.organisation));
  if exists (select from incident x where x.organisation = who.organisation and x.alarm = of_alarm and x.closed_at is null) then
    perform refuse('LB409', 'opened-already');
  end if;
  if (select count(*) from incident x where x.organisation = who.organisation and x.opened_by = who.person
    and x.opened_at > now() - interval '1 day') >= 20 then perform refuse('LB409', 'too-many'); end if;
  insert into incident (organisation, title, source, alarm, opened_at, opened_by, aware_at)
  values (who.organisation, of_title, of_source, of_alarm, now(), who.person, aware) returning * into i;
  perform register_append(who.organisation, 'incident', who.person, null, jsonb_build_object('incident', i.id, 'source', of_source));
  perform append_incident_step(who.organisation, i.id, 'opened', of_facts, who.person);
  perform raise_alarm(who.organisation, jsonb_build_object('key', 'incident ' || i.id, 'kind', 'by-hand', 'colour', 'red', 'form', null,
    'seen', who.name || ' has opened an incident. The regulator has to be told, or a decision made that it need not be, by '
      || to_char(incident_due(i.aware_at) at time zone 'Europe/London', 'FMDD FMMonth YYYY, HH24:MI') || ' (time in the United Kingdom).'));
  return i.id;
end $$;

-- One step further; its number. A closed incident takes a note, and being opened again.
create function take_incident_step(of_incident uuid, of_kind text, of_facts jsonb, moment timestamptz) returns integer
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_incident_worker();
  i incident;
begin
  select * into i from incident x where x.organisation = who.organisation and x.id = of_incident for update;
  if i.id is null then perform refuse('LB404', 'missing'); end if;
  if i.closed_at is not null and of_kind not in ('note', 'reopened') then perform refuse('LB409', 'closed-already'); end if;
  if of_kind = 'opened' then perform refuse('LB422', 'document-mismatch'); end if;
  if moment > now() + interval '5 minutes' then perform refuse('LB422', 'not-yet'); end if;
  update incident x set
    aware_at = case when of_kind = 'aware' then moment else x.aware_at end,
    settled_at = case
      when of_kind = 'regulator-told' then moment
      when of_kind = 'regulator' then case when of_facts ->> 'decision' = 'not' then now() end
      when of_kind = 'reopened' and of_facts ->> 'phase' = 'notify' then null
      else x.settled_at end,
    closed_at = case when of_kind = 'closed' then now() when of_kind = 'reopened' then null else x.closed_at end
  where x.organisation = who.organisation and x.id = of_incident returning * into i;
  if i.settled_at is not null or of_kind = 'aware' then
    update alarm a set gone_at = now(), tell_at = null where a.organisation = who.organisation and a.key = 'incident-due ' || i.id and a.gone_at is null;
  end if;
  return append_incident_step(who.organisation, i.id, of_kind, of_facts, who.person);
end $$;

create function own_incidents() returns table (id uuid, title text, source text, alarm uuid, opened_at timestamptz, opened_by text,
  aware_at timestamptz, settled_at timestamptz, closed_at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_incident_worker();
begin
  return query select i.id, i.title, i.source, i.alarm, i.opened_at, p.name, i.aware_at, i.settled_at, i.closed_at
    from incident i join person p on p.organisation = i.organisation and p.id = i.opened_by
    where i.organisation = who.organisation order by i.closed_at is not null, i.aware_at desc;
end $$;

create function own_incident_steps(of_incident uuid) returns table (n integer, kind text, facts jsonb, at timestamptz, by_name text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_incident_worker();
begin
  return query select s.n, s.kind, s.facts, s.at, p.name
    from incident_step s join person p on p.organisation = s.organisation and p.id = s.by_person
    where s.organisation = who.organisation and s.incident = of_incident order by s.n;
end $$;

-- As before (0002), and the first hour by which a regulator has to be told, for those who look after it.
drop function find_session();
create function find_session() returns table (
  organisation uuid, organisation_name text, demonstration boolean, person uuid, name text, capacities text[], confirmed boolean,
  recovery_since timestamptz, kind text, alarms bigint, watch_silent_since timestamptz, regulator_due timestamptz)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare who acting := actor();
begin
  if who.person is null then return; end if;
  update session s set seen_at = now() where s.secret_hash = session_hash() and s.seen_at < now() - interval '30 seconds';
  return query select who.organisation, o.name, o.demonstration, who.person, who.name, who.capacities, who.confirmed,
      -- While a recovery (0009) is under way, every page says so to everybody.
      (select max(r.begun_at) from recovery r where r.organisation = who.organisation and r.ended_at is null and r.lapses_at > now()), who.kind,
      -- What nobody has acknowledged, for whoever minds alarms, and since when Watch says nothing, for everybody (0015).
      case when minds_alarms(who.capacities) then (select count(*) from alarm a where a.organisation = who.organisation
        and a.gone_at is null and a.acknowledged_at is null) else 0 end,
      (select min(w.at) from watch_beat w where w.organisation = who.organisation and w.at < now() - 2 * w.every
        and stands(w.organisation, w.person)),
      case when minds_alarms(who.capacities) and who.confirmed then (select min(incident_due(i.aware_at)) from incident i
        where i.organisation = who.organisation and i.settled_at is null and i.closed_at is null) end
    from organisation o where o.id = who.organisation;
end $$;

-- As before (0015), and what a regulator has to be told of within a day, or should have been.
create or replace function alarm_tick() returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  w record;
  i incident;
  a alarm;
begin
  for w in select b.*, p.name from watch_beat b join person p on p.organisation = b.organisation and p.id = b.person
    where b.at < now() - 2 * b.every and stands(b.organisation, b.person) loop
    perform raise_alarm(w.organisation, jsonb_build_object('key', 'silence ' || w.person, 'kind', 'silence', 'colour', 'red',
      'seen', w.name || ' has said nothing since ' || to_char(w.at at time zone 'Europe/London', 'FMDD FMMonth YYYY, HH24:MI:SS')
        || '. Until it is back, nobody notices what stands open.'));
  end loop;
  for i in select * from incident x where x.settled_at is null and x.closed_at is null and incident_due(x.aware_at) < now() + interval '24 hours' loop
    perform raise_alarm(i.organisation, jsonb_build_object('key', 'incident-due ' || i.id, 'kind', 'incident', 'form', null,
      'colour', case when incident_due(i.aware_at) < now() then 'red' else 'amber' end,
      'seen', 'The regulator has to be told of an incident, or a decision made that it need not be, by '
        || to_char(incident_due(i.aware_at) at time zone 'Europe/London', 'FMDD FMMonth YYYY, HH24:MI') || ' (time in the United Kingdom).'))
    where not exists (select from alarm x where x.organisation = i.organisation and x.key = 'incident-due ' || i.id and x.gone_at is null
      and x.last_seen > now() - interval '10 minutes' and x.colour = case when incident_due(i.aware_at) < now() then 'red' else x.colour end);
  end loop;
  for a in select * from alarm x where x.tell_at <= now() and x.gone_at is null and x.acknowledged_at is null for update skip locked loop
    perform tell_alarm(a.organisation, a.id);
  end loop;
end $$;

grant execute on function find_session(), open_incident(text, text, uuid, timestamptz, jsonb),
  take_incident_step(uuid, text, jsonb, timestamptz), own_incidents(), own_incident_steps(uuid) to letterbox_desk;
grant execute on function alarm_tick() to letterbox_alarm;
