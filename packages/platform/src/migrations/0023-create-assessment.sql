-- What people decided on results of AI, and incidents (decision record 0046). Each row is told by an event of the journal,
-- from which acervo reindex makes it again. A result is named by its task's id.
create table ai_shown (
  task uuid not null,
  person text collate "C" not null,
  at timestamptz not null,
  event uuid not null,
  primary key (task, person)
);
comment on table ai_shown is 'When a person was first shown a result, by the clock of the archive';

create table ai_decision (
  id uuid primary key,
  task uuid not null,
  package text collate "C" not null,
  institution text collate "C" not null,
  decided_at timestamptz not null,
  person text collate "C" not null,
  person_institution text collate "C" not null,
  decision text collate "C" not null check (decision in ('accepted', 'modified', 'rejected', 'ignored')),
  reason text check (reason <> ''),
  shown_at timestamptz,
  claimed_shown_at timestamptz,
  seconds_to_decide double precision check (seconds_to_decide >= 0),
  check (reason is not null or decision in ('accepted', 'ignored')),
  check ((shown_at is null) = (seconds_to_decide is null))
);
comment on table ai_decision is 'Decisions of people on results; a row is never changed: a later one stands above it';
comment on column ai_decision.id is 'Of its event';
comment on column ai_decision.institution is 'Whose study it is';
comment on column ai_decision.person_institution is 'For which the person acted';
comment on column ai_decision.shown_at is 'When the archive first showed it to this person; null: it never did';
comment on column ai_decision.claimed_shown_at is 'When it was shown as the client says it: a claim, of which nothing is computed';
create index ai_decision_task on ai_decision (task, decided_at, id);

create table ai_incident (
  id uuid primary key,
  task uuid not null,
  package text collate "C" not null,
  model text collate "C" not null,
  version text collate "C" not null,
  institution text collate "C" not null,
  study_uid text collate "C" not null,
  severity text collate "C" not null check (severity in ('none', 'minor', 'serious')),
  text text not null check (text <> ''),
  reported_at timestamptz not null,
  reporter_kind text collate "C" not null,
  reporter text collate "C" not null,
  reporter_institution text collate "C" not null,
  state text collate "C" not null check (state in ('open'))
);
comment on table ai_incident is 'Incidents with results of AI, as they were reported';
comment on column ai_incident.id is 'Of its event';
comment on column ai_incident.institution is 'Whose study it is';
comment on column ai_incident.severity is 'Harm of the patient: none, minor, serious';
create index ai_incident_institution on ai_incident (institution, id);
create index ai_incident_task on ai_incident (task, id);

grant select, insert on ai_shown, ai_decision, ai_incident to acervo_app;
