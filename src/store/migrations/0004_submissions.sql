-- Posting. The public process may put cases in and take none out: all it can reach are the four
-- functions below, and what they return is a word, a day, and (to whoever shows the authenticator of
-- a receipt) which case it belongs to.

-- The sealed objects stay in their row as long as a row may be: whoever lists cases reads the summary
-- anyway, and a post writes fewer rows than with each object in the table beside.
alter table cases set (toast_tuple_target = 8160);
alter table equality_answer set (toast_tuple_target = 8160);

-- For "has it arrived?", asked by the hash of a receipt's authenticator.
create index cases_by_authenticator on cases using hash (authenticator_hash);

-- One lock a case orders its chunks, its post and the sweep, where there are attachments.
create function lock_case(of_case uuid) returns void language sql volatile as $$
  select pg_advisory_xact_lock(hashtextextended(of_case::text, 7261004))
$$;

-- A form takes submissions while it is published and the newest of its keys carries two signatures.
create function open_generation(org uuid, of_form text) returns integer language sql stable as $$
  select max(generation) from letterbox.form_key
  where organisation = org and form = of_form and approved_at is not null
$$;

-- Whether every attachment that a post names lies here whole: chunks 0 … n-1, of the size it names.
create function attachments_complete(org uuid, of_case uuid, listed jsonb) returns boolean language sql stable as $$
  select coalesce(bool_and(chunk.found = a.chunks and chunk.last = a.chunks - 1 and chunk.size = a.size), true)
  from jsonb_to_recordset(listed) as a(id uuid, size bigint, chunks bigint), lateral (
    select count(*) as found, max(c.n) as last, sum(length(c.bytes)) as size
    from letterbox.attachment_chunk c
    where c.organisation = org and c.case_id = of_case and c.attachment = a.id) chunk
$$;

-- What stands in the register for the sealed objects of a case: the hash of their hashes, then those
-- that the sender named for the attachments, in the order of their ids. Equality answers are left
-- out, or they could be joined back to the case.
create function attached_hashes(listed jsonb) returns bytea language sql immutable as $$
  select coalesce(string_agg(decode(a.sha256, 'hex'), ''::bytea order by a.id), ''::bytea)
  from jsonb_to_recordset(listed) as a(id uuid, sha256 text)
$$;
create function sealed_hash(answers bytea, summary bytea, case_key bytea, receipt_key bytea, attached bytea)
returns bytea language sql immutable as $$
  select sha256(sha256(answers) || sha256(summary) || sha256(case_key) || sha256(receipt_key) || attached)
$$;

