-- The work on a case: which state it is in, what came of it, and who looks after it. Nothing of what was sent: states and
-- outcomes are words of the form's own, and whoever administers the database may read them.
create table case_step (
  organisation body_id not null,
  case_id uuid not null,
  n integer not null check (n > 0),
  -- A state of the form, with an outcome where one came of it; or both null, and it is `person` who looks after it from now on.
  state text check (state ~ '^[a-z0-9-]{1,40}$'),
  outcome text check (outcome ~ '^[a-z0-9-]{1,40}$'),
  person uuid,
  by_person uuid not null,
  at timestamptz not null,
  primary key (organisation, case_id, n),
  foreign key (organisation, case_id) references cases on delete cascade,
  foreign key (organisation, person) references person,
  foreign key (organisation, by_person) references person,
  check (state is null or person is null),
  check (outcome is null or state is not null)
);

create function casework_of(org uuid, of_form text, of_version integer) returns jsonb language sql stable as $$
  select coalesce(f.definition -> 'casework', '{}') from letterbox.published_form f
  where f.organisation = org and f.form = of_form and f.version = of_version
$$;

-- Takes a case to a state of its form, with an outcome or without; the same state again is no step.
create function take_case_state(of_case uuid, of_state text, of_outcome text) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases := read_case(who, of_case);
  known jsonb := casework_of(c.organisation, c.form, c.version);
begin
  if not coalesce(known -> 'states' @> jsonb_build_array(jsonb_build_object('id', of_state)), false)
    or of_outcome is not null and not coalesce(known -> 'outcomes' @> jsonb_build_array(jsonb_build_object('id', of_outcome)), false) then
    perform refuse('LB422', 'no-such-state');
  end if;
  perform lock_case(c.id);
  if exists (select from case_step s where s.organisation = c.organisation and s.case_id = c.id and s.state = of_state
      and s.outcome is not distinct from of_outcome and s.n = (select max(t.n) from case_step t where t.organisation = c.organisation
        and t.case_id = c.id and t.state is not null)) then return; end if;
  insert into case_step (organisation, case_id, n, state, outcome, by_person, at)
  select c.organisation, c.id, count(*) + 1, of_state, of_outcome, who.person, now()
  from case_step s where s.organisation = c.organisation and s.case_id = c.id;
  perform register_append(who.organisation, 'case-state', who.person, c.id, jsonb_build_object('form', c.form, 'state', of_state,
    'outcome', of_outcome));
end $$;

-- Gives a case to somebody who may read it to look after, or to nobody in particular.
create function assign_case(of_case uuid, to_person uuid) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases := read_case(who, of_case);
begin
  if to_person is not null and not may_read(c.organisation, to_person, c.form, c.generation, c.id) then
    perform refuse('LB422', 'no-reader');
  end if;
  perform lock_case(c.id);
  insert into case_step (organisation, case_id, n, person, by_person, at)
  select c.organisation, c.id, count(*) + 1, to_person, who.person, now()
  from case_step s where s.organisation = c.organisation and s.case_id = c.id;
  perform register_append(who.organisation, 'case-assigned', who.person, c.id, jsonb_build_object('form', c.form, 'subject', to_person));
end $$;

-- What was done on a case, for whoever may read it, and who could look after it: all who may read it now.
create function case_work(of_case uuid) returns table (form text, version integer, received_at timestamptz, written_at timestamptz,
  steps jsonb, readers jsonb)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases := read_case(who, of_case);
begin
  return query select c.form, c.version, c.received_at,
    (select max(m.at) from message m where m.organisation = c.organisation and m.case_id = c.id and m.person is not null),
    (select coalesce(jsonb_agg(jsonb_build_object('state', s.state, 'outcome', s.outcome, 'person', s.person, 'name', p.name, 'by', b.name,
        'at', to_char(s.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by s.n), '[]')
      from case_step s join person b on b.organisation = s.organisation and b.id = s.by_person
      left join person p on p.organisation = s.organisation and p.id = s.person
      where s.organisation = c.organisation and s.case_id = c.id),
    (select coalesce(jsonb_agg(distinct jsonb_build_object('id', p.id, 'name', p.name)), '[]')
      from live_grants(c.organisation) g join person p on p.organisation = c.organisation and p.id = g.person
      where g.form = c.form and may_read(c.organisation, p.id, c.form, c.generation, c.id));
end $$;

-- The work of whoever asks: the cases that they may read, with the states each has been in, when somebody of the body last wrote
-- to its submitter, and who looks after it. No canaries; the oldest first.
create function my_work() returns table (case_id uuid, form text, version integer, received_at timestamptz, written_at timestamptz,
  states jsonb, person uuid, name text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
begin
  return query select c.id, c.form, c.version, c.received_at, w.at, s.states, a.person, p.name
    from (select g.form as of_form, min(g.from_generation) filter (where g.case_id is null) as from_generation,
        array_agg(g.case_id) filter (where g.case_id is not null) as single
      from live_grants(org) g where g.person = who.person and g.starts <= now() group by g.form) m
    join cases c on c.organisation = org and c.form = m.of_form
      and (plain_generation(org, c.form, c.generation) >= m.from_generation or c.id = any (m.single))
    left join lateral (select max(x.at) as at from message x where x.organisation = org and x.case_id = c.id and x.person is not null) w on true
    left join lateral (select jsonb_agg(jsonb_build_object('state', x.state,
        'at', to_char(x.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by x.n) as states
      from case_step x where x.organisation = org and x.case_id = c.id and x.state is not null) s on true
    left join lateral (select x.person from case_step x where x.organisation = org and x.case_id = c.id and x.state is null
      order by x.n desc limit 1) a on true
    left join person p on p.organisation = org and p.id = a.person
    where not is_canary(org, c.id)
    order by c.received_at limit 20000;
end $$;

-- In which state of its form the case of a receipt is, in the form's words, and since when; nothing before the first step.
create function slot_state(by_authenticator bytea) returns table (label text, since timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare r record;
begin
  select * into r from returned_to(by_authenticator);
  return query select k ->> 'label', s.at from case_step s
    join cases c on c.organisation = s.organisation and c.id = s.case_id,
    lateral jsonb_array_elements(casework_of(c.organisation, c.form, c.version) -> 'states') k
    where s.organisation = r.organisation and s.case_id = r.case_id and k ->> 'id' = s.state
    order by s.n desc limit 1;
end $$;

grant execute on function slot_state(bytea) to letterbox_slot;
grant execute on function take_case_state(uuid, text, text), assign_case(uuid, uuid), case_work(uuid), my_work() to letterbox_desk;
