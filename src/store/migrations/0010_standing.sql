-- Who stands: leaving, suspension and its lifting, training, leave.

-- Two managers in good standing always remain, so that nobody can make themselves the only one.
create function keep_two_managers(org uuid, without uuid) returns void language plpgsql stable as $$
begin
  if exists (select from letterbox.person p where p.organisation = org and p.id = without and letterbox.leads(p.capacities)
      and p.confirmed_at is not null)
    and (select count(*) from letterbox.person p where p.organisation = org and p.id <> without and letterbox.leads(p.capacities)
      and letterbox.stands(org, p.id)) < 2 then perform letterbox.refuse('LB409', 'last-managers'); end if;
end $$;
-- Somebody who cannot do anything any more is signed out by the same act.
create function end_sessions(org uuid, who uuid) returns void language sql volatile as $$
  update letterbox.session s set ended_at = now(), kept = null where s.organisation = org and s.person = who and s.ended_at is null
$$;

-- One manager lets somebody go, or they go by themselves. Their grants stop counting at once (stands()).
create function leave_organisation(doc text, sig text) returns boolean
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := actor_in_turn();
  d jsonb := doc::jsonb;
  p person;
begin
  select * into p from person x where x.organisation = who.organisation and x.id = (d ->> 'person')::uuid;
  if p.id is null or p.confirmed_at is null then perform refuse('LB404', 'missing'); end if;
  if p.id <> who.person and not leads(who.capacities) then perform refuse('LB403', 'not-manager'); end if;
  if p.left_at is not null then perform refuse('LB409', 'left-already'); end if;
  perform keep_two_managers(who.organisation, p.id);
  perform append_document(who.organisation, 'leaving', who.person, doc, sig);
  update person x set left_at = now() where x.organisation = who.organisation and x.id = p.id;
  perform end_sessions(who.organisation, p.id);
  return false;
end $$;

create function suspend_person(doc text, sig text) returns boolean
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := actor_in_turn('manager');
  d jsonb := doc::jsonb;
  p person;
begin
  select * into p from person x where x.organisation = who.organisation and x.id = (d ->> 'person')::uuid;
  if p.id is null or p.confirmed_at is null or p.left_at is not null then perform refuse('LB404', 'missing'); end if;
  if p.id = who.person then perform refuse('LB403', 'own-suspension'); end if;
  if not stands(who.organisation, p.id) then perform refuse('LB409', 'suspended-already'); end if;
  perform keep_two_managers(who.organisation, p.id);
  insert into suspension (organisation, person, document, since)
  values (who.organisation, p.id, append_document(who.organisation, 'suspension', who.person, doc, sig), now());
  perform end_sessions(who.organisation, p.id);
  return false;
end $$;

-- Two managers, neither of them the person, lift a suspension: true with the second.
create function resume_person(doc text, sig text) returns boolean
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := actor_in_turn('manager');
  d jsonb := doc::jsonb;
  s suspension;
begin
  select * into s from suspension x where x.organisation = who.organisation and x.document = decode(d ->> 'suspension', 'hex')
    and x.person = (d ->> 'person')::uuid and x.lifted_at is null;
  if s.person is null then perform refuse('LB404', 'missing'); end if;
  if s.person = who.person then perform refuse('LB403', 'own-suspension'); end if;
  if exists (select from signed_document x where x.organisation = who.organisation and x.kind = 'resumption'
    and x.signer = who.person and x.text::jsonb ->> 'suspension' = d ->> 'suspension') then perform refuse('LB409', 'signed-already'); end if;
  perform append_document(who.organisation, 'resumption', who.person, doc, sig);
  if (select count(distinct x.signer) from signed_document x where x.organisation = who.organisation and x.kind = 'resumption'
    and x.text::jsonb ->> 'suspension' = d ->> 'suspension') < 2 then return false; end if;
  update suspension x set lifted_at = now() where x.organisation = who.organisation and x.document = s.document;
  return stands(who.organisation, s.person);
end $$;

-- That somebody's training is in date: their own course, whose answers the desk has checked, or one held elsewhere, by a manager.
create function record_training(doc text, sig text) returns boolean
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := actor_in_turn();
  d jsonb := doc::jsonb;
  p person;
begin
  select * into p from person x where x.organisation = who.organisation and x.id = (d ->> 'person')::uuid;
  if p.id is null or p.confirmed_at is null or p.left_at is not null then perform refuse('LB404', 'missing'); end if;
  if d -> 'answers' = 'null' then
    if not 'manager' = any (who.capacities) then perform refuse('LB403', 'not-manager'); end if;
    if p.id = who.person then perform refuse('LB422', 'document-mismatch'); end if;
  elsif p.id <> who.person then perform refuse('LB422', 'document-mismatch');
  end if;
  if (d ->> 'at')::timestamptz not between now() - interval '10 minutes' and now() + interval '10 minutes' then
    perform refuse('LB422', 'clock');
  end if;
  if (d ->> 'until')::timestamptz not between now() and now()
      + (case when d -> 'answers' = 'null' then interval '1099 days' else interval '367 days' end) then
    perform refuse('LB422', 'until');
  end if;
  insert into training (organisation, person, document, course, since, until)
  values (who.organisation, p.id, append_document(who.organisation, 'training', who.person, doc, sig), d ->> 'course',
    least((d ->> 'at')::timestamptz, now()), (d ->> 'until')::timestamptz);
  return stands(who.organisation, p.id);
end $$;

-- Leave: told by the person, or by a manager. It decides nothing; previews show it.
create function tell_away(who_is uuid, first date, last date) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  told uuid := gen_random_uuid();
begin
  if who_is <> who.person and not 'manager' = any (who.capacities) then perform refuse('LB403', 'not-manager'); end if;
  if not exists (select from person p where p.organisation = who.organisation and p.id = who_is and p.left_at is null) then
    perform refuse('LB404', 'missing');
  end if;
  if last < first or last < current_date or last > current_date + 730 then perform refuse('LB422', 'days'); end if;
  insert into away (organisation, person, id, first_day, last_day) values (who.organisation, who_is, told, first, last);
  perform register_append(who.organisation, 'away', who.person, null, jsonb_build_object('subject', who_is, 'first', first, 'last', last));
  return told;
end $$;
create function forget_away(told uuid) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  gone away;
begin
  delete from away a where a.organisation = who.organisation and a.id = told
    and (a.person = who.person or 'manager' = any (who.capacities)) returning * into gone;
  if gone.id is null then perform refuse('LB404', 'missing'); end if;
  perform register_append(who.organisation, 'away-forgotten', who.person, null, jsonb_build_object('subject', gone.person));
end $$;

grant execute on function leave_organisation(text, text), suspend_person(text, text), resume_person(text, text),
  record_training(text, text), tell_away(uuid, date, date), forget_away(uuid) to letterbox_desk;
