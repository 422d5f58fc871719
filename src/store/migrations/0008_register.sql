-- The register's tree. Entries are durable with their acts (0001); here they get their places.
-- Leaves are numbered from 0 without gaps, in the order (xid, id); a checkpoint signs a size.

create table register_log (
  organisation uuid primary key references organisation,
  origin text not null,
  vkey text not null,
  made_at timestamptz not null
);
create table register_leaf (
  organisation uuid not null references organisation,
  index bigint not null check (index >= 0),
  entry bigint not null references register_entry,
  hash bytea not null check (length(hash) = 32),
  primary key (organisation, index),
  unique (entry)
);
create table register_checkpoint (
  organisation uuid not null references organisation,
  size bigint not null,
  note text not null,
  at timestamptz not null,
  primary key (organisation, size)
);
create trigger append_only before update or delete or truncate on register_log
  for each statement execute function never_changes();
create trigger append_only before update or delete or truncate on register_leaf
  for each statement execute function never_changes();
create trigger append_only before update or delete or truncate on register_checkpoint
  for each statement execute function never_changes();

create function register_size(org uuid) returns bigint language sql stable as $$
  select coalesce((select l.index + 1 from letterbox.register_leaf l where l.organisation = org order by l.index desc limit 1), 0)
$$;

-- Every organisation with its log, and whether entries wait that no running transaction can precede.
create function register_logs() returns table (organisation uuid, slug text, origin text, vkey text, size bigint, signed bigint, waiting boolean)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select o.id, o.slug, g.origin, g.vkey, register_size(o.id),
    coalesce((select c.size from register_checkpoint c where c.organisation = o.id order by c.size desc limit 1), 0),
    exists (select from register_entry e where e.organisation = o.id
      and e.xid < pg_snapshot_xmin(pg_current_snapshot()) and (e.xid, e.id) > (
        select coalesce(max(x.xid), '0'::xid8), coalesce(max(x.id), 0) from (
          select y.xid, y.id from register_leaf l join register_entry y on y.id = l.entry
          where l.organisation = o.id order by l.index desc limit 1) x))
  from organisation o left join register_log g on g.organisation = o.id
$$;

create function register_open(org uuid, of_origin text, of_vkey text) returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  insert into register_log (organisation, origin, vkey, made_at) values (org, of_origin, of_vkey, now()) on conflict do nothing
$$;

-- Gives the next entries their places; how many got one. Two sequencers at once take turns.
create function register_sequence(org uuid, at_most integer) returns bigint
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  from_index bigint;
  last_xid xid8 := '0';
  last_id bigint := 0;
  placed bigint;
begin
  perform pg_advisory_xact_lock(hashtext('register' || org));
  select l.index + 1, e.xid, e.id into from_index, last_xid, last_id
  from register_leaf l join register_entry e on e.id = l.entry
  where l.organisation = org order by l.index desc limit 1;
  if not found then from_index := 0; last_xid := '0'; last_id := 0; end if;
  with next_entries as (
    select e.id, e.xid, e.body from register_entry e
    where e.organisation = org and (e.xid, e.id) > (last_xid, last_id)
      and e.xid < pg_snapshot_xmin(pg_current_snapshot())
    order by e.xid, e.id limit at_most)
  insert into register_leaf (organisation, index, entry, hash)
  select org, from_index - 1 + row_number() over (order by n.xid, n.id), n.id, sha256('\x00'::bytea || convert_to(n.body, 'UTF8'))
  from next_entries n;
  get diagnostics placed = row_count;
  return placed;
end $$;

-- Leaf hashes [from_index, from_index + at_most), one after the other, 32 bytes each.
create function register_hashes(org uuid, from_index bigint, at_most integer) returns bytea
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select coalesce(string_agg(l.hash, ''::bytea order by l.index), ''::bytea) from register_leaf l
  where l.organisation = org and l.index >= from_index and l.index < from_index + at_most
$$;

create function register_sign(org uuid, of_size bigint, of_note text) returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  insert into register_checkpoint (organisation, size, note, at) values (org, of_size, of_note, now()) on conflict do nothing
$$;

-- The newest checkpoint, of the actor's own organisation.
create function own_checkpoint() returns table (vkey text, size bigint, note text, at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  return query select g.vkey, c.size, c.note, c.at from register_checkpoint c
    join register_log g on g.organisation = c.organisation
    where c.organisation = who.organisation order by c.size desc limit 1;
end $$;

create function own_entries(from_index bigint, at_most integer) returns table (index bigint, body text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  return query select l.index, e.body from register_leaf l join register_entry e on e.id = l.entry
    where l.organisation = who.organisation and l.index >= from_index and l.index < from_index + least(at_most, 1024)
    order by l.index;
end $$;

create function own_hashes(from_index bigint, at_most integer) returns bytea
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  return register_hashes(who.organisation, from_index, at_most);
end $$;

-- Everything about one case, for whoever may read it: forbidden and absent look the same.
create function case_entries(of_case uuid) returns table (index bigint, body text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases;
  allowed boolean;
begin
  select * into c from cases x where x.organisation = who.organisation and x.id = of_case;
  allowed := may_read(who.organisation, who.person, c.form, c.generation, c.id);
  if c.id is null or not allowed then perform refuse('LB404', 'missing'); end if;
  return query select l.index, e.body from register_entry e join register_leaf l on l.entry = e.id
    where e.organisation = who.organisation and e.case_id = of_case order by l.index;
end $$;
create index register_entry_by_case on register_entry (case_id) where case_id is not null;
drop index register_entry_releases;

create function own_people() returns table (id uuid, name text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  return query select p.id, p.name from person p where p.organisation = who.organisation;
end $$;

grant execute on function register_logs(), register_open(uuid, text, text), register_sequence(uuid, integer),
  register_hashes(uuid, bigint, integer), register_sign(uuid, bigint, text) to letterbox_register;
grant execute on function own_checkpoint(), own_entries(bigint, integer), own_hashes(bigint, integer),
  case_entries(uuid), own_people() to letterbox_desk;
