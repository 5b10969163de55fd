-- Routing of studies to models of AI (decision record 0044). Rules, tasks and how tasks ended are events of the journal,
-- from which acervo reindex makes the rows again. Packages are rows of the registry (0041), which tasks outlive in
-- exports of the journal: nothing here refers to its tables.
create table ai_rule (
  institution text collate "C" not null,
  name text collate "C" not null,
  version integer not null check (version > 0),
  rule jsonb not null,
  added_at timestamptz not null,
  added_by text not null,
  removed_at timestamptz,
  event uuid not null,
  primary key (institution, name, version)
);
comment on table ai_rule is 'Which studies of an institution a model is for; a version is never changed';
comment on column ai_rule.rule is 'As packages/model/src/routing/rule.ts reads it';
comment on column ai_rule.removed_at is 'Null: in force';
create unique index ai_rule_in_force on ai_rule (institution, name) where removed_at is null;

create table ai_cursor (
  only_row boolean primary key default true check (only_row),
  seq bigint not null
);
comment on table ai_cursor is 'How far the sealed journal was read for studies that got something';
insert into ai_cursor (seq) select coalesce(max(seq), 0) from journal_seal;

create table ai_route (
  study_key uuid primary key,
  institution text collate "C" not null,
  study_uid text collate "C" not null,
  seen_seq bigint not null,
  seen_at timestamptz not null,
  due_at timestamptz not null,
  routed_seq bigint not null default 0,
  routed_at timestamptz,
  leased_until timestamptz,
  considered jsonb
);
comment on table ai_route is 'Studies that got objects while rules were in force';
comment on column ai_route.seen_seq is 'Number of the last event that gave it something: the revision that is routed';
comment on column ai_route.seen_at is 'When that was; rules that were added later are not for it';
comment on column ai_route.due_at is 'When the study is taken to be complete';
comment on column ai_route.considered is 'What the rules said of it, by model';
-- Studies that wait for their quiet period, the first one first.
create index ai_route_due on ai_route (due_at) where routed_seq < seen_seq;

create table ai_task (
  id uuid primary key,
  package text collate "C" not null,
  model text collate "C" not null,
  version text collate "C" not null,
  stage text collate "C" not null,
  institution text collate "C" not null,
  study_key uuid not null,
  study_uid text collate "C" not null,
  series text[] collate "C" not null,
  revision text collate "C" not null,
  rules text[] collate "C" not null,
  asked_by text not null,
  priority smallint not null,
  state text collate "C" not null
    check (state in ('queued', 'leased', 'done', 'not-applicable', 'failed', 'late', 'cancelled')),
  created_at timestamptz not null,
  due_at timestamptz not null,
  deadline timestamptz not null,
  leased_until timestamptz,
  attempts integer not null default 0,
  reason text,
  results text[] collate "C" not null default '{}',
  ended_at timestamptz,
  unique (study_key, package, revision)
);
comment on table ai_task is 'One package on one input, once';
comment on column ai_task.package is 'SHA-256 of its signed statement';
comment on column ai_task.stage is 'Of the package at the institution when the task was made';
comment on column ai_task.revision is 'SHA-256 of what the input holds';
comment on column ai_task.rules is 'INSTITUTION/NAME@VERSION of the rules that chose it; none: somebody asked';
comment on column ai_task.priority is '0: routed; 1: asked for over what is past';
comment on column ai_task.due_at is 'Not tried before';
comment on column ai_task.deadline is 'Later a result is of no use';
comment on column ai_task.attempts is 'Tells the process that has the lease from one that lost it, too';
comment on column ai_task.reason is 'Why it ended so, or why the last attempt failed: a code, and the rule; no patient data';
comment on column ai_task.results is 'SOP Instance UIDs';
-- What is to be done next; what ran out of time; whose process died.
create index ai_task_queue on ai_task (priority, due_at, id) where state = 'queued';
create index ai_task_deadline on ai_task (deadline) where state = 'queued';
create index ai_task_leased on ai_task (leased_until) where state = 'leased';
-- What is open at an institution, and the newest.
create index ai_task_institution on ai_task (institution, state, id);

grant select, insert, update on ai_rule, ai_route, ai_task to acervo_app;
grant select, update on ai_cursor to acervo_app;
