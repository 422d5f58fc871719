-- The conversation of a case: what its submitter and its readers write to each other, each message sealed to the case's key.
-- The submitter comes back with the receipt code, whose authenticator is all that the public process can ask by: it is
-- handed the sealed key of that one case and its messages, never the answers, after an entry in the register.

create table message (
  organisation body_id not null,
  case_id uuid not null,
  id uuid not null,
  -- Who of the body wrote it; null: the submitter.
  person uuid,
  -- Where it was sealed: in a browser, or in the public process for want of JavaScript.
  arrival text not null check (arrival in ('browser', 'server')),
  at timestamptz not null,
  sealed bytea not null check (length(sealed) between 1 and case when person is null then 70000 else 262144 end),
  primary key (organisation, case_id, id),
  foreign key (organisation, case_id) references cases on delete cascade,
  foreign key (organisation, person) references person,
  check (person is null or arrival = 'browser')
);
alter table message alter sealed set storage external;

-- A receipt code that a reader issued for one that was lost. The newest counts, and no older one any more.
create table renewed_receipt (
  organisation body_id not null,
  case_id uuid not null,
  nth integer not null check (nth > 0),
  authenticator_hash bytea not null unique check (length(authenticator_hash) = 32),
  receipt_key bytea not null check (length(receipt_key) between 1 and 131072),
  person uuid not null,
  at timestamptz not null,
  primary key (organisation, case_id, nth),
  foreign key (organisation, case_id) references cases on delete cascade,
  foreign key (organisation, person) references person
);

-- The case that a receipt's authenticator stands for now, and its key sealed to that receipt. Nothing where there is none.
create function returned_to(by_authenticator bytea, out organisation uuid, out case_id uuid, out receipt_key bytea)
returns setof record language sql stable as $$
  select c.organisation, c.id, c.receipt_key from letterbox.cases c where c.authenticator_hash = by_authenticator
    and not exists (select from letterbox.renewed_receipt r where r.organisation = c.organisation and r.case_id = c.id)
  union all
  select r.organisation, r.case_id, r.receipt_key from letterbox.renewed_receipt r
  where r.authenticator_hash = by_authenticator and not exists (select from letterbox.renewed_receipt n
    where n.organisation = r.organisation and n.case_id = r.case_id and n.nth > r.nth)
  limit 1
$$;

-- The messages of a case in their order, sealed. Not in SQL's own words for JSON where it stands, since it is asked twice.
create function messages_of(org uuid, of_case uuid) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'person', m.person, 'name', p.name, 'arrival', m.arrival,
    'at', to_char(m.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'sealed', translate(encode(m.sealed, 'base64'), E'+/=\n', '-_')) order by m.at, m.id), '[]')
  from letterbox.message m left join letterbox.person p on p.organisation = m.organisation and p.id = m.person
  where m.organisation = org and m.case_id = of_case
$$;
-- What stands in the register for them: the hash of their hashes, in the order of their ids.
create function messages_hash(org uuid, of_case uuid) returns text language sql stable as $$
  select encode(sha256(string_agg(sha256(m.sealed), ''::bytea order by m.id)), 'hex')
  from letterbox.message m where m.organisation = org and m.case_id = of_case
$$;

create function is_closed(org uuid, of_form text) returns boolean language plpgsql stable as $$
begin
  perform letterbox.refuse_quarantined(org, of_form);
  return false;
exception when sqlstate 'LB409' then
  return true;
end $$;

-- A submitter comes back: their case's key and messages, sealed; who opened the case, in which capacity and when; and since
-- when an older code counts no longer, and when somebody last came with this code, more than an hour ago. `how`: whether a browser opens them, or the public process. Where the form is in
-- quarantine, `closed` and nothing sealed.
create function slot_return(by_authenticator bytea, how text) returns table (
  case_id uuid, organisation uuid, organisation_name text, form text, form_title text, version integer, generation integer,
  received_on date, closed boolean, receipt_key bytea, messages jsonb, openings jsonb, renewed_at timestamptz, returned_at timestamptz)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  r record;
  c cases;
  shut boolean;
