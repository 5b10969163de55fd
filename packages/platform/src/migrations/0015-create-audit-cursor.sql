-- How far the sealed journal has been told to each receiver of audit messages. The journal is the spool: this is the
-- only other thing that the export keeps, and losing it costs sending again, never an event.
create table audit_cursor (
  receiver text collate "C" primary key,
  seq bigint not null default 0,
  moved_at timestamptz not null default now(),
  lessee uuid not null,
  leased_until timestamptz not null
);
comment on table audit_cursor is 'How far each receiver of audit messages has the sealed journal';
comment on column audit_cursor.receiver is 'URL of the receiver';
comment on column audit_cursor.seq is 'Every event to this number is known to have been taken';
comment on column audit_cursor.lessee is 'The process that sends; others wait until its lease ends';
comment on column audit_cursor.leased_until is 'Then another process may go on';

grant select, insert, update on audit_cursor to acervo_app;
