-- What Watch and others notice: alarms, quarantine, and the mails that tell of it.

-- While one is not lifted, nothing of its form's cases is released to anybody. Watch, a manager or a data protection officer
-- begins one alone; two managers lift it.
create table quarantine (
  organisation body_id not null references organisation,
  id uuid not null default gen_random_uuid(),
  form text not null,
  since timestamptz not null,
  by_person uuid,
  reason text not null check (length(reason) between 1 and 500),
  lifted_at timestamptz,
  primary key (organisation, id)
);
create unique index quarantine_in_force on quarantine (organisation, form) where lifted_at is null;
create function refuse_quarantined(org uuid, of_form text) returns void language plpgsql stable as $$
begin
  if exists (select from letterbox.quarantine q where q.organisation = org and q.form = of_form and q.lifted_at is null) then
    perform letterbox.refuse('LB409', 'quarantined');
  end if;
end $$;

-- One thing that stands open, or may: `key` is the same each time it is seen, so that it is told once. It is told again and
-- again until somebody acknowledges it, and anew when it still stands a day after that.
create table alarm (
  organisation uuid not null references organisation,
  id uuid not null default gen_random_uuid(),
  key text not null check (length(key) between 1 and 300),
  kind text not null check (kind in ('readable', 'loose', 'elsewhere', 'configuration', 'silence', 'blind', 'odd-reading', 'register', 'by-hand')),
  colour text not null check (colour in ('red', 'amber')),
  form text,
  seen text not null check (length(seen) between 1 and 1000),
  as_whom text check (length(as_whom) <= 200),
  address text check (length(address) <= 500),
  done text not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  times bigint not null default 1,
  told integer not null default 0,
  tell_at timestamptz,
  hooked integer not null default 0,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  gone_at timestamptz,
  primary key (organisation, id)
);
create unique index alarm_standing on alarm (organisation, key) where gone_at is null;
create index alarm_by_time on alarm (organisation, first_seen desc);
create index alarm_to_tell on alarm (tell_at) where tell_at is not null;

-- A mail that is to tell somebody of an alarm, the `nth` time. What it says is written when it is sent or shown.
create table outbox (
  id uuid primary key default gen_random_uuid(),
  organisation uuid not null,
  alarm uuid not null,
  person uuid not null,
  nth integer not null,
  made_at timestamptz not null,
  next_at timestamptz not null,
  tries integer not null default 0,
  sent_at timestamptz,
  given_up_at timestamptz,
  failure text check (length(failure) <= 500),
  foreign key (organisation, alarm) references alarm,
  foreign key (organisation, person) references person,
  unique (organisation, alarm, person, nth)
);
create index outbox_due on outbox (next_at) where sent_at is null and given_up_at is null;

-- When each Watch last said that it had been round, and what it then will have said within: two intervals of silence alarm.
create table watch_beat (
  organisation uuid not null,
  person uuid not null,
  at timestamptz not null,
  every interval not null check (every between interval '1 second' and interval '1 hour'),
  took interval not null,
  asked bigint not null,
  told_at timestamptz not null,
  asked_since bigint not null,
  primary key (organisation, person),
  foreign key (organisation, person) references person
);

-- Whom an alarm is told, and who acknowledges it.
create function minds_alarms(capacities text[]) returns boolean language sql immutable as $$
  select capacities && array['manager', 'data-protection-officer', 'operator']
$$;
create function require_minder() returns acting language plpgsql stable as $$
declare who letterbox.acting := letterbox.require_colleague();
begin
  if not letterbox.minds_alarms(who.capacities) then perform letterbox.refuse('LB403', 'not-minder'); end if;
  return who;
end $$;

-- Puts a mail to each minder into the outbox, and says when the next is due: at once, after 15 minutes, an hour, four hours,
-- then twice a day.
create function tell_alarm(org uuid, of_alarm uuid) returns void language plpgsql volatile as $$
declare nth_time integer;
begin
  update letterbox.alarm a set told = a.told + 1, tell_at = now() + case a.told
    when 0 then interval '15 minutes' when 1 then interval '1 hour' when 2 then interval '4 hours' else interval '12 hours' end
  where a.organisation = org and a.id = of_alarm returning a.told into nth_time;
  insert into letterbox.outbox (organisation, alarm, person, nth, made_at, next_at)
  select org, of_alarm, p.id, nth_time, now(), now() from letterbox.person p
  where p.organisation = org and letterbox.minds_alarms(p.capacities) and letterbox.stands(org, p.id)
  on conflict do nothing;
