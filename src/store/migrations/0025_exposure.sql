-- What an exposure reached, by the register alone: a case was there from the entry of its arrival to the entry of its erasure,
-- and whoever was given something of it stands in an entry. Both ends of the time asked about belong to it.

alter table incident_step drop constraint incident_step_kind_check;
alter table incident_step add constraint incident_step_kind_check check (kind in ('opened', 'note', 'aware', 'exposed', 'exposed-not',
  'contained', 'counted', 'severity', 'assessed', 'regulator', 'regulator-told', 'supplemented', 'reported', 'people', 'people-told', 'learnt',
  'measure', 'measure-done', 'reopened', 'closed'));

-- As before (0024), and a measure may be done after the end.
create or replace function take_incident_step(of_incident uuid, of_kind text, of_facts jsonb, moment timestamptz) returns integer
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_incident_worker();
  i incident;
begin
  select * into i from incident x where x.organisation = who.organisation and x.id = of_incident for update;
  if i.id is null then perform refuse('LB404', 'missing'); end if;
  if i.closed_at is not null and of_kind not in ('note', 'reopened', 'measure-done') then perform refuse('LB409', 'closed-already'); end if;
  if of_kind = 'opened' then perform refuse('LB422', 'document-mismatch'); end if;
  -- What the tick below reads of it must be readable, or no alarm would be told any more.
  if of_kind = 'measure' and not coalesce((of_facts ->> 'due')::date between '2000-01-01' and '2999-12-31' and exists (select from person p
      where p.organisation = who.organisation and p.id = (of_facts ->> 'owner')::uuid), false)
    or of_kind = 'measure-done' and coalesce((of_facts ->> 'measure')::integer, 0) <= 0 then
    perform refuse('LB422', 'document-mismatch');
  end if;
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
  update alarm a set gone_at = now(), tell_at = null where a.organisation = who.organisation and a.gone_at is null
    and (a.key = 'incident-due ' || i.id and (i.settled_at is not null or of_kind = 'aware')
      or of_kind = 'measure-done' and a.key = 'measure ' || i.id || ' ' || (of_facts ->> 'measure'));
  return append_incident_step(who.organisation, i.id, of_kind, of_facts, who.person);
end $$;

-- Measures whose day is over and that nobody has said are done, on the day of the body's own clock.
create function measures_due() returns table (organisation uuid, incident uuid, n integer, owner uuid, due date) language sql stable as $$
  select s.organisation, s.incident, s.n, (s.facts ->> 'owner')::uuid, (s.facts ->> 'due')::date
  from letterbox.incident_step s where s.kind = 'measure' and (s.facts ->> 'due')::date < (now() at time zone 'Europe/London')::date
    and not exists (select from letterbox.incident_step d where d.organisation = s.organisation and d.incident = s.incident
      and d.kind = 'measure-done' and (d.facts ->> 'measure')::integer = s.n)
$$;

-- Each of them is an alarm until it is done, told again as alarms are.
create function measures_tick() returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare m record;
begin
  for m in select d.*, p.name from measures_due() d join person p on p.organisation = d.organisation and p.id = d.owner
    where not exists (select from alarm x where x.organisation = d.organisation and x.key = 'measure ' || d.incident || ' ' || d.n
      and x.gone_at is null and x.last_seen > now() - interval '10 minutes') loop
    perform raise_alarm(m.organisation, jsonb_build_object('key', 'measure ' || m.incident || ' ' || m.n, 'kind', 'incident', 'form', null,
      'colour', 'amber', 'seen', 'A measure after an incident, which ' || m.name || ' looks after, was due on '
        || to_char(m.due, 'FMDD FMMonth YYYY') || ' and is not done.'));
  end loop;
end $$;
grant execute on function measures_tick() to letterbox_alarm;

-- The cases of a form that were there at some moment of that time, canaries aside, with what their entry says of them.
create function cases_there(org uuid, of_form text, since timestamptz, until timestamptz)
returns table (case_id uuid, received_at timestamptz, erased_at timestamptz, arrival text, files integer) language sql stable as $$
  with erased as materialized (
    select e.case_id, e.at from letterbox.register_entry e where e.organisation = org and e.kind = 'erasure')
  select e.case_id, e.at, x.at, e.body::jsonb ->> 'arrival', coalesce((e.body::jsonb ->> 'attachments')::integer, 0)
  from letterbox.register_entry e left join erased x on x.case_id = e.case_id
  where e.organisation = org and e.kind = 'submission' and e.at <= until and (x.at is null or x.at > since)
    and e.body::jsonb ->> 'form' = of_form
    and not exists (select from letterbox.canary c where c.organisation = org and c.case_id = e.case_id)
