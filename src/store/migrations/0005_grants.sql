-- Grants and form keys: the database's own opinion of what the browsers sign and verify.

create function iso(moment timestamptz) returns text language sql immutable as $$
  select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
create function hex_hash(text text) returns text language sql immutable as $$
  select encode(sha256(convert_to(text, 'UTF8')), 'hex')
$$;

-- The id of one line of a grant document: one person, one form or case (`grantIdOf` in src/grants/documents.ts).
create function grant_line(document text, who uuid, of_form text, of_case uuid) returns uuid language sql immutable as $$
  select overlay(overlay(letterbox.hex_hash('letterbox grant line' || E'\n' || document || ' ' || who || ' ' || of_form || ' '
    || coalesce(of_case::text, '-') || E'\n') placing '8' from 13) placing '8' from 17)::varchar(32)::uuid
$$;

-- The hash of the document by which somebody gave their keys.
create function enrolment_of(org uuid, who uuid) returns text language sql stable as $$
  select encode(d.hash, 'hex') from letterbox.signed_document d
  where d.organisation = org and d.signer = who and d.kind in ('enrolment', 'founding')
  order by d.position desc limit 1
$$;
create index document_by_signer on signed_document (organisation, signer, kind);

create function newest_generation(org uuid, of_form text) returns integer language sql stable as $$
  select coalesce(max(k.generation), 0) from letterbox.form_key k
  where k.organisation = org and k.form = of_form and k.approved_at is not null
$$;

-- Whether two accounts look like one person's (`isSamePerson` in src/grants/objection.ts).
create function plain_name(name text) returns text language sql immutable as $$
  select regexp_replace(lower(regexp_replace(normalize(name, NFKD), U&'[\0300-\036F]', '', 'g')), '[^[:alnum:]]', '', 'g')
$$;
create function same_person(org uuid, one uuid, other uuid) returns boolean language sql stable as $$
  select exists (select from letterbox.person a join letterbox.person b on b.organisation = a.organisation
    where a.organisation = org and a.id = one and b.id = other and (letterbox.plain_name(a.name) = letterbox.plain_name(b.name)
      or regexp_replace(a.email, '\+[^@]*@', '@') = regexp_replace(b.email, '\+[^@]*@', '@')
      or a.recipient = b.recipient or a.verify_key = b.verify_key))
$$;

-- A grant that nothing but the calendar keeps from being read by.
create function live_grants(org uuid) returns setof grants language sql stable as $$
  select g.* from letterbox.grants g
  where g.organisation = org and g.until > now() and g.review_by > now() and g.ended_at is null
$$;

-- The second opinion on `readersOf` (src/grants/grant.ts): who may, at `at`, read at least one submission that is
-- covered, of those that are there or are still to come.
create function readers_of(org uuid, of_form text, of_case uuid, from_generation integer, at timestamptz)
returns setof uuid language sql stable as $$
  select distinct g.person from letterbox.live_grants(org) g
  left join letterbox.cases c on c.organisation = org and c.id = coalesce(g.case_id, of_case)
  where g.form = of_form and g.starts <= at and g.until > at and g.review_by > at
    and letterbox.stands(org, g.person)
    and case
      when g.case_id is null and of_case is null then true
      when g.case_id is not null and of_case is not null then g.case_id = of_case
      else c.form = of_form and letterbox.plain_generation(org, of_form, c.generation)
        >= case when g.case_id is null then g.from_generation else readers_of.from_generation end
    end
$$;

-- The same lines as stateText() in src/grants/grant.ts builds, by other means. `d`: a grant document.
create function access_state_text(org uuid, d jsonb) returns text language sql stable as $$
  with scope as (
    select distinct s ->> 'form' as form, (s ->> 'case')::uuid as case_id from jsonb_array_elements(d -> 'scopes') s
  ), line as (
    select 'form ' || f.form || ' ' || letterbox.newest_generation(org, f.form) as text
    from (select distinct form from scope) f
    union all
    select 'case ' || c.id || ' ' || c.form || ' ' || letterbox.plain_generation(org, c.form, c.generation)
    from scope s join letterbox.cases c on c.organisation = org and c.id = s.case_id
    union all
    select 'grantee ' || (p ->> 'person') || ' ' || case when letterbox.stands(org, (p ->> 'person')::uuid)
      then coalesce(letterbox.enrolment_of(org, (p ->> 'person')::uuid), '-') else '-' end
    from jsonb_array_elements(d -> 'people') p
    union all
    select concat_ws(' ', 'grant', g.id, g.person, g.form, coalesce(g.case_id::text, '-'), g.from_generation,
      letterbox.iso(g.starts), letterbox.iso(g.until), letterbox.iso(g.review_by))
    from letterbox.live_grants(org) g
    where g.form in (select form from scope) and letterbox.stands(org, g.person)
  )
  select 'letterbox access state 2' || E'\norganisation ' || org || E'\n'
    || coalesce(string_agg(line.text, E'\n' order by line.text collate "C"), '') || E'\n' from line