begin
  select * into r from returned_to(by_authenticator);
  if r.case_id is null then return; end if;
  select * into c from cases x where x.organisation = r.organisation and x.id = r.case_id;
  shut := is_closed(c.organisation, c.form);
  if not shut then
    perform register_append(c.organisation, 'return', null, c.id, jsonb_build_object('form', c.form, 'opened', how,
      'messages', messages_hash(c.organisation, c.id)));
  end if;
  return query select c.id, c.organisation::uuid, o.name, c.form, coalesce(f.definition ->> 'title', c.form), c.version, c.generation,
      (c.received_at at time zone 'Europe/London')::date, shut,
      case when not shut then r.receipt_key end,
      case when shut then '[]' else messages_of(c.organisation, c.id) end,
      (select coalesce(jsonb_agg(jsonb_build_object('person', e.actor, 'capacities', p.capacities,
          'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by e.id), '[]')
        from register_entry e join person p on p.organisation = e.organisation and p.id = e.actor
        where e.organisation = c.organisation and e.case_id = c.id and e.kind = 'release'),
      (select max(n.at) from renewed_receipt n where n.organisation = c.organisation and n.case_id = c.id),
      (select max(e.at) from register_entry e where e.organisation = c.organisation and e.case_id = c.id and e.kind = 'return'
        and e.at < now() - interval '1 hour')
    from organisation o left join published_form f on f.organisation = c.organisation and f.form = c.form and f.version = c.version
    where o.id = c.organisation;
end $$;

-- A submitter writes: kept | again (this very message lies here) | other (another has its id) | unknown | closed | too-many
-- (200 in all, 20 in an hour).
create function slot_reply(by_authenticator bytea, of_message uuid, how text, content bytea) returns text
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  r record;
  c cases;
  same boolean;
begin
  select * into r from returned_to(by_authenticator);
  if r.case_id is null then return 'unknown'; end if;
  perform lock_case(r.case_id);
  -- Another code may have been issued while the lock was waited for.
  select * into r from returned_to(by_authenticator);
  if r.case_id is null then return 'unknown'; end if;
  select * into c from cases x where x.organisation = r.organisation and x.id = r.case_id;
  select m.sealed = content and m.person is null into same from message m
  where m.organisation = c.organisation and m.case_id = c.id and m.id = of_message;
  if found then return case when same then 'again' else 'other' end; end if;
  if is_closed(c.organisation, c.form) then return 'closed'; end if;
  if (select count(*) >= 200 or count(*) filter (where m.at > now() - interval '1 hour') >= 20 from message m
      where m.organisation = c.organisation and m.case_id = c.id and m.person is null) then
    return 'too-many';
  end if;
  insert into message (organisation, case_id, id, person, arrival, at, sealed)
  values (c.organisation, c.id, of_message, null, how, now(), content);
  perform register_append(c.organisation, 'message', null, c.id, jsonb_build_object('form', c.form, 'message', of_message,
    'arrival', how, 'sealed', encode(sha256(content), 'hex')));
  return 'kept';
end $$;

-- What proves each entry about a case to its submitter: its entries and the newest checkpoint. The leaves below it, of which the
-- proofs are made, are hashes of entries with something random in each, and may be known to anybody.
create function slot_proof(by_authenticator bytea) returns table (
  case_id uuid, organisation uuid, vkey text, size bigint, note text, entries jsonb)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  r record;
  signed register_checkpoint;
begin
  select * into r from returned_to(by_authenticator);
  select * into signed from register_checkpoint k where k.organisation = r.organisation order by k.size desc limit 1;
  if signed.size is null then return; end if;
  return query select r.case_id, r.organisation, g.vkey, signed.size, signed.note,
      (select coalesce(jsonb_agg(jsonb_build_object('index', l.index, 'body', e.body) order by l.index), '[]')
        from register_entry e join register_leaf l on l.entry = e.id
        where e.organisation = r.organisation and e.case_id = r.case_id and l.index < signed.size)
    from register_log g where g.organisation = r.organisation;
end $$;

-- The release, now with the messages of the case.
drop function release_case(uuid);
create function release_case(of_case uuid) returns table (
  id uuid, form text, version integer, generation integer, arrival text, received_at timestamptz,
  answers bytea, summary bytea, case_key bytea, to_person boolean, canary boolean, files jsonb, messages jsonb)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases;
  allowed bytea;
  whole boolean;
  envelope bytea;
begin
  select * into c from cases x where x.organisation = who.organisation and x.id = of_case;
  allowed := reading_grant(who.organisation, who.person, c.form, c.generation, c.id);
  if c.id is null or allowed is null then perform refuse('LB404', 'missing'); end if;
  perform refuse_quarantined(who.organisation, c.form);
  whole := may_read(who.organisation, who.person, c.form, c.generation);
  envelope := case when whole then c.case_key else (select e.sealed from case_envelope e
    where e.organisation = c.organisation and e.case_id = c.id and e.person = who.person) end;
  if envelope is null then perform refuse('LB409', 'no-key-yet'); end if;
  perform register_append(who.organisation, 'release', who.person, c.id, jsonb_build_object(
    'form', c.form, 'generation', c.generation, 'sealed', encode(c.sealed_hash, 'hex'), 'grant', encode(allowed, 'hex'),
    'messages', messages_hash(c.organisation, c.id)));
  return query select c.id, c.form, c.version, c.generation, c.arrival, c.received_at, c.answers,
    case when whole then c.summary end, envelope, not whole, is_canary(c.organisation, c.id),
    (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'size', a.size, 'chunks', a.chunks) order by a.id), '[]')
      from attachment a where a.organisation = c.organisation and a.case_id = c.id),
    messages_of(c.organisation, c.id);
