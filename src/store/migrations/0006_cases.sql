-- Reading. Ciphertext leaves by these functions only; each finds out who asks, decides, and appends
-- to the register in the same transaction. Forbidden and absent look the same: LB404.

-- From which generation on somebody reads a whole form; null where they do not.
create function reads_from(org uuid, who uuid, of_form text) returns integer language sql stable as $$
  select min(g.from_generation) from letterbox.live_grants(org) g
  where g.person = who and g.form = of_form and g.case_id is null and g.starts <= now() and letterbox.stands(org, who)
$$;

-- A page of a form's list, newest first: what is not sealed, and the sealed summaries. `before_id` is
-- the last case of the page before, so that its place is found here with all its microseconds; a
-- case that the actor may not read is no such place.
-- What a reader of one case only sees of it has no summary: that is sealed to the form's key.
-- Canaries (0016) go out as cases do, or Watch could not see a list that came to somebody else; who may read the form is
-- shown none of them.
create function list_cases(of_form text, before_id uuid, at_most integer) returns table (
  id uuid, version integer, generation integer, arrival text, received_at timestamptz, attachments integer, summary bytea, canary boolean)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
  before_at timestamptz := (select c.received_at from cases c where c.organisation = org
    and c.id = before_id and c.form = of_form and may_read(org, who.person, c.form, c.generation, c.id));
  from_generation integer := reads_from(org, who.person, of_form);
  handed uuid[];
begin
  if before_id is not null and before_at is null then perform refuse('LB404', 'missing'); end if;
  select array_agg(x.id) into handed from (
    select c.id from cases c where c.organisation = org and c.form = of_form
      and (plain_generation(org, of_form, c.generation) >= from_generation
        or c.id in (select g.case_id from live_grants(org) g where g.person = who.person and g.form = of_form)
          and may_read(org, who.person, of_form, c.generation, c.id))
      and (before_id is null or (c.received_at, c.id) < (before_at, before_id))
    order by c.received_at desc, c.id desc limit greatest(1, least(at_most, 50))) x;
  if handed is null then return; end if;
  perform refuse_quarantined(org, of_form);
  perform register_append(org, 'list', who.person, null, jsonb_build_object('form', of_form, 'cases', handed));
  return query select c.id, c.version, c.generation, c.arrival, c.received_at, c.attachments,
      case when plain_generation(org, of_form, c.generation) >= from_generation then c.summary end, is_canary(org, c.id)
    from cases c where c.organisation = org and c.id = any (handed) order by c.received_at desc, c.id desc;
end $$;

-- THE release: one case at a time, one entry each, written before the bytes leave. The entry names the document by which
-- it was allowed, so that whoever reads the register can ask whether two people ever signed it. `to_person`: the case's
-- key is sealed to this reader and not to the form.
create function release_case(of_case uuid) returns table (
  id uuid, form text, version integer, generation integer, arrival text, received_at timestamptz,
  answers bytea, summary bytea, case_key bytea, to_person boolean, canary boolean, files jsonb)
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
    'form', c.form, 'generation', c.generation, 'sealed', encode(c.sealed_hash, 'hex'), 'grant', encode(allowed, 'hex')));
  return query select c.id, c.form, c.version, c.generation, c.arrival, c.received_at, c.answers,
    case when whole then c.summary end, envelope, not whole, is_canary(c.organisation, c.id),
    (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'size', a.size, 'chunks', a.chunks) order by a.id), '[]')
      from attachment a where a.organisation = c.organisation and a.case_id = c.id);
end $$;

-- Whether a case may be read is asked even where there is none, so that forbidden takes no longer than absent.
create function release_attachment(of_case uuid, of_attachment uuid) returns table (release bigint, size bigint, chunks integer)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases;
  a attachment;
  allowed bytea;
