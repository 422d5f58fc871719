-- Forms: what is asked, published by version. Filling in is for everyone; reading is another word
-- altogether and is not decided here.

-- The newest version of each form that has an approved key, with the signed documents that say so:
-- what the public side serves, and what a browser or Watch compares.
create function published_forms() returns table (
  organisation uuid, slug text, organisation_name text, demonstration boolean, form text, version integer,
  definition jsonb, generation integer, recipient text, key_text text, key_signature text,
  approval_text text, approval_signature text, inner_text text, inner_signature text)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select o.id, o.slug, o.name, o.demonstration, f.form, f.version, f.definition, k.generation, k.recipient,
    d.text, d.signature, a.text, a.signature, i.text, i.signature
  from organisation o
  join lateral (select distinct on (p.form) p.* from published_form p where p.organisation = o.id
    order by p.form, p.version desc) f on true
  join lateral (select * from form_key k where k.organisation = o.id and k.form = f.form and k.approved_at is not null
    order by k.generation desc limit 1) k on true
  join signed_document d on d.organisation = o.id and d.hash = k.document
  -- A turn of the key in use needs no approval; what is made around another key shows that one's document too.
  left join signed_document a on a.organisation = o.id and a.hash = k.approval
  left join form_key n on n.organisation = o.id and n.form = k.form and n.generation = k.around
  left join signed_document i on i.organisation = o.id and i.hash = n.document
  order by o.slug, f.form
$$;

-- Every form of the actor's own organisation, open to the public or not yet.
create function own_forms() returns table (form text, version integer, definition jsonb, open boolean)
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return query select distinct on (p.form) p.form, p.version, p.definition,
      exists (select from form_key k where k.organisation = p.organisation and k.form = p.form and k.approved_at is not null)
    from published_form p where p.organisation = who.organisation order by p.form, p.version desc;
end $$;

-- A definition exactly as it was asked then, to show and re-check answers by.
create function form_version(of_form text, of_version integer) returns jsonb
language plpgsql stable security definer set search_path = letterbox, pg_temp as $$
declare who acting := require_actor();
begin
  return (select p.definition from published_form p
    where p.organisation = who.organisation and p.form = of_form and p.version = of_version);
end $$;

-- A manager publishes a new version of a form's questions. Versions only go up by one.
create function publish_form(of_form text, of_version integer, of_definition jsonb) returns void
language plpgsql volatile security definer set search_path = letterbox, pg_temp as $$
declare
  who acting := require_actor('manager');
  newest integer := coalesce((select max(p.version) from published_form p
    where p.organisation = who.organisation and p.form = of_form), 0);
begin
  if of_version <> newest + 1 then perform refuse('LB409', 'version-not-next'); end if;
  insert into published_form (organisation, form, version, definition, published_at, published_by)
  values (who.organisation, of_form, of_version, of_definition, now(), who.person);
  perform register_append(who.organisation, 'publication', who.person, null, jsonb_build_object(
    'form', of_form, 'version', of_version,
    'definition', encode(sha256(convert_to(of_definition::text, 'UTF8')), 'hex')));
end $$;

grant execute on function published_forms() to letterbox_slot;
grant execute on function own_forms(), form_version(text, integer), publish_form(text, integer, jsonb) to letterbox_desk;
