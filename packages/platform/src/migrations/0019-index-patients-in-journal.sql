-- Events about a patient, or about what an institution shares, name no study: the case file of a study looks for them
-- by whose they are (decision record 0039). They are few among many.
create index journal_of_patients on journal (institution, kind) where study = '' and kind in (
  'patient.linked', 'patient.unlinked', 'patient.collided', 'accesses.reported', 'secondary-use.refused',
  'secondary-use.permitted', 'referral.made', 'referral.ended', 'glass.broken', 'glass.reviewed', 'sensitivity.marked',
  'sensitivity.cleared', 'agreement.made', 'agreement.ended'
);
