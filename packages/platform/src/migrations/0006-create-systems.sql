-- Systems that the archive knows, beside those of ACERVO_ACCESS_FILE. Every row is also an event of the journal, from
-- which acervo reindex makes it again. Running servers read on from the highest revision that they have seen.
create table known_system (
  ae_title text collate "C" primary key,
  revision bigint not null unique,
  changed_at timestamptz not null,
  record jsonb
);
comment on column known_system.revision is 'Number of the change, over all systems, in the order of commit';
comment on column known_system.record is 'The description as it is exported; null: removed';

grant select, insert, update on known_system to acervo_app;
