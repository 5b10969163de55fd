-- Storage commitment (PS3.4 J), both ways: what systems asked us to commit to, of which a report is owed until it is
-- delivered; and what we asked others. Every row and every end of one is also an event of the journal, from which
-- acervo reindex makes the rows again.
create table commitment (
  id uuid primary key,
  role text collate "C" not null check (role in ('scp', 'scu')),
  ae_title text collate "C" not null,
  transaction_uid text collate "C" not null,
  institution text collate "C" not null,
  sees text[],
  requested_at timestamptz not null,
  digest bytea not null,
  reference_count integer not null,
  sop_references jsonb,
  state text collate "C" not null,
  failures jsonb,
  ended_at timestamptz,
  attempts integer not null default 0,
  due_at timestamptz not null,
  leased_until timestamptz,
  last_problem text,
  -- The same request once more is no other one.
  unique (transaction_uid, ae_title, role, digest)
);
comment on column commitment.role is 'What we are: scp of what others ask us, scu of what we ask others';
comment on column commitment.ae_title is 'The other side';
comment on column commitment.sees is 'Institutions that the asking system saw; null: all';
comment on column commitment.digest is 'SHA-256 of the references';
comment on column commitment.sop_references is 'SOP Instance UIDs by SOP Class UID; null once a report ended it';
comment on column commitment.state is 'scp: open, reported, abandoned; scu: asked, refused, answered';
comment on column commitment.failures is 'SOP Instance UIDs by Failure Reason (0008,1197), hexadecimal; null: not judged yet';
comment on column commitment.due_at is 'When the report is to be sent next';
comment on column commitment.leased_until is 'Until then one process is at it';
comment on column commitment.last_problem is 'Why the last attempt failed, without patient data';
-- What is owed, for whoever delivers; and how much is owed to a system.
create index commitment_due on commitment (due_at) where role = 'scp' and state = 'open';
create index commitment_owed on commitment (ae_title, due_at) where role = 'scp' and state = 'open';
-- Lists of the newest.
create index commitment_requested on commitment (requested_at, id);

grant select, insert, update on commitment to acervo_app;
