-- People: founding, inviting, enrolling, confirming, signing in.

-- Lets somebody found a body, or the host; run by whoever may administer the database. Operators use `host_invite_body`.
create function invite_body(of_slug text, secret bytea) returns void language sql volatile as $$
  insert into letterbox.invitation (secret_hash, slug, expires_at) values (secret, of_slug, now() + interval '7 days')
$$;
create function invite_host(secret bytea) returns void language sql volatile as $$
  insert into letterbox.invitation (secret_hash, slug, kind, expires_at) values (secret, 'host', 'host', now() + interval '7 days')
$$;

-- What somebody who holds an invitation may know of it.
create function invitation_for(secret bytea) returns table (
  organisation uuid, organisation_name text, founding text, person uuid, name text, email text, slug text, kind text)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select i.organisation, o.name, (select encode(d.hash, 'hex') from signed_document d
      where d.organisation = i.organisation and d.kind = 'founding'), i.person, p.name, p.email, i.slug, coalesce(o.kind, i.kind)
  from invitation i left join organisation o on o.id = i.organisation
  left join person p on p.organisation = i.organisation and p.id = i.person
  where i.secret_hash = secret and i.used_at is null and i.expires_at > now()
$$;

create function use_invitation(secret bytea) returns invitation language plpgsql as $$
declare found_one letterbox.invitation;
begin
  update letterbox.invitation i set used_at = now()
  where i.secret_hash = secret and i.used_at is null and i.expires_at > now() returning * into found_one;
  if not found then perform letterbox.refuse('LB404', 'invitation'); end if;
  return found_one;
end $$;

-- Whether an address is that of somebody of the other kind: nobody both runs the site and belongs to a body on it.
create function is_of_other_kind(of_email text, of_kind text) returns boolean language sql stable as $$
  select exists (select from letterbox.person p where p.email = lower(of_email) and p.left_at is null and p.kind <> of_kind)
$$;
create function refuse_other_kind(of_email text, of_kind text) returns void language plpgsql stable as $$
begin
  if not letterbox.is_of_other_kind(of_email, of_kind) then return; end if;
  perform letterbox.refuse('LB409', case of_kind when 'host' then 'somebody-of-a-body' else 'host-operator' end);
end $$;

