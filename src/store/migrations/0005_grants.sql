-- Grants and form keys: the database's own opinion of what the browsers sign and verify.

create function iso(moment timestamptz) returns text language sql immutable as $$
  select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- The hash of the document by which somebody gave their keys.
create function enrolment_of(org uuid, who uuid) returns text language sql stable as $$
  select encode(d.hash, 'hex') from letterbox.signed_document d
  where d.organisation = org and d.signer = who and d.kind in ('enrolment', 'founding')
  order by d.position desc limit 1
$$;

create function newest_generation(org uuid, of_form text) returns integer language sql stable as $$
  select coalesce(max(k.generation), 0) from letterbox.form_key k
  where k.organisation = org and k.form = of_form and k.approved_at is not null
$$;

-- The same lines as stateText() in src/grants/grant.ts builds, by other means.
create function access_state_text(org uuid, of_form text, grantee uuid) returns text language sql stable as $$
  select 'letterbox access state 1' || E'\norganisation ' || org || E'\nform ' || of_form
    || E'\ngeneration ' || letterbox.newest_generation(org, of_form)
    || E'\ngrantee ' || grantee || ' ' || coalesce((
      select letterbox.enrolment_of(org, p.id) from letterbox.person p
      where p.organisation = org and p.id = grantee and p.confirmed_at is not null and p.left_at is null), '-')
    || coalesce((
      select string_agg(E'\ngrant ' || g.id || ' ' || g.person || ' ' || g.from_generation || ' ' || letterbox.iso(g.until),
        '' order by (g.id || ' ' || g.person || ' ' || g.from_generation || ' ' || letterbox.iso(g.until)) collate "C")
      from letterbox.grants g join letterbox.person p on p.organisation = g.organisation and p.id = g.person
      where g.organisation = org and g.form = of_form and g.approved_at is not null and g.ended_at is null
        and g.until > now() and p.confirmed_at is not null and p.left_at is null), '')
    || E'\n'
$$;

-- Everything the preview is computed from; who reads what is no secret inside an organisation.
create function access_state(of_form text) returns jsonb
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  definition jsonb := (select f.definition from published_form f
    where f.organisation = who.organisation and f.form = of_form order by f.version desc limit 1);
begin
  if definition is null then perform refuse('LB404', 'missing'); end if;
  return jsonb_build_object(
    'organisation', who.organisation, 'form', of_form, 'title', definition ->> 'title',
    'purposes', definition -> 'purposes', 'generation', newest_generation(who.organisation, of_form),
    'people', (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'email', p.email,
        'capacities', p.capacities, 'enrolment', enrolment_of(p.organisation, p.id),
        'confirmed', p.confirmed_at is not null) order by p.name, p.id), '[]')
      from person p where p.organisation = who.organisation and p.left_at is null),
    'grants', (select coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'document', encode(g.document, 'hex'),
        'person', g.person, 'fromGeneration', g.from_generation, 'until', iso(g.until), 'purpose', g.purpose,
        'proposer', g.proposer, 'proposedAt', iso(g.proposed_at), 'state', d.text::jsonb ->> 'state',
        'approver', g.approver, 'approvedAt', iso(g.approved_at), 'fulfilledAt', iso(g.fulfilled_at),
        'endedAt', iso(g.ended_at)) order by g.proposed_at desc, g.id), '[]')
      from grants g join signed_document d on d.organisation = g.organisation and d.hash = g.document
      where g.organisation = who.organisation and g.form = of_form),
    'submissions', (select jsonb_build_object('count', count(*), 'oldest', iso(min(c.received_at)),
        'newest', iso(max(c.received_at)), 'attachments', coalesce(sum(c.attachments), 0))
      from cases c where c.organisation = who.organisation and c.form = of_form));
end $$;

create function form_of_grant(of_grant uuid) returns text
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return (select g.form from grants g where g.organisation = who.organisation and g.id = of_grant);
end $$;

