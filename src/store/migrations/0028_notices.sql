-- Notices: what the people affected by an incident are sent. Who they are and what each is told stays sealed, or in a file of the
-- body's own; here lies of each message an opaque key, a short reference, its channel, its state, and a commitment to its address and
-- words, which whoever sends has to meet.

alter table incident_step drop constraint incident_step_kind_check;
alter table incident_step add constraint incident_step_kind_check check (kind in ('opened', 'note', 'aware', 'exposed', 'exposed-not',
  'contained', 'counted', 'severity', 'self-assessed', 'assessed', 'regulator', 'regulator-told', 'supplemented', 'reported', 'people', 'worded', 'notice',
  'people-told', 'learnt', 'measure', 'measure-done', 'reopened', 'closed'));

create table notice (
  organisation body_id not null,
  id uuid not null,
  incident uuid not null,
  -- The step that says its words.
  worded integer not null,
  source text not null check (source in ('cases', 'file')),
  -- The forms, each with the generation of its key, whose readers can open the list; none where it is in a file.
  forms jsonb not null,
  sealed bytea,
  -- Over the commitments, in their order: what the two agree on.
  list_hash bytea not null check (length(list_hash) = 32),
  -- The cases whose people are in the list, each with its form.
  cases jsonb not null,
  -- Messages a minute at most.
  pace integer not null check (pace between 60 and 12000),
  proposed_at timestamptz not null,
  proposed_by uuid not null,
  approved_at timestamptz,
  approved_by uuid,
  stopped_at timestamptz,
  stopped_by uuid,
  -- Something was about to be sent that is not in the list: no message goes out any more.
  halted_at timestamptz,
  withdrawn_at timestamptz,
  primary key (organisation, id),
  check ((source = 'cases') = (sealed is not null)),
  foreign key (organisation, incident, worded) references incident_step (organisation, incident, n),
  foreign key (organisation, proposed_by) references person (organisation, id),
  foreign key (organisation, approved_by) references person (organisation, id),
  foreign key (organisation, stopped_by) references person (organisation, id)
);
alter table notice alter sealed set storage external;
create unique index notice_one_each on notice (organisation, incident) where withdrawn_at is null;

create table notice_message (
  organisation body_id not null,
  notice uuid not null,
  key uuid not null,
  nth integer not null,
  -- What its receiver says when they get in touch.
  reference text not null check (reference ~ '^N[0-9A-Z]{5}-[0-9A-Z]{5}$'),
  channel text not null check (channel in ('email', 'letter', 'hand')),
  commitment bytea not null check (length(commitment) = 32),
  state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'unknown', 'refused', 'returned', 'told')),
  tries integer not null default 0,
  claimed_at timestamptz,
  changed_at timestamptz not null,
  why text,
  replied_at timestamptz,
  primary key (organisation, notice, key),
  unique (organisation, notice, nth),
  unique (organisation, notice, reference),
  foreign key (organisation, notice) references notice (organisation, id)
);
create index notice_message_claimed on notice_message (organisation, notice, claimed_at) where claimed_at is not null;

-- The notice, held until the transaction ends; refused where the actor's body has none of that name.
create function held_notice(org uuid, of_notice uuid) returns notice language plpgsql volatile as $$
declare n letterbox.notice;
begin
  select * into n from letterbox.notice x where x.organisation = org and x.id = of_notice and x.withdrawn_at is null for update;
  if n.id is null then perform letterbox.refuse('LB404', 'missing'); end if;
  return n;
end $$;

-- Whoever sees the list reads what the cases say, so it takes their grants, and a form in quarantine keeps it shut.
create function may_see_list(who acting, of_forms jsonb) returns boolean language sql stable as $$
  select coalesce(bool_and(letterbox.may_read((who).organisation, (who).person, f ->> 'form', (f ->> 'generation')::integer)), true)
  from jsonb_array_elements(of_forms) f
$$;

-- The notice, for those who work on incidents and for whoever may see its list, who may be asked to agree to it.
create function seen_notice(who acting, of_notice uuid) returns notice language plpgsql stable as $$
declare n letterbox.notice;
begin
  select * into n from letterbox.notice x where x.organisation = (who).organisation and x.id = of_notice and x.withdrawn_at is null;
  if n.id is null or not (letterbox.minds_alarms((who).capacities)
      or jsonb_array_length(n.forms) > 0 and letterbox.may_see_list(who, n.forms)) then perform letterbox.refuse('LB404', 'missing'); end if;
  return n;
end $$;

