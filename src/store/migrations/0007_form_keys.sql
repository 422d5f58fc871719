-- Form keys: making, countersigning and turning them, and handing them over to those who were granted.

create index grants_unfulfilled on grants (organisation, form) where fulfilled_at is null and ended_at is null;
-- The generations of a form's key whose cases somebody may read who reads from this generation on.
create function generations_from(org uuid, of_form text, from_generation integer) returns setof integer language sql stable as $$
  select k.generation from letterbox.form_key k where k.organisation = org and k.form = of_form and k.approved_at is not null
    and coalesce(k.around, k.generation) >= generations_from.from_generation
$$;
create function lacks_keys(org uuid, who uuid, of_form text, from_generation integer) returns boolean language sql stable as $$
  select exists (select from letterbox.generations_from(org, of_form, lacks_keys.from_generation) n
    where not exists (select from letterbox.key_envelope e where e.organisation = org and e.form = of_form
      and e.generation = n and e.person = who))
$$;
create function mark_fulfilled(org uuid, of_form text) returns void language sql volatile as $$
  update letterbox.grants g set fulfilled_at = now()
  where g.organisation = org and g.form = of_form and g.ended_at is null and g.fulfilled_at is null and g.until > now()
    and case when g.case_id is null
      then exists (select from letterbox.generations_from(org, of_form, g.from_generation))
        and not letterbox.lacks_keys(org, g.person, of_form, g.from_generation)
      else exists (select from letterbox.case_envelope e where e.organisation = org and e.case_id = g.case_id and e.person = g.person) end
$$;

-- Whether somebody may read, and holds the key of, every generation in use from this one on.
create function holds_keys(org uuid, who uuid, of_form text, from_generation integer) returns boolean language sql stable as $$
  select letterbox.may_read(org, who, of_form, holds_keys.from_generation)
    and not letterbox.lacks_keys(org, who, of_form, holds_keys.from_generation)
$$;

-- Hands a sealed key over, or mends one; every generation in use that the grant covers, no other.
-- `keys`: [{"grant": uuid, "generation": n, "sealed": hex}], for one case: [{"grant": uuid, "generation": null, "sealed": hex}].
create function fulfil_grants(keys jsonb) returns integer
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  g grants;
  line record;
  done integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || org));
  for line in select k."grant" as id, array_agg(k.generation order by k.generation) as handed
    from jsonb_to_recordset(keys) as k ("grant" uuid, generation integer) group by k."grant"
  loop
    select * into g from grants x where x.organisation = org and x.id = line.id;
    if g.id is null then perform refuse('LB404', 'missing'); end if;
    if g.person = who.person then perform refuse('LB403', 'own-grant'); end if;
    if g.ended_at is not null or g.until <= now() or g.review_by <= now() or not stands(org, g.person) then
      perform refuse('LB409', 'not-in-force');
    end if;
    if g.case_id is null then
      if not holds_keys(org, who.person, g.form, g.from_generation) then perform refuse('LB403', 'not-a-reader'); end if;
      if line.handed is distinct from array(select n from generations_from(org, g.form, g.from_generation) n order by n) then
        perform refuse('LB422', 'generations');
      end if;
    elsif line.handed is distinct from array[null::integer] then perform refuse('LB422', 'generations');
    elsif not exists (select from cases c where c.organisation = org and c.id = g.case_id
      and may_read(org, who.person, c.form, c.generation, c.id)) then perform refuse('LB403', 'not-a-reader');
    end if;
    done := done + 1;
  end loop;
  insert into key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
  select distinct on (x.form, k.generation, x.person) org, x.form, k.generation, x.person, decode(k.sealed, 'hex'), who.person, now()
  from jsonb_to_recordset(keys) as k ("grant" uuid, generation integer, sealed text)
  join grants x on x.organisation = org and x.id = k."grant" where x.case_id is null
  on conflict (organisation, form, generation, person) do update
    set sealed = excluded.sealed, sealed_by = excluded.sealed_by, sealed_at = excluded.sealed_at;
  insert into case_envelope (organisation, case_id, person, sealed, sealed_by, sealed_at)
  select distinct on (x.case_id, x.person) org, x.case_id, x.person, decode(k.sealed, 'hex'), who.person, now()
  from jsonb_to_recordset(keys) as k ("grant" uuid, sealed text)
  join grants x on x.organisation = org and x.id = k."grant" where x.case_id is not null
  on conflict (organisation, case_id, person) do update
    set sealed = excluded.sealed, sealed_by = excluded.sealed_by, sealed_at = excluded.sealed_at;
  perform mark_fulfilled(org, f.form) from (select distinct x.form from jsonb_to_recordset(keys) as k ("grant" uuid)
    join grants x on x.organisation = org and x.id = k."grant") f;
  perform register_append(org, 'fulfilment', who.person, null, (select jsonb_build_object('grants', jsonb_agg(distinct x.id),
      'people', jsonb_agg(distinct x.person), 'forms', jsonb_agg(distinct x.form))
    from jsonb_to_recordset(keys) as k ("grant" uuid) join grants x on x.organisation = org and x.id = k."grant"));
  return done;
