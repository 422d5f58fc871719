-- An older copy of the database that is put back, or an old image of the machine that is started again, gives access back to
-- whoever had it then. Nothing in it can say so; a witness elsewhere can. So where a register was ever cosigned, nothing is
-- released until a witness has vouched, since this database was started, that this is the newest register it knows; nor while
-- one objects. Where the site names no witness any more, it vouches for itself.

create table register_vouching (
  organisation uuid not null references organisation,
  -- The witness's verifier key; empty where the site names none.
  witness text not null check (length(witness) <= 300),
  -- The start of the database in which it was said last.
  start text not null,
  -- False: it has cosigned more than is here, or another history.
  content boolean not null,
  primary key (organisation, witness)
);

-- Another after each start of the server, and in each database that a copy was restored into.
create function database_start() returns text language sql stable as $$
  select extract(epoch from pg_postmaster_start_time())::text || ' ' || (select d.oid from pg_database d where d.datname = current_database())
$$;

create function vouch(org uuid, of_witness text, is_content boolean) returns void language sql volatile as $$
  insert into letterbox.register_vouching (organisation, witness, start, content)
  values (org, of_witness, letterbox.database_start(), is_content)
  on conflict (organisation, witness) do update set start = excluded.start, content = excluded.content
    where (register_vouching.start, register_vouching.content) is distinct from (excluded.start, excluded.content)
$$;

create function refuse_unvouched(org uuid) returns void language plpgsql stable as $$
begin
  if exists (select from letterbox.register_vouching v where v.organisation = org and not v.content) then
    perform letterbox.refuse('LB409', 'disputed');
  end if;
  if exists (select from letterbox.register_cosignature c where c.organisation = org) and not exists (
    select from letterbox.register_vouching v where v.organisation = org and v.start = letterbox.database_start()) then
    perform letterbox.refuse('LB409', 'unvouched');
  end if;
end $$;

-- Asked before each release of anything of a case.
create or replace function refuse_quarantined(org uuid, of_form text) returns void language plpgsql stable as $$
begin
  if exists (select from letterbox.quarantine q where q.organisation = org and q.form = of_form and q.lifted_at is null) then
    perform letterbox.refuse('LB409', 'quarantined');
  end if;
  perform letterbox.refuse_unvouched(org);
end $$;

-- The witnesses that the site names: what others said counts no longer.
create function register_witnesses(named text[]) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
begin
  delete from register_vouching v where v.witness <> all (named) and not (named = '{}' and v.witness = '');
  if named = '{}' then perform vouch(s.organisation, '', true) from (select distinct organisation from register_cosignature) s; end if;
end $$;

-- `vouched`: the witnesses that have said since the last start what they hold of this register.
drop function register_newest();
create function register_newest() returns table (organisation uuid, vkey text, size bigint, note text, cosigned jsonb, vouched text[])
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select g.organisation, g.vkey, c.size, c.note, coalesce((select jsonb_object_agg(w.witness, w.size::text) from (
      select s.witness, max(s.size) as size from register_cosignature s where s.organisation = g.organisation group by s.witness) w), '{}'),
    array(select v.witness from register_vouching v where v.organisation = g.organisation and v.start = database_start())
  from register_log g cross join lateral (
    select x.size, x.note from register_checkpoint x where x.organisation = g.organisation order by x.size desc limit 1) c
$$;

create or replace function register_cosign(org uuid, of_size bigint, of_witness text, of_line text) returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  insert into register_cosignature (organisation, size, witness, line, at) values (org, of_size, of_witness, of_line, now()) on conflict do nothing;
  select vouch(org, of_witness, true)
$$;

-- What one witness objects to; null: it objects to nothing (any more). Where it is red, nothing is released. An alarm whose witness
-- is asked no longer stands until somebody acknowledges it, since leaving out the witness mends nothing.
drop function register_objection(uuid, text, jsonb);
create function register_objection(org uuid, of_witness text, of_key text, finding jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
begin
  if finding is not null then
    if finding ->> 'colour' = 'red' then perform vouch(org, of_witness, false); end if;
    perform raise_alarm(org, finding || jsonb_build_object('key', of_key, 'kind', 'register', 'form', null));
    return;
  end if;
  update alarm a set gone_at = now(), tell_at = null
  where a.organisation = org and a.kind = 'register' and a.key = of_key and a.gone_at is null;
end $$;

grant execute on function register_newest(), register_witnesses(text[]), register_cosign(uuid, bigint, text, text),
  register_objection(uuid, text, text, jsonb) to letterbox_register;
