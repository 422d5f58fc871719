-- As before (0003); of one address only where it is named, so that what a page or a post costs does not grow with the forms of others.
drop function published_forms();
create function published_forms(of_slug text default null, of_form text default null) returns table (
  organisation uuid, slug text, organisation_name text, demonstration boolean, form text, version integer,
  definition jsonb, generation integer, recipient text, key_text text, key_signature text,
  approval_text text, approval_signature text, inner_text text, inner_signature text)
language sql stable security definer set search_path = letterbox, pg_temp as $$
  select o.id, o.slug, o.name, o.demonstration, f.form, f.version, f.definition, k.generation, k.recipient,
    d.text, d.signature, a.text, a.signature, i.text, i.signature
  from organisation o
  join lateral (select distinct on (p.form) p.* from published_form p where p.organisation = o.id and p.form = coalesce(of_form, p.form)
    order by p.form, p.version desc) f on true
  join lateral (select * from form_key k where k.organisation = o.id and k.form = f.form and k.approved_at is not null
    order by k.generation desc limit 1) k on true
  join signed_document d on d.organisation = o.id and d.hash = k.document
  -- A turn of the key in use needs no approval; what is made around another key shows that one's document too.
  left join signed_document a on a.organisation = o.id and a.hash = k.approval
  left join form_key n on n.organisation = o.id and n.form = k.form and n.generation = k.around
  left join signed_document i on i.organisation = o.id and i.hash = n.document
  where o.slug = coalesce(of_slug, o.slug)
  order by o.slug, f.form
$$;
grant execute on function published_forms(text, text) to letterbox_slot;