end $$;

create function quarantine(org uuid, of_form text, by_whom uuid, why text) returns boolean language plpgsql volatile as $$
begin
  insert into letterbox.quarantine (organisation, form, since, by_person, reason)
  select org, of_form, now(), by_whom, left(why, 500)
  where exists (select from letterbox.published_form f where f.organisation = org and f.form = of_form)
  on conflict (organisation, form) where lifted_at is null do nothing;
  if not found then return false; end if;
  perform letterbox.register_append(org, 'quarantine', by_whom, null, jsonb_build_object('form', of_form));
  return true;
end $$;

-- THE alarm: what was seen is written down once, its form is in quarantine when it is red, and the mails lie in the outbox,
-- all in one transaction. `finding`: {"key", "kind", "colour", "form", "seen", "asWhom", "address"}.
create function raise_alarm(org uuid, finding jsonb, by_whom uuid default null) returns uuid language plpgsql volatile as $$
declare
  a letterbox.alarm;
  is_red boolean := finding ->> 'colour' = 'red';
  of_form text := finding ->> 'form';
  closed boolean := false;
begin
  perform pg_advisory_xact_lock(hashtext('alarm' || org));
  if is_red and of_form is not null then
    perform letterbox.quarantine(org, of_form, by_whom, finding ->> 'seen');
    closed := exists (select from letterbox.quarantine q where q.organisation = org and q.form = of_form and q.lifted_at is null);
  end if;
  select * into a from letterbox.alarm x where x.organisation = org and x.key = finding ->> 'key' and x.gone_at is null;
  if a.id is not null then
    update letterbox.alarm x set last_seen = now(), times = x.times + 1,
      colour = case when is_red then 'red' else x.colour end,
      acknowledged_at = case when x.acknowledged_at < now() - interval '1 day' then null else x.acknowledged_at end,
      acknowledged_by = case when x.acknowledged_at < now() - interval '1 day' then null else x.acknowledged_by end,
      tell_at = case when x.acknowledged_at < now() - interval '1 day' or is_red and x.colour = 'amber' then now() else x.tell_at end
    where x.organisation = org and x.id = a.id;
    return a.id;
  end if;
  insert into letterbox.alarm (organisation, key, kind, colour, form, seen, as_whom, address, done, first_seen, last_seen)
  values (org, finding ->> 'key', finding ->> 'kind', finding ->> 'colour', of_form, finding ->> 'seen', finding ->> 'asWhom', finding ->> 'address',
    case when closed then 'quarantined' else 'nothing' end, now(), now())
  returning * into a;
  perform letterbox.register_append(org, 'alarm', by_whom, null, jsonb_build_object(
    'alarm', a.id, 'what', a.kind, 'colour', a.colour, 'form', of_form, 'done', a.done));
  perform letterbox.tell_alarm(org, a.id);
  return a.id;
end $$;

