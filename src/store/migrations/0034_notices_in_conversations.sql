-- A notice may go into the conversation of somebody's case: to those who gave no other way to reach them.
alter table notice_message drop constraint notice_message_channel_check;
alter table notice_message add constraint notice_message_channel_check check (channel in ('email', 'letter', 'conversation', 'hand'));

-- As before (0028), and those too that go into conversations.
create or replace function claim_messages(of_notice uuid, keys uuid[], commitments bytea[]) returns table (outcome text, claimed uuid[])
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_incident_worker();
  n notice := held_notice(who.organisation, of_notice);
  lately bigint;
  taken uuid[];
begin
  if n.approved_at is null then perform refuse('LB409', 'not-approved'); end if;
  if n.stopped_at is not null or n.halted_at is not null then return query select 'stopped', '{}'::uuid[]; return; end if;
  if cardinality(keys) <> cardinality(commitments) or exists (select from unnest(keys, commitments) a(key, commitment)
      left join notice_message m on m.organisation = who.organisation and m.notice = of_notice and m.key = a.key
      where m.commitment is distinct from a.commitment) then
    update notice x set halted_at = now() where x.organisation = who.organisation and x.id = of_notice;
    perform append_incident_step(who.organisation, n.incident, 'notice', jsonb_build_object('notice', of_notice, 'what', 'halted',
      'text', 'A message was about to go out whose address or words are not those of the list. Nothing more is sent.'), who.person);
    perform raise_alarm(who.organisation, jsonb_build_object('key', 'notice ' || of_notice, 'kind', 'incident', 'form', null, 'colour', 'red',
      'seen', 'A message about an incident was about to go out whose address or words are not those of the list that two people agreed on. '
        || 'Letterbox sent none of these messages and has halted the notice.'));
    return query select 'halted', '{}'::uuid[];
    return;
  end if;
  select count(*) into lately from notice_message m where m.organisation = who.organisation and m.notice = of_notice
    and m.claimed_at > now() - interval '10 seconds';
  update notice_message m set state = 'sending', tries = m.tries + 1, claimed_at = clock_timestamp(), changed_at = now(), why = null
  where m.organisation = who.organisation and m.notice = of_notice and m.channel in ('email', 'conversation') and m.state = 'waiting' and m.key in (
    select a.key from unnest(keys) with ordinality a(key, o) order by o limit greatest(0, n.pace / 6 - lately));
  select coalesce(array_agg(m.key), '{}') into taken from notice_message m where m.organisation = who.organisation and m.notice = of_notice
    and m.key = any (keys) and m.state = 'sending' and m.claimed_at >= now();
  return query select 'claimed', taken;
end $$;
