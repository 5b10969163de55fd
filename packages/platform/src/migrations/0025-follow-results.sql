-- What becomes of results of AI after they were stored (decision record 0047): sent to systems, and what is withdrawn.
-- Ends of deliveries and marks are events of the journal, from which acervo reindex makes the rows again.
alter table ai_task add column deliver_to text[] collate "C" not null default '{}';
comment on column ai_task.deliver_to is 'AE titles of systems of its institution that the results are sent to';
comment on column ai_task.results is 'SOP Instance UIDs: written down before they are kept, so that none is there unknown';
-- Results of a package, in the order of their tasks.
create index ai_task_results on ai_task (package, id) where results <> '{}';

create table ai_delivery (
  task uuid not null,
  kind text collate "C" not null check (kind in ('result', 'rejection')),
  ae_title text collate "C" not null,
  institution text collate "C" not null,
  study_uid text collate "C" not null,
  package text collate "C" not null,
  objects text[] collate "C" not null,
  state text collate "C" not null check (state in ('waiting', 'delivered', 'failed', 'cancelled')),
  made_at timestamptz not null,
  due_at timestamptz not null,
  leased_until timestamptz,
  attempts integer not null default 0,
  problem text,
  ended_at timestamptz,
  primary key (task, kind, ae_title)
);
comment on table ai_delivery is 'Objects of a task that a system is to be sent by C-STORE';
comment on column ai_delivery.kind is 'What was found, or the note by which that is withdrawn';
comment on column ai_delivery.objects is 'SOP Instance UIDs';
comment on column ai_delivery.due_at is 'Not tried before';
comment on column ai_delivery.attempts is 'Tells the process that has the lease from one that lost it, too';
comment on column ai_delivery.problem is 'Why the last attempt failed, or why it was not sent: a code or a status; no patient data';
-- What is to be sent next; what waits for one system; what waits at an institution, and the newest.
create index ai_delivery_due on ai_delivery (due_at) where state = 'waiting';
create index ai_delivery_system on ai_delivery (ae_title, due_at) where state = 'waiting';
create index ai_delivery_institution on ai_delivery (institution, state, made_at);

create table ai_withdrawal (
  id uuid primary key,
  revision bigint not null,
  package text collate "C" not null,
  model text collate "C" not null,
  version text collate "C" not null,
  site text collate "C" not null,
  state text collate "C" not null check (state in ('retirado', 'suspendido')),
  cause text collate "C" not null,
  reason text not null,
  at timestamptz not null,
  after_task uuid,
  due_at timestamptz not null,
  leased_until timestamptz,
  attempts integer not null default 0,
  ended_at timestamptz
);
comment on table ai_withdrawal is 'Steps of the life-cycle by which results of a version are withdrawn';
comment on column ai_withdrawal.id is 'Of the step';
comment on column ai_withdrawal.site is 'Whose results; empty: those of all institutions';
comment on column ai_withdrawal.reason is 'As whoever took the step said it';
comment on column ai_withdrawal.after_task is 'The last task that was looked at: it goes on there';
-- What is to be gone through.
create index ai_withdrawal_due on ai_withdrawal (due_at) where ended_at is null;

create table ai_withdrawn (
  task uuid primary key,
  withdrawal uuid not null,
  institution text collate "C" not null,
  study_key uuid not null,
  study_uid text collate "C" not null,
  note text collate "C",
  is_announced boolean not null default false
);
comment on table ai_withdrawn is 'Results that count no more; a mark is never taken away';
comment on column ai_withdrawn.note is 'SOP Instance UID of the note that says so beside them; null: none of them was there to refer to';
comment on column ai_withdrawn.is_announced is 'Its institution was told';
create index ai_withdrawn_withdrawal on ai_withdrawn (withdrawal, institution, task);

grant select, insert, update on ai_delivery, ai_withdrawal, ai_withdrawn to acervo_app;
