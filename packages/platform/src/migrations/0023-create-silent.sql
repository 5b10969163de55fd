-- What models at stage silencioso say (decision record 0045): in a schema that the application's role cannot enter. The
-- role that may, acervo_silent, is granted its rights when the store is opened (adapters/postgres/silent.ts). In no
-- event of the journal, so that acervo reindex does not make it again.
create schema silent;
comment on schema silent is 'Results that nobody may see: apart by role and key, and no exit reads them';

create table silent.result (
  seq bigint generated always as identity primary key,
  task uuid not null unique,
  package text collate "C" not null,
  institution text collate "C" not null,
  study_uid text collate "C" not null,
  kept_at timestamptz not null default now(),
  sealed bytea not null
);
comment on table silent.result is 'One record of a silent task; what it says is sealed by the key of the silent store';
comment on column silent.result.seq is 'The order in which blocks of studies are counted';
comment on column silent.result.sealed is 'AES-256-GCM, bound to task, package and study: what the outputs say, as JSON';
create index result_of_package on silent.result (package, institution, seq);