end $$;

-- The case, for whoever may read it; forbidden and absent look the same.
create function read_case(who acting, of_case uuid) returns cases language plpgsql stable as $$
declare
  c letterbox.cases;
  allowed boolean;
begin
  select * into c from letterbox.cases x where x.organisation = (who).organisation and x.id = of_case;
  allowed := letterbox.may_read((who).organisation, (who).person, c.form, c.generation, c.id);
  if c.id is null or not allowed then perform letterbox.refuse('LB404', 'missing'); end if;
  return c;
end $$;

-- The case, for a reader who is about to write to its submitter, held until the transaction ends. What they add names the document by
-- which they may.
create function held_case(who acting, of_case uuid) returns cases language plpgsql volatile as $$
declare c letterbox.cases := letterbox.read_case(who, of_case);
begin
  perform letterbox.refuse_quarantined(c.organisation, c.form);
  perform letterbox.lock_case(c.id);
  return c;
end $$;
create function grant_by(who acting, c cases) returns text language sql stable as $$
  select encode(letterbox.reading_grant((who).organisation, (who).person, (c).form, (c).generation, (c).id), 'hex')
$$;

-- A reader writes to the submitter: kept | again | other, as above.
create function write_message(of_case uuid, of_message uuid, content bytea) returns text
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases := held_case(who, of_case);
  same boolean;
begin
  select m.sealed = content and m.person = who.person into same from message m
  where m.organisation = c.organisation and m.case_id = c.id and m.id = of_message;
  if found then return case when same then 'again' else 'other' end; end if;
  insert into message (organisation, case_id, id, person, arrival, at, sealed)
  values (c.organisation, c.id, of_message, who.person, 'browser', now(), content);
  perform register_append(who.organisation, 'message', who.person, c.id, jsonb_build_object('form', c.form,
    'message', of_message, 'sealed', encode(sha256(content), 'hex'), 'grant', grant_by(who, c)));
  return 'kept';
end $$;

-- A reader issues another receipt code: the case's key sealed to it, and the hash of its authenticator. The code itself is
-- made and seen in their browser only.
create function renew_receipt(of_case uuid, authenticator bytea, sealed_key bytea) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases := held_case(who, of_case);
begin
  insert into renewed_receipt (organisation, case_id, nth, authenticator_hash, receipt_key, person, at)
  select c.organisation, c.id, count(*) + 1, authenticator, sealed_key, who.person, now()
  from renewed_receipt n where n.organisation = c.organisation and n.case_id = c.id;
  perform register_append(who.organisation, 'receipt-renewed', who.person, c.id, jsonb_build_object('form', c.form,
    'sealed', encode(sha256(sealed_key), 'hex'), 'grant', grant_by(who, c)));
end $$;

-- Cases whose submitter wrote last, of those that the actor may read, the longest waiting first.
create function unanswered() returns table (case_id uuid, form text, title text, at timestamptz, messages bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
begin
  return query select w.id, w.form, coalesce((select f.definition ->> 'title' from published_form f where f.organisation = org
      and f.form = w.form order by f.version desc limit 1), w.form), w.since, w.messages
    from (select c.id, c.form, c.generation, min(m.at) as since, count(*) as messages
      from message m join cases c on c.organisation = m.organisation and c.id = m.case_id
      where m.organisation = org and m.person is null and not is_canary(org, c.id) and not exists (select from message a
        where a.organisation = org and a.case_id = m.case_id and a.person is not null and a.at >= m.at)
      group by c.id, c.form, c.generation) w
    where may_read(org, who.person, w.form, w.generation, w.id)
    order by w.since limit 200;
end $$;
create index message_by_submitters on message (organisation, at) where person is null;

drop function slot_receipt(bytea);

grant execute on function slot_return(bytea, text), slot_reply(bytea, uuid, text, bytea), slot_proof(bytea),
  register_hashes(uuid, bigint, integer) to letterbox_slot;
grant execute on function release_case(uuid), write_message(uuid, uuid, bytea), renew_receipt(uuid, bytea, bytea), unanswered()
  to letterbox_desk;
