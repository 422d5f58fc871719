-- The inspection of the configuration, for letterbox_alarm, which sees no table: what it has to know of them, and nothing else.

create index document_by_kind on signed_document (organisation, kind);
-- By which signed document an entry was written; few entries have one.
create index register_entry_by_document on register_entry (organisation, (body::jsonb ->> 'document'))
  where kind in ('grant', 'approval', 'form-key', 'form-key-approval', 'membership', 'founding');

-- What stands in tables although the signed documents, of which these tables are projections, or the register do not say so.
-- Browsers seal nothing by such a row; but ciphertext would come to whoever it names.
create function outside_protocol() returns table (organisation uuid, what text, subject text, person text, form text)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  with
    ends as (select d.organisation, line::uuid as line from signed_document d, jsonb_array_elements_text(d.text::jsonb -> 'grants') line
      where d.kind = 'grant-end'),
    reviews as (select d.organisation, line::uuid as line, max((d.text::jsonb ->> 'at')::timestamptz) as at
      from signed_document d, jsonb_array_elements_text(d.text::jsonb -> 'grants') line where d.kind = 'review' group by 1, 2),
    live as (select g.*, d.text::jsonb as terms, a.text::jsonb as approved, r.at as reviewed
      from grants g
      left join signed_document d on d.organisation = g.organisation and d.hash = g.document and d.kind = 'grant' and d.signer = g.proposer
      left join signed_document a on a.organisation = g.organisation and a.hash = g.approval and a.kind = 'approval' and a.signer = g.approver
      left join reviews r on r.organisation = g.organisation and r.line = g.id
      where g.ended_at is null and g.until > now())
  select x.organisation, x.what, x.subject, (select p.name from person p where p.organisation = x.organisation and p.id = x.of_person), x.form from (
    select g.organisation, 'grant-unsigned' as what, g.id::text as subject, g.person as of_person, g.form from live g
    where g.terms is null or g.approved is null or g.approved ->> 'proposal' is distinct from encode(g.document, 'hex')
      or same_person(g.organisation, g.proposer, g.approver)
    union all
    select g.organisation, 'grant-other-terms', g.id::text, g.person, g.form from live g
    where g.terms is not null and g.approved is not null and (
      g.id <> grant_line(encode(g.document, 'hex'), g.person, g.form, g.case_id) or not g.person = any (people_in(g.terms))
      or g.until > (g.terms ->> 'until')::timestamptz or g.starts < (g.terms ->> 'from')::timestamptz
      or g.review_by > greatest((g.approved ->> 'at')::timestamptz, g.reviewed) + interval '2208 hours'
      or not exists (select from jsonb_array_elements(g.terms -> 'scopes') s where s ->> 'form' = g.form
        and (s ->> 'case')::uuid is not distinct from g.case_id and (s ->> 'fromGeneration')::integer <= g.from_generation))
    union all
    select g.organisation, 'grant-ended', g.id::text, g.person, g.form from live g
    where exists (select from ends e where e.organisation = g.organisation and e.line = g.id)
    union all
    select g.organisation, 'grant-unregistered', g.id::text, g.person, g.form from live g
    where g.terms is not null and g.approved is not null and (
      not exists (select from register_entry e where e.organisation = g.organisation and e.kind = 'grant'
        and e.body::jsonb ->> 'document' = encode(g.document, 'hex'))
      or not exists (select from register_entry e where e.organisation = g.organisation and e.kind = 'approval'
        and e.body::jsonb ->> 'document' = encode(g.approval, 'hex')))
    union all
    select e.organisation, 'key-without-grant', e.person || ' ' || e.form, e.person, e.form from key_envelope e
    where e.person is not null and not exists (select from grants g where g.organisation = e.organisation and g.person = e.person
      and g.form = e.form and g.case_id is null and g.from_generation <= plain_generation(e.organisation, e.form, e.generation))
    group by e.organisation, e.person, e.form
    union all
    select e.organisation, 'key-without-grant', e.person || ' ' || e.case_id, e.person, null from case_envelope e
    where not exists (select from grants g where g.organisation = e.organisation and g.person = e.person and g.case_id = e.case_id)
    union all
    select k.organisation, 'form-key-unsigned', k.form || ' ' || k.generation, null, k.form from form_key k
    left join signed_document d on d.organisation = k.organisation and d.hash = k.document and d.kind = 'form-key'
    left join signed_document a on a.organisation = k.organisation and a.hash = k.approval and a.kind = 'form-key-approval'
    where k.approved_at is not null and (d.hash is null or d.text::jsonb ->> 'recipient' is distinct from k.recipient
      or k.generation = 1 and (a.hash is null or a.signer = d.signer))
    union all
    select p.organisation, 'member-unsigned', p.id::text, p.id, null from person p
    where p.confirmed_at is not null and p.left_at is null
      and not exists (select from signed_document d where d.organisation = p.organisation and d.kind = 'founding' and d.signer = p.id
        and p.capacities = array[case p.kind when 'host' then 'operator' else 'manager' end])
      and not exists (select from signed_document d where d.organisation = p.organisation and d.kind = 'membership' and d.signer <> p.id
        and d.text::jsonb ->> 'person' = p.id::text and d.text::jsonb -> 'capacities' = to_jsonb(p.capacities))
    union all
    select p.organisation, 'leaver-back', p.id::text, p.id, null from signed_document d
    join person p on p.organisation = d.organisation and p.id::text = d.text::jsonb ->> 'person' and p.left_at is null
    where d.kind = 'leaving'
    union all
    select d.organisation, 'suspension-lifted', encode(d.hash, 'hex'), (d.text::jsonb ->> 'person')::uuid, null from signed_document d
    where d.kind = 'suspension'
      and not exists (select from suspension s where s.organisation = d.organisation and s.document = d.hash and s.lifted_at is null)
      and (select count(distinct r.signer) from signed_document r where r.organisation = d.organisation and r.kind = 'resumption'
        and r.text::jsonb ->> 'suspension' = encode(d.hash, 'hex')) < 2
    union all
    select q.organisation, 'quarantine-lifted', q.id::text, null, q.form from quarantine q
    where q.lifted_at is not null and (select count(distinct d.signer) from signed_document d where d.organisation = q.organisation
      and d.kind = 'quarantine-lift' and d.text::jsonb ->> 'quarantine' = q.id::text) < 2
  ) x
