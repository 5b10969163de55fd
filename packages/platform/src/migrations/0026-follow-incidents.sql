-- What becomes of an incident with a result of AI after it was reported (decision record 0052). Each step is told by an
-- event, from which acervo reindex makes its row again; none is ever changed. Where an incident stands is its last step.
alter table ai_incident drop column state;

create table ai_incident_step (
  id uuid primary key,
  incident uuid not null,
  number integer not null check (number between 1 and 200),
  from_state text collate "C" not null,
  to_state text collate "C" not null,
  at timestamptz not null,
  person text collate "C" not null,
  person_institution text collate "C" not null,
  note text not null check (note <> ''),
  cause text collate "C" check (cause in ('model', 'data', 'use', 'device', 'none')),
  corrective_act text check (corrective_act <> ''),
  unique (incident, number),
  check ((from_state, to_state) in (('open', 'investigating'), ('investigating', 'investigating'),
    ('investigating', 'closed'), ('closed', 'open'))),
  check (number > 1 or from_state = 'open'),
  check ((cause is not null) = (to_state = 'closed')),
  check (to_state = 'closed' or corrective_act is null),
  check (corrective_act is not null or cause is null or cause = 'none')
);
comment on table ai_incident_step is 'Who looked into an incident, what was found, and why it was opened again';
comment on column ai_incident_step.id is 'Of its event';
comment on column ai_incident_step.number is 'Of two who take a step at once, one has it';
comment on column ai_incident_step.person_institution is 'For which the person acted';
comment on column ai_incident_step.cause is 'Of a closed one: where the fault was; none: there was no fault';
comment on column ai_incident_step.corrective_act is 'What was done about it';

grant select, insert on ai_incident_step to acervo_app;
