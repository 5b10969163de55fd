-- The directory: whom the archive knows (decision record 0029). Every row is told by an event of the journal, from which
-- acervo reindex makes it again; running servers read on from the highest revision that they have seen.
create table directory_state (
  id boolean primary key default true check (id),
  revision bigint not null
);
comment on table directory_state is 'One row: number of the last change, over all tables of the directory';

create table institution (
  code text collate "C" primary key,
  name text not null,
  state text collate "C",
  facilities text[] collate "C" not null,
  revision bigint not null
);
comment on column institution.code is 'First component of every key; codes of studies need not stand here';
comment on column institution.state is 'INEGI code of the federal entity, two digits; null: a federal institution';
comment on column institution.facilities is 'CLUES of its establishments; they need not stand in facility';
comment on column institution.revision is 'Number of the change, over the whole directory, in the order of commit';

create table facility (
  clues text collate "C" primary key,
  institution text collate "C" not null,
  name text not null,
  state text collate "C" not null,
  edition date not null,
  revision bigint not null
);
comment on table facility is 'Establishments of the catalogue CLUES; one that a later edition lacks keeps its old one';
comment on column facility.institution is 'Key of the catalogue, such as SSA: no code of the archive';
comment on column facility.edition is 'Of which edition of the catalogue the row is';
create index facility_revision on facility (revision);
create index facility_name on facility (lower(name) text_pattern_ops);

create table person (
  id uuid primary key,
  login text collate "C",
  name text,
  institution text collate "C" not null,
  is_active boolean not null,
  revision bigint not null unique
);
comment on column person.login is 'In small letters; null: the person was removed, and its id stays taken';
-- Not unique: that no two have the same is seen to under the lock of changes, and a replay meets its events in the order
-- of their ids, which within one transaction need not be that of the changes.
create index person_login on person (login);
comment on column person.institution is 'For which the person acts unless another one of its roles is chosen';

create table person_role (
  id uuid primary key,
  person uuid not null,
  role text collate "C" not null,
  institution text collate "C" not null,
  valid_from timestamptz not null,
  valid_until timestamptz,
  revision bigint not null unique
);
comment on column person_role.institution is 'Where it holds; *: everywhere';
comment on column person_role.valid_until is 'The moment itself is outside; null: until somebody ends it';
create index person_role_person on person_role (person);

create table sensitivity (
  institution text collate "C" not null,
  issuer text collate "C" not null,
  patient_id text collate "C" not null,
  study_uid text collate "C" not null,
  label text collate "C" not null,
  reason text not null,
  event uuid not null,
  at timestamptz not null,
  revision bigint not null unique,
  primary key (institution, patient_id, issuer, study_uid, label),
  check ((patient_id = '') <> (study_uid = '')),
  check (patient_id <> '' or issuer = '')
);
comment on table sensitivity is 'Patients and studies that fewer see; a row that is cleared is gone';
comment on column sensitivity.patient_id is 'Of (institution, issuer, identifier), as in study_identifier; empty: one study only';
comment on column sensitivity.issuer is 'Empty: whoever issued the identifier';
comment on column sensitivity.event is 'Row of the journal that says who marked it';
create index sensitivity_study on sensitivity (study_uid) where study_uid <> '';

grant select, insert, update on directory_state, institution, facility, person, person_role to acervo_app;
grant select, insert, delete, update on sensitivity to acervo_app;
