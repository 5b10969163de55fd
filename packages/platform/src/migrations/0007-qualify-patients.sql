-- Patients by any identifier, each with its issuer (decision record 0025). A projection like study_attributes: what
-- the earliest instance of a study tells. Rows of an archive that was made before are filled here, from what the
-- index keeps of each study, and equal those that reindexing makes.
create table study_identifier (
  study_key uuid not null,
  place smallint not null,
  issuer text collate "C" not null,
  id text collate "C" not null,
  type text collate "C" not null,
  primary key (study_key, place)
);
comment on table study_identifier is 'Every identifier that a study tells of its patient';
comment on column study_identifier.place is '0 is Patient ID itself';
comment on column study_identifier.issuer is 'As sent, the sender''s for Patient ID without one; RENAPO for a CURP';
comment on column study_identifier.type is 'CURP, or Identifier Type Code as sent, or nothing';
grant select, insert, update, delete on study_identifier to acervo_app;

-- The rules of packages/interop/src/mexico/curp.ts; that both say the same is tested.
create function pg_temp.days_of(year integer, month integer) returns integer language sql immutable as $$
  select case when month between 1 and 12 then
    extract(day from make_date(year, month, 1) + interval '1 month' - interval '1 day')::integer else 0 end
$$;
create function pg_temp.curp_of(sent text) returns text language sql immutable as $$
  select t from (select translate(btrim(sent, ' '),
    'abcdefghijklmnñopqrstuvwxyz', 'ABCDEFGHIJKLMNÑOPQRSTUVWXYZ') collate "C") as given (t)
  where case when t !~ ('^[A-Z][AEIOUX][A-Z]{2}[0-9]{6}[HMX]'
    || '(AS|BC|BS|CC|CL|CM|CS|CH|DF|DG|GT|GR|HG|JC|MC|MN|MS|NT|NL|OC|PL|QT|QR|SP|SL|SR|TC|TS|TL|VZ|YN|ZS|NE)'
    || '[B-DF-HJ-NP-TV-Z]{3}[A-Z0-9][0-9]$') then false
  else substr(t, 9, 2)::integer between 1 and pg_temp.days_of(
      (case when substr(t, 17, 1) ~ '[0-9]' then 1900 else 2000 end) + substr(t, 5, 2)::integer,
      substr(t, 7, 2)::integer)
    and substr(t, 18, 1) = ((10 - (
      select sum((strpos('0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ', substr(t, n, 1)) - 1) * (19 - n))
      from generate_series(1, 17) as n) % 10) % 10)::text
  end
$$;
create function pg_temp.is_like_curp(sent text) returns boolean language sql immutable as $$
  select btrim(sent, ' ') collate "C" ~ '^[A-ZÑa-zñ]{4}[0-9]{6}[A-ZÑa-zñ]{6}[A-ZÑa-zñ0-9][0-9]$'
$$;
create function pg_temp.text_at(object jsonb, tag text) returns text language sql immutable as $$
  select nullif(object -> tag -> 'Value' ->> 0, '')
$$;

update study s set issuer = pg_temp.text_at(a.attributes -> '00100024' -> 'Value' -> 0, '00400032')
from study_attributes a
where a.study_key = s.study_key and pg_temp.text_at(a.attributes, '00100021') is null
  and pg_temp.text_at(a.attributes -> '00100024' -> 'Value' -> 0, '00400032') is not null;

create table pg_temp.sent as
  select * from (
    select s.study_key, 0 as rank, 0::bigint as nth, s.issuer as issuer, pg_temp.text_at(a.attributes, '00100020') as id,
      coalesce(pg_temp.text_at(a.attributes -> '00100024' -> 'Value' -> 0, '00400035'), '') as type
    from study s join study_attributes a using (study_key)
    union all
    select a.study_key, 1, nth,
      coalesce(pg_temp.text_at(item, '00100021'),
        pg_temp.text_at(item -> '00100024' -> 'Value' -> 0, '00400032'), ''),
      pg_temp.text_at(item, '00100020'),
      coalesce(pg_temp.text_at(item -> '00100024' -> 'Value' -> 0, '00400035'), '')
    from study_attributes a,
      jsonb_array_elements(a.attributes -> '00101002' -> 'Value') with ordinality as items (item, nth)
    union all
    select a.study_key, 2, nth, '', value, ''
    from study_attributes a,
      jsonb_array_elements_text(a.attributes -> '00101000' -> 'Value') with ordinality as texts (value, nth)
  ) as told
  where id <> '' and char_length(id) <= 256 and char_length(issuer) <= 256 and char_length(type) <= 256;

insert into study_identifier (study_key, place, issuer, id, type)
  with curp as (
    select study_key, rank, nth, 'RENAPO' as issuer, pg_temp.curp_of(id) as id
    from pg_temp.sent where pg_temp.is_like_curp(id)
  ), further as (
    select study_key, issuer, id, type, row_number() over (partition by study_key, issuer, id order by first, rank, nth)
        as repeated, first, rank, nth
    from (
      select study_key, 0 as first, rank, nth, issuer, id, 'CURP' as type from curp where id is not null
      union all
      select study_key, 1, rank, nth, issuer, id, type from pg_temp.sent where rank > 0
    ) as listed
  ), placed as (
    select study_key, row_number() over (partition by study_key order by first, rank, nth) as place, issuer, id, type
    from further f
    where repeated = 1 and not exists (
      select from pg_temp.sent l where l.study_key = f.study_key and l.rank = 0 and l.issuer = f.issuer and l.id = f.id)
  )
  select study_key, 0, issuer, id, case when exists (
      select from curp c where c.study_key = l.study_key and c.issuer = l.issuer and c.id = l.id
    ) then 'CURP' else type end
  from pg_temp.sent l where rank = 0
  union all
  select study_key, place, issuer, id, type from placed where place <= 64;

update study set marks = marks | 128 where study_key in (
  select study_key from pg_temp.sent where pg_temp.is_like_curp(id) and pg_temp.curp_of(id) is null);
drop table pg_temp.sent;

-- Whom an identifier finds, with its issuer or without: counted without the tables.
create index study_identifier_id on study_identifier (id, issuer, study_key);
analyze study_identifier;