$$;

create index person_emails on person (organisation, email);
create function member_json(p person) returns jsonb language sql stable as $$
  select jsonb_build_object('id', p.id, 'name', p.name, 'email', p.email, 'capacities', p.capacities, 'outside', p.outside,
    'enrolment', letterbox.enrolment_of(p.organisation, p.id), 'stands', letterbox.stands(p.organisation, p.id),
    'trainedUntil', (select letterbox.iso(max(t.until)) from letterbox.training t
      where t.organisation = p.organisation and t.person = p.id and t.since <= now() and t.until > now()),
    'awayUntil', (select max(a.last_day) || 'T23:59:59.000Z' from letterbox.away a where a.organisation = p.organisation
      and a.person = p.id and a.last_day >= current_date and a.first_day <= current_date + 14),
    'grantedBefore', exists (select from letterbox.grants g join letterbox.person q on q.organisation = g.organisation
      and q.id = g.person where q.organisation = p.organisation and q.email = p.email))
$$;
-- The last word of a name and its first letter: what makes two names look alike.
create function looks(name text) returns text language sql immutable as $$
  select left(lower(trim(name)), 1) || ' ' || lower((regexp_match(trim(name), '\S+$'))[1])
$$;

-- Everything a preview is computed from; who reads what is no secret inside an organisation. `of_people` null: everybody.
create function access_state(of_forms text[], of_cases uuid[], of_people uuid[]) returns jsonb
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  known text[] := array(select distinct f.form from published_form f where f.organisation = org and f.form = any (of_forms));
begin
  if cardinality(known) < cardinality(of_forms) then perform refuse('LB404', 'missing'); end if;
  return jsonb_build_object('organisation', org,
    'forms', (select coalesce(jsonb_agg(jsonb_build_object('form', f.form, 'title', f.definition ->> 'title',
        'purposes', f.definition -> 'purposes', 'generation', newest_generation(org, f.form),
        'holdings', (select coalesce(jsonb_agg(to_jsonb(h)), '[]') from (
          select plain_generation(org, f.form, c.generation) as generation, count(*) as count, iso(min(c.received_at)) as oldest,
            iso(max(c.received_at)) as newest, coalesce(sum(c.attachments), 0) as attachments
          from cases c where c.organisation = org and c.form = f.form and not is_canary(org, c.id) group by 1 order by 1) h)) order by f.form), '[]')
      from (select distinct on (p.form) p.form, p.definition from published_form p
        where p.organisation = org and p.form = any (known) order by p.form, p.version desc) f),
    'people', (select coalesce(jsonb_agg(member_json(p) order by p.name, p.id), '[]') from person p
      where p.organisation = org and (of_people is null and p.left_at is null or p.id = any (of_people)
        or p.id in (select g.person from live_grants(org) g where g.form = any (known))
        or p.left_at is null and looks(p.name) in (select looks(q.name) from person q where q.organisation = org and q.id = any (of_people)))),
    'grants', (select coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'document', encode(g.document, 'hex'), 'person', g.person,
        'form', g.form, 'case', g.case_id, 'fromGeneration', g.from_generation, 'from', iso(g.starts), 'until', iso(g.until),
        'reviewBy', iso(g.review_by)) order by g.id), '[]')
      from live_grants(org) g where g.form = any (known)),
    'cases', (select coalesce(jsonb_agg(jsonb_build_object('case', c.id, 'form', c.form,
        'generation', plain_generation(org, c.form, c.generation), 'receivedAt', iso(c.received_at), 'attachments', c.attachments) order by c.id), '[]')
      from cases c where c.organisation = org and (
        c.id in (select g.case_id from live_grants(org) g where g.form = any (known))
        -- Only managers and its readers learn that a case is there, and of it no more than its day.
        or c.id = any (of_cases) and c.form = any (known)
          and ('manager' = any (who.capacities) or may_read(org, who.person, c.form, c.generation, c.id)))));
