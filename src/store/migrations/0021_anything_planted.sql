-- Whether any rehearsal is to be found on this site now: asked once a second, so that an address that is nowhere costs no more.
create function anything_planted(of_site text) returns boolean
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select exists (select from rehearsal r where r.site = of_site and r.found_at is null and not r.missed
    and r.planted_at > now() - interval '10 minutes')
$$;
grant execute on function anything_planted(text) to letterbox_slot, letterbox_desk;
