-- What witnesses in other houses have cosigned of the registers, and the alarm when one will not.

create table register_cosignature (
  organisation uuid not null,
  size bigint not null,
  -- The witness's verifier key, by which anybody checks the line.
  witness text not null check (length(witness) between 1 and 300),
  line text not null check (length(line) between 1 and 1000),
  at timestamptz not null,
  primary key (organisation, witness, size),
  foreign key (organisation, size) references register_checkpoint
);
create trigger append_only before update or delete or truncate on register_cosignature
  for each statement execute function never_changes();

-- The newest checkpoint of each log, and the size that each witness cosigned last: for asking them.
create function register_newest() returns table (organisation uuid, vkey text, size bigint, note text, cosigned jsonb)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select g.organisation, g.vkey, c.size, c.note, coalesce((select jsonb_object_agg(w.witness, w.size::text) from (
      select s.witness, max(s.size) as size from register_cosignature s where s.organisation = g.organisation group by s.witness) w), '{}')
  from register_log g cross join lateral (
    select x.size, x.note from register_checkpoint x where x.organisation = g.organisation order by x.size desc limit 1) c
$$;

create function register_cosign(org uuid, of_size bigint, of_witness text, of_line text) returns void
language sql volatile security definer set search_path = letterbox, pg_temp as $$
  insert into register_cosignature (organisation, size, witness, line, at) values (org, of_size, of_witness, of_line, now()) on conflict do nothing
$$;

-- What one witness objects to; null: it objects to nothing (any more). An alarm whose witness is asked no longer stands until
-- somebody acknowledges it, since leaving out the witness mends nothing.
create function register_objection(org uuid, of_key text, finding jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
begin
  if finding is not null then
    perform raise_alarm(org, finding || jsonb_build_object('key', of_key, 'kind', 'register', 'form', null));
    return;
  end if;
  update alarm a set gone_at = now(), tell_at = null
  where a.organisation = org and a.kind = 'register' and a.key = of_key and a.gone_at is null;
end $$;

-- Of each witness the newest that it cosigned, of the actor's own organisation.
create function own_cosignatures() returns table (witness text, size bigint, note text, line text, at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  return query select distinct on (s.witness) s.witness, s.size, c.note, s.line, s.at
    from register_cosignature s join register_checkpoint c on c.organisation = s.organisation and c.size = s.size
    where s.organisation = who.organisation order by s.witness, s.size desc;
end $$;

grant execute on function register_newest(), register_cosign(uuid, bigint, text, text), register_objection(uuid, text, jsonb) to letterbox_register;
grant execute on function own_cosignatures() to letterbox_desk;