end $$;

-- What a form key's maker may cause: the first key waits for another manager's signature; a turn of the key in use
-- counts at once, since it opens nothing to anybody new (docs/decisions/0011).
create function set_aside_keys(org uuid, of_form text) returns void language plpgsql volatile as $$
begin
  delete from letterbox.key_envelope e using letterbox.form_key k join letterbox.signed_document s on s.organisation = k.organisation and s.hash = k.document
  where k.organisation = org and k.form = of_form and k.approved_at is null
    and not letterbox.may_read(org, s.signer, k.form, k.generation)
    and e.organisation = k.organisation and e.form = k.form and e.generation = k.generation;
  delete from letterbox.form_key k using letterbox.signed_document s
  where s.organisation = k.organisation and s.hash = k.document and k.organisation = org and k.form = of_form
    and k.approved_at is null and not letterbox.may_read(org, s.signer, k.form, k.generation);
end $$;

-- The first reader makes a form's key; a manager who is somebody else countersigns it.
create function make_form_key(doc text, sig text, own_envelope bytea, recovery_envelope bytea) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  d jsonb := doc::jsonb;
  of_form text := d ->> 'form';
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  if not may_read(who.organisation, who.person, of_form, 1) then perform refuse('LB403', 'not-a-reader'); end if;
  -- A key that waits for its countersignature is set aside once its maker may no longer read.
  perform set_aside_keys(who.organisation, of_form);
  if (d ->> 'generation')::integer is distinct from 1 or d ->> 'after' is not null
    or exists (select from form_key k where k.organisation = who.organisation and k.form = of_form) then
    perform refuse('LB409', 'key-made-already');
  end if;
  insert into form_key (organisation, form, generation, recipient, document, made_at)
  values (who.organisation, of_form, 1, d ->> 'recipient', append_document(who.organisation, 'form-key', who.person, doc, sig), now());
  insert into key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
  values (who.organisation, of_form, 1, who.person, own_envelope, who.person, now()),
    (who.organisation, of_form, 1, null, recovery_envelope, who.person, now());
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

-- Why a form's key should be turned: somebody who holds it may not read any more, it was turned by a manager who does
-- not read, or a grant begins with a key that is not made yet. Null where it need not be.
create function turn_due(org uuid, of_form text) returns text language sql stable as $$
  select case
    when k.generation is null then null
    when exists (select from letterbox.key_envelope e where e.organisation = org and e.form = of_form and e.generation = k.generation
      and e.person is not null and not (letterbox.stands(org, e.person) and exists (select from letterbox.live_grants(org) g
        where g.person = e.person and g.form = of_form and g.case_id is null))) then 'ended'
    when k.around is not null then 'around'
    when exists (select from letterbox.live_grants(org) g where g.form = of_form and g.case_id is null
      and g.from_generation > k.generation and g.starts <= now()) then 'from-now-on'
  end
  from (select 1) one left join lateral (select * from letterbox.form_key k where k.organisation = org and k.form = of_form
    and k.approved_at is not null order by k.generation desc limit 1) k on true
$$;

-- Whether somebody was ever let read a generation of a form, and so may have kept its secret.
create function was_let_read(org uuid, who uuid, of_form text, of_generation integer) returns boolean language sql stable as $$
  select exists (select from letterbox.grants g where g.organisation = org and g.person = who and g.form = of_form
    and g.case_id is null and g.from_generation <= of_generation)
