-- Secrets by which a share of a site's studies is chosen for models in limited use (decision records 0043, 0044).
create table ai_site_key (
  institution text collate "C" primary key,
  key bytea not null check (octet_length(key) = 32)
);
comment on table ai_site_key is 'Secret: who has it can tell which studies a share is of. In no journal: lost with the database';

grant select, insert on ai_site_key to acervo_app;
