-- Signed checkpoints of the sealed journal (decision record 0032). Each is a line of a file beside the journal
-- segments before it is a row here; acervo reindex makes the rows again from those files.
create table journal_checkpoint (
  number bigint primary key,
  size bigint not null unique,
  at timestamptz not null,
  line text not null,
  frontier text[] not null
);
comment on table journal_checkpoint is 'Signed roots of the journal; append-only';
comment on column journal_checkpoint.number is 'Gapless from 1';
comment on column journal_checkpoint.size is 'The last numbered event that it covers';
comment on column journal_checkpoint.line is 'Checkpoint and signature, RFC 8785 canonical JSON';
comment on column journal_checkpoint.frontier is 'Roots of the complete subtrees of that size, the largest first';

-- Few events of many: changes of the key, and who witnessed.
create index journal_trust on journal (kind) where kind in ('key.rotated', 'key.replaced', 'checkpoint.witnessed');

alter table segment add announced boolean not null default false;
comment on column segment.announced is 'An event of the journal tells its records and the last one''s hash';
-- What is sealed and not told yet.
create index segment_unannounced on segment (segment) where state = 'sealed' and not announced;

grant select, insert on journal_checkpoint to acervo_app;
