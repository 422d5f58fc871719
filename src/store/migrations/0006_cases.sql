-- Reading. Ciphertext leaves by these functions only; each finds out who asks, decides, and appends
-- to the register in the same transaction. Forbidden and absent look the same: LB404.

-- A page of a form's list, newest first: what is not sealed, and the sealed summaries. `before_id` is
-- the last case of the page before, so that its place is found here with all its microseconds; a
-- case that the actor may not read is no such place.
create function list_cases(of_form text, before_id uuid, at_most integer) returns table (
  id uuid, version integer, generation integer, arrival text, received_at timestamptz, attachments integer, summary bytea)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  before_at timestamptz := (select c.received_at from cases c where c.organisation = who.organisation
    and c.id = before_id and c.form = of_form and may_read(who.organisation, who.person, c.form, c.generation));
  handed uuid[];
begin
  if before_id is not null and before_at is null then perform refuse('LB404', 'missing'); end if;
  select array_agg(x.id) into handed from (
    select c.id from cases c where c.organisation = who.organisation and c.form = of_form
      and may_read(who.organisation, who.person, c.form, c.generation)
      and (before_id is null or (c.received_at, c.id) < (before_at, before_id))
    order by c.received_at desc, c.id desc limit greatest(1, least(at_most, 50))) x;
  if handed is null then return; end if;
  perform register_append(who.organisation, 'list', who.person, null, jsonb_build_object('form', of_form, 'cases', handed));
  return query select c.id, c.version, c.generation, c.arrival, c.received_at, c.attachments, c.summary
    from cases c where c.organisation = who.organisation and c.id = any (handed) order by c.received_at desc, c.id desc;
end $$;

-- THE release: one case at a time, one entry each, written before the bytes leave.
create function release_case(of_case uuid) returns table (
  id uuid, form text, version integer, generation integer, arrival text, received_at timestamptz,
  answers bytea, summary bytea, case_key bytea, files jsonb)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases;
begin
  select * into c from cases x where x.organisation = who.organisation and x.id = of_case;
  if c.id is null or not may_read(who.organisation, who.person, c.form, c.generation) then perform refuse('LB404', 'missing'); end if;
  perform register_append(who.organisation, 'release', who.person, c.id, jsonb_build_object(
    'form', c.form, 'generation', c.generation, 'sealed', encode(c.sealed_hash, 'hex')));
  return query select c.id, c.form, c.version, c.generation, c.arrival, c.received_at, c.answers, c.summary, c.case_key,
    (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'size', a.size, 'chunks', a.chunks) order by a.id), '[]')
      from attachment a where a.organisation = c.organisation and a.case_id = c.id);
end $$;

create function release_attachment(of_case uuid, of_attachment uuid) returns table (release bigint, size bigint, chunks integer)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases;
  a attachment;
begin
  select * into c from cases x where x.organisation = who.organisation and x.id = of_case;
  select * into a from attachment x where x.organisation = who.organisation and x.case_id = of_case and x.id = of_attachment;
  if c.id is null or a.id is null or not may_read(who.organisation, who.person, c.form, c.generation) then
    perform refuse('LB404', 'missing');
  end if;
  return query select register_append(who.organisation, 'attachment-release', who.person, c.id, jsonb_build_object(
    'form', c.form, 'attachment', a.id, 'sealed', encode(a.sha256, 'hex'))), a.size, a.chunks;
end $$;

-- One chunk of what was just released to the same person; decided again each time, so that an end
-- of the grant ends a download that is under way.
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
  if e.id is null or c.id is null or not may_read(who.organisation, who.person, c.form, c.generation) then
    perform refuse('LB404', 'missing');
  end if;
  return (select k.bytes from attachment_chunk k where k.organisation = who.organisation and k.case_id = c.id
    and k.attachment = (e.body::jsonb ->> 'attachment')::uuid and k.n = nth);
end $$;

-- Who opened a case before, for whoever may read it.
create function case_openings(of_case uuid) returns table (person uuid, name text, at timestamptz, kind text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases;
begin
  select * into c from cases x where x.organisation = who.organisation and x.id = of_case;
  if c.id is null or not may_read(who.organisation, who.person, c.form, c.generation) then perform refuse('LB404', 'missing'); end if;
  return query select e.actor, p.name, e.at, e.kind from register_entry e
    join person p on p.organisation = e.organisation and p.id = e.actor
    where e.organisation = who.organisation and e.case_id = of_case and e.kind in ('release', 'attachment-release')
    order by e.id desc limit 200;
end $$;

-- The forms the actor may read now.
create function my_forms() returns table (form text, title text, cases bigint, newest timestamptz, until timestamptz, has_key boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select g.form,
      coalesce((select f.definition ->> 'title' from published_form f where f.organisation = who.organisation
        and f.form = g.form order by f.version desc limit 1), g.form),
      (select count(*) from cases c where c.organisation = who.organisation and c.form = g.form and c.generation >= min(g.from_generation)),
      (select max(c.received_at) from cases c where c.organisation = who.organisation and c.form = g.form and c.generation >= min(g.from_generation)),
      max(g.until),
      exists (select from key_envelope k where k.organisation = who.organisation and k.form = g.form and k.person = who.person
        and k.generation >= min(g.from_generation))
    from grants g where g.organisation = who.organisation and g.person = who.person
      and g.approved_at is not null and g.ended_at is null and g.until > now()
    group by g.form order by g.form;
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