-- The desk: what stands, what was told whom, and how well Watch sees.
create function own_alarms(at_most integer default 100) returns table (id uuid, kind text, colour text, form text, title text, seen text, as_whom text,
  address text, done text, first_seen timestamptz, last_seen timestamptz, times bigint, told integer, acknowledged_at timestamptz,
  acknowledged_by text, gone_at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_minder();
begin
  return query select a.id, a.kind, a.colour, a.form, form_title(a.organisation, a.form), a.seen, a.as_whom, a.address, a.done, a.first_seen,
      a.last_seen, a.times, a.told, a.acknowledged_at, p.name, a.gone_at
    from alarm a left join person p on p.organisation = a.organisation and p.id = a.acknowledged_by
    where a.organisation = who.organisation
    order by a.gone_at is not null, a.acknowledged_at is not null, a.first_seen desc limit least(at_most, 500);
end $$;
create function own_quarantines() returns table (id uuid, form text, title text, since timestamptz, by_name text, reason text,
  signed_by text[], signed_by_me boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select q.id, q.form, form_title(q.organisation, q.form), q.since, p.name, q.reason,
      array(select x.name from signed_document d join person x on x.organisation = d.organisation and x.id = d.signer
        where d.organisation = q.organisation and d.kind = 'quarantine-lift' and d.text::jsonb ->> 'quarantine' = q.id::text),
      exists (select from signed_document d where d.organisation = q.organisation and d.kind = 'quarantine-lift'
        and d.text::jsonb ->> 'quarantine' = q.id::text and d.signer = who.person)
    from quarantine q left join person p on p.organisation = q.organisation and p.id = q.by_person
    where q.organisation = who.organisation and q.lifted_at is null order by q.since;
end $$;
create function own_outbox(at_most integer default 50) returns table (id uuid, alarm uuid, name text, email text, nth integer, made_at timestamptz,
  next_at timestamptz, tries integer, sent_at timestamptz, given_up_at timestamptz, failure text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_minder();
begin
  return query select o.id, o.alarm, p.name, p.email, o.nth, o.made_at, o.next_at, o.tries, o.sent_at, o.given_up_at, o.failure
    from outbox o join person p on p.organisation = o.organisation and p.id = o.person
    where o.organisation = who.organisation order by o.made_at desc, p.name limit least(at_most, 500);
end $$;
create function own_watches() returns table (person uuid, name text, at timestamptz, every interval, took interval, asked bigint, silent boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  return query select p.id, p.name, w.at, w.every, w.took, w.asked, coalesce(w.at < now() - 2 * w.every, true)
    from person p left join watch_beat w on w.organisation = p.organisation and w.person = p.id
    where p.organisation = who.organisation and p.capacities = array['watch'] and stands(p.organisation, p.id) order by p.name;
end $$;
create function acknowledge_alarm(of_alarm uuid) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_minder();
  a alarm;
begin
  select * into a from alarm x where x.organisation = who.organisation and x.id = of_alarm;
  if a.id is null then perform refuse('LB404', 'missing'); end if;
  if a.acknowledged_at is not null then perform refuse('LB409', 'acknowledged-already'); end if;
  update alarm x set acknowledged_at = now(), acknowledged_by = who.person, tell_at = null
  where x.organisation = who.organisation and x.id = of_alarm;
  update outbox o set given_up_at = now(), failure = 'acknowledged' where o.organisation = who.organisation and o.alarm = of_alarm
    and o.sent_at is null and o.given_up_at is null;
  perform register_append(who.organisation, 'alarm-acknowledged', who.person, null, jsonb_build_object('alarm', of_alarm));
end $$;

-- Closing needs one person: whoever minds alarms stops the reading of a form at once.
create function quarantine_form(of_form text, why text) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_minder();
begin
  if who.kind <> 'controller' or not exists (select from published_form f where f.organisation = who.organisation and f.form = of_form) then
    perform refuse('LB404', 'missing');
  end if;
  if not quarantine(who.organisation, of_form, who.person, why) then perform refuse('LB409', 'quarantined-already'); end if;
end $$;

-- Two managers, who are not the same person twice, let a form be read again: true with the second.
create function lift_quarantine(doc text, sig text) returns boolean
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  org uuid := who.organisation;
  d jsonb := doc::jsonb;
  q quarantine;
begin
  perform pg_advisory_xact_lock(hashtext('alarm' || org));
  perform check_clock(d);
  select * into q from quarantine x where x.organisation = org and x.id = (d ->> 'quarantine')::uuid;
  if q.id is null or q.form is distinct from d ->> 'form' then perform refuse('LB404', 'missing'); end if;
  if q.lifted_at is not null then perform refuse('LB409', 'lifted-already'); end if;
  if not trained(org, who.person) then perform refuse('LB403', 'not-trained'); end if;
  if exists (select from signed_document s where s.organisation = org and s.kind = 'quarantine-lift' and s.text::jsonb ->> 'quarantine' = d ->> 'quarantine'
    and s.signer = who.person) then perform refuse('LB409', 'signed-already'); end if;
  if exists (select from signed_document s where s.organisation = org and s.kind = 'quarantine-lift' and s.text::jsonb ->> 'quarantine' = d ->> 'quarantine'
    and same_person(org, who.person, s.signer)) then perform refuse('LB403', 'same-person'); end if;
  perform append_document(org, 'quarantine-lift', who.person, doc, sig, jsonb_build_object('quarantine', q.id));
  if (select count(*) from signed_document s join person p on p.organisation = s.organisation and p.id = s.signer
    where s.organisation = org and s.kind = 'quarantine-lift' and s.text::jsonb ->> 'quarantine' = d ->> 'quarantine'
      and 'manager' = any (p.capacities) and stands(org, p.id)) < 2 then return false; end if;
  update quarantine x set lifted_at = now() where x.organisation = org and x.id = q.id;
  return true;
end $$;

-- For letterbox_alarm, which nobody signs in as: the dead man's switch, what is due, and the outbox.
create function alarm_tick() returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  w record;
  a alarm;
begin
  for w in select b.*, p.name from watch_beat b join person p on p.organisation = b.organisation and p.id = b.person
    where b.at < now() - 2 * b.every and stands(b.organisation, b.person) loop
    perform raise_alarm(w.organisation, jsonb_build_object('key', 'silence ' || w.person, 'kind', 'silence', 'colour', 'red',
      'seen', w.name || ' has said nothing since ' || to_char(w.at at time zone 'Europe/London', 'FMDD FMMonth YYYY, HH24:MI:SS')
        || '. Until it is back, nobody notices what stands open.'));
  end loop;
  for a in select * from alarm x where x.tell_at <= now() and x.gone_at is null and x.acknowledged_at is null for update skip locked loop
    perform tell_alarm(a.organisation, a.id);
  end loop;
end $$;
-- Raises (or, where nothing is found any more, closes) what this program itself looks after: its configuration, the reading, the registers.
create function alarm_found(org uuid, of_kind text, findings jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare one jsonb;
begin
  if of_kind not in ('configuration', 'odd-reading', 'register') then perform refuse('LB422', 'document-mismatch'); end if;
  for one in select * from jsonb_array_elements(findings) loop
    perform raise_alarm(org, one || jsonb_build_object('kind', of_kind, 'form', null));
  end loop;
  update alarm a set gone_at = now(), tell_at = null where a.organisation = org and a.kind = of_kind and a.gone_at is null
    and a.key not in (select f ->> 'key' from jsonb_array_elements(findings) f);
end $$;
create type telling as (id uuid, organisation_name text, name text, email text, nth integer, tries integer, alarm uuid, kind text, colour text,
  form_title text, seen text, as_whom text, address text, done text, first_seen timestamptz, last_seen timestamptz, times bigint);
create function outbox_due(at_most integer) returns setof telling
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select o.id, r.name, p.name, p.email, o.nth, o.tries, a.id, a.kind, a.colour, form_title(a.organisation, a.form), a.seen, a.as_whom, a.address,
    a.done, a.first_seen, a.last_seen, a.times
  from outbox o join alarm a on a.organisation = o.organisation and a.id = o.alarm
  join person p on p.organisation = o.organisation and p.id = o.person join organisation r on r.id = o.organisation
  where o.sent_at is null and o.given_up_at is null and o.next_at <= now() order by o.next_at limit at_most
$$;
-- What became of a mail: sent (`again_at` and `why` null), to be tried again (both), or given up (`why` alone).
create function outbox_done(of_mail uuid, again_at timestamptz, why text) returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  update outbox o set tries = o.tries + 1, failure = left(why, 500), next_at = coalesce(again_at, o.next_at),
    sent_at = case when why is null then now() end, given_up_at = case when why is not null and again_at is null then now() end
  where o.id = of_mail
$$;
-- Alarms that a webhook has not been told as often as people have.
create function hooks_due(at_most integer) returns setof telling
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select a.id, r.name, null, null, a.told, 0, a.id, a.kind, a.colour, form_title(a.organisation, a.form), a.seen, a.as_whom, a.address, a.done,
    a.first_seen, a.last_seen, a.times
  from alarm a join organisation r on r.id = a.organisation
  where a.hooked < a.told and a.acknowledged_at is null and a.gone_at is null order by a.first_seen limit at_most
$$;
create function hook_done(of_alarm uuid, nth integer) returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  update alarm a set hooked = greatest(a.hooked, nth) where a.id = of_alarm
$$;
-- Which organisations there are, for what concerns the whole site: the host, or where nobody founded one, every body.
create function alarm_organisations() returns table (organisation uuid, slug text, kind text)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select o.id, o.slug, o.kind from organisation o order by o.kind desc, o.slug
$$;

grant execute on function own_alarms(integer), own_quarantines(), own_outbox(integer), own_watches(), acknowledge_alarm(uuid),
  quarantine_form(text, text), lift_quarantine(text, text) to letterbox_desk;
grant execute on function alarm_tick(), alarm_found(uuid, text, jsonb), outbox_due(integer), outbox_done(uuid, timestamptz, text), hooks_due(integer),
  hook_done(uuid, integer), alarm_organisations() to letterbox_alarm;
