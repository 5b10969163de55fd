-- While the index is being made again from the packs it holds one row here, and no process serves from it.
create table rebuild (
  began_at timestamptz not null default now()
);
comment on table rebuild is 'One row while acervo reindex is at work, or was ended before it was done';

grant select on rebuild to acervo_app;
