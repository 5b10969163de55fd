-- What patients have decided of the use of their data for anything but their care: a projection of the journal
-- (secondary-use.refused, secondary-use.permitted). A patient without a row has decided nothing.
create table secondary_use (
  institution text collate "C" not null,
  issuer text collate "C" not null,
  patient_id text collate "C" not null,
  state text not null check (state in ('refused', 'permitted')),
  event uuid not null,
  at timestamptz not null,
  primary key (institution, issuer, patient_id)
);
comment on table secondary_use is 'The last decision of each patient; holds for whoever is linked with this patient, too';
comment on column secondary_use.event is 'Row of the journal that says who wrote it down and why';
grant select, insert, update on secondary_use to acervo_app;

-- Exports of a whole institution or archive name no study: the report of a patient looks for them by their kind.
create index journal_without_study on journal (kind, at) where study = '' and kind in ('export.finished');
