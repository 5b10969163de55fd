-- What QIDO-RS and C-FIND ask for and 0001 has no index for. A study is written once for hundreds of instances,
-- so its indexes cost little; counts and sizes stand in none of them, so that they are updated in place.

-- Lists of the newest, and ranges of dates, with the modality and institution at hand: counted without the table.
drop index study_newest;
create index study_newest on study (study_date desc nulls last, study_time desc nulls last, study_key)
  include (institution, modalities);
-- The same for a caller who sees one institution.
create index study_newest_here on study (institution, study_date desc nulls last, study_time desc nulls last, study_key)
  include (modalities);
-- Names that begin with something are many: counted in their order.
create index study_name_order on study (patient_name);
create index study_referring on study using gin (referring_name gin_trgm_ops);
create index study_description on study using gin (description gin_trgm_ops);
create index study_modalities on study using gin (modalities);
create index study_birth_date on study (birth_date);
create index study_study_id on study (study_id);
create index study_issuer on study (issuer);