$$;

-- What was handed out of these cases in that time: an entry for each, and for a list one for each of its cases.
create function handed_out(org uuid, of_form text, since timestamptz, until timestamptz, to_person uuid)
returns table (entry bigint, kind text, person uuid, at timestamptz, case_id uuid, attachment uuid) language sql stable as $$
  select e.id, e.kind, e.actor, e.at, x.case_id, (e.body::jsonb ->> 'attachment')::uuid
  from letterbox.register_entry e,
    lateral (select e.case_id where e.case_id is not null
      union all select value::uuid from jsonb_array_elements_text(e.body::jsonb -> 'cases') where e.kind = 'list') x(case_id)
  where e.organisation = org and e.kind in ('list', 'release', 'attachment-release') and e.at between since and until
    and e.body::jsonb ->> 'form' = of_form and (to_person is null or e.actor = to_person)
    and not exists (select from letterbox.canary c where c.organisation = org and c.case_id = x.case_id)
$$;

-- The cases that an exposure reached, the oldest first: all that were there, or what one colleague was given.
create function exposed_cases(of_form text, since timestamptz, until timestamptz, colleague uuid)
returns table (case_id uuid, received_at timestamptz, erased_at timestamptz, arrival text, files integer)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_incident_worker();
begin
  return query select c.* from cases_there(who.organisation, of_form, since, coalesce(until, now())) c
    where colleague is null or c.case_id in (select h.case_id
      from handed_out(who.organisation, of_form, since, coalesce(until, now()), colleague) h)
    order by c.received_at, c.case_id;
end $$;

-- Who was given what of a form in that time. `bytes`: ciphertext that left, as far as it is still there to be measured; `unmeasured`:
-- entries of which it is not.
create function exposed_to(of_form text, since timestamptz, until timestamptz, colleague uuid)
returns table (person uuid, name text, opened bigint, files bigint, listed bigint, first timestamptz, last timestamptz, bytes bigint, unmeasured bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_incident_worker();
begin
  return query select h.person, p.name,
      count(distinct h.case_id) filter (where h.kind = 'release'),
      count(distinct h.attachment) filter (where h.kind = 'attachment-release'),
      count(distinct h.case_id) filter (where h.kind = 'list'), min(h.at), max(h.at),
      coalesce(sum(case h.kind when 'release' then length(c.answers) + length(c.summary) + length(c.case_key)
        when 'list' then length(c.summary) else a.size end), 0)::bigint,
      count(*) filter (where case when h.kind = 'attachment-release' then a.id else c.id end is null)
    from handed_out(who.organisation, of_form, since, coalesce(until, now()), colleague) h
    join person p on p.organisation = who.organisation and p.id = h.person
    left join cases c on c.organisation = who.organisation and c.id = h.case_id
    left join attachment a on a.organisation = who.organisation and a.case_id = h.case_id and a.id = h.attachment
    group by h.person, p.name order by min(h.at);
end $$;

-- What alarms said about a form in that time, and how often Watch had been round: what is known from outside.
create function seen_meanwhile(of_form text, since timestamptz, until timestamptz) returns jsonb
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_incident_worker();
begin
  return jsonb_build_object(
    'alarms', (select coalesce(jsonb_agg(jsonb_build_object('colour', a.colour, 'seen', a.seen, 'as', a.as_whom, 'since', iso(a.first_seen),
        'gone', iso(a.gone_at)) order by a.first_seen), '[]')
      from alarm a where a.organisation = who.organisation and a.form = of_form and a.kind in ('readable', 'loose')
        and a.first_seen <= coalesce(until, now()) and coalesce(a.gone_at, now()) >= since),
    'asked', (select coalesce(sum((e.body::jsonb ->> 'asked')::bigint), 0) from register_entry e where e.organisation = who.organisation
      and e.kind = 'watched' and e.at between since and coalesce(until, now())),
    'entries', (select count(*) from register_leaf l where l.organisation = who.organisation));
end $$;

grant execute on function exposed_cases(text, timestamptz, timestamptz, uuid), exposed_to(text, timestamptz, timestamptz, uuid),
  seen_meanwhile(text, timestamptz, timestamptz) to letterbox_desk;
