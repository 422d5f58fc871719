-- What is red is told in the middle of a round, with no count of its own: the page goes on showing the last whole round.
create or replace function watch_report(report jsonb) returns jsonb
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_watch();
  one jsonb;
  b watch_beat;
begin
  for one in select * from jsonb_array_elements(report -> 'findings') loop
    if one ->> 'kind' not in ('readable', 'loose', 'elsewhere', 'blind') then perform refuse('LB422', 'document-mismatch'); end if;
    perform raise_alarm(who.organisation, one, who.person);
  end loop;
  update alarm a set gone_at = now(), tell_at = null where a.organisation = who.organisation and a.gone_at is null
    and a.kind in ('readable', 'loose', 'elsewhere', 'blind') and a.key in (select jsonb_array_elements_text(report -> 'gone'));
  insert into watch_beat as w (organisation, person, at, every, took, asked, told_at, asked_since)
  values (who.organisation, who.person, now(), make_interval(secs => (report ->> 'every')::double precision),
    make_interval(secs => (report ->> 'took')::double precision), (report ->> 'asked')::bigint, 'epoch', (report ->> 'asked')::bigint)
  on conflict (organisation, person) do update set at = now(), every = excluded.every,
    took = case when excluded.asked = 0 then w.took else excluded.took end,
    asked = case when excluded.asked = 0 then w.asked else excluded.asked end, asked_since = w.asked_since + excluded.asked
  returning * into b;
  update alarm a set gone_at = now(), tell_at = null where a.organisation = who.organisation and a.kind = 'silence' and a.gone_at is null
    and a.key = 'silence ' || who.person;
  if b.told_at < now() - interval '1 hour' then
    perform register_append(who.organisation, 'watched', who.person, null, jsonb_build_object('asked', b.asked_since));
    update watch_beat w set told_at = now(), asked_since = 0 where w.organisation = who.organisation and w.person = who.person;
  end if;
  return jsonb_build_object('quarantined', (select coalesce(jsonb_agg(q.form order by q.form), '[]') from quarantine q
    where q.organisation = who.organisation and q.lifted_at is null));
end $$;
