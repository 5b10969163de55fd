-- The registry of AI models (decision record 0041). Every row is told by an event of the journal, from which, with the
-- files of the store, acervo reindex makes it again. A package that was refused has no row: its event is all of it.
create table model (
  id text collate "C" primary key,
  owner text collate "C" not null,
  name text not null,
  received_at timestamptz not null
);
comment on table model is 'Models by the id of their manifests, such as mx.ssa.cxr-tb';
comment on column model.owner is 'Institution that submitted its first package; *: national';

create table model_package (
  digest text collate "C" primary key check (digest ~ '^[0-9a-f]{64}$'),
  model text collate "C" not null,
  version text collate "C" not null,
  manifest text not null,
  manifest_digest text collate "C" not null,
  envelope_digest text collate "C" not null,
  signers text[] collate "C" not null,
  size_bytes bigint not null,
  institution text collate "C" not null,
  received_at timestamptz not null,
  received_by text not null,
  judgement jsonb not null,
  event uuid not null,
  unique (model, version)
);
comment on table model_package is 'Packages that intake found nothing against; a row is never changed and never deleted';
comment on column model_package.digest is 'SHA-256 of the canonical in-toto statement: the payload of its DSSE envelope';
comment on column model_package.manifest is 'manifest.json as RFC 8785 canonical JSON';
comment on column model_package.manifest_digest is 'SHA-256 of that text';
comment on column model_package.envelope_digest is 'SHA-256 of paquete.dsse.json, a file of the store that no statement lists';
comment on column model_package.signers is 'Keys that were trusted when it came, and whose signature is good';
comment on column model_package.institution is 'For which the sender acted';
comment on column model_package.received_by is 'Who sent it: actor of its event';
comment on column model_package.judgement is 'Golden cases as they were reproduced, and what is shown as a warning';
comment on column model_package.event is 'Row of the journal that says who sent it';

create table model_package_file (
  package text collate "C" not null,
  path text collate "C" not null,
  sha256 text collate "C" not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes bigint not null,
  primary key (package, path)
);
comment on table model_package_file is 'What lies in the store for a package, the envelope included';
-- Whether anybody still refers to a file of the store.
create index model_package_file_sha256 on model_package_file (sha256);

create table model_signer (
  key_id text collate "C" primary key check (key_id ~ '^[0-9a-f]{64}$'),
  public_key text not null,
  institution text collate "C" not null,
  holder text not null,
  valid_from timestamptz not null,
  valid_until timestamptz,
  revoked_at timestamptz,
  revoked_for text collate "C" check (revoked_for in ('compromise', 'superseded', 'ceased')),
  added_by text not null,
  event uuid not null,
  check ((revoked_at is null) = (revoked_for is null))
);
comment on table model_signer is 'Ed25519 keys whose signature of a package counts';
comment on column model_signer.key_id is 'SHA-256 of the SubjectPublicKeyInfo: keyid of DSSE';
comment on column model_signer.public_key is 'SubjectPublicKeyInfo, base64';
comment on column model_signer.institution is 'Of whose packages it may sign; *: of all';
comment on column model_signer.holder is 'Person or body that has the private key, as it is told';
comment on column model_signer.valid_until is 'The moment itself is outside; null: until it is revoked';
comment on column model_signer.revoked_for is 'compromise: nothing that it ever signed is run; else what came before stays good';

create table external_ai (
  id uuid primary key,
  institution text collate "C" not null,
  name text not null,
  version text not null,
  record jsonb not null,
  added_at timestamptz not null,
  retired_at timestamptz,
  event uuid not null
);
comment on table external_ai is 'AI that runs elsewhere: inside modalities, PACS, services of vendors';
comment on column external_ai.institution is 'Who uses it and answers for it';
comment on column external_ai.record is 'All that is known of it, as ports/models.ts names it';
create index external_ai_institution on external_ai (institution);

grant select, insert on model, model_package, model_package_file to acervo_app;
grant select, insert, update on model_signer, external_ai to acervo_app;
