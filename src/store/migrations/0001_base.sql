-- Wall 3, the database. Everything is owned by letterbox_owner, which nobody logs in as. The roles
-- of running processes own nothing, bypass nothing, and reach submissions by functions only: each
-- function finds out from the session's secret who asks, and appends to the register in the same
-- transaction. Row-level security is forced on every table as the second opinion.

-- The runner (migrate.ts) has made the roles and the schema, runs each file as letterbox_owner with
-- search_path = letterbox, and closes every table afterwards (close_tables below).
revoke all on schema letterbox from public;
alter default privileges in schema letterbox revoke execute on functions from public;
alter default privileges revoke execute on functions from public;
grant usage on schema letterbox to letterbox_slot, letterbox_desk, letterbox_signin, letterbox_register, letterbox_alarm;

-- The id of a body, whose data it is: any UUID but one of version 8 (RFC 9562 §5.8). The host, which runs the site, has one
-- of version 8. What belongs to a body (forms, keys, proposals, grants, cases) has a column of this type, so that not even
-- the superuser can write a row of it for the host, and a post asks nobody to find out.
create domain body_id as uuid check (get_byte(uuid_send(value), 6) >> 4 <> 8);

create table organisation (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9-]{1,40}$'),
  name text not null check (length(name) between 1 and 200),
  kind text not null default 'controller' check (kind in ('controller', 'host')),
  demonstration boolean not null default false,
  founded_at timestamptz not null,
  unique (id, kind),
  check ((kind = 'host') = (slug = 'host')),
  check ((kind = 'host') = (get_byte(uuid_send(id), 6) >> 4 = 8))
);
create unique index one_host on organisation (kind) where kind = 'host';

-- A single-use link by which somebody founds an organisation (person null; `invited_by` is the host's operator who made
-- it, null where whoever administers the database did), or by which a colleague enrols (person set). Only the hash of its
-- secret is kept.
create table invitation (
  secret_hash bytea primary key check (length(secret_hash) = 32),
  organisation uuid references organisation,
  person uuid,
  slug text,
  kind text not null default 'controller' check (kind in ('controller', 'host')),
  invited_by uuid,
  expires_at timestamptz not null,
  used_at timestamptz,
  check ((organisation is null) = (person is null)),
  check ((kind = 'host') = (slug is not distinct from 'host'))
);

create function can_be_asked(kind text, capacities text[]) returns boolean language sql immutable as $$
  select capacities = array['watch'] or case kind when 'host' then capacities = array['operator']
    else capacities <@ array['manager', 'caseworker', 'data-protection-officer', 'keyholder'] end