-- Takes in a batch of posts. `heads` is an array of
--   {"slug": "exampleshire", "organisation": uuid, "form": text, "version": n, "generation": n, "id": uuid,
--    "arrival": "browser"|"server", "authenticator": hex of 32 bytes,
--    "attachments": [{"id": uuid, "size": n, "chunks": n, "sha256": hex}],
--    "start": n, "answers": n, "summary": n, "case_key": n, "receipt_key": n, "equality": n|null}
-- where the last six cut `objects`: the offset of the first object, then the length of each in order.
-- Returns one row a post, in order: accepted | again (the same post before: its day) | taken (the case
-- id is another's) | closed | stale-version | stale-generation | incomplete. A refused post leaves
-- nothing and hinders no other; an accepted one is a case, its attachments, its equality answers and
-- its register entry, durable together when this returns and committed.
create function slot_post(heads jsonb, objects bytea) returns table (nth integer, result text, received_on date)
language plpgsql volatile security definer set search_path = letterbox, pg_temp
  -- A plan made while the tables were small is kept by its connection and must not scan them when they have grown.
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  results text[];
  days date[];
  today date := (now() at time zone 'Europe/London')::date;
begin
  if jsonb_path_exists(heads, '$[*].attachments[*]') then
    perform lock_case(h.id) from (
      select distinct id from jsonb_to_recordset(heads) as r(id uuid, attachments jsonb)
      where jsonb_array_length(r.attachments) > 0 order by id) h;
  end if;

  -- Cases go in ordered by id, so that two batches with the same ids wait for each other and never
  -- for ever. Whether a case is there already is left to its key: only who was not taken in is looked
  -- up, below, where what other batches committed can be seen. The sealed objects are cut out only
  -- where they are stored.
  with post as materialized (
    select * from rows from (jsonb_to_recordset(heads) as (slug text, organisation uuid, form text,
      version bigint, generation bigint, id uuid, arrival text, authenticator text, attachments jsonb,
      start integer, answers integer, summary integer, case_key integer, receipt_key integer, equality integer))
      with ordinality as h(slug, organisation, form, version, generation, id, arrival, authenticator, attachments,
        start, answers, summary, case_key, receipt_key, equality, nth)
  ), door as materialized (
    select d.*, open_generation(d.organisation, d.form) as generation, array(select f.version from published_form f
      where f.organisation = d.organisation and f.form = d.form)::bigint[] as versions
    from (select distinct p.slug, p.organisation, p.form from post p) d
    join organisation o on o.id = d.organisation and o.slug = d.slug
  ), judged as materialized (
    select p.*, case
        when d.generation is null or d.versions = '{}' then 'closed'
        when p.version <> all (d.versions) then 'stale-version'
        when p.generation <> d.generation then 'stale-generation'
        when jsonb_array_length(p.attachments) > 10 then 'incomplete'
        when jsonb_array_length(p.attachments) > 0
          and not attachments_complete(p.organisation, p.id, p.attachments) then 'incomplete'
        else 'accepted'
      end as verdict
    from post p
    left join door d on d.slug = p.slug and d.organisation = p.organisation and d.form = p.form
  ), good as materialized (
    select distinct on (j.organisation, j.id) j.*
    from judged j where j.verdict = 'accepted' order by j.organisation, j.id, j.nth
  ), fresh as (
    insert into cases (organisation, id, form, version, generation, arrival, received_at, authenticator_hash,
      sealed_hash, attachments, answers, summary, case_key, receipt_key)
    select g.organisation, g.id, g.form, g.version, g.generation, g.arrival, now(), decode(g.authenticator, 'hex'),
      sealed_hash(o.answers, o.summary, o.case_key, o.receipt_key,
        case when jsonb_array_length(g.attachments) > 0 then attached_hashes(g.attachments) else '' end),
      jsonb_array_length(g.attachments), o.answers, o.summary, o.case_key, o.receipt_key
    from good g, lateral (select
      substring(objects from g.start + 1 for g.answers) as answers,
      substring(objects from g.start + 1 + g.answers for g.summary) as summary,
      substring(objects from g.start + 1 + g.answers + g.summary for g.case_key) as case_key,
      substring(objects from g.start + 1 + g.answers + g.summary + g.case_key for g.receipt_key) as receipt_key) o
    order by g.organisation, g.id
    on conflict do nothing
    returning cases.organisation, cases.id, cases.form, cases.version, cases.generation, cases.arrival,
      cases.sealed_hash, cases.attachments
  ), kept_attachments as (
    insert into attachment (organisation, case_id, id, size, chunks, sha256)
    select g.organisation, g.id, a.id, a.size, a.chunks, decode(a.sha256, 'hex')
    from fresh join good g using (organisation, id),
      jsonb_to_recordset(g.attachments) as a(id uuid, size bigint, chunks bigint, sha256 text)
    where jsonb_array_length(g.attachments) > 0
  ), kept_equality as (
    -- In no order, so that their row numbers do not follow those of the cases.
    insert into equality_answer (organisation, form, generation, received_on, sealed)
    select g.organisation, g.form, g.generation, today,
      substring(objects from g.start + 1 + g.answers + g.summary + g.case_key + g.receipt_key for g.equality)
    from fresh join good g using (organisation, id) where g.equality is not null order by random()
  ), told as materialized (
    select register_append_submissions(array_agg(f.organisation), array_agg(f.id), array_agg(jsonb_build_object(
      'form', f.form, 'version', f.version, 'generation', f.generation, 'arrival', f.arrival,
      'sealed', encode(f.sealed_hash, 'hex'), 'attachments', f.attachments)))
    from fresh f
  )
  select array_agg(case when j.verdict = 'accepted' and (f.id is null or g.nth <> j.nth) then 'known'
    else j.verdict end order by j.nth) into results
  from judged j
  cross join told
  left join good g on g.organisation = j.organisation and g.id = j.id
  left join fresh f on f.organisation = j.organisation and f.id = j.id;

  if results <> array_fill('accepted'::text, array[cardinality(results)]) then
    select array_agg(case
          when c.id is null or results[h.nth] = 'accepted' then results[h.nth]
          when c.authenticator_hash = decode(h.authenticator, 'hex') then 'again'
          else 'taken' end order by h.nth),
        array_agg((c.received_at at time zone 'Europe/London')::date order by h.nth) into results, days
    from rows from (jsonb_to_recordset(heads) as (organisation uuid, id uuid, authenticator text))
      with ordinality as h(organisation, id, authenticator, nth)
    left join cases c on c.organisation = h.organisation and c.id = h.id;
  end if;

  return query select i::integer, results[i], case results[i] when 'accepted' then today when 'again' then days[i] end
    from generate_subscripts(results, 1) i order by i;
end $$;

-- Keeps one chunk of an attachment's ciphertext until its case is posted: kept | again (the same
-- bytes lie here) | other-bytes | posted (nothing is added to a case that is sent) | too-large
-- (a chunk over 1 MiB, an attachment over 22 MiB) | too-many | closed.
-- Ten attachments may be posted; twenty may wait, since a submitter may replace a file before sending.
create function slot_put_chunk(org_slug text, of_form text, of_case uuid, of_attachment uuid, nth integer, content bytea)
returns text language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  org uuid;
  same boolean;
