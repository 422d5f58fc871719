-- Odd reading: who opened what and when, for the rules about it, and the signals that they gave.

-- Openings of this organisation's cases in the register's order, after a place in it and not older than a moment; without anything of a
-- case but its form and when it came in. An entry waits for every transaction that could still precede it.
create function openings_since(org uuid, after_xid xid8, after_id bigint, since timestamptz, at_most integer)
returns table (xid xid8, id bigint, person uuid, name text, form text, case_id uuid, received_at timestamptz, at timestamptz)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select e.xid, e.id, e.actor, p.name, c.form, c.id, c.received_at, e.at
  from register_entry e join cases c on c.organisation = e.organisation and c.id = e.case_id
  join person p on p.organisation = e.organisation and p.id = e.actor
  where e.organisation = org and e.kind = 'release' and e.at > since
    and (e.xid, e.id) > (after_xid, after_id) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
  order by e.xid, e.id limit at_most
$$;

-- Each signal is told once; it is about what is past, so it stands until somebody is on it.
create function odd_reading(org uuid, signals jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare one jsonb;
begin
  for one in select * from jsonb_array_elements(signals) loop
    if not exists (select from alarm a where a.organisation = org and a.key = one ->> 'key') then
      perform raise_alarm(org, one || '{"kind": "odd-reading", "colour": "amber"}');
    end if;
  end loop;
  update alarm a set gone_at = now() where a.organisation = org and a.kind = 'odd-reading' and a.acknowledged_at is not null and a.gone_at is null;
end $$;

-- What was odd about the reading of a form in the last 90 days: for those who mind alarms; nothing for others.
create function own_odd_reading(of_form text) returns table (seen text, first_seen timestamptz, acknowledged_at timestamptz, acknowledged_by text)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select a.seen, a.first_seen, a.acknowledged_at, p.name
    from alarm a left join person p on p.organisation = a.organisation and p.id = a.acknowledged_by
    where minds_alarms(who.capacities) and a.organisation = who.organisation and a.kind = 'odd-reading' and a.form = of_form
      and a.first_seen > now() - interval '90 days' order by a.first_seen desc limit 50;
end $$;

grant execute on function openings_since(uuid, xid8, bigint, timestamptz, integer), odd_reading(uuid, jsonb) to letterbox_alarm;
grant execute on function own_odd_reading(text) to letterbox_desk;