create function propose_notice(of_incident uuid, of_notice uuid, of_step integer, of_source text, its_forms jsonb, content bytea,
  of_list bytea, its_cases jsonb, of_pace integer, messages jsonb, of_facts jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_incident_worker();
begin
  if not exists (select from incident x where x.organisation = who.organisation and x.id = of_incident) then perform refuse('LB404', 'missing'); end if;
  if exists (select from incident x where x.organisation = who.organisation and x.id = of_incident and x.closed_at is not null) then
    perform refuse('LB409', 'closed-already');
  end if;
  if of_source = 'cases' and jsonb_array_length(its_forms) = 0 or not may_see_list(who, its_forms) then perform refuse('LB404', 'missing'); end if;
  -- The words are those that were written last.
  if of_step is distinct from (select max(s.n) from incident_step s where s.organisation = who.organisation and s.incident = of_incident
    and s.kind = 'worded') then perform refuse('LB409', 'worded-anew'); end if;
  if exists (select from notice x where x.organisation = who.organisation and x.incident = of_incident and x.withdrawn_at is null) then
    perform refuse('LB409', 'notice-already');
  end if;
  insert into notice (organisation, id, incident, worded, source, forms, sealed, list_hash, cases, pace, proposed_at, proposed_by)
  values (who.organisation, of_notice, of_incident, of_step, of_source, its_forms, content, of_list, its_cases, of_pace, now(), who.person);
  insert into notice_message (organisation, notice, key, nth, reference, channel, commitment, changed_at)
  select who.organisation, of_notice, (m ->> 'key')::uuid, o::integer, m ->> 'reference', m ->> 'channel', decode(m ->> 'commitment', 'hex'), now()
  from jsonb_array_elements(messages) with ordinality e(m, o);
  perform append_incident_step(who.organisation, of_incident, 'notice', of_facts || jsonb_build_object('notice', of_notice, 'what', 'proposed',
    'list', encode(of_list, 'hex')), who.person);
end $$;

-- The second of two says that the list is right: somebody else, who has seen it.
create function approve_notice(of_notice uuid, of_list bytea, of_facts jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  n notice := seen_notice(who, of_notice);
begin
  n := held_notice(who.organisation, of_notice);
  if not may_see_list(who, n.forms) then perform refuse('LB404', 'missing'); end if;
  if n.approved_at is not null then perform refuse('LB409', 'approved-already'); end if;
  if same_person(who.organisation, who.person, n.proposed_by) then perform refuse('LB403', 'same-person'); end if;
  if n.list_hash <> of_list then perform refuse('LB422', 'another-list'); end if;
  update notice x set approved_at = now(), approved_by = who.person where x.organisation = who.organisation and x.id = of_notice;
  perform append_incident_step(who.organisation, n.incident, 'notice',
    of_facts || jsonb_build_object('notice', of_notice, 'what', 'approved', 'list', encode(of_list, 'hex')), who.person);
end $$;

-- Stopping is for anybody who works on it; going on after a stop as well. A notice of which nothing went out can be withdrawn.
create function steer_notice(of_notice uuid, what text, of_facts jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_incident_worker();
  n notice := held_notice(who.organisation, of_notice);
begin
  if what = 'withdrawn' and exists (select from notice_message m where m.organisation = who.organisation and m.notice = of_notice
    and (m.tries > 0 or m.state <> 'waiting')) then perform refuse('LB409', 'sent-some'); end if;
  if what = 'resumed' and n.halted_at is not null then perform refuse('LB409', 'halted'); end if;
  update notice x set
    stopped_at = case what when 'stopped' then coalesce(x.stopped_at, now()) when 'resumed' then null else x.stopped_at end,
    stopped_by = case what when 'stopped' then coalesce(x.stopped_by, who.person) when 'resumed' then null else x.stopped_by end,
    withdrawn_at = case what when 'withdrawn' then now() end
  where x.organisation = who.organisation and x.id = of_notice;
  perform append_incident_step(who.organisation, n.incident, 'notice', of_facts || jsonb_build_object('notice', of_notice, 'what', what), who.person);
end $$;

create function notice_found(of_notice uuid) returns table (id uuid, incident uuid, words jsonb, source text, forms jsonb, list_hash bytea,
  cases jsonb, pace integer, proposed_at timestamptz, proposed_by text, own boolean, approved_at timestamptz, approved_by text,
  stopped_at timestamptz, stopped_by text, halted_at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  n notice := seen_notice(who, of_notice);
begin
  return query select n.id, n.incident, w.facts, n.source, n.forms, n.list_hash, n.cases, n.pace, n.proposed_at, p.name,
      same_person(who.organisation, who.person, n.proposed_by), n.approved_at, a.name, n.stopped_at, s.name, n.halted_at
    from person p join incident_step w on w.organisation = n.organisation and w.incident = n.incident and w.n = n.worded
    left join person a on a.organisation = n.organisation and a.id = n.approved_by
    left join person s on s.organisation = n.organisation and s.id = n.stopped_by
    where p.organisation = n.organisation and p.id = n.proposed_by;
end $$;
create function own_notice(of_incident uuid) returns uuid
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_incident_worker();
begin
  return (select n.id from notice n where n.organisation = who.organisation and n.incident = of_incident and n.withdrawn_at is null);
end $$;

-- A message that somebody began to send and of which nothing was heard for ten minutes may have gone out, or not.
create function message_state(m notice_message) returns text language sql stable as $$
  select case when m.state = 'sending' and m.claimed_at < now() - interval '10 minutes' then 'unknown' else m.state end
$$;

create function notice_messages(of_notice uuid) returns table (key uuid, nth integer, reference text, channel text, commitment bytea,
  state text, tries integer, changed_at timestamptz, why text, replied_at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  n notice := seen_notice(who, of_notice);
begin
  return query select m.key, m.nth, m.reference, m.channel, m.commitment, message_state(m), m.tries, m.changed_at, m.why, m.replied_at
    from notice_message m where m.organisation = n.organisation and m.notice = n.id order by m.nth;
end $$;

-- Hands the sealed list out, which the register keeps.
create function notice_list(of_notice uuid) returns bytea
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  n notice := seen_notice(who, of_notice);
begin
  if n.sealed is null or not may_see_list(who, n.forms) then perform refuse('LB404', 'missing'); end if;
  perform refuse_quarantined(who.organisation, f ->> 'form') from jsonb_array_elements(n.forms) f;
  perform register_append(who.organisation, 'notice-list', who.person, null, jsonb_build_object('notice', of_notice,
    'sealed', encode(sha256(n.sealed), 'hex')));
  return n.sealed;
end $$;

-- Takes messages to send them now. Each has to be what the two agreed on: one that is not halts the notice, and none is sent.
create function claim_messages(of_notice uuid, keys uuid[], commitments bytea[]) returns table (outcome text, claimed uuid[])
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_incident_worker();
  n notice := held_notice(who.organisation, of_notice);
  lately bigint;
  taken uuid[];
begin
  if n.approved_at is null then perform refuse('LB409', 'not-approved'); end if;
  if n.stopped_at is not null or n.halted_at is not null then return query select 'stopped', '{}'::uuid[]; return; end if;
  if cardinality(keys) <> cardinality(commitments) or exists (select from unnest(keys, commitments) a(key, commitment)
      left join notice_message m on m.organisation = who.organisation and m.notice = of_notice and m.key = a.key
      where m.commitment is distinct from a.commitment) then
    update notice x set halted_at = now() where x.organisation = who.organisation and x.id = of_notice;
    perform append_incident_step(who.organisation, n.incident, 'notice', jsonb_build_object('notice', of_notice, 'what', 'halted',
      'text', 'A message was about to go out whose address or words are not those of the list. Nothing more is sent.'), who.person);
    perform raise_alarm(who.organisation, jsonb_build_object('key', 'notice ' || of_notice, 'kind', 'incident', 'form', null, 'colour', 'red',
      'seen', 'A message about an incident was about to go out whose address or words are not those of the list that two people agreed on. '
        || 'Letterbox sent none of these messages and has halted the notice.'));
    return query select 'halted', '{}'::uuid[];
    return;
  end if;
  select count(*) into lately from notice_message m where m.organisation = who.organisation and m.notice = of_notice
    and m.claimed_at > now() - interval '10 seconds';
  update notice_message m set state = 'sending', tries = m.tries + 1, claimed_at = clock_timestamp(), changed_at = now(), why = null
  where m.organisation = who.organisation and m.notice = of_notice and m.channel = 'email' and m.state = 'waiting' and m.key in (
    select a.key from unnest(keys) with ordinality a(key, o) order by o limit greatest(0, n.pace / 6 - lately));
  select coalesce(array_agg(m.key), '{}') into taken from notice_message m where m.organisation = who.organisation and m.notice = of_notice
    and m.key = any (keys) and m.state = 'sending' and m.claimed_at >= now();
  return query select 'claimed', taken;
end $$;

-- What became of one that was being sent.
create function message_done(of_notice uuid, of_key uuid, of_state text, of_why text) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_incident_worker();
begin
  if of_state not in ('sent', 'waiting', 'refused', 'unknown') then perform refuse('LB422', 'document-mismatch'); end if;
  update notice_message m set state = of_state, changed_at = now(), why = left(of_why, 500)
  where m.organisation = who.organisation and m.notice = of_notice and m.key = of_key and m.state = 'sending';
  if not found then perform refuse('LB404', 'missing'); end if;
  if of_state <> 'waiting' then
    perform register_append(who.organisation, 'notice-message', who.person, null, jsonb_build_object('notice', of_notice, 'message', of_key,
      'state', of_state));
  end if;
end $$;

-- What people found out about messages, by their references; those to which it does not apply are left as they are.
create function mark_messages(of_notice uuid, what text, of_references text[], of_why text) returns text[]
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_incident_worker();
  n notice := held_notice(who.organisation, of_notice);
  m notice_message;
  done text[] := '{}';
begin
  if n.approved_at is null then perform refuse('LB409', 'not-approved'); end if;
  for m in select * from notice_message x where x.organisation = who.organisation and x.notice = of_notice and x.reference = any (of_references)
      and case what
        when 'posted' then x.channel = 'letter' and x.state = 'waiting'
        when 'returned' then x.state = 'sent'
        when 'told' then message_state(x) in ('unknown', 'refused', 'returned') or x.state = 'waiting' and x.channel <> 'email'
        when 'did-go' then message_state(x) = 'unknown'
        when 'did-not-go' then message_state(x) = 'unknown'
        when 'replied' then x.replied_at is null and x.state in ('sent', 'told', 'unknown', 'returned')
        else false end
      order by x.nth loop
    update notice_message x set changed_at = now(), why = nullif(left(of_why, 500), ''),
      state = case what when 'posted' then 'sent' when 'did-go' then 'sent' when 'did-not-go' then 'waiting' when 'returned' then 'returned'
        when 'told' then 'told' else x.state end,
      replied_at = case what when 'replied' then now() else x.replied_at end
    where x.organisation = m.organisation and x.notice = m.notice and x.key = m.key;
    perform register_append(who.organisation, 'notice-message', who.person, null, jsonb_build_object('notice', of_notice, 'message', m.key,
      'state', what));
    done := done || m.reference;
  end loop;
  return done;
end $$;

-- As before (0025), and what a notice's own functions write, only they do.
create or replace function take_incident_step(of_incident uuid, of_kind text, of_facts jsonb, moment timestamptz) returns integer
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_incident_worker();
  i incident;
begin
  select * into i from incident x where x.organisation = who.organisation and x.id = of_incident for update;
  if i.id is null then perform refuse('LB404', 'missing'); end if;
  if i.closed_at is not null and of_kind not in ('note', 'reopened', 'measure-done') then perform refuse('LB409', 'closed-already'); end if;
  if of_kind in ('opened', 'notice') then perform refuse('LB422', 'document-mismatch'); end if;
  -- What the tick below reads of it must be readable, or no alarm would be told any more.
  if of_kind = 'measure' and not coalesce((of_facts ->> 'due')::date between '2000-01-01' and '2999-12-31' and exists (select from person p
      where p.organisation = who.organisation and p.id = (of_facts ->> 'owner')::uuid), false)
    or of_kind = 'measure-done' and coalesce((of_facts ->> 'measure')::integer, 0) <= 0 then
    perform refuse('LB422', 'document-mismatch');
  end if;
  if moment > now() + interval '5 minutes' then perform refuse('LB422', 'not-yet'); end if;
  -- What two people agreed on or are about to is not worded anew meanwhile.
  if of_kind = 'worded' and exists (select from notice x where x.organisation = who.organisation and x.incident = of_incident
    and x.withdrawn_at is null) then perform refuse('LB409', 'notice-already'); end if;
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

grant execute on function propose_notice(uuid, uuid, integer, text, jsonb, bytea, bytea, jsonb, integer, jsonb, jsonb),
  approve_notice(uuid, bytea, jsonb), steer_notice(uuid, text, jsonb), own_notice(uuid), notice_found(uuid), notice_messages(uuid), notice_list(uuid),
  claim_messages(uuid, uuid[], bytea[]), message_done(uuid, uuid, text, text), mark_messages(uuid, text, text[], text) to letterbox_desk;
