-- A notice that waits for a second person is shown to whoever may agree to it, beside what waits about access (0011).
alter function what_waits() rename to waits_about_access;
revoke execute on function waits_about_access() from letterbox_desk;

-- `proposal` is the notice's id where `what` is 'agree'.
create function what_waits() returns table (what text, proposal uuid, grant_id uuid, form text, titles text, case_id uuid, name text, n bigint)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select * from waits_about_access()
    union all
    select 'agree', x.id, null, null, null, null, p.name, null from notice x
    join person p on p.organisation = x.organisation and p.id = x.proposed_by
    where x.organisation = who.organisation and x.approved_at is null and x.withdrawn_at is null and x.halted_at is null
      and not same_person(who.organisation, who.person, x.proposed_by)
      and (minds_alarms(who.capacities) or jsonb_array_length(x.forms) > 0) and may_see_list(who, x.forms);
end $$;
grant execute on function what_waits() to letterbox_desk;
