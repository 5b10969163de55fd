-- Index of the packs (architecture decisions 4 to 6). Every row here can be made again from the packs.
create extension if not exists pg_trgm;

create table uid_code (
  code integer generated always as identity primary key,
  uid text collate "C" not null unique
);
comment on table uid_code is 'Short codes of SOP class and transfer syntax UIDs; local to this database';

create sequence segment_number as integer minvalue 0 start 0;

create table segment (
  segment integer primary key,
  writer uuid not null,
  node uuid not null,
  state text not null check (state in ('open', 'sealed', 'abandoned')),
  committed bigint not null default 0,
  records integer not null default 0,
  chain text collate "C" not null default '',
  void_from bigint,
  opened_at timestamptz not null default now()
);
comment on column segment.writer is 'Process that appends to it';
comment on column segment.node is 'Data directory that holds it while it is open; only this node repairs it';
comment on column segment.committed is 'Bytes from the start whose records are projected: start-up reads on from here';
comment on column segment.records is 'Commit records projected so far';
comment on column segment.chain is 'SHA-256 of the last projected record';
comment on column segment.void_from is 'Of an abandoned segment: from here on nothing was ever stored';
-- Start-up looks for segments that are not sealed.
create index segment_unsealed on segment (node) where state <> 'sealed';

create table study (
  study_key uuid primary key,
  institution text collate "C" not null,
  study_uid text collate "C" not null,
  source text collate "C" not null,
  issuer text collate "C" not null,
  patient_id text collate "C",
  patient_name text collate "C" not null,
  patient_words text collate "C" not null,
  birth_date date,
  sex text collate "C",
  study_date date,
  study_time text collate "C",
  accession text collate "C",
  study_id text collate "C",
  referring_name text collate "C" not null,
  description text collate "C" not null,
  attributes jsonb not null,
  marks integer not null,
  modalities text[] not null,
  series_count integer not null,
  instance_count integer not null,
  bytes bigint not null,
  first_stored timestamptz not null,
  last_stored timestamptz not null
);
comment on column study.study_key is 'First 16 bytes of SHA-256(institution, 0, Study Instance UID)';
comment on column study.source is 'Commit time, segment and offset of the instance that the attributes come from: the earliest one';
comment on column study.patient_name is 'Folded, each group between equals signs; compared with COLLATE C';
comment on column study.patient_words is 'Folded words of the name, each behind a space';
comment on column study.study_time is 'HHMMSS.FFFFFF as far as sent and valid';
comment on column study.attributes is 'DICOM JSON of the patient and study level';
comment on column study.marks is 'Data-quality bits, see holdings/marks.ts';
create index study_newest on study (study_date desc nulls last, study_time desc nulls last, study_key);
create index study_uid on study (study_uid);
create index study_patient on study (patient_id);
create index study_accession on study (accession);
create index study_name on study using gin (patient_name gin_trgm_ops);
create index study_words on study using gin (patient_words gin_trgm_ops);

create table series (
  study_key uuid not null,
  series_key bigint not null,
  series_uid text collate "C" not null,
  source text collate "C" not null,
  modality text collate "C",
  series_number integer,
  charset_default text collate "C" not null,
  attributes jsonb not null,
  instance_count integer not null,
  bytes bigint not null,
  first_stored timestamptz not null,
  last_stored timestamptz not null,
  primary key (study_key, series_key)
);
comment on column series.series_key is '53 bits of SHA-256(Series Instance UID)';
comment on column series.charset_default is 'Character set of the device that sent it, for objects that declare none';
create index series_uid on series (series_uid);

create table instance (
  study_key uuid not null,
  series_key bigint not null,
  sop_uid text collate "C" not null,
  version smallint not null,
  segment integer not null,
  file_at bigint not null,
  file_bytes bigint not null,
  head_bytes integer not null,
  digest bytea not null,
  transfer_syntax integer not null,
  sop_class integer not null,
  instance_number integer,
  marks smallint not null,
  primary key (study_key, series_key, sop_uid, version)
);
comment on column instance.version is '0 is the first content stored under these UIDs; more only for differing content';
comment on column instance.file_at is 'Offset of the file in its segment, bytes';
comment on column instance.head_bytes is 'Length of preamble and File Meta Information; the data set follows';
comment on column instance.digest is 'SHA-256 of the data set bytes as received';
-- Storage commitment and QIDO by SOP Instance UID alone.
create index instance_sop on instance (sop_uid);

create table journal (
  xid xid8 not null default pg_current_xact_id(),
  id uuid primary key,
  at timestamptz not null,
  kind text collate "C" not null,
  institution text collate "C" not null,
  actor text collate "C" not null,
  study text collate "C" not null,
  event text not null
);
comment on table journal is 'Append-only: audit trail and outbox (decision 13)';
comment on column journal.event is 'The envelope, RFC 8785 canonical JSON';
-- The sealer reads in this order.
create index journal_order on journal (xid, id);
create index journal_study on journal (study, at) where study <> '';

create table journal_seal (
  seq bigint primary key,
  id uuid not null unique,
  xid xid8 not null,
  hash text collate "C" not null
);
comment on table journal_seal is 'Gapless numbers of journal rows in the order of commit, chained by hash';

-- The application appends; what it may change is what a further instance changes. Nothing is ever deleted by it.
grant select, insert on all tables in schema public to acervo_app;
grant update on segment, study, series to acervo_app;
grant usage, select on all sequences in schema public to acervo_app;