$$;

-- What else: which migrations were applied, the newest of the entries written last, and the bodies that no Watch has looked after
-- for an hour, a day after they were founded. A Watch that was heard of and falls silent is alarm_tick's.
create function inspection() returns table (applied text[], newest_entry timestamptz, unwatched uuid[])
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select array(select a.file from letterbox_migrations.applied a order by a.file),
    (select max(e.at) from (select r.at from register_entry r order by r.id desc limit 1000) e),
    array(select o.id from organisation o where o.kind = 'controller' and o.founded_at < now() - interval '1 day'
      and not exists (select from watch_beat w where w.organisation = o.id and w.at > now() - interval '1 hour'))
$$;

-- When the inspection was last through, and since when Watch has missed it: one row, once there is one. It looks after Watch, and
-- Watch after it.
create table inspected (
  one boolean primary key default true check (one),
  at timestamptz,
  missed_since timestamptz
);
create function inspection_done() returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  insert into inspected as i (at) values (now()) on conflict (one) do update set at = now(), missed_since = null
$$;
-- Each time Watch has been round: the part that inspects, and that sends the mails, has to have been heard of within a minute; or,
-- since parts that are started together are not heard of together, within another minute from when Watch first missed it. On a
-- body's first day it need not have run yet.
-- The inspection takes the alarm back by itself when it looks again (alarm_found).
create function look_after_inspection() returns trigger language plpgsql as $$
declare i letterbox.inspected;
begin
  select * into i from letterbox.inspected;
  if i.at > now() - interval '1 minute' then return null; end if;
  if i.missed_since is null then
    insert into letterbox.inspected as x (missed_since) values (now()) on conflict (one) do update set missed_since = now();
  elsif i.missed_since < now() - interval '1 minute' and (i.at is not null or exists (select from letterbox.organisation o
    where o.id = new.organisation and o.founded_at < now() - interval '1 day')) then
    perform letterbox.raise_alarm(new.organisation, jsonb_build_object('key', 'inspection silent', 'kind', 'configuration', 'colour', 'red',
      'seen', 'The part of Letterbox that looks at its configuration and sends the mails about alarms '
        || coalesce('has said nothing since ' || to_char(i.at at time zone 'Europe/London', 'FMDD FMMonth YYYY, HH24:MI:SS'), 'was never started')
        || '. Until it runs, nobody is told of anything but on the desk. Start letterbox alarm.', 'address', 'letterbox alarm'));
  end if;
  return null;
end $$;
create trigger looks_after_inspection after insert or update on watch_beat for each row execute function look_after_inspection();

grant execute on function outside_protocol(), inspection(), inspection_done() to letterbox_alarm;
