-- Recovery: a manager begins it, everybody sees it, k keyholders consent, and only then are the keys that are sealed to
-- the recovery recipient given out. The same rule as src/grants/recovery.ts, as the second opinion.

create table recovery (
  organisation body_id not null references organisation,
  id uuid not null,
  document bytea not null,
  begun_by uuid not null,
  begun_at timestamptz not null,
  lapses_at timestamptz not null check (lapses_at > begun_at and lapses_at <= begun_at + interval '72 hours'),
  person uuid not null,
  forms text[] not null check (cardinality(forms) between 1 and 20),
  -- Who was given the envelopes last: only they hand over.
  run_by uuid,
  run_at timestamptz,
  ended_at timestamptz,
  ended_by uuid,
  end_document bytea,
  done boolean not null default false,
  primary key (organisation, id),
  unique (organisation, document),
  foreign key (organisation, begun_by) references person,
  foreign key (organisation, person) references person,
  check (begun_by <> person),
  check ((ended_at is null) = (ended_by is null) and (ended_at is null) = (end_document is null)),
  check ((run_at is null) = (run_by is null)),
  check (not done or (ended_at is not null and run_at is not null))
);
create index recovery_open on recovery (organisation) where ended_at is null;

create table recovery_consent (
  organisation body_id not null,
  recovery uuid not null,
  person uuid not null,
  document bytea not null,
  at timestamptz not null,
  primary key (organisation, recovery, person),
  foreign key (organisation, recovery) references recovery,
  foreign key (organisation, person) references person
);

-- What the founding document says: any k of n sheets.
create function recovery_rule(org uuid) returns jsonb language sql stable as $$
  select d.text::jsonb -> 'recovery' from letterbox.signed_document d
  where d.organisation = org and d.kind = 'founding' order by d.position limit 1
$$;
create function is_keyholder(org uuid, who uuid) returns boolean language sql stable as $$
  select letterbox.stands(org, who) and exists (select from letterbox.person p
    where p.organisation = org and p.id = who and 'keyholder' = any (p.capacities))
$$;
-- Who holds sheets, or answers for those who do: only they rehearse and carry out.
create function require_manager_or_keyholder() returns acting language plpgsql stable as $$
declare who letterbox.acting := letterbox.require_actor();
begin
  if not who.capacities && array['manager', 'keyholder'] then perform letterbox.refuse('LB403', 'not-keyholder'); end if;
  return who;
end $$;

create function check_granted(org uuid, who uuid, forms text[]) returns void language plpgsql stable as $$
begin
  if exists (select from unnest(forms) f where letterbox.reads_from(org, who, f) is null) then
    perform letterbox.refuse('LB409', 'no-grant');
  end if;
end $$;

create function rehearse_recovery(doc text, sig text) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_manager_or_keyholder();
  d jsonb := doc::jsonb;
  rule jsonb := recovery_rule(who.organisation);
begin
  perform check_clock(d);
  if jsonb_array_length(d -> 'sheets') < (rule ->> 'k')::integer
    or exists (select from jsonb_array_elements(d -> 'sheets') s where s::integer > (rule ->> 'n')::integer) then
    perform refuse('LB422', 'document-mismatch');
  end if;
  perform append_document(who.organisation, 'rehearsal', who.person, doc, sig, jsonb_build_object('sheets', d -> 'sheets'));
end $$;