begin
  select * into c from cases x where x.organisation = who.organisation and x.id = of_case;
  select * into a from attachment x where x.organisation = who.organisation and x.case_id = of_case and x.id = of_attachment;
  allowed := reading_grant(who.organisation, who.person, c.form, c.generation, c.id);
  if c.id is null or a.id is null or allowed is null then perform refuse('LB404', 'missing'); end if;
  perform refuse_quarantined(who.organisation, c.form);
  return query select register_append(who.organisation, 'attachment-release', who.person, c.id, jsonb_build_object(
    'form', c.form, 'attachment', a.id, 'sealed', encode(a.sha256, 'hex'), 'grant', encode(allowed, 'hex'))), a.size, a.chunks;
end $$;

-- One chunk of what was just released to the same person; decided again each time, so that an end
-- of the grant, or a quarantine, ends a download that is under way.
create function released_chunk(of_release bigint, nth integer) returns bytea
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  e register_entry;
  c cases;
begin
  select * into e from register_entry x where x.id = of_release and x.organisation = who.organisation
    and x.actor = who.person and x.kind = 'attachment-release' and x.at > now() - interval '10 minutes';
  select * into c from cases x where x.organisation = who.organisation and x.id = e.case_id;
  if e.id is null or c.id is null or not may_read(who.organisation, who.person, c.form, c.generation, c.id) then
    perform refuse('LB404', 'missing');
  end if;
  perform refuse_quarantined(who.organisation, c.form);
  return (select k.bytes from attachment_chunk k where k.organisation = who.organisation and k.case_id = c.id
    and k.attachment = (e.body::jsonb ->> 'attachment')::uuid and k.n = nth);
end $$;

-- Who opened a case before, for whoever may read it.
create function case_openings(of_case uuid) returns table (person uuid, name text, at timestamptz, kind text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases;
  allowed boolean;
begin
  select * into c from cases x where x.organisation = who.organisation and x.id = of_case;
  allowed := may_read(who.organisation, who.person, c.form, c.generation, c.id);
  if c.id is null or not allowed then perform refuse('LB404', 'missing'); end if;
  return query select e.actor, p.name, e.at, e.kind from register_entry e
    join person p on p.organisation = e.organisation and p.id = e.actor
    where e.organisation = who.organisation and e.case_id = of_case and e.kind in ('release', 'attachment-release')
    order by e.id desc limit 200;
end $$;

-- The forms the actor may read now, whole or one case of.
create function my_forms() returns table (form text, title text, cases bigint, newest timestamptz, until timestamptz, has_key boolean, whole boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  org uuid := who.organisation;
begin
  return query select m.form,
      coalesce((select f.definition ->> 'title' from published_form f where f.organisation = org
        and f.form = m.form order by f.version desc limit 1), m.form),
      x.count, x.newest, m.until,
      case when m.from_generation is null then exists (select from case_envelope e where e.organisation = org and e.person = who.person
          and e.case_id = any (m.single))
        else not lacks_keys(org, who.person, m.form, m.from_generation)
          and exists (select from generations_from(org, m.form, m.from_generation)) end,
      m.from_generation is not null
    from (select g.form, max(g.until) as until, min(g.from_generation) filter (where g.case_id is null) as from_generation,
        array_agg(g.case_id) filter (where g.case_id is not null) as single
      from live_grants(org) g where g.person = who.person and g.starts <= now() group by g.form) m,
    lateral (select count(*) as count, max(c.received_at) as newest from cases c where c.organisation = org and c.form = m.form and not is_canary(org, c.id)
      and (plain_generation(org, c.form, c.generation) >= m.from_generation or c.id = any (m.single))) x
    order by m.form;
end $$;

-- How many gave equality answers, and nothing below ten, for whoever may read the form.
create function equality_count(of_form text) returns bigint
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  counted bigint := (select count(*) from equality_answer q where q.organisation = who.organisation and q.form = of_form);
begin
  if counted < 10 or not may_read(who.organisation, who.person, of_form, 2147483647) then return null; end if;
  return counted;
end $$;

grant execute on function list_cases(text, uuid, integer), release_case(uuid), release_attachment(uuid, uuid),
  released_chunk(bigint, integer), case_openings(uuid), my_forms(), equality_count(text) to letterbox_desk;