create function propose_grant(doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
  grantee person;
  new_hash bytea;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  select * into grantee from person p where p.organisation = who.organisation and p.id = (d ->> 'person')::uuid;
  if grantee.id is null or grantee.confirmed_at is null or grantee.left_at is not null then perform refuse('LB422', 'grantee'); end if;
  if grantee.id = who.person then perform refuse('LB403', 'own-grant'); end if;
  if grantee.recipient is distinct from d ->> 'recipient' then perform refuse('LB422', 'grantee-key'); end if;
  if (d ->> 'until')::timestamptz not between now() and now() + interval '366 days' then perform refuse('LB422', 'until'); end if;
  if not exists (select from published_form f where f.organisation = who.organisation and f.form = d ->> 'form'
    and f.definition -> 'purposes' ? (d ->> 'purpose')) then perform refuse('LB422', 'purpose'); end if;
  if d ->> 'state' is distinct from encode(sha256(convert_to(
    access_state_text(who.organisation, d ->> 'form', grantee.id), 'UTF8')), 'hex') then
    perform refuse('LB409', 'state-moved');
  end if;
  new_hash := append_document(who.organisation, 'grant', who.person, doc, sig);
  insert into grants (organisation, id, person, form, from_generation, until, purpose, document, proposer, proposed_at)
  values (who.organisation, (d ->> 'id')::uuid, grantee.id, d ->> 'form', (d ->> 'fromGeneration')::integer,
    (d ->> 'until')::timestamptz, d ->> 'purpose', new_hash, who.person, now());
  return (d ->> 'id')::uuid;
exception when unique_violation then
  perform refuse('LB409', 'document-replayed');
end $$;

create function approve_grant(doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
  g grants;
  moved text;
  readers integer;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  select * into g from grants x where x.organisation = who.organisation and x.document = decode(d ->> 'grant', 'hex');
  if g.id is null then perform refuse('LB404', 'missing'); end if;
  if who.person = g.proposer then perform refuse('LB403', 'own-proposal'); end if;
  if who.person = g.person then perform refuse('LB403', 'own-grant'); end if;
  if g.approved_at is not null then perform refuse('LB409', 'approved-already'); end if;
  if g.ended_at is not null then perform refuse('LB409', 'ended-already'); end if;
  if g.until <= now() then perform refuse('LB409', 'expired'); end if;
  if not exists (select from person p where p.organisation = g.organisation and p.id = g.proposer
    and 'manager' = any (p.capacities) and p.confirmed_at is not null and p.left_at is null) then
    perform refuse('LB409', 'proposer-gone');
  end if;
  moved := encode(sha256(convert_to(access_state_text(who.organisation, g.form, g.person), 'UTF8')), 'hex');
  if moved is distinct from d ->> 'state' or moved is distinct from (select s.text::jsonb ->> 'state'
    from signed_document s where s.organisation = g.organisation and s.hash = g.document) then
    perform refuse('LB409', 'state-moved');
  end if;
  select count(distinct x.person) into readers from grants x join person p on p.organisation = x.organisation and p.id = x.person
  where x.organisation = g.organisation and x.form = g.form and p.confirmed_at is not null and p.left_at is null
    and (x.id = g.id or (x.approved_at is not null and x.ended_at is null and x.until > now()));
  if readers is distinct from (d ->> 'people')::integer then perform refuse('LB422', 'people-count'); end if;
  update grants x set approver = who.person, approved_at = now(),
    approval = append_document(who.organisation, 'approval', who.person, doc, sig)
  where x.organisation = g.organisation and x.id = g.id;
  -- Access that is renewed needs no new key.
  perform mark_fulfilled(g.organisation, g.form);
  return g.id;
end $$;

-- Closing needs one person; it also withdraws a proposal.
create function end_grant(doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
  g grants;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  select * into g from grants x where x.organisation = who.organisation and x.document = decode(d ->> 'grant', 'hex');
  if g.id is null then perform refuse('LB404', 'missing'); end if;
  if g.ended_at is not null then perform refuse('LB409', 'ended-already'); end if;
  update grants x set ended_at = now(), ended_by = who.person,
    end_document = append_document(who.organisation, 'grant-end', who.person, doc, sig)
  where x.organisation = g.organisation and x.id = g.id;
  return g.id;
end $$;

create function mark_fulfilled(org uuid, of_form text) returns void language sql volatile as $$
  update letterbox.grants g set fulfilled_at = now()
  where g.organisation = org and g.form = of_form and g.approved_at is not null and g.ended_at is null
    and g.fulfilled_at is null and letterbox.newest_generation(org, of_form) > 0
    and not exists (select from letterbox.form_key k where k.organisation = org and k.form = of_form
      and k.approved_at is not null and k.generation >= g.from_generation
      and not exists (select from letterbox.key_envelope e where e.organisation = org and e.form = of_form
        and e.generation = k.generation and e.person = g.person))
$$;

-- Whether somebody may read, and holds the key of, every generation in use from this one on.
create function holds_keys(org uuid, who uuid, of_form text, from_generation integer) returns boolean language sql stable as $$
  select not exists (select from letterbox.form_key k where k.organisation = org and k.form = of_form
    and k.approved_at is not null and k.generation >= holds_keys.from_generation
    and not (letterbox.may_read(org, who, of_form, k.generation) and exists (select from letterbox.key_envelope e
      where e.organisation = org and e.form = of_form and e.generation = k.generation and e.person = who)))
$$;

-- The first reader makes a form's key; a manager who is somebody else countersigns it.
create function make_form_key(doc text, sig text, own_envelope bytea, recovery_envelope bytea) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  d jsonb := doc::jsonb;
  of_form text := d ->> 'form';
  next_generation integer := newest_generation(who.organisation, of_form) + 1;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  if not may_read(who.organisation, who.person, of_form, next_generation) then perform refuse('LB403', 'not-a-reader'); end if;
  -- A key that waits for its countersignature is set aside once its maker may no longer read.
  delete from key_envelope e using form_key k join signed_document s on s.organisation = k.organisation and s.hash = k.document
  where k.organisation = who.organisation and k.form = of_form and k.approved_at is null
    and not may_read(k.organisation, s.signer, k.form, k.generation)
    and e.organisation = k.organisation and e.form = k.form and e.generation = k.generation;
  delete from form_key k using signed_document s
  where s.organisation = k.organisation and s.hash = k.document and k.organisation = who.organisation and k.form = of_form
    and k.approved_at is null and not may_read(k.organisation, s.signer, k.form, k.generation);
  if (d ->> 'generation')::integer is distinct from next_generation
    or exists (select from form_key k where k.organisation = who.organisation and k.form = of_form and k.generation = next_generation) then
    perform refuse('LB409', 'key-made-already');
  end if;
  insert into form_key (organisation, form, generation, recipient, document, made_at)
  values (who.organisation, of_form, next_generation, d ->> 'recipient',
    append_document(who.organisation, 'form-key', who.person, doc, sig), now());
  insert into key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
  values (who.organisation, of_form, next_generation, who.person, own_envelope, who.person, now()),
    (who.organisation, of_form, next_generation, null, recovery_envelope, who.person, now());
end $$;

create function approve_form_key(doc text, sig text) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
  k form_key;
  maker uuid;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  select * into k from form_key x where x.organisation = who.organisation and x.document = decode(d ->> 'formKey', 'hex');
  if k.form is null then perform refuse('LB404', 'missing'); end if;
  select s.signer into maker from signed_document s where s.organisation = k.organisation and s.hash = k.document;
  if maker = who.person then perform refuse('LB403', 'own-key'); end if;
  if k.approved_at is not null then perform refuse('LB409', 'approved-already'); end if;
  if not may_read(k.organisation, maker, k.form, k.generation) then perform refuse('LB409', 'maker-gone'); end if;
  update form_key x set approved_at = now(),
    approval = append_document(who.organisation, 'form-key-approval', who.person, doc, sig)
  where x.organisation = k.organisation and x.form = k.form and x.generation = k.generation;
  perform mark_fulfilled(k.organisation, k.form);
end $$;

-- A reader's browser, having verified the grant by itself, hands the sealed key over: every generation in
-- use that the grant covers, no other. Handing over again mends an envelope that cannot be opened.
create function fulfil_grant(of_grant uuid, envelopes jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  g grants;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  select * into g from grants x where x.organisation = who.organisation and x.id = of_grant;
  if g.id is null then perform refuse('LB404', 'missing'); end if;
  if g.person = who.person then perform refuse('LB403', 'own-grant'); end if;
  if g.approved_at is null or g.ended_at is not null or g.until <= now()
    or not may_read(g.organisation, g.person, g.form, g.from_generation) then perform refuse('LB409', 'not-in-force'); end if;
  if not holds_keys(who.organisation, who.person, g.form, g.from_generation) then perform refuse('LB403', 'not-a-reader'); end if;
  if (select array_agg(e.generation order by e.generation) from jsonb_to_recordset(envelopes) as e (generation integer, sealed text))
    is distinct from (select array_agg(k.generation order by k.generation) from form_key k
      where k.organisation = g.organisation and k.form = g.form and k.approved_at is not null and k.generation >= g.from_generation) then
    perform refuse('LB422', 'generations');
  end if;
  insert into key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
  select g.organisation, g.form, e.generation, g.person, decode(e.sealed, 'hex'), who.person, now()
  from jsonb_to_recordset(envelopes) as e (generation integer, sealed text)
  on conflict (organisation, form, generation, person) do update
    set sealed = excluded.sealed, sealed_by = excluded.sealed_by, sealed_at = excluded.sealed_at;
  perform mark_fulfilled(g.organisation, g.form);
  perform register_append(g.organisation, 'fulfilment', who.person, null, jsonb_build_object(
    'grant', g.id, 'subject', g.person, 'form', g.form,
    'generations', (select jsonb_agg(e.generation order by e.generation)
      from jsonb_to_recordset(envelopes) as e (generation integer, sealed text))));
end $$;

-- The actor's own key envelopes, while a grant of theirs is in force.
create function my_form_keys() returns table (form text, generation integer, sealed bytea)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select e.form, e.generation, e.sealed from key_envelope e
    where e.organisation = who.organisation and e.person = who.person
      and may_read(who.organisation, who.person, e.form, e.generation)
    order by e.form, e.generation;
end $$;

-- What waits for the actor: an approval, a key to hand over, a form key to make or to countersign.
create function what_waits() returns table (what text, grant_id uuid, form text, person uuid, name text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query
    select 'approve', g.id, g.form, p.id, p.name from grants g join person p on p.organisation = g.organisation and p.id = g.person
    where g.organisation = who.organisation and g.approved_at is null and g.ended_at is null and g.until > now()
      and 'manager' = any (who.capacities) and who.person not in (g.proposer, g.person)
    union all
    select * from (select distinct on (g.form, g.person) 'fulfil', g.id, g.form, p.id, p.name
      from grants g join person p on p.organisation = g.organisation and p.id = g.person
      where g.organisation = who.organisation and g.approved_at is not null and g.ended_at is null and g.until > now()
        and p.confirmed_at is not null and p.left_at is null and g.person <> who.person
        and holds_keys(g.organisation, who.person, g.form, g.from_generation)
        and exists (select from form_key k where k.organisation = g.organisation and k.form = g.form
          and k.approved_at is not null and k.generation >= g.from_generation
          and not exists (select from key_envelope e where e.organisation = g.organisation and e.form = g.form
            and e.generation = k.generation and e.person = g.person))
      order by g.form, g.person, g.from_generation, g.id) missing_keys
    union all
    select distinct 'make-key', null::uuid, g.form, null::uuid, null from grants g
    where g.organisation = who.organisation and g.person = who.person and g.approved_at is not null and g.ended_at is null
      and g.until > now() and (
        not exists (select from form_key k where k.organisation = g.organisation and k.form = g.form)
        or exists (select from form_key k join signed_document s on s.organisation = k.organisation and s.hash = k.document
          where k.organisation = g.organisation and k.form = g.form and k.approved_at is null
            and not may_read(k.organisation, s.signer, k.form, k.generation)))
    union all
    select 'approve-key', null::uuid, k.form, s.signer, p.name from form_key k
    join signed_document s on s.organisation = k.organisation and s.hash = k.document
    join person p on p.organisation = k.organisation and p.id = s.signer
    where k.organisation = who.organisation and k.approved_at is null and 'manager' = any (who.capacities) and s.signer <> who.person
      and may_read(k.organisation, s.signer, k.form, k.generation);
end $$;

create function form_keys(of_form text) returns table (generation integer, recipient text, document text, approved boolean, maker uuid)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select k.generation, k.recipient, encode(k.document, 'hex'), k.approved_at is not null, s.signer
    from form_key k join signed_document s on s.organisation = k.organisation and s.hash = k.document
    where k.organisation = who.organisation and k.form = of_form order by k.generation desc;
end $$;

grant execute on function access_state(text), form_of_grant(uuid), propose_grant(text, text), approve_grant(text, text),
  end_grant(text, text), make_form_key(text, text, bytea, bytea), approve_form_key(text, text),
  fulfil_grant(uuid, jsonb), my_form_keys(), what_waits(), form_keys(text) to letterbox_desk;