end $$;

create function proposal_found(of_proposal uuid) returns table (document text, text text, proposer uuid, proposer_name text,
  proposed_at timestamptz, approved_at timestamptz, approver_name text, withdrawn_at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select encode(p.document, 'hex'), d.text, p.proposer, r.name, p.proposed_at, p.approved_at,
      (select a.name from grants g join person a on a.organisation = g.organisation and a.id = g.approver
        where g.organisation = p.organisation and g.proposal = p.id limit 1), p.withdrawn_at
    from proposal p join signed_document d on d.organisation = p.organisation and d.hash = p.document
    join person r on r.organisation = p.organisation and r.id = p.proposer
    where p.organisation = who.organisation and p.id = of_proposal;
end $$;

-- What must hold whenever somebody signs a proposal or its approval, and when a grant begins: asked of a grant document.
create function check_proposal(org uuid, d jsonb, proposer uuid) returns void language plpgsql stable as $$
declare
  starts timestamptz := greatest((d ->> 'from')::timestamptz, now());
  ends timestamptz := (d ->> 'until')::timestamptz;
begin
  if not letterbox.trained(org, proposer) then perform letterbox.refuse('LB403', 'not-trained'); end if;
  if exists (select from jsonb_array_elements(d -> 'people') e where (e ->> 'person')::uuid = proposer) then
    perform letterbox.refuse('LB403', 'own-grant');
  end if;
  if exists (select from jsonb_array_elements(d -> 'people') e
    left join letterbox.person p on p.organisation = org and p.id = (e ->> 'person')::uuid
    where p.id is null or not letterbox.stands(org, p.id)) then perform letterbox.refuse('LB422', 'grantee'); end if;
  if exists (select from jsonb_array_elements(d -> 'people') e
    join letterbox.person p on p.organisation = org and p.id = (e ->> 'person')::uuid
    where p.recipient is distinct from e ->> 'recipient') then perform letterbox.refuse('LB422', 'grantee-key'); end if;
  if exists (select from jsonb_array_elements(d -> 'people') e
    join letterbox.person p on p.organisation = org and p.id = (e ->> 'person')::uuid
    where 'watch' = any (p.capacities)) then perform letterbox.refuse('LB422', 'grantee-is-watch'); end if;
  if exists (select from jsonb_array_elements(d -> 'people') e where not letterbox.trained(org, (e ->> 'person')::uuid)) then
    perform letterbox.refuse('LB422', 'grantee-not-trained');
  end if;
  if exists (select from jsonb_array_elements(d -> 'people') e where letterbox.same_person(org, proposer, (e ->> 'person')::uuid)) then
    perform letterbox.refuse('LB403', 'same-person');
  end if;
  if ends <= starts or ends > starts + interval '366 days' or starts > now() + interval '366 days' then
    perform letterbox.refuse('LB422', 'until');
  end if;
  if exists (select from jsonb_array_elements(d -> 'scopes') s where not exists (select from letterbox.published_form f
    where f.organisation = org and f.form = s ->> 'form' and f.definition -> 'purposes' ? (s ->> 'purpose'))) then
    perform letterbox.refuse('LB422', 'purpose');
  end if;
  if exists (select from jsonb_array_elements(d -> 'scopes') s
    where (s ->> 'fromGeneration')::integer > letterbox.newest_generation(org, s ->> 'form') + 1
      or (s ->> 'case' is not null and not exists (select from letterbox.cases c
        where c.organisation = org and c.id = (s ->> 'case')::uuid and c.form = s ->> 'form'))) then
    perform letterbox.refuse('LB404', 'missing');
  end if;
end $$;
-- What is signed takes its time from the signer's clock, which must be right: reviews are counted from it.
create function check_clock(d jsonb) returns void language plpgsql stable as $$
begin
  if abs(extract(epoch from (d ->> 'at')::timestamptz - now())) > 600 then perform letterbox.refuse('LB422', 'clock'); end if;
end $$;
-- Whose training was in date when they signed or were given access: the record that a regulator's form asks for.
create function training_of(org uuid, people uuid[]) returns jsonb language sql stable as $$
  select jsonb_build_object('training', jsonb_object_agg(x.person, x.document)) from (
    select distinct on (t.person) t.person, encode(t.document, 'hex') as document from letterbox.training t
    where t.organisation = org and t.person = any (people) and t.since <= now() and t.until > now()
    order by t.person, t.until desc) x
$$;
-- Of any document, since a plan may ask before it has joined: what is no grant names nobody and no form.
create function people_in(d jsonb) returns uuid[] language sql immutable as $$
  select array(select (e ->> 'person')::uuid
    from jsonb_array_elements(case when d ->> 'kind' = 'grant' then d -> 'people' else '[]' end) e)
$$;
create function forms_in(d jsonb) returns jsonb language sql immutable as $$
  select jsonb_agg(distinct s ->> 'form')
  from jsonb_array_elements(case when d ->> 'kind' = 'grant' then d -> 'scopes' else '[]' end) s
$$;

create function propose_grant(doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  perform check_clock(d);
  perform check_proposal(who.organisation, d, who.person);
  if d ->> 'state' is distinct from hex_hash(access_state_text(who.organisation, d)) then perform refuse('LB409', 'state-moved'); end if;
  insert into proposal (organisation, id, document, proposer, proposed_at, until)
  values (who.organisation, (d ->> 'id')::uuid, append_document(who.organisation, 'grant', who.person, doc, sig,
      jsonb_build_object('people', to_jsonb(people_in(d)), 'forms', forms_in(d)) || training_of(who.organisation, people_in(d) || who.person)),
    who.person, now(), (d ->> 'until')::timestamptz);
  return (d ->> 'id')::uuid;
exception when unique_violation then
  perform refuse('LB409', 'document-replayed');
end $$;

create function approve_grant(doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  org uuid := who.organisation;
  a jsonb := doc::jsonb;
  p proposal;
  d jsonb;
  readers integer;
  signed bytea;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || org));
  perform check_clock(a);
  select * into p from proposal x where x.organisation = org and x.document = decode(a ->> 'proposal', 'hex');
  if p.id is null then perform refuse('LB404', 'missing'); end if;
  d := (select s.text::jsonb from signed_document s where s.organisation = org and s.hash = p.document);
  if who.person = p.proposer then perform refuse('LB403', 'own-proposal'); end if;
  if who.person = any (people_in(d)) then perform refuse('LB403', 'own-grant'); end if;
  if not trained(org, who.person) then perform refuse('LB403', 'not-trained'); end if;
  if same_person(org, who.person, p.proposer) or exists (select from unnest(people_in(d)) x where same_person(org, who.person, x)) then
    perform refuse('LB403', 'same-person');
  end if;
  if p.approved_at is not null then perform refuse('LB409', 'approved-already'); end if;
  if p.withdrawn_at is not null then perform refuse('LB409', 'ended-already'); end if;
  if p.until <= now() then perform refuse('LB409', 'expired'); end if;
  if not stands(org, p.proposer) or not exists (select from person x where x.organisation = org and x.id = p.proposer
    and 'manager' = any (x.capacities)) then perform refuse('LB409', 'proposer-gone'); end if;
  perform check_proposal(org, d, p.proposer);
  if a ->> 'state' is distinct from d ->> 'state' or d ->> 'state' is distinct from hex_hash(access_state_text(org, d)) then
    perform refuse('LB409', 'state-moved');
  end if;
  select count(*) into readers from (
    select r from jsonb_array_elements(d -> 'scopes') s, readers_of(org, s ->> 'form', (s ->> 'case')::uuid,
      (s ->> 'fromGeneration')::integer, greatest((d ->> 'from')::timestamptz, now())) r
    union select unnest(people_in(d))) x;
  if readers is distinct from (a ->> 'people')::integer then perform refuse('LB422', 'people-count'); end if;
  signed := append_document(org, 'approval', who.person, doc, sig,
    jsonb_build_object('proposal', a ->> 'proposal', 'people', to_jsonb(people_in(d)), 'forms', forms_in(d))
      || training_of(org, people_in(d) || who.person));
  update proposal x set approved_at = now() where x.organisation = org and x.id = p.id;
  insert into grants (organisation, id, proposal, person, form, case_id, from_generation, starts, until, review_by, purpose,
    document, proposer, approver, approval, approved_at)
  select org, grant_line(encode(p.document, 'hex'), x, s ->> 'form', (s ->> 'case')::uuid), p.id, x, s ->> 'form', (s ->> 'case')::uuid,
    (s ->> 'fromGeneration')::integer, (d ->> 'from')::timestamptz, p.until, (a ->> 'at')::timestamptz + interval '2208 hours',
    s ->> 'purpose', p.document, p.proposer, who.person, signed, now()
  from unnest(people_in(d)) x, jsonb_array_elements(d -> 'scopes') s;
  -- Access that is renewed needs no new key.
  perform mark_fulfilled(org, f) from (select distinct s ->> 'form' as f from jsonb_array_elements(d -> 'scopes') s) x;
  return p.id;
end $$;

create function withdraw_proposal(doc text, sig text) returns uuid
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
  p proposal;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  select * into p from proposal x where x.organisation = who.organisation and x.document = decode(d ->> 'proposal', 'hex');
  if p.id is null then perform refuse('LB404', 'missing'); end if;
  if p.approved_at is not null then perform refuse('LB409', 'approved-already'); end if;
  if p.withdrawn_at is not null then perform refuse('LB409', 'ended-already'); end if;
  update proposal x set withdrawn_at = now(), withdrawal = append_document(who.organisation, 'withdrawal', who.person, doc, sig)
  where x.organisation = p.organisation and x.id = p.id;
  return p.id;
end $$;

-- Closing needs one person, and no training: whoever sees a mistake ends it at once.
create function end_grants(doc text, sig text) returns integer
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
  ids uuid[] := array(select x::uuid from jsonb_array_elements_text(d -> 'grants') x);
  signed bytea;
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  if (select count(*) from grants g where g.organisation = who.organisation and g.id = any (ids)) < cardinality(ids) then
    perform refuse('LB404', 'missing');
  end if;
  if exists (select from grants g where g.organisation = who.organisation and g.id = any (ids) and g.ended_at is not null) then
    perform refuse('LB409', 'ended-already');
  end if;
  signed := append_document(who.organisation, 'grant-end', who.person, doc, sig, (select jsonb_build_object(
    'people', jsonb_agg(distinct g.person), 'forms', jsonb_agg(distinct g.form)) from grants g
    where g.organisation = who.organisation and g.id = any (ids)));
  update grants g set ended_at = now(), ended_by = who.person, end_document = signed
  where g.organisation = who.organisation and g.id = any (ids);
  return cardinality(ids);
end $$;

-- A manager who is not the reader says that each of these is still needed; a lapsed one does not come back.
create function review_grants(doc text, sig text) returns integer
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  d jsonb := doc::jsonb;
  ids uuid[] := array(select x::uuid from jsonb_array_elements_text(d -> 'grants') x);
begin
  perform pg_advisory_xact_lock(hashtext('grants' || who.organisation));
  perform check_clock(d);
  if not trained(who.organisation, who.person) then perform refuse('LB403', 'not-trained'); end if;
  if (select count(*) from live_grants(who.organisation) g where g.id = any (ids)) < cardinality(ids) then
    perform refuse('LB404', 'missing');
  end if;
  if exists (select from grants g where g.organisation = who.organisation and g.id = any (ids) and g.person = who.person) then
    perform refuse('LB403', 'own-grant');
  end if;
  perform append_document(who.organisation, 'review', who.person, doc, sig, (select jsonb_build_object(
    'people', jsonb_agg(distinct g.person), 'forms', jsonb_agg(distinct g.form)) from grants g
    where g.organisation = who.organisation and g.id = any (ids)) || training_of(who.organisation, array[who.person]));
  update grants g set review_by = (d ->> 'at')::timestamptz + interval '2208 hours'
  where g.organisation = who.organisation and g.id = any (ids);
  return cardinality(ids);
end $$;

grant execute on function access_state(text[], uuid[], uuid[]), proposal_found(uuid), propose_grant(text, text), approve_grant(text, text),
  withdraw_proposal(text, text), end_grants(text, text), review_grants(text, text) to letterbox_desk;