-- Founding: the founder is the first manager, confirmed by nobody else; the page says so.
create function found(secret bytea, doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  d jsonb := doc::jsonb;
  invited invitation := use_invitation(secret);
  org uuid := (d ->> 'organisation')::uuid;
  founder uuid := (d ->> 'signer')::uuid;
begin
  if invited.slug is null then perform refuse('LB404', 'invitation'); end if;
  if d ->> 'as' is distinct from invited.kind then perform refuse('LB422', 'document-mismatch'); end if;
  perform refuse_other_kind(d -> 'person' ->> 'email', invited.kind);
  insert into organisation (id, slug, kind, name, founded_at) values (org, invited.slug, invited.kind, d ->> 'name', now());
  insert into person (organisation, kind, id, name, email, capacities, invited_at, enrolled_at, recipient, verify_key, confirmed_at)
  values (org, invited.kind, founder, d -> 'person' ->> 'name', lower(d -> 'person' ->> 'email'),
    array[case invited.kind when 'host' then 'operator' else 'manager' end], now(), now(),
    d ->> 'recipient', d ->> 'verifyKey', now());
  -- Which operator of which host let it be founded; null where whoever administers the database did.
  perform append_document(org, 'founding', founder, doc, sig, jsonb_build_object('invitedBy', invited.invited_by,
    'host', (select h.name from organisation h where h.kind = 'host' and invited.invited_by is not null)));
  return founder;
exception when unique_violation then
  perform refuse('LB409', 'founded-already');
end $$;

create function invite_person(of_name text, of_email text, of_capacities text[], secret bytea, of_outside text default null) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_colleague('manager');
  invited uuid := gen_random_uuid();
begin
  perform refuse_other_kind(of_email, who.kind);
  if not can_be_asked(who.kind, of_capacities) then perform refuse('LB422', 'capacities'); end if;
  if of_outside is not null and of_capacities && array['manager', 'watch'] then perform refuse('LB422', 'outside'); end if;
  insert into person (organisation, kind, id, name, email, capacities, outside, invited_at, invited_by)
  values (who.organisation, who.kind, invited, of_name, lower(of_email), of_capacities, of_outside, now(), who.person);
  insert into invitation (secret_hash, organisation, person, expires_at)
  values (secret, who.organisation, invited, now() + interval '7 days');
  perform register_append(who.organisation, 'invitation', who.person, null,
    jsonb_build_object('subject', invited, 'capacities', of_capacities));
  return invited;
exception when unique_violation then
  perform refuse('LB409', 'email-taken');
end $$;

create function enrol(secret bytea, doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  d jsonb := doc::jsonb;
  invited invitation := use_invitation(secret);
begin
  if invited.person is null or invited.person is distinct from (d ->> 'signer')::uuid then perform refuse('LB404', 'invitation'); end if;
  update person p set enrolled_at = now(), recipient = d ->> 'recipient', verify_key = d ->> 'verifyKey'
  where p.organisation = invited.organisation and p.id = invited.person and p.enrolled_at is null;
  if not found then perform refuse('LB409', 'enrolled-already'); end if;
  perform append_document(invited.organisation, 'enrolment', invited.person, doc, sig);
  return invited.person;
end $$;

-- Ways to sign in are added in the very transaction that used the invitation (same now()).
create function just_enrolled(secret bytea, who uuid) returns uuid language plpgsql stable as $$
declare org uuid;
begin
  select p.organisation into org from letterbox.invitation i join letterbox.person p on p.id = who and p.enrolled_at = now()
    and (i.person is null or (i.person = p.id and i.organisation = p.organisation))
  where i.secret_hash = secret and i.used_at = now();
  if org is null then perform letterbox.refuse('LB403', 'invitation'); end if;
  return org;
end $$;
create function add_passkey(secret bytea, who uuid, of_credential text, of_key bytea, of_counter bigint, of_transports text[], sealed bytea)
returns void language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
begin
  insert into passkey (organisation, person, credential, public_key, counter, transports, sealed_identity, added_at)
  values (just_enrolled(secret, who), who, of_credential, of_key, of_counter, of_transports, sealed, now());
end $$;
-- `step`: that of the code by which the phone was set up; it signs nobody in any more.
create function add_passphrase(secret bytea, who uuid, of_record text, of_totp text, step bigint, sealed bytea)
returns void language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
begin
  insert into passphrase (organisation, person, opaque_record, totp_secret, totp_last_step, sealed_identity, added_at)
  values (just_enrolled(secret, who), who, of_record, of_totp, step, sealed, now());
end $$;

create index document_about_people on signed_document (organisation, kind)
  where kind in ('enrolment', 'membership', 'resumption');

-- Acts on who is who come one after the other, each judged by what those before it left: a manager who was suspended
-- while this act waited does not act any more.
create function actor_in_turn(capacity text default null) returns acting language plpgsql volatile as $$
declare who letterbox.acting := letterbox.require_colleague(capacity);
begin
  perform pg_advisory_xact_lock(hashtext('people' || who.organisation));
  return letterbox.require_colleague(capacity);
end $$;

-- A manager who compared the words signs a membership. It counts with min(2, managers so far).
create function confirm_person(doc text, sig text) returns boolean
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := actor_in_turn('manager');
  d jsonb := doc::jsonb;
  p person;
  signers integer;
  managers integer;
begin
  select * into p from person x where x.organisation = who.organisation and x.id = (d ->> 'person')::uuid;
  if p.id is null or p.enrolled_at is null then perform refuse('LB404', 'missing'); end if;
  if p.id = who.person then perform refuse('LB403', 'own-membership'); end if;
  if p.confirmed_at is not null then perform refuse('LB409', 'confirmed-already'); end if;
  if not exists (select from signed_document s where s.organisation = who.organisation and s.kind = 'enrolment'
    and s.signer = p.id and encode(s.hash, 'hex') = d ->> 'enrolment') then perform refuse('LB422', 'document-mismatch'); end if;
  if to_jsonb(p.capacities) is distinct from d -> 'capacities' or p.outside is distinct from d ->> 'outside' then perform refuse('LB422', 'document-mismatch'); end if;
  -- Browsers ignore a membership that does not hang on one they have.
  if not exists (select from signed_document s where s.organisation = who.organisation
    and s.kind in ('founding', 'membership') and encode(s.hash, 'hex') = d ->> 'after') then perform refuse('LB422', 'document-mismatch'); end if;
  if exists (select from signed_document s where s.organisation = who.organisation and s.kind = 'membership'
    and s.signer = who.person and s.text::jsonb ->> 'enrolment' = d ->> 'enrolment') then perform refuse('LB409', 'signed-already'); end if;
  perform append_document(who.organisation, 'membership', who.person, doc, sig);
  select count(distinct s.signer) into signers from signed_document s where s.organisation = who.organisation
    and s.kind = 'membership' and s.text::jsonb ->> 'enrolment' = d ->> 'enrolment';
  -- Those who left count too: once there were two, one alone never confirms anybody.
  select count(*) into managers from person x where x.organisation = who.organisation
    and leads(x.capacities) and x.confirmed_at is not null;
  if signers < least(2, managers) then return false; end if;
  update person x set confirmed_at = now() where x.organisation = who.organisation and x.id = p.id;
  return true;
end $$;

-- Signing in, for letterbox_signin only: the one role that can open a session.
-- Who may sign in: everybody who enrolled and has neither left nor been suspended, confirmed or not.
create function stands_or_waits(p person) returns boolean language sql stable as $$
  select p.left_at is null and not exists (select from letterbox.suspension s where s.organisation = p.organisation
    and s.person = p.id and s.lifted_at is null)
$$;
create function passkey_for(of_credential text) returns table (
  organisation uuid, person uuid, public_key bytea, counter bigint, transports text[], sealed_identity bytea, kind text)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select k.organisation, k.person, k.public_key, k.counter, k.transports, k.sealed_identity, p.kind
  from passkey k join person p on p.organisation = k.organisation and p.id = k.person
  where k.credential = of_credential and stands_or_waits(p)
$$;
create function passkey_used(of_credential text, of_counter bigint) returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  update passkey k set counter = of_counter where k.credential = of_credential
$$;
-- LIMIT: an address that enrolled in two bodies of one host signs in to the first of them only.
create function passphrase_for(of_email text) returns table (
  organisation uuid, person uuid, opaque_record text, totp_secret text, locked boolean, sealed_identity bytea, kind text)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select s.organisation, s.person, s.opaque_record, s.totp_secret, coalesce(s.locked_until > now(), false), s.sealed_identity, p.kind
  from passphrase s join person p on p.organisation = s.organisation and p.id = s.person
  where p.email = lower(of_email) and stands_or_waits(p) order by s.added_at limit 1
$$;
create function passphrase_failed(org uuid, who uuid) returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  update passphrase s set failures = (s.failures + 1) % 10,
    locked_until = case when s.failures + 1 >= 10 then now() + interval '15 minutes' else s.locked_until end
  where s.organisation = org and s.person = who
$$;
-- A code counts once: false when this step (or a later one) was used before.
create function passphrase_used(org uuid, who uuid, step bigint) returns boolean
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
begin
  update passphrase s set totp_last_step = step, failures = 0
  where s.organisation = org and s.person = who and s.totp_last_step < step and coalesce(s.locked_until < now(), true);
  return found;
end $$;
create function open_session(org uuid, who uuid, secret bytea, how text) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
begin
  insert into session (secret_hash, organisation, person, opened_at, seen_at) values (secret, org, who, now(), now());
  perform register_append(org, 'sign-in', who, null, jsonb_build_object('how', how));
end $$;

-- The session, for letterbox_desk. Seen at most twice a minute, so that reading stays cheap.
create function find_session() returns table (
  organisation uuid, organisation_name text, demonstration boolean, person uuid, name text, capacities text[], confirmed boolean,
  recovery_since timestamptz, kind text, alarms bigint, watch_silent_since timestamptz)
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
        and stands(w.organisation, w.person))
    from organisation o where o.id = who.organisation;
end $$;
create function keep_identity(half bytea) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare who acting := actor();
begin
  if who.person is null then perform refuse('LB401', 'signed-out'); end if;
  if length(half) > 16384 then perform refuse('LB422', 'too-large'); end if;
  update session s set kept = half where s.secret_hash = session_hash();
end $$;
create function kept_identity() returns bytea
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := actor();
begin
  if who.person is null then perform refuse('LB401', 'signed-out'); end if;
  return (select s.kept from session s where s.secret_hash = session_hash());
end $$;
create function end_session() returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare who acting := actor();
begin
  update session s set ended_at = now(), kept = null where s.secret_hash = session_hash() and s.ended_at is null;
  if who.person is not null then perform register_append(who.organisation, 'sign-out', who.person, null, '{}'); end if;
end $$;
-- What was kept for sessions that ran out goes too.
create function sweep_sessions() returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  update session s set kept = null, ended_at = coalesce(s.ended_at, now())
  where s.kept is not null and (s.ended_at is not null or s.seen_at < now() - interval '15 minutes')
$$;

create function people() returns table (id uuid, name text, email text, capacities text[], invited_at timestamptz,
  enrolled_at timestamptz, confirmed_at timestamptz, left_at timestamptz, signatures integer, signed_by_me boolean, outside text,
  suspension text, lifting integer, lifted_by_me boolean, trained_until timestamptz, away jsonb)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  return query
    -- Each kind of document is read once, however many people there are.
    with said as (
      select case s.kind when 'membership' then s.text::jsonb ->> 'person' else s.text::jsonb ->> 'suspension' end as of_whom,
        count(distinct s.signer)::integer as signers, bool_or(s.signer = who.person) as by_me
      from signed_document s where s.organisation = who.organisation and s.kind in ('membership', 'resumption') group by 1
    ), course as (
      select t.person, max(t.until) as until from training t
      where t.organisation = who.organisation and t.until > now() group by 1
    ), leave as (
      select a.person, jsonb_agg(jsonb_build_object('id', a.id, 'first', a.first_day, 'last', a.last_day) order by a.first_day) as days
      from away a where a.organisation = who.organisation and a.last_day >= current_date group by 1
    )
    select p.id, p.name, p.email, p.capacities, p.invited_at, p.enrolled_at, p.confirmed_at, p.left_at,
      coalesce(m.signers, 0), coalesce(m.by_me, false), p.outside, encode(u.document, 'hex'),
      coalesce(r.signers, 0), coalesce(r.by_me, false), c.until, coalesce(l.days, '[]')
    from person p left join suspension u on u.organisation = p.organisation and u.person = p.id and u.lifted_at is null
      left join said m on m.of_whom = p.id::text left join said r on r.of_whom = encode(u.document, 'hex')
      left join course c on c.person = p.id left join leave l on l.person = p.id
    where p.organisation = who.organisation order by p.left_at is not null, p.name, p.id;
end $$;
create function own_training() returns timestamptz
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return (select max(t.until) from training t where t.organisation = who.organisation and t.person = who.person and t.until > now());
end $$;
create function documents() returns table (kind text, hash text, signer uuid, text text, signature text, "position" bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := actor();
begin
  if who.person is null then perform refuse('LB401', 'signed-out'); end if;
  return query select d.kind, encode(d.hash, 'hex'), d.signer, d.text, d.signature, d.position
    from signed_document d where d.organisation = who.organisation order by d.position;
end $$;

grant execute on function invitation_for(bytea), found(bytea, text, text), enrol(bytea, text, text),
  add_passkey(bytea, uuid, text, bytea, bigint, text[], bytea), add_passphrase(bytea, uuid, text, text, bigint, bytea),
  passkey_for(text), passkey_used(text, bigint), passphrase_for(text), passphrase_failed(uuid, uuid),
  passphrase_used(uuid, uuid, bigint), open_session(uuid, uuid, bytea, text) to letterbox_signin;
grant execute on function find_session(), keep_identity(bytea), kept_identity(), end_session(), sweep_sessions(),
  own_training(), people(), documents(), invite_person(text, text, text[], bytea, text), confirm_person(text, text) to letterbox_desk;
