-- The life-cycle of AI models (decision record 0043). Approvals and steps are events of the journal, from which acervo
-- reindex makes them again. The application may add a step and nothing else: states follow from steps, by the trigger
-- below, which knows the machine and counts signatures by itself.
create table model_edge (
  id text collate "C" primary key,
  scope text collate "C" not null check (scope in ('nacional', 'sitio')),
  track text collate "C" not null check (track in ('', 'clinico', 'demostracion')),
  from_state text collate "C" not null,
  to_state text collate "C" not null,
  slots jsonb not null,
  is_restored boolean not null,
  unique (id, scope, from_state, to_state)
);
comment on table model_edge is 'The machine of packages/model/src/lifecycle/machine.ts; a test holds the two together';
comment on column model_edge.track is 'Empty: the same for demonstrations and for what is clinical';
comment on column model_edge.slots is 'Signatures that it needs: roles, and where they are held';
comment on column model_edge.is_restored is 'It rests on the signatures of an earlier step to the same state';

create table approver_key (
  key text collate "C" primary key check (key ~ '^[0-9A-Za-z_-]{43}$'),
  person uuid not null,
  institution text collate "C" not null,
  enrolled_at timestamptz not null,
  revoked_at timestamptz,
  revision bigint not null unique
);
comment on table approver_key is 'Ed25519 keys by which persons approve models; the private ones are theirs alone';
create index approver_key_person on approver_key (person);

