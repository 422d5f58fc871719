-- The host: whoever runs the site for bodies, an organisation of its own. Its operators let bodies be founded and watch
-- health. What belongs to a body has a column that cannot hold the host's id (body_id, 0001), and every function about
-- submissions, grants and keys begins with require_actor, which knows nobody of the host.

-- Watch may look as an operator does (it is a person of the host there) and do nothing.
create function require_operator(capacity text default null) returns acting language plpgsql stable security definer
set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague();
begin
  if who.kind = 'host' then return require_colleague(capacity); end if;
  perform refuse('LB404', 'missing');
end $$;

-- A single-use link by which somebody founds a body; both registers will name the operator who made it.
create function host_invite_body(of_slug text, secret bytea) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_operator('operator');
begin
  if of_slug !~ '^[a-z0-9-]{1,40}$' then perform refuse('LB422', 'slug'); end if;
  if exists (select from organisation o where o.slug = of_slug) or of_slug = 'host' then perform refuse('LB409', 'slug-taken'); end if;
  insert into invitation (secret_hash, slug, invited_by, expires_at) values (secret, of_slug, who.person, now() + interval '7 days');
  perform register_append(who.organisation, 'body-invitation', who.person, null, jsonb_build_object('slug', of_slug));
end $$;

-- Which bodies there are, and which may still be founded: an operator learns no more of a body than that.
create function host_bodies() returns table (slug text, name text, founded_at timestamptz, expires_at timestamptz)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_operator();
begin
  return query select o.slug, o.name, o.founded_at, null::timestamptz from organisation o where o.kind = 'controller'
    union all
    select i.slug, null, null, i.expires_at from invitation i
    where i.slug is not null and i.kind = 'controller' and i.used_at is null and i.expires_at > now()
    order by 1, 4 nulls first;
end $$;

-- The health of what all bodies share. `unplaced_since`: since when the oldest entry of any register waits for its place.
create function host_health() returns table (postgres text, bytes bigint, unplaced_since timestamptz, migrations text[])
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_operator();
begin
  return query select current_setting('server_version'),
    (select sum(pg_total_relation_size(c.oid))::bigint from pg_class c where c.relnamespace = 'letterbox'::regnamespace and c.relkind = 'r'),
    (select min(waiting.at) from organisation o cross join lateral (
      select e.at from register_entry e where e.organisation = o.id and (e.xid, e.id) > (
        select coalesce(max(x.xid), '0'::xid8), coalesce(max(x.id), 0) from (
          select y.xid, y.id from register_leaf l join register_entry y on y.id = l.entry
          where l.organisation = o.id order by l.index desc limit 1) x)
      order by e.xid, e.id limit 1) waiting),
    array(select a.file from letterbox_migrations.applied a order by a.file);
end $$;

grant execute on function host_invite_body(text, bytea), host_bodies(), host_health() to letterbox_desk;
