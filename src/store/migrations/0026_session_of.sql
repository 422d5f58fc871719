-- Who holds this secret: as find_session() says, in one statement, for it is asked before every page. The secret is a parameter, so that
-- it stands in no list of running statements.
create function session_of(secret text) returns table (
  organisation uuid, organisation_name text, demonstration boolean, person uuid, name text, capacities text[], confirmed boolean,
  recovery_since timestamptz, kind text, alarms bigint, watch_silent_since timestamptz, regulator_due timestamptz)
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
begin
  perform set_config('letterbox.session', secret, true);
  return query select * from find_session();
end $$;
revoke execute on function find_session() from letterbox_desk;
grant execute on function session_of(text) to letterbox_desk;