create function begin_recovery(doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  org uuid := who.organisation;
  d jsonb := doc::jsonb;
  getter uuid := (d ->> 'person')::uuid;
  of_forms text[] := array(select jsonb_array_elements_text(d -> 'forms'));
begin
  perform pg_advisory_xact_lock(hashtext('recovery' || org));
  perform check_clock(d);
  if getter = who.person then perform refuse('LB403', 'own-recovery'); end if;
  if exists (select from recovery r where r.organisation = org and r.ended_at is null and r.lapses_at > now()) then
    perform refuse('LB409', 'recovery-open');
  end if;
  if not exists (select from person p where p.organisation = org and p.id = getter) then perform refuse('LB404', 'missing'); end if;
  perform check_granted(org, getter, of_forms);
  if (select count(*) from person p where p.organisation = org and p.id <> getter and is_keyholder(org, p.id))
    < (recovery_rule(org) ->> 'k')::integer then perform refuse('LB409', 'too-few-keyholders'); end if;
  insert into recovery (organisation, id, document, begun_by, begun_at, lapses_at, person, forms)
  values (org, (d ->> 'id')::uuid, append_document(org, 'recovery', who.person, doc, sig, jsonb_build_object('forms', d -> 'forms')),
    who.person, now(), least((d ->> 'at')::timestamptz, now()) + interval '72 hours', getter, of_forms);
  return (d ->> 'id')::uuid;
exception when unique_violation then
  perform refuse('LB409', 'document-replayed');
end $$;

-- The recovery, or a refusal unless it is under way.
create function require_recovery(org uuid, of_document bytea) returns recovery language plpgsql volatile as $$
declare r letterbox.recovery;
begin
  perform pg_advisory_xact_lock(hashtext('recovery' || org));
  select * into r from letterbox.recovery x where x.organisation = org and x.document = of_document;
  if r.id is null then perform letterbox.refuse('LB404', 'missing'); end if;
  if r.ended_at is not null then perform letterbox.refuse('LB409', 'recovery-ended'); end if;
  if r.lapses_at <= now() then perform letterbox.refuse('LB409', 'recovery-lapsed'); end if;
  return r;
end $$;

-- Who has left, is suspended or holds no sheet any more consents no more.
create function consents_to(org uuid, of_recovery uuid) returns integer language sql stable as $$
  select count(distinct c.person)::integer from letterbox.recovery_consent c
  join letterbox.recovery r on r.organisation = c.organisation and r.id = c.recovery
  where c.organisation = org and c.recovery = of_recovery and c.person <> r.person and letterbox.is_keyholder(org, c.person)
$$;

create function consent_to_recovery(doc text, sig text) returns integer
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('keyholder');
  org uuid := who.organisation;
  d jsonb := doc::jsonb;
  r recovery := require_recovery(org, decode(d ->> 'recovery', 'hex'));
begin
  perform check_clock(d);
  if who.person = r.person then perform refuse('LB403', 'own-recovery'); end if;
  if exists (select from recovery_consent c where c.organisation = org and c.recovery = r.id and c.person = who.person) then
    perform refuse('LB409', 'consented-already');
  end if;
  if same_person(org, who.person, r.person) or exists (select from recovery_consent c
    where c.organisation = org and c.recovery = r.id and is_keyholder(org, c.person) and same_person(org, who.person, c.person)) then
    perform refuse('LB403', 'same-person');
  end if;
  insert into recovery_consent (organisation, recovery, person, document, at)
  values (org, r.id, who.person, append_document(org, 'recovery-consent', who.person, doc, sig,
    jsonb_build_object('recovery', r.id, 'subject', r.person)), now());
  return consents_to(org, r.id);
end $$;

create function end_recovery(doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
  r recovery := require_recovery(who.organisation, decode(d ->> 'recovery', 'hex'));
begin
  if d -> 'done' is distinct from 'false' then perform refuse('LB422', 'document-mismatch'); end if;
  update recovery x set ended_at = now(), ended_by = who.person, end_document = append_document(who.organisation, 'recovery-end',
    who.person, doc, sig, jsonb_build_object('recovery', r.id, 'subject', r.person, 'done', false))
  where x.organisation = r.organisation and x.id = r.id;
  return r.id;
end $$;

-- What a recovery covers today: each form's generations in use that the grant of its person covers.
create function recovery_generations(r recovery) returns table (form text, generation integer) language sql stable as $$
  select f, n from unnest(r.forms) f, letterbox.generations_from(r.organisation, f,
    letterbox.reads_from(r.organisation, r.person, f)) n
$$;
-- Refuses unless k keyholders consented and the grants still stand.
create function check_consents(r recovery) returns void language plpgsql stable as $$
begin
  if letterbox.consents_to(r.organisation, r.id) < (letterbox.recovery_rule(r.organisation) ->> 'k')::integer then
    perform letterbox.refuse('LB403', 'too-few-consents');
  end if;
  perform letterbox.check_granted(r.organisation, r.person, r.forms);
end $$;

-- THE only way by which a key sealed to the recovery recipient leaves the database while the service runs.
create function recovery_envelopes(of_recovery bytea) returns table (form text, generation integer, sealed bytea)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_manager_or_keyholder();
  r recovery := require_recovery(who.organisation, of_recovery);
begin
  perform check_consents(r);
  update recovery x set run_by = who.person, run_at = now() where x.organisation = r.organisation and x.id = r.id;
  perform register_append(r.organisation, 'recovery-envelopes', who.person, null, jsonb_build_object('recovery', r.id,
    'subject', r.person, 'keys', (select jsonb_agg(g.form || ' ' || g.generation order by g.form, g.generation)
      from recovery_generations(r) g)));
  return query select e.form, e.generation, e.sealed from key_envelope e
    join recovery_generations(r) g on g.form = e.form and g.generation = e.generation
    where e.organisation = r.organisation and e.person is null order by e.form, e.generation;
end $$;

-- Stores what the browser sealed to the person named, and ends the recovery as done. Not every generation need be
-- there: one envelope that does not open must not keep the others closed.
-- `keys`: [{"form": slug, "generation": n, "sealed": hex}]
create function hand_over_recovery(doc text, sig text, keys jsonb) returns integer
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_manager_or_keyholder();
  org uuid := who.organisation;
  d jsonb := doc::jsonb;
  r recovery := require_recovery(org, decode(d ->> 'recovery', 'hex'));
  handed integer;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || org));
  perform check_consents(r);
  if r.run_by is distinct from who.person then perform refuse('LB403', 'not-runner'); end if;
  if d -> 'done' is distinct from 'true' then perform refuse('LB422', 'document-mismatch'); end if;
  if jsonb_array_length(keys) = 0 or exists (select from jsonb_to_recordset(keys) as k (form text, generation integer)
    where (k.form, k.generation) not in (select g.form, g.generation from recovery_generations(r) g)) then
    perform refuse('LB422', 'generations');
  end if;
  insert into key_envelope (organisation, form, generation, person, sealed, sealed_by, sealed_at)
  select distinct on (k.form, k.generation) org, k.form, k.generation, r.person, decode(k.sealed, 'hex'), who.person, now()
  from jsonb_to_recordset(keys) as k (form text, generation integer, sealed text)
  on conflict (organisation, form, generation, person) do update
    set sealed = excluded.sealed, sealed_by = excluded.sealed_by, sealed_at = excluded.sealed_at;
  get diagnostics handed = row_count;
  perform mark_fulfilled(org, f) from unnest(r.forms) f;
  update recovery x set ended_at = now(), ended_by = who.person, done = true, end_document = append_document(org, 'recovery-end',
    who.person, doc, sig, jsonb_build_object('recovery', r.id, 'subject', r.person, 'done', true, 'keys', (
      select jsonb_agg(distinct k.form || ' ' || k.generation) from jsonb_to_recordset(keys) as k (form text, generation integer))))
  where x.organisation = r.organisation and x.id = r.id;
  return handed;
