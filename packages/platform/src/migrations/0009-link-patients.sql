-- Which patients are one person: a projection of the journal (patient.linked, patient.unlinked, patient.collided).
create table patient_link (
  institution text collate "C" not null,
  issuer text collate "C" not null,
  patient_id text collate "C" not null,
  person uuid not null,
  state text not null check (state in ('linked', 'unlinked')),
  evidence text collate "C" not null,
  event uuid not null,
  at timestamptz not null,
  primary key (institution, issuer, patient_id, person)
);
comment on table patient_link is 'Patients of one person are linked; an unlinked one is never linked again by itself';
comment on column patient_link.event is 'Row of the journal that says who did it and why';
create unique index patient_link_one on patient_link (institution, issuer, patient_id) where state = 'linked';
create index patient_link_person on patient_link (person);

create table patient_collision (
  institution text collate "C" not null,
  issuer text collate "C" not null,
  patient_id text collate "C" not null,
  kind text collate "C" not null,
  other_institution text collate "C" not null,
  other_issuer text collate "C" not null,
  other_patient_id text collate "C" not null,
  differs text[] not null,
  event uuid not null,
  at timestamptz not null,
  is_settled boolean not null default false,
  primary key (institution, issuer, patient_id, kind, other_institution, other_issuer, other_patient_id)
);
comment on table patient_collision is 'What is told of a patient and cannot be of one person: for a steward';
comment on column patient_collision.other_patient_id is 'With whom; nothing where the patient differs from itself';
comment on column patient_collision.is_settled is 'A steward has decided of the patient since';
create index patient_collision_open on patient_collision (at) where not is_settled;

-- Studies whose patient is still to be looked for elsewhere. Work, not a fact: what is lost of it is done again.
create table patient_work (study_key uuid primary key);
insert into patient_work select study_key from study;

grant select, insert, update on patient_link, patient_collision to acervo_app;
grant select, insert, update, delete on patient_work to acervo_app;