$$;

-- Turns a form's key to the next generation. `envelopes`: [{"person": uuid|null, "sealed": hex}] with the recovery
-- recipient's, and those of the readers whom the maker's browser could prove; who is missing is handed theirs later.
create function turn_form_key(doc text, sig text, envelopes jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  d jsonb := doc::jsonb;
  of_form text := d ->> 'form';
  newest form_key;
  plain form_key;
  reads boolean;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || org));
  select * into newest from form_key k where k.organisation = org and k.form = of_form and k.approved_at is not null
    order by k.generation desc limit 1;
  if newest.form is null then perform refuse('LB404', 'missing'); end if;
  select * into plain from form_key k where k.organisation = org and k.form = of_form
    and k.generation = coalesce(newest.around, newest.generation);
  reads := may_read(org, who.person, of_form, newest.generation + 1);
  if d ->> 'after' is distinct from encode(newest.document, 'hex') or (d ->> 'generation')::integer is distinct from newest.generation + 1 then
    perform refuse('LB409', 'key-made-already');
  end if;
  if reads and d ->> 'around' is not null then perform refuse('LB422', 'document-mismatch'); end if;
  if not reads then
    if not 'manager' = any (who.capacities) then perform refuse('LB403', 'not-a-reader'); end if;
    if d ->> 'around' is distinct from encode(plain.document, 'hex') then perform refuse('LB422', 'document-mismatch'); end if;
    -- With the inner secret kept, and the outer one of their own making, they would lock out nobody less than themselves.
    if was_let_read(org, who.person, of_form, plain.generation) then perform refuse('LB403', 'held-the-key'); end if;
    if turn_due(org, of_form) is distinct from 'ended' then perform refuse('LB409', 'not-due'); end if;
  end if;
  if not exists (select from jsonb_to_recordset(envelopes) as e (person uuid) where e.person is null)
    or exists (select from jsonb_to_recordset(envelopes) as e (person uuid) where e.person is not null
      and not (stands(org, e.person) and exists (select from live_grants(org) g where g.person = e.person and g.form = of_form
        and g.case_id is null and g.from_generation <= case when reads then newest.generation + 1 else plain.generation end))) then
    perform refuse('LB422', 'not-a-reader');
  end if;
  insert into form_key (organisation, form, generation, around, recipient, document, made_at, approved_at)
  values (org, of_form, newest.generation + 1, case when not reads then plain.generation end, d ->> 'recipient',
    append_document(org, 'form-key', who.person, doc, sig, jsonb_build_object('generation', newest.generation + 1)), now(), now());
  insert into key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
  select org, of_form, newest.generation + 1, e.person, decode(e.sealed, 'hex'), who.person, now()
  from jsonb_to_recordset(envelopes) as e (person uuid, sealed text);
  update grants g set fulfilled_at = null where g.organisation = org and g.form = of_form and g.case_id is null and g.ended_at is null
    and g.until > now() and lacks_keys(org, g.person, of_form, g.from_generation);
  perform mark_fulfilled(org, of_form);
end $$;

-- The actor's own key envelopes, while a grant of theirs is in force.
create function my_form_keys() returns table (form text, generation integer, around integer, sealed bytea)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select e.form, e.generation, k.around, e.sealed from key_envelope e
    join form_key k on k.organisation = e.organisation and k.form = e.form and k.generation = e.generation
    where e.organisation = who.organisation and e.person = who.person
      and may_read(who.organisation, who.person, e.form, e.generation)
    order by e.form, e.generation;
end $$;

create function form_keys(of_form text) returns table (generation integer, around integer, recipient text, document text, approved boolean, maker uuid)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select k.generation, k.around, k.recipient, encode(k.document, 'hex'), k.approved_at is not null, s.signer
    from form_key k join signed_document s on s.organisation = k.organisation and s.hash = k.document
    where k.organisation = who.organisation and k.form = of_form order by k.generation desc;
end $$;

grant execute on function fulfil_grants(jsonb), make_form_key(text, text, bytea, bytea), approve_form_key(text, text),
  turn_form_key(text, text, jsonb), my_form_keys(), form_keys(text) to letterbox_desk;