create table model_approval (
  id uuid primary key,
  package text collate "C" not null references model_package (digest),
  document text not null,
  signature text collate "C" not null,
  key text collate "C" not null references approver_key (key),
  strength text collate "C" not null check (strength in ('second-factor', 'certificate')),
  received_at timestamptz not null,
  revision bigint not null unique,
  event uuid not null,
  signed_package text collate "C" generated always as (document::jsonb ->> 'paquete') stored,
  from_state text collate "C" not null generated always as (document::jsonb ->> 'de') stored,
  to_state text collate "C" not null generated always as (document::jsonb ->> 'a') stored,
  site text collate "C" not null generated always as (coalesce(document::jsonb ->> 'sitio', '')) stored,
  percentage int generated always as ((document::jsonb ->> 'porcentaje')::int) stored,
  role text collate "C" not null generated always as (document::jsonb ->> 'rol') stored,
  person uuid not null generated always as ((document::jsonb ->> 'persona')::uuid) stored,
  institution text collate "C" not null generated always as (document::jsonb ->> 'institucion') stored,
  expires text collate "C" not null generated always as (document::jsonb ->> 'vence') stored,
  nonce text collate "C" not null generated always as (document::jsonb ->> 'nonce') stored,
  unique (person, nonce),
  check (signed_package = 'sha256:' || package),
  check (expires ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$')
);
comment on table model_approval is 'Approvals as they were signed (aprobacion/v1); a row is never changed';
comment on column model_approval.document is 'The canonical text under the signature; the generated columns are read from it';
comment on column model_approval.strength is 'How sure it was who handed it in';
create index model_approval_step on model_approval (package, site, to_state);

create table model_transition (
  revision bigint primary key,
  id uuid not null unique,
  package text collate "C" not null references model_package (digest),
  site text collate "C" not null,
  track text collate "C" not null check (track in ('clinico', 'demostracion')),
  edge text collate "C" not null,
  scope text collate "C" not null check ((scope = 'nacional') = (site = '')),
  from_state text collate "C" not null,
  to_state text collate "C" not null,
  percentage int check (percentage between 1 and 99),
  cause text collate "C" not null
    check (cause in ('asked', 'expired', 'site-stop', 'break-glass', 'rollback', 'replaced', 'alarm')),
  actor_kind text collate "C" not null,
  actor text not null,
  at timestamptz not null,
  statement jsonb not null,
  verdicts jsonb not null,
  approvals uuid[] not null,
  relies_on bigint references model_transition (revision),
  expires_at timestamptz,
  foreign key (edge, scope, from_state, to_state) references model_edge (id, scope, from_state, to_state),
  check ((to_state = 'limitado') = (percentage is not null)),
  check (not (track = 'demostracion' and to_state in ('general', 'aprobado_nacional')))
);
comment on table model_transition is 'Every step that was taken, with what it rests on; a row is never changed or deleted';
comment on column model_transition.site is 'Institution; empty: the nation';
comment on column model_transition.relies_on is 'Of a rollback: the step whose signatures it rests on';
comment on column model_transition.expires_at is 'When the first of those signatures expires: the trigger says so';
create index model_transition_package on model_transition (package, site, revision);

create table model_transition_approval (
  approval uuid primary key references model_approval (id),
  revision bigint not null
);
comment on table model_transition_approval is 'A signature counts for one step: once used, it is not used again';

create table model_state (
  package text collate "C" not null references model_package (digest),
  site text collate "C" not null,
  model text collate "C" not null,
  track text collate "C" not null,
  state text collate "C" not null,
  percentage int,
  before_state text collate "C",
  expires_at timestamptz,
  revision bigint not null unique,
  primary key (package, site),
  check (not (track = 'demostracion' and state in ('general', 'aprobado_nacional')))
);
comment on table model_state is 'Where each package stands, for the nation (empty site) and at each site';
comment on column model_state.before_state is 'Of what is suspended: the state that it came from';
-- Of one model one version at a site gives results to those who read.
create unique index model_state_in_use on model_state (model, site)
  where site <> '' and state in ('limitado', 'general');
create index model_state_expires on model_state (expires_at) where expires_at is not null;

create function model_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger model_transition_stays before update or delete on model_transition
  for each row execute function model_refuse_change();
create trigger model_approval_stays before update or delete on model_approval
  for each row execute function model_refuse_change();
create trigger model_edge_stays before update or delete on model_edge
  for each row execute function model_refuse_change();

-- Whose key it is, is known before it signs.
create function model_check_approval() returns trigger language plpgsql security definer set search_path from current as $$
begin
  if not exists (select from approver_key as known where known.key = new.key
      and known.person = (new.document::jsonb ->> 'persona')::uuid
      and (known.revoked_at is null or known.revoked_at > new.received_at)) then
    raise exception 'G01/key: not enrolled for who signs' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger model_approval_key before insert on model_approval
  for each row execute function model_check_approval();

-- Of a step, the earliest end of the signatures that it rests on; refused where one of them does not count.
create function model_signed_until(step model_transition, needed jsonb, relied uuid[]) returns timestamptz
  language plpgsql stable set search_path from current as $$
declare
  counted int := jsonb_array_length(needed);
  persons int;
  fitting int;
  slot jsonb;
begin
  if coalesce(array_length(relied, 1), 0) <> counted then
    raise exception 'G03/signatures: % of %', coalesce(array_length(relied, 1), 0), counted
      using errcode = 'check_violation';
  end if;
  select count(distinct person), count(*) into persons, fitting from model_approval
    where id = any (relied) and package = step.package and site = step.site and to_state = step.to_state
      and expires::timestamptz > step.at
      and institution = case when step.site = '' then '*' else step.site end;
  if persons <> counted or fitting <> counted then
    raise exception 'G03/signatures: % persons of %', persons, counted using errcode = 'check_violation';
  end if;
  for slot in select * from jsonb_array_elements(needed) loop
    if not exists (select from model_approval where id = any (relied) and slot -> 'roles' ? role) then
      raise exception 'G03/signatures: nobody as %', slot -> 'roles' using errcode = 'check_violation';
    end if;
  end loop;
  return (select min(expires::timestamptz) from model_approval where id = any (relied));
end $$;

create function model_take_step() returns trigger language plpgsql security definer set search_path from current as $$
declare
  step model_edge;
  held model_state;
  relied model_transition;
  model_id text;
begin
  select * into step from model_edge where id = new.edge;
  if step.id is null or step.track not in ('', new.track) then
    raise exception 'G37/edge: % on %', new.edge, new.track using errcode = 'check_violation';
  end if;
  select * into held from model_state where package = new.package and site = new.site for update;
  if coalesce(held.state, case when new.site = '' then 'borrador' else 'no_instalado' end) <> new.from_state
      or coalesce(held.track, new.track) <> new.track or coalesce(held.revision, 0) >= new.revision then
    raise exception 'G37/edge: it stands at %', held.state using errcode = 'check_violation';
  end if;
  if new.from_state = 'suspendido' and new.to_state <> 'retirado' and held.before_state <> new.to_state then
    raise exception 'G37/previous: it was %', held.before_state using errcode = 'check_violation';
  end if;
  new.expires_at := held.expires_at;
  if step.is_restored then
    select * into relied from model_transition where revision = new.relies_on;
    if relied.revision is null or relied.package <> new.package or relied.site <> new.site
        or relied.to_state <> new.to_state or coalesce(relied.percentage, 0) < coalesce(new.percentage, 0) then
      raise exception 'G56/rollback: no such step before' using errcode = 'check_violation';
    end if;
    new.approvals := '{}';
    new.expires_at := model_signed_until(new, step.slots, relied.approvals);
  else
    if new.relies_on is not null then
      raise exception 'G56/rollback: % has signatures of its own', new.edge using errcode = 'check_violation';
    end if;
    if exists (select from model_approval where id = any (new.approvals)
        and (from_state <> new.from_state or percentage is distinct from new.percentage)) then
      raise exception 'G04/other-subject: another step was signed' using errcode = 'check_violation';
    end if;
    if jsonb_array_length(step.slots) > 0 or array_length(new.approvals, 1) > 0 then
      new.expires_at := model_signed_until(new, step.slots, new.approvals);
    end if;
  end if;
  if new.scope = 'sitio' and new.to_state in ('instalado', 'silencioso', 'limitado', 'general')
      and (step.is_restored or jsonb_array_length(step.slots) > 0)
      and not exists (select from model_state where package = new.package and site = '' and expires_at > new.at
        and track = new.track and state in ('aprobado_nacional', 'en_revision', 'demostracion')) then
    raise exception 'G37/national: not approved for the nation' using errcode = 'check_violation';
  end if;
  insert into model_transition_approval (approval, revision) select unnest(new.approvals), new.revision;
  select model into model_id from model_package where digest = new.package;
  insert into model_state (package, site, model, track, state, percentage, before_state, expires_at, revision)
    values (new.package, new.site, model_id, new.track, new.to_state, new.percentage,
      case when new.to_state <> 'suspendido' then null
        when new.from_state = 'en_revision' then 'aprobado_nacional' else new.from_state end, new.expires_at, new.revision)
    on conflict (package, site) do update set state = excluded.state, percentage = excluded.percentage,
      before_state = excluded.before_state, expires_at = excluded.expires_at, revision = excluded.revision;
  return new;
end $$;
create trigger model_transition_step before insert on model_transition
  for each row execute function model_take_step();

grant select on model_edge, model_state, model_transition_approval to acervo_app;
grant select, insert on model_approval, model_transition to acervo_app;
grant select, insert, update on approver_key to acervo_app;

insert into model_edge (id, scope, track, from_state, to_state, slots, is_restored) values
  ('nacional/borrador/recibido', 'nacional', '', 'borrador', 'recibido',
    '[]', false),
  ('nacional/recibido/documentado/clinico', 'nacional', 'clinico', 'recibido', 'documentado',
    '[]', false),
  ('nacional/documentado/validacion_nacional/clinico', 'nacional', 'clinico', 'documentado', 'validacion_nacional',
    '[]', false),
  ('nacional/validacion_nacional/aprobado_nacional/clinico', 'nacional', 'clinico', 'validacion_nacional', 'aprobado_nacional',
    '[{"roles":["validator"],"place":"nacional"},{"roles":["authority"],"place":"nacional"},{"roles":["data-protection-officer","regulatory-liaison"],"place":"nacional"}]', false),
  ('nacional/recibido/demostracion/demostracion', 'nacional', 'demostracion', 'recibido', 'demostracion',
    '[{"roles":["validator"],"place":"nacional"},{"roles":["authority"],"place":"nacional"},{"roles":["data-protection-officer","regulatory-liaison"],"place":"nacional"}]', false),
  ('nacional/aprobado_nacional/en_revision/clinico', 'nacional', 'clinico', 'aprobado_nacional', 'en_revision',
    '[]', false),
  ('nacional/en_revision/aprobado_nacional/clinico', 'nacional', 'clinico', 'en_revision', 'aprobado_nacional',
    '[{"roles":["validator"],"place":"nacional"},{"roles":["authority"],"place":"nacional"},{"roles":["data-protection-officer","regulatory-liaison"],"place":"nacional"}]', false),
  ('nacional/aprobado_nacional/suspendido', 'nacional', '', 'aprobado_nacional', 'suspendido',
    '[]', false),
  ('nacional/en_revision/suspendido', 'nacional', '', 'en_revision', 'suspendido',
    '[]', false),
  ('nacional/demostracion/suspendido', 'nacional', '', 'demostracion', 'suspendido',
    '[]', false),
  ('nacional/suspendido/aprobado_nacional/clinico', 'nacional', 'clinico', 'suspendido', 'aprobado_nacional',
    '[{"roles":["validator"],"place":"nacional"},{"roles":["authority"],"place":"nacional"},{"roles":["data-protection-officer","regulatory-liaison"],"place":"nacional"}]', false),
  ('nacional/suspendido/demostracion/demostracion', 'nacional', 'demostracion', 'suspendido', 'demostracion',
    '[{"roles":["validator"],"place":"nacional"},{"roles":["authority"],"place":"nacional"},{"roles":["data-protection-officer","regulatory-liaison"],"place":"nacional"}]', false),
  ('nacional/recibido/rechazado', 'nacional', '', 'recibido', 'rechazado',
    '[{"roles":["validator","authority"],"place":"nacional"}]', false),
  ('nacional/documentado/rechazado', 'nacional', '', 'documentado', 'rechazado',
    '[{"roles":["validator","authority"],"place":"nacional"}]', false),
  ('nacional/validacion_nacional/rechazado', 'nacional', '', 'validacion_nacional', 'rechazado',
    '[{"roles":["validator","authority"],"place":"nacional"}]', false),
  ('nacional/recibido/retirado', 'nacional', '', 'recibido', 'retirado',
    '[{"roles":["authority"],"place":"nacional"}]', false),
  ('nacional/documentado/retirado', 'nacional', '', 'documentado', 'retirado',
    '[{"roles":["authority"],"place":"nacional"}]', false),
  ('nacional/validacion_nacional/retirado', 'nacional', '', 'validacion_nacional', 'retirado',
    '[{"roles":["authority"],"place":"nacional"}]', false),
  ('nacional/aprobado_nacional/retirado', 'nacional', '', 'aprobado_nacional', 'retirado',
    '[{"roles":["authority"],"place":"nacional"}]', false),
  ('nacional/en_revision/retirado', 'nacional', '', 'en_revision', 'retirado',
    '[{"roles":["authority"],"place":"nacional"}]', false),
  ('nacional/demostracion/retirado', 'nacional', '', 'demostracion', 'retirado',
    '[{"roles":["authority"],"place":"nacional"}]', false),
  ('nacional/suspendido/retirado', 'nacional', '', 'suspendido', 'retirado',
    '[{"roles":["authority"],"place":"nacional"}]', false),
  ('sitio/no_instalado/instalado/clinico', 'sitio', 'clinico', 'no_instalado', 'instalado',
    '[]', false),
  ('sitio/no_instalado/instalado/demostracion', 'sitio', 'demostracion', 'no_instalado', 'instalado',
    '[]', false),
  ('sitio/instalado/silencioso/clinico', 'sitio', 'clinico', 'instalado', 'silencioso',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/instalado/silencioso/demostracion', 'sitio', 'demostracion', 'instalado', 'silencioso',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/silencioso/limitado/clinico', 'sitio', 'clinico', 'silencioso', 'limitado',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', false),
  ('sitio/silencioso/limitado/demostracion', 'sitio', 'demostracion', 'silencioso', 'limitado',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', false),
  ('sitio/limitado/limitado/clinico', 'sitio', 'clinico', 'limitado', 'limitado',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', false),
  ('sitio/limitado/limitado/demostracion', 'sitio', 'demostracion', 'limitado', 'limitado',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', false),
  ('sitio/limitado/general/clinico', 'sitio', 'clinico', 'limitado', 'general',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', false),
  ('sitio/general/limitado/clinico', 'sitio', 'clinico', 'general', 'limitado',
    '[]', false),
  ('sitio/general/silencioso/clinico', 'sitio', 'clinico', 'general', 'silencioso',
    '[]', false),
  ('sitio/limitado/silencioso', 'sitio', '', 'limitado', 'silencioso',
    '[]', false),
  ('sitio/silencioso/suspendido', 'sitio', '', 'silencioso', 'suspendido',
    '[]', false),
  ('sitio/limitado/suspendido', 'sitio', '', 'limitado', 'suspendido',
    '[]', false),
  ('sitio/general/suspendido', 'sitio', '', 'general', 'suspendido',
    '[]', false),
  ('sitio/suspendido/silencioso/clinico', 'sitio', 'clinico', 'suspendido', 'silencioso',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/suspendido/silencioso/demostracion', 'sitio', 'demostracion', 'suspendido', 'silencioso',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/suspendido/limitado/clinico', 'sitio', 'clinico', 'suspendido', 'limitado',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', false),
  ('sitio/suspendido/limitado/demostracion', 'sitio', 'demostracion', 'suspendido', 'limitado',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', false),
  ('sitio/suspendido/general/clinico', 'sitio', 'clinico', 'suspendido', 'general',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', false),
  ('sitio/limitado/sustituido', 'sitio', '', 'limitado', 'sustituido',
    '[]', false),
  ('sitio/general/sustituido/clinico', 'sitio', 'clinico', 'general', 'sustituido',
    '[]', false),
  ('sitio/sustituido/limitado/clinico', 'sitio', 'clinico', 'sustituido', 'limitado',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', true),
  ('sitio/sustituido/limitado/demostracion', 'sitio', 'demostracion', 'sustituido', 'limitado',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', true),
  ('sitio/sustituido/general/clinico', 'sitio', 'clinico', 'sustituido', 'general',
    '[{"roles":["site-chief"],"place":"sitio"},{"roles":["medical-physicist"],"place":"sitio"}]', true),
  ('sitio/instalado/retirado', 'sitio', '', 'instalado', 'retirado',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/silencioso/retirado', 'sitio', '', 'silencioso', 'retirado',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/limitado/retirado', 'sitio', '', 'limitado', 'retirado',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/general/retirado', 'sitio', '', 'general', 'retirado',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/sustituido/retirado', 'sitio', '', 'sustituido', 'retirado',
    '[{"roles":["site-chief"],"place":"sitio"}]', false),
  ('sitio/suspendido/retirado', 'sitio', '', 'suspendido', 'retirado',
    '[{"roles":["site-chief"],"place":"sitio"}]', false);