end $$;

-- Recovery is no secret inside an organisation: everybody sees all of it but the envelopes.
create function recovery_json(r recovery) returns jsonb language sql stable as $$
  select jsonb_build_object('id', r.id, 'document', encode(r.document, 'hex'), 'person', r.person, 'personName', p.name,
    'begunBy', b.name, 'begunAt', letterbox.iso(r.begun_at), 'lapsesAt', letterbox.iso(r.lapses_at),
    'reason', (select d.text::jsonb ->> 'reason' from letterbox.signed_document d where d.organisation = r.organisation and d.hash = r.document),
    'forms', (select jsonb_agg(jsonb_build_object('form', f, 'title', (select v.definition ->> 'title' from letterbox.published_form v
      where v.organisation = r.organisation and v.form = f order by v.version desc limit 1)) order by f) from unnest(r.forms) f),
    'consents', (select coalesce(jsonb_agg(jsonb_build_object('person', c.person, 'name', q.name, 'at', letterbox.iso(c.at),
        'counts', letterbox.is_keyholder(r.organisation, c.person)) order by c.at, c.person), '[]')
      from letterbox.recovery_consent c join letterbox.person q on q.organisation = c.organisation and q.id = c.person
      where c.organisation = r.organisation and c.recovery = r.id),
    'consented', letterbox.consents_to(r.organisation, r.id), 'runBy', x.name, 'endedBy', e.name,
    'endedAt', letterbox.iso(r.ended_at), 'done', r.done, 'lapsed', r.ended_at is null and r.lapses_at <= now())
  from letterbox.person b join letterbox.person p on p.organisation = b.organisation and p.id = r.person
  left join letterbox.person e on e.organisation = b.organisation and e.id = r.ended_by
  left join letterbox.person x on x.organisation = b.organisation and x.id = r.run_by
  where b.organisation = r.organisation and b.id = r.begun_by
$$;
create function recovery_overview() returns jsonb
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
begin
  return jsonb_build_object('k', recovery_rule(org) -> 'k', 'n', recovery_rule(org) -> 'n',
    'recipient', recovery_rule(org) -> 'recipient',
    'keyholders', (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name) order by p.name, p.id), '[]')
      from person p where p.organisation = org and is_keyholder(org, p.id)),
    'rehearsals', (select coalesce(jsonb_agg(x.line order by x.position desc), '[]') from (
      select d.position, jsonb_build_object('at', iso(d.at), 'name', p.name, 'sheets', d.text::jsonb -> 'sheets', 'set', d.text::jsonb ->> 'set') as line
      from signed_document d join person p on p.organisation = d.organisation and p.id = d.signer
      where d.organisation = org and d.kind = 'rehearsal' order by d.position desc limit 10) x),
    'recoveries', (select coalesce(jsonb_agg(recovery_json(r) order by r.begun_at desc, r.id), '[]')
      from recovery r where r.organisation = org));
end $$;
-- Who may be named, each with the forms they may read wholly today.
create function recovery_choices() returns table (person uuid, name text, email text, form text, title text, holds boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor('manager');
begin
  return query select distinct p.id, p.name, p.email, g.form, (select v.definition ->> 'title' from published_form v
      where v.organisation = g.organisation and v.form = g.form order by v.version desc limit 1),
      not lacks_keys(g.organisation, p.id, g.form, reads_from(g.organisation, p.id, g.form))
    from live_grants(who.organisation) g join person p on p.organisation = g.organisation and p.id = g.person
    where g.organisation = who.organisation and p.id <> who.person and reads_from(g.organisation, p.id, g.form) is not null
      and g.case_id is null
    order by p.name, p.id, g.form;
end $$;

grant execute on function rehearse_recovery(text, text), begin_recovery(text, text), consent_to_recovery(text, text),
  end_recovery(text, text), recovery_envelopes(bytea), hand_over_recovery(text, text, jsonb), recovery_overview(),
  recovery_choices() to letterbox_desk;
