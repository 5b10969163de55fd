-- A search looks at thousands of studies and answers a hundred. What is only answered moves out of the row that is
-- looked at, which leaves a quarter of it; and the order of answers becomes one number, so that lists are walked,
-- ranges of dates cut out, and pages found again by one comparison.
create table study_attributes (
  study_key uuid primary key,
  attributes jsonb not null
);
comment on table study_attributes is 'Of each study what is answered and not searched';
comment on column study_attributes.attributes is 'DICOM JSON of the patient and study level';
grant select, insert, update on study_attributes to acervo_app;
insert into study_attributes select study_key, attributes from study;
alter table study drop column attributes;
drop index study_words;
alter table study drop column patient_words;

-- Adding it writes the table anew, without what was dropped.
alter table study add column newest bigint not null generated always as (
  coalesce(study_date - date '0001-01-01' + 1, 0)::bigint * 1000000000000
    + coalesce(translate(study_time, '.', '')::bigint, -1)
) stored;
comment on column study.newest is
  'Number of the day of Study Date, 1 for 0001-01-01 and 0 without one; then twelve digits of Study Time, or one less';

-- With what searches compare beside the order, so that the table itself is seldom looked at.
drop index study_newest;
create index study_newest on study (newest desc, study_key desc) include (institution, modalities, patient_name);
drop index study_newest_here;
create index study_newest_here on study (institution, newest desc, study_key desc) include (modalities, patient_name);
drop index study_name_order;
create index study_name_order on study (patient_name) include (institution, newest, study_key);
-- Letters of names, whatever stands between the words being one letter that no folded name has: so that it is looked
-- for like any other, and "Z RAMIREZ" does not lead to everybody who is called Ramirez. It serves beginnings of words.
drop index study_name;
create index study_letters on study
  using gin (translate(patient_name, ' ^=.,''’‐-', 'wwwwwwwww') gin_trgm_ops);
-- Names of several groups are few: who looks for a beginning finds that of a further group here. The statistics say
-- how few.
create index study_name_groups on study
  using gin (translate(patient_name, ' ^=.,''’‐-', 'wwwwwwwww') gin_trgm_ops)
  where split_part(patient_name, '=', 3) <> '';
create statistics study_name_further on split_part(patient_name, '=', 3) from study;
