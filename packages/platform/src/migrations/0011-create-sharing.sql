-- What institutions share with each other and what persons looked at beyond that (decision record 0030). Every row is
-- also an event of the journal, from which acervo reindex makes it again. Running servers read on from the highest
-- revision that they have seen.
create table sharing (
  id uuid primary key,
  kind text collate "C" not null check (kind in ('agreement', 'referral', 'glass')),
  revision bigint not null unique,
  changed_at timestamptz not null,
  owner text collate "C" not null,
  receiver text collate "C" not null,
  until timestamptz,
  is_open boolean not null,
  record jsonb not null
);
comment on table sharing is 'Agreements between institutions, referrals of patients, and glass that persons broke';
comment on column sharing.revision is 'Number of the last change, over all rows, in the order of commit';
comment on column sharing.owner is 'Institution whose studies it is about';
comment on column sharing.receiver is 'Institution that may have them, or for which the person acts';
comment on column sharing.until is 'When it ends, or was ended; null: it does not';
comment on column sharing.is_open is 'Of broken glass: nobody has taken the second look yet';
comment on column sharing.record is 'All of it, as ports/sharing.ts names it';
-- What waits for the data-protection officer, the oldest first.
create index sharing_open on sharing (owner, changed_at) where is_open;
grant select, insert, update on sharing to acervo_app;