$$;
create table person (
  organisation uuid not null,
  kind text not null default 'controller',
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  email text not null check (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  -- Everybody of the host is an operator and nothing else; nobody of a body is. Watch is a program, and nothing else.
  capacities text[] not null check (can_be_asked(kind, capacities)),
  invited_at timestamptz not null,
  invited_by uuid,
  enrolled_at timestamptz,
  recipient text,
  verify_key text,
  -- The organisation they really belong to, where that is not this one: a legal adviser's firm.
  outside text check (length(outside) between 1 and 200),
  confirmed_at timestamptz,
  left_at timestamptz,
  primary key (organisation, id),
  foreign key (organisation, kind) references organisation (id, kind),
  check (confirmed_at is null or enrolled_at is not null),
  check (outside is null or kind = 'controller' and not 'manager' = any (capacities)),
  check ((enrolled_at is null) = (recipient is null) and (enrolled_at is null) = (verify_key is null))
);
-- Somebody who left may be invited anew, as another person with other keys.
create unique index person_by_email on person (organisation, email) where left_at is null;

-- While one is not lifted, its person can do nothing. One manager suspends, two others lift.
create table suspension (
  organisation uuid not null,
  person uuid not null,
  document bytea not null,
  since timestamptz not null,
  lifted_at timestamptz,
  primary key (organisation, document),
  foreign key (organisation, person) references person
);
create index suspension_by_person on suspension (organisation, person);

-- Data-protection training, by signed documents. Who is not in date can neither propose, approve nor receive a grant.
create table training (
  organisation uuid not null,
  person uuid not null,
  document bytea not null,
  course text not null,
  since timestamptz not null,
  until timestamptz not null check (until > since),
  primary key (organisation, document),
  foreign key (organisation, person) references person
);
create index training_by_person on training (organisation, person, until desc);

-- Leave, told by the person or a manager: a courtesy, it decides nothing.
create table away (
  organisation uuid not null,
  person uuid not null,
  id uuid not null default gen_random_uuid(),
  first_day date not null,
  last_day date not null check (last_day >= first_day),
  primary key (organisation, id),
  foreign key (organisation, person) references person
);
create index away_by_person on away (organisation, person, last_day);

-- How a person signs in and unlocks: the staff identity, sealed once per method.
create table passkey (
  organisation uuid not null,
  person uuid not null,
  credential text primary key,
  public_key bytea not null,
  counter bigint not null default 0,
  transports text[] not null default '{}',
  sealed_identity bytea,
  added_at timestamptz not null,
  foreign key (organisation, person) references person
);
create table passphrase (
  organisation uuid not null,
  person uuid not null,
  opaque_record text not null,
  totp_secret text not null,
  totp_last_step bigint not null default 0,
  failures integer not null default 0,
  locked_until timestamptz,
  sealed_identity bytea not null,
  added_at timestamptz not null,
  primary key (organisation, person),
  foreign key (organisation, person) references person
);

-- `kept` is the unlocked identity, encrypted under a key that only the browser holds and cannot
-- export: the other half of what the browser remembers, deleted on lock.
create table session (
  secret_hash bytea primary key check (length(secret_hash) = 32),
  organisation uuid not null,
  person uuid not null,
  opened_at timestamptz not null,
  seen_at timestamptz not null,
  ended_at timestamptz,
  kept bytea,
  foreign key (organisation, person) references person
);

-- Founding, enrolment, membership, form-key, grant, approval, end: every document somebody signed,
-- verbatim. Tables about grants and people are projections of it; browsers trust only this.
create table signed_document (
  organisation uuid not null references organisation,
  hash bytea not null check (length(hash) = 32),
  position bigint generated always as identity,
  kind text not null check (kind in ('founding', 'enrolment', 'membership', 'leaving', 'suspension', 'resumption',
    'training', 'form-key', 'form-key-approval', 'grant', 'approval', 'withdrawal', 'grant-end', 'review',
    'rehearsal', 'recovery', 'recovery-consent', 'recovery-end', 'quarantine-lift')),
  signer uuid not null,
  text text not null,
  signature text not null,
  at timestamptz not null,
  primary key (organisation, hash),
  unique (organisation, position)
);

create table published_form (
  organisation body_id not null references organisation,
  form text not null check (form ~ '^[a-z0-9-]{1,40}$'),
  version integer not null check (version > 0),
  definition jsonb not null,
  published_at timestamptz not null,
  published_by uuid,
  primary key (organisation, form, version)
);

-- A form opens for submissions once its key counts: by two people's signatures, or, for a turn of a key in use, by one
-- (0005). What is sealed to a generation `around` an older one is sealed to the older one's recipient first and to
-- this one's over that, so that it takes both secrets to open.
create table form_key (
  organisation body_id not null references organisation,
  form text not null,
  generation integer not null check (generation > 0),
  around integer check (around < generation),
  recipient text not null,
  document bytea not null,
  approval bytea,
  made_at timestamptz not null,
  approved_at timestamptz,
  primary key (organisation, form, generation),
  foreign key (organisation, form, around) references form_key (organisation, form, generation)
);

-- What one manager proposes: some people, some forms or cases, until a day. Its terms stand in its document.
create table proposal (
  organisation body_id not null references organisation,
  id uuid not null,
  document bytea not null,
  proposer uuid not null,
  proposed_at timestamptz not null,
  until timestamptz not null,
  approved_at timestamptz,
  withdrawn_at timestamptz,
  withdrawal bytea,
  primary key (organisation, id),
  unique (organisation, document),
  foreign key (organisation, proposer) references person,
  check (approved_at is null or withdrawn_at is null),
  check ((withdrawn_at is null) = (withdrawal is null))
);
create index proposal_waiting on proposal (organisation, until) where approved_at is null and withdrawn_at is null;

-- A grant: one person, one form or one case of it. There is no row before two people signed, no value for everyone.
create table grants (
  organisation body_id not null references organisation,
  id uuid not null,
  proposal uuid not null,
  person uuid not null,
  form text not null,
  case_id uuid,
  from_generation integer not null check (from_generation > 0),
  starts timestamptz not null,
  until timestamptz not null check (until > starts),
  -- Silence at a review ends it: each reader is confirmed or ended every quarter.
  review_by timestamptz not null,
  purpose text not null,
  document bytea not null,
  proposer uuid not null,
  approver uuid not null,
  approval bytea not null,
  approved_at timestamptz not null,
  fulfilled_at timestamptz,
  ended_at timestamptz,
  ended_by uuid,
  end_document bytea,
  primary key (organisation, id),
  foreign key (organisation, proposal) references proposal,
  foreign key (organisation, person) references person,
  foreign key (organisation, proposer) references person,
  foreign key (organisation, approver) references person,
  check (proposer <> person and approver <> person and approver <> proposer),
  check ((ended_at is null) = (end_document is null) and (ended_at is null) = (ended_by is null))
);
create index grants_by_person on grants (organisation, person, form) include (until, ended_at, starts, review_by);
create index grants_by_form on grants (organisation, form, until desc);
create index grants_by_case on grants (organisation, case_id) where case_id is not null;
create index grants_by_proposal on grants (organisation, proposal);

-- The secret of one generation of a form key, sealed to one reader; person null: to the
-- organisation's recovery recipient.
create table key_envelope (
  organisation body_id not null references organisation,
  form text not null,
  generation integer not null,
  person uuid,
  sealed bytea not null,
  sealed_by uuid not null,
  sealed_at timestamptz not null,
  unique nulls not distinct (organisation, form, generation, person),
  foreign key (organisation, form, generation) references form_key
);

-- A case key, sealed to somebody who may read that one case of the form.
create table case_envelope (
  organisation body_id not null references organisation,
  case_id uuid not null,
  person uuid not null,
  sealed bytea not null,
  sealed_by uuid not null,
  sealed_at timestamptz not null,
  primary key (organisation, case_id, person)
);

create table cases (
  organisation body_id not null,
  id uuid not null,
  form text not null,
  version integer not null,
  generation integer not null,
  arrival text not null check (arrival in ('browser', 'server')),
  received_at timestamptz not null,
  authenticator_hash bytea not null check (length(authenticator_hash) = 32),
  sealed_hash bytea not null check (length(sealed_hash) = 32),
  attachments integer not null default 0,
  answers bytea not null,
  summary bytea not null,
  case_key bytea not null,
  receipt_key bytea not null,
  primary key (organisation, id)
);
alter table cases alter answers set storage external, alter summary set storage external,
  alter case_key set storage external, alter receipt_key set storage external;
create index cases_by_form on cases (organisation, form, received_at desc, id);

create table attachment (
  organisation body_id not null,
  case_id uuid not null,
  id uuid not null,
  size bigint not null check (size > 0),
  chunks integer not null check (chunks > 0),
  sha256 bytea not null check (length(sha256) = 32),
  primary key (organisation, case_id, id),
  foreign key (organisation, case_id) references cases
);
-- Chunks arrive before their case does; those whose case never comes are swept after a day.
create table attachment_chunk (
  organisation body_id not null references organisation,
  case_id uuid not null,
  attachment uuid not null,
  n integer not null check (n between 0 and 9999),
  bytes bytea not null check (length(bytes) between 1 and 1048576),
  arrived_at timestamptz not null,
  primary key (organisation, case_id, attachment, n)
);
alter table attachment_chunk alter bytes set storage external;
create index attachment_chunk_by_arrival on attachment_chunk (arrived_at);

-- Equality answers have no case, and a day instead of a time, so that they are hard to join back.
create table equality_answer (
  organisation body_id not null,
  id uuid primary key default gen_random_uuid(),
  form text not null,
  generation integer not null,
  received_on date not null,
  sealed bytea not null
);

-- The register. A leaf's data is exactly the bytes of `body`. An entry is durable with the act it
-- tells of; its place in the tree is given afterwards by the sequencer, in the order (xid, id):
-- whatever becomes visible later has a transaction id that is not below the snapshot's xmin.
-- No table that posts are written to refers to the organisation's row: each post would lock it.
create table register_entry (
  id bigint generated always as identity,
  organisation uuid not null,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null,
  kind text not null,
  actor uuid,
  case_id uuid,
  body text not null,
  primary key (id)
);
create index register_entry_in_order on register_entry (organisation, xid, id);
create index register_entry_releases on register_entry (organisation, case_id, id)
  where kind in ('release', 'attachment-release');

create function register_body(org uuid, kind text, actor uuid, case_id uuid, facts jsonb)
returns text language sql volatile as $$
  select (jsonb_strip_nulls(jsonb_build_object(
    'v', 1, 'entry', gen_random_uuid(), 'organisation', org, 'kind', kind, 'actor', actor, 'case', case_id,
    'at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) || jsonb_strip_nulls(facts))::text
$$;
-- Appends one entry and returns its id. Facts never carry a submitter's personal data.
create function register_append(org uuid, kind text, actor uuid, case_id uuid, facts jsonb)
returns bigint language sql volatile as $$
  insert into letterbox.register_entry (organisation, at, kind, actor, case_id, body)
  values (org, now(), kind, actor, case_id, letterbox.register_body(org, kind, actor, case_id, facts))
  returning id
$$;
-- Appends an entry for each of these submissions.
create function register_append_submissions(orgs uuid[], case_ids uuid[], facts jsonb[])
returns void language sql volatile as $$
  insert into letterbox.register_entry (organisation, at, kind, case_id, body)
  select s.org, now(), 'submission', s.case_id, letterbox.register_body(s.org, 'submission', null, s.case_id, s.facts)
  from unnest(orgs, case_ids, facts) as s(org, case_id, facts)
$$;

create function refuse(state text, code text) returns void language plpgsql as $$
begin
  raise exception using errcode = state, message = code;
end $$;

-- Whether somebody was confirmed, had not left and was not suspended at that moment.
create function stands(org uuid, who uuid, at timestamptz default now()) returns boolean
language sql stable as $$
  select exists (select from letterbox.person p where p.organisation = org and p.id = who
    and p.confirmed_at <= at and (p.left_at is null or p.left_at > at)
    and not exists (select from letterbox.suspension s where s.organisation = org and s.person = who
      and s.since <= at and (s.lifted_at is null or s.lifted_at > at)))
$$;
-- Whether somebody's data-protection training was in date at that moment.
create function trained(org uuid, who uuid, at timestamptz default now()) returns boolean
language sql stable as $$
  select exists (select from letterbox.training t where t.organisation = org and t.person = who
    and t.since <= at and t.until > at)
$$;

-- Who asks, found from the secret of their session (set for the transaction), never from an
-- argument. Null when there is no session in force: 15 idle minutes or 12 hours end one.
create function session_hash() returns bytea language sql stable as $$
  select case when current_setting('letterbox.session', true) ~ '^[0-9a-f]{64}$'
    then sha256(decode(current_setting('letterbox.session', true), 'hex')) end
$$;
create type acting as (organisation uuid, person uuid, name text, capacities text[], confirmed boolean, kind text);
create function actor() returns acting language sql stable security definer
set search_path = letterbox, pg_temp as $$
  select (p.organisation, p.id, p.name, p.capacities, p.confirmed_at is not null, p.kind)::acting
  from session s join person p on p.organisation = s.organisation and p.id = s.person
  where s.secret_hash = session_hash() and s.ended_at is null and p.left_at is null
    and not exists (select from suspension x where x.organisation = p.organisation and x.person = p.id and x.lifted_at is null)
    and s.seen_at > now() - interval '15 minutes' and s.opened_at > now() - interval '12 hours'
$$;
-- Who lets colleagues in and out: a body's managers, the host's operators.
create function leads(capacities text[]) returns boolean language sql immutable as $$ select capacities && array['manager', 'operator'] $$;
-- The actor, of a body or of the host, or a refusal: the first line of every function about one's own organisation's people.
-- Where it asks for a manager, the host's operators are as good.
create function require_colleague(capacity text default null) returns acting language plpgsql stable security definer
set search_path = letterbox, pg_temp as $$
declare who acting := actor();
begin
  if who.person is null then perform refuse('LB401', 'signed-out'); end if;
  if not who.confirmed then perform refuse('LB403', 'not-confirmed'); end if;
  if capacity is not null and not (capacity = any (who.capacities) or capacity = 'manager' and leads(who.capacities)) then
    perform refuse('LB403', 'not-' || capacity);
  end if;
  return who;
end $$;
-- The actor, somebody of a body, or a refusal: the first line of every other staff function. Operators get nothing by it.
create function require_actor(capacity text default null) returns acting language plpgsql stable security definer
set search_path = letterbox, pg_temp as $$
declare who acting := require_colleague(capacity);
begin
  if who.kind <> 'controller' then perform refuse('LB404', 'missing'); end if;
  return who;
end $$;

-- The generation whose secret opens what lies inside: itself, or the one it was made around.
create function plain_generation(org uuid, of_form text, of_generation integer) returns integer language sql stable as $$
  select coalesce((select k.around from letterbox.form_key k where k.organisation = org and k.form = of_form
    and k.generation = of_generation), of_generation)
$$;

-- THE decision (wall 2) as the database sees it: the document by which this person may (or might, at that moment) read
-- this generation of a form, or this one case of it; null where nothing lets them.
create function reading_grant(org uuid, who uuid, of_form text, of_generation integer, of_case uuid default null,
  at timestamptz default now())
returns bytea language sql stable security definer set search_path = letterbox, pg_temp as $$
  select g.document from grants g
  where g.organisation = org and g.person = who and g.form = of_form
    and (g.case_id is null and g.from_generation <= plain_generation(org, of_form, of_generation) or g.case_id = of_case)
    and g.approved_at <= at and g.starts <= at and g.until > at and g.review_by > at
    and (g.ended_at is null or g.ended_at > at) and stands(org, who, at)
  order by g.until desc, g.id limit 1
$$;
create function may_read(org uuid, who uuid, of_form text, of_generation integer, of_case uuid default null,
  at timestamptz default now())
returns boolean language sql stable security definer set search_path = letterbox, pg_temp as $$
  select reading_grant(org, who, of_form, of_generation, of_case, at) is not null
$$;

-- Forces row-level security on every table, with no way through but the owner's functions. Run by
-- the runner after each migration, so that a new table is closed the day it is written.
create function close_tables() returns void language plpgsql as $$
declare t text;
begin
  for t in select tablename from pg_tables where schemaname = 'letterbox' loop
    execute format('alter table letterbox.%I enable row level security', t);
    execute format('alter table letterbox.%I force row level security', t);
    if not exists (select from pg_policies where schemaname = 'letterbox' and tablename = t and policyname = 'owner_acts') then
      execute format('create policy owner_acts on letterbox.%I to letterbox_owner using (true) with check (true)', t);
    end if;
  end loop;
end $$;

-- The register and the signed documents are only ever added to, whoever asks.
create function never_changes() returns trigger language plpgsql as $$
begin
  raise exception using errcode = 'LB403', message = 'append-only';
end $$;
create trigger append_only before update or delete or truncate on register_entry
  for each statement execute function never_changes();
create trigger append_only before update or delete or truncate on signed_document
  for each statement execute function never_changes();

-- Adds a signed document with its register entry. Signatures are verified by the desk before and
-- by every browser after; the database checks what it can: shape, signer, hash.
create function append_document(org uuid, doc_kind text, by_person uuid, doc text, sig text, facts jsonb default '{}')
returns bytea language plpgsql as $$
declare
  parsed jsonb := doc::jsonb;
  doc_hash bytea := sha256(convert_to(doc, 'UTF8'));
begin
  if parsed ->> 'kind' is distinct from doc_kind or parsed ->> 'organisation' is distinct from org::text
    or parsed ->> 'signer' is distinct from by_person::text then
    perform letterbox.refuse('LB422', 'document-mismatch');
  end if;
  insert into letterbox.signed_document (organisation, hash, kind, signer, text, signature, at)
  values (org, doc_hash, doc_kind, by_person, doc, sig, now())
  on conflict (organisation, hash) do nothing;
  if not found then perform letterbox.refuse('LB409', 'document-replayed'); end if;
  perform letterbox.register_append(org, doc_kind, by_person, null,
    jsonb_build_object('document', encode(doc_hash, 'hex'), 'subject',
      case when jsonb_typeof(parsed -> 'person') = 'string' then parsed ->> 'person' end, 'form', parsed ->> 'form') || facts);
  return doc_hash;
end $$;

-- A refusal is told in a transaction of its own, since the refused one is rolled back.
create function register_refusal(what text, why text, about_case uuid default null, about_form text default null)
returns void language plpgsql security definer set search_path = letterbox, pg_temp as $$
declare who acting := actor();
begin
  -- Watch is refused all day long, and tells in its own words how often (0016).
  if who.person is null or who.capacities = array['watch'] then return; end if;
  perform register_append(who.organisation, 'refusal', who.person, about_case,
    jsonb_build_object('act', left(what, 60), 'why', left(why, 60), 'form', left(about_form, 40)));
end $$;

grant execute on function actor(), session_hash() to letterbox_desk;
grant execute on function register_refusal(text, text, uuid, text) to letterbox_desk;
