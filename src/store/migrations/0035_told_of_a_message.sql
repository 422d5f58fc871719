-- A submitter who chose e-mail may be told that there is a message, and nothing else. To whom the mail goes stands nowhere: it
-- comes from the reader's browser, out of the answers. Once in ten minutes for a case at most.
create function tell_submitter(of_case uuid) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor();
  c cases := held_case(who, of_case);
begin
  if not exists (select from message m where m.organisation = c.organisation and m.case_id = c.id and m.person is not null) then
    perform refuse('LB409', 'nothing-to-tell');
  end if;
  if exists (select from register_entry e where e.organisation = c.organisation and e.case_id = c.id and e.kind = 'message-told'
      and e.at > now() - interval '10 minutes') then
    perform refuse('LB409', 'told-already');
  end if;
  perform register_append(who.organisation, 'message-told', who.person, c.id, jsonb_build_object('form', c.form,
    'grant', grant_by(who, c)));
end $$;
grant execute on function tell_submitter(uuid) to letterbox_desk;
