-- A form by which anybody can tell of a data problem alarms at once: whoever wrote it may be the first to know.

alter table alarm drop constraint alarm_kind_check;
alter table alarm add constraint alarm_kind_check check (kind in ('readable', 'loose', 'elsewhere', 'configuration', 'silence', 'blind',
  'odd-reading', 'register', 'by-hand', 'incident', 'tip'));

-- Each submission of the last day by a form that says so is an alarm of its own; past twenty in a day they are one, so that nobody
-- can bury the others. What somebody was on is over the day after.
create function tips_tick() returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  t record;
  named text;
begin
  for t in select f.organisation, f.form, f.title, c.id, count(*) over (partition by f.organisation order by c.received_at, c.id) as nth
    from (select distinct on (p.organisation, p.form) p.organisation, p.form, p.definition ->> 'title' as title,
        coalesce(p.definition ->> 'alarms' = 'true', false) as alarms
      from published_form p order by p.organisation, p.form, p.version desc) f
    join cases c on c.organisation = f.organisation and c.form = f.form and c.received_at > now() - interval '1 day'
    where f.alarms and not is_canary(c.organisation, c.id) loop
    named := case when t.nth <= 20 then 'tip ' || t.id else 'tips ' || t.form end;
    continue when exists (select from alarm a where a.organisation = t.organisation and a.key = named
      and (t.nth <= 20 or a.first_seen > now() - interval '1 day'));
    perform raise_alarm(t.organisation, jsonb_build_object('key', named, 'kind', 'tip', 'colour', 'amber', 'form', null,
      'seen', case when t.nth <= 20 then 'Somebody has written by the form “' || t.title || '”. Read it now, and open an incident if there may be something in it.'
        else 'More than twenty people have written by the form “' || t.title || '” within a day. Read what they say, and open an incident if there may be something in it.' end));
  end loop;
  update alarm a set gone_at = now(), tell_at = null where a.kind = 'tip' and a.gone_at is null and a.acknowledged_at < now() - interval '1 day';
end $$;
grant execute on function tips_tick() to letterbox_alarm;
