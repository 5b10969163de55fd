-- The journal by months (decision record 0038). An event's id is a UUIDv7, which begins with its time: parted by the id,
-- the primary key is still unique over all months, and whoever looks for an id is led to one of them. Numbers are given
-- in journal_seal, which stays whole. Months are UTC.
create function journal_month_begin(month date) returns uuid
  language sql immutable strict parallel safe set search_path = pg_catalog
  as $$ select (lpad(to_hex((extract(epoch from month::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

create function journal_month_of(id uuid) returns date
  language sql immutable strict parallel safe set search_path = pg_catalog
  as $$ select date_trunc('month', timestamp 'epoch'
    + ('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint * interval '1 ms')::date $$;

create table journal_by_month (
  xid xid8 not null default pg_current_xact_id(),
  id uuid not null,
  at timestamptz not null,
  kind text collate "C" not null,
  institution text collate "C" not null,
  actor text collate "C" not null,
  study text collate "C" not null,
  event text not null
) partition by range (id);
-- What has no month of its own, so that no event ever fails for want of one; and what stays of retired months.
create table journal_default partition of journal_by_month default;
insert into journal_by_month (xid, id, at, kind, institution, actor, study, event)
  select xid, id, at, kind, institution, actor, study, event from journal;
drop table journal;
alter table journal_by_month rename to journal;

comment on table journal is 'Append-only: audit trail and outbox (decision 13); by months of the id';
comment on column journal.event is 'The envelope, RFC 8785 canonical JSON';
alter table journal add constraint journal_pkey primary key (id);
-- The sealer reads in this order.
create index journal_order on journal (xid, id);
create index journal_study on journal (study, at) where study <> '';
create index journal_without_study on journal (kind, at) where study = '' and kind in ('export.finished');
-- Few events of many: changes of the key, who witnessed, what was retired. They are kept for ever.
create index journal_trust on journal (kind)
  where kind in ('key.rotated', 'key.replaced', 'checkpoint.witnessed', 'journal.retired');

create table journal_retired (
  month date primary key,
  events bigint not null,
  first_seq bigint not null,
  last_seq bigint not null,
  event uuid not null,
  at timestamptz not null
);
comment on table journal_retired is 'Months whose events are in the journal segments only: a projection of journal.retired';
comment on column journal_retired.first_seq is 'Least and greatest number of its events; others may lie between';

-- A table for each of these months that has none. What waits in journal_default moves into its month. The server may
-- call it, and can thereby make months, neither change nor drop any: it acts as the owner of the tables, on names that
-- it makes itself. Nobody inserts meanwhile: a row on its way to journal_default would be refused when its month is
-- there in the end. It gives up before deadlock_timeout (1 s), so that nobody else is ended for its sake.
create function make_journal_months(first date, last date) returns integer
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '500ms'
  as $$
declare
  begins date;
  until date;
  named text;
  made integer := 0;
begin
  if first < date '2000-01-01' or last > (now() + interval '400 days')::date or first > last then
    raise exception 'months from % to % are not made', first, last using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtext('acervo journal months'));
  for begins in select generate_series(date_trunc('month', first::timestamp), last::timestamp, '1 month') loop
    until := begins + interval '1 month';
    named := 'journal_' || to_char(begins, 'YYYY_MM');
    continue when to_regclass('public.' || named) is not null
      or exists (select from public.journal_retired r where r.month = begins);
    lock table only public.journal in share row exclusive mode;
    lock table public.journal_default in access exclusive mode;
    execute format('create table public.%I (like public.journal including defaults)', named);
    execute format('with moved as (delete from public.journal_default where id >= $1 and id < $2 returning *)
      insert into public.%I select * from moved', named)
      using public.journal_month_begin(begins), public.journal_month_begin(until);
    execute format('alter table public.journal attach partition public.%I for values from (%L) to (%L)', named,
      public.journal_month_begin(begins), public.journal_month_begin(until));
    made := made + 1;
  end loop;
  return made;
end $$;

-- Forget the numbered events of a month but for those that are kept for ever. For the owner of the tables alone.
create function drop_journal_month(begins date) returns void
  language plpgsql set search_path = pg_catalog, public, pg_temp
  as $$
declare
  named text := 'journal_' || to_char(begins, 'YYYY_MM');
begin
  perform pg_advisory_xact_lock(hashtext('acervo journal months'));
  if to_regclass('public.' || named) is null then
    delete from public.journal_default j
      where id >= public.journal_month_begin(begins)
        and id < public.journal_month_begin((begins + interval '1 month')::date)
        and kind not in ('key.rotated', 'key.replaced', 'checkpoint.witnessed', 'journal.retired')
        and exists (select from public.journal_seal s where s.id = j.id);
    return;
  end if;
  execute format('alter table public.journal detach partition public.%I', named);
  execute format('insert into public.journal select * from public.%I j
    where kind in (''key.rotated'', ''key.replaced'', ''checkpoint.witnessed'', ''journal.retired'')
      or not exists (select from public.journal_seal s where s.id = j.id)', named);
  execute format('drop table public.%I', named);
end $$;

revoke all on function make_journal_months(date, date), drop_journal_month(date) from public;
grant execute on function make_journal_months(date, date) to acervo_app;
grant select, insert on journal, journal_retired to acervo_app;

-- The months that there are, this one and the next two. Ids that tell no time of ours stay in journal_default.
do $$
declare begins date;
begin
  for begins in
    select distinct journal_month_of(id) from journal_default
    where id >= journal_month_begin('2000-01-01') and id < journal_month_begin((now() + interval '300 days')::date)
  loop
    perform make_journal_months(begins, begins);
  end loop;
  perform make_journal_months(now()::date, (now() + interval '2 months')::date);
end $$;