begin
  select o.id into org from organisation o
  where o.slug = org_slug and open_generation(o.id, of_form) is not null
    and exists (select from published_form f where f.organisation = o.id and f.form = of_form);
  if org is null then return 'closed'; end if;
  if nth not between 0 and 21 or length(content) not between 1 and 1048576 then return 'too-large'; end if;

  perform lock_case(of_case);
  if exists (select from cases c where c.organisation = org and c.id = of_case) then return 'posted'; end if;
  select c.bytes = content into same from attachment_chunk c
  where c.organisation = org and c.case_id = of_case and c.attachment = of_attachment and c.n = nth;
  if found then return case when same then 'again' else 'other-bytes' end; end if;
  if (select count(distinct c.attachment) from attachment_chunk c
      where c.organisation = org and c.case_id = of_case and c.attachment <> of_attachment) >= 20 then
    return 'too-many';
  end if;
  insert into attachment_chunk (organisation, case_id, attachment, n, bytes, arrived_at)
  values (org, of_case, of_attachment, nth, content, now());
  return 'kept';
end $$;

-- "Has it arrived?", by the hash of a receipt's authenticator: which case, of which form, on which
-- day. Nothing sealed and nothing that happened since.
create function slot_receipt(by_authenticator bytea)
returns table (case_id uuid, organisation_name text, form_title text, received_on date)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select c.id, o.name, coalesce(f.definition ->> 'title', c.form), (c.received_at at time zone 'Europe/London')::date
  from cases c
  join organisation o on o.id = c.organisation
  join published_form f on f.organisation = c.organisation and f.form = c.form and f.version = c.version
  where c.authenticator_hash = by_authenticator
  order by c.received_at limit 1
$$;

-- Deletes chunks older than a day that no posted case lists, and returns how many. A case whose lock
-- is held is being posted: it is left for the next time.
create function sweep_chunks() returns bigint
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  old record;
  gone bigint := 0;
  swept bigint;
begin
  for old in
    select distinct c.organisation, c.case_id, c.attachment from attachment_chunk c
    where c.arrived_at < now() - interval '1 day' and not exists (select from attachment a
      where a.organisation = c.organisation and a.case_id = c.case_id and a.id = c.attachment)
    limit 1000
  loop
    continue when not pg_try_advisory_xact_lock(hashtextextended(old.case_id::text, 7261004));
    delete from attachment_chunk c
    where c.organisation = old.organisation and c.case_id = old.case_id and c.attachment = old.attachment
      and not exists (select from attachment a
        where a.organisation = c.organisation and a.case_id = c.case_id and a.id = c.attachment);
    get diagnostics swept = row_count;
    gone := gone + swept;
  end loop;
  return gone;
end $$;

grant execute on function slot_post(jsonb, bytea), slot_receipt(bytea), sweep_chunks(),
  slot_put_chunk(text, text, uuid, uuid, integer, bytea) to letterbox_slot;
