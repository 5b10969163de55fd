/** Made anew when the generated rows change: the cache's stamp holds it. */
export const GENERATOR_VERSION = 1;

/** Instances of a study on average, by the mix of modalities below. */
export const INSTANCES_PER_STUDY = 314;

/**
 * Functions of the study's number alone, so that the same numbers make the same rows. UIDs have the shapes and
 * lengths of those that devices of the field make: most hold a time and a counter, so that those of a series are
 * neighbours; one in twelve studies has random ones (2.25).
 */
export const FUNCTIONS = `
create schema if not exists generated;
create or replace function generated.draw(n bigint, seed int, modulo bigint) returns bigint
  language sql immutable parallel safe
  return (hashint8extended(n, seed) & 9223372036854775807) % modulo;
create or replace function generated.uuid_uid(n bigint, seed int) returns text
  language sql immutable parallel safe
  return '2.25.' || (1000000000000000000 + generated.draw(n, seed, 2000000000000000000))::text
    || lpad(generated.draw(n, seed + 1, 10000000000000000)::text, 19, '7');
create or replace function generated.uuid_of(digest bytea) returns uuid
  language sql immutable parallel safe
  return encode(substr(digest, 1, 16), 'hex')::uuid;
create table if not exists generated.chunk (first bigint primary key, instances bigint not null);
`;

/** Studies $1 to below $2: one each quarter of an hour since 2015, of five kinds, from devices of six makers. */
const STUDIES = `
  select n, kind, maker, root, moment, to_char(moment, 'YYYYMMDDHH24MISS') as stamp,
    extract(epoch from moment)::bigint as epoch,
    case maker when 4 then generated.uuid_uid(n, 30)
      else root || '.' || to_char(moment, 'YYYYMMDDHH24MISS') || '.' || generated.draw(n, 7, 10000) end as study_uid,
    (array[4, 8, 1, 1, 1])[kind] as series_count,
    (array[150, 25, 2, 20, 4])[kind] as fewest, (array[200, 51, 1, 1, 1])[kind] as spread,
    (array['CT', 'MR', 'DX', 'US', 'MG'])[kind] as modality
  from (
    select n, timestamp '2015-01-01' + n * interval '15 minutes' as moment,
      case when mix < 25 then 1 when mix < 40 then 2 when mix < 80 then 3 when mix < 92 then 4 else 5 end as kind,
      case when make < 30 then 1 when make < 55 then 2 when make < 70 then 3 when make < 78 then 4
        when make < 93 then 5 else 6 end as maker,
      case when make < 30 then '1.2.840.113619.2.' || 50 + device % 350 || '.3.' || 1000000000 + device * 7919
        when make < 55 then '1.3.12.2.1107.5.' || 1 + device % 8 || '.' || 1 + device % 5 || '.' || 10000 + device
        when make < 70 then '1.3.46.670589.' || 11 + device % 30 || '.' || 10000 + device || '.5.0'
        when make < 78 then '2.25'
        when make < 93 then '1.2.392.200036.9116.2.' || 1 + device % 6 || '.1.48.' || 1000000000 + device * 104729
        else '1.2.276.0.7230010.3.1.4.' || 1000000000 + device * 15485 end as root
    from (select n, generated.draw(n, 1, 100) as mix, generated.draw(n, 2, 100) as make,
        generated.draw(n, 3, 6000) as device
      from generate_series($1::bigint, $2::bigint - 1) as n) as drawn
  ) as made`;

/** The series of those studies, with what its instances' UIDs begin with; `before` counts those sent before it. */
export const PLAN_CHUNK = `
create temporary table plan on commit drop as
select *, (coalesce(sum(instances) over (partition by n order by j) - instances, 0))::bigint as before
from (
  select s.*, j,
    generated.uuid_of(sha256(convert_to('BENCH', 'UTF8') || '\\x00'::bytea || convert_to(study_uid, 'UTF8')))
      as study_key,
    series_uid,
    ('x' || encode(substr(sha256(convert_to(series_uid, 'UTF8')), 1, 7), 'hex'))::bit(56)::bigint >> 3 as series_key,
    fewest + generated.draw(n, 100 + j, spread) as instances,
    case maker when 1 then root || '.' || epoch || '.' || 400 + j || '.'
      when 2 then root || '.3000000' || 1000 + generated.draw(n, 8, 9000)
      when 3 then root || '.' || 1000 + generated.draw(n, 8, 9000) || '.'
      when 5 then root || '.' || epoch || '.'
      else root || '.' || 1000 + generated.draw(n, 8, 60000) || '.' || epoch || '.' end as sop_prefix,
    case maker when 1 then 0
      when 2 then substr(stamp, 3)::bigint * 1000000 + j * 10000
      when 3 then stamp::bigint * 10000 + j * 500
      when 5 then 100000 + j * 1000
      else j * 1000 end as sop_from,
    (array['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.4', '1.2.840.10008.5.1.4.1.1.1.1',
      '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.5.1.4.1.1.1.2'])[kind] as sop_class_uid
  from (${STUDIES}) as s, lateral generate_series(1, s.series_count) as j,
    lateral (select case s.maker when 4 then generated.uuid_uid(n * 16 + j, 40)
      else s.root || '.' || s.stamp || '.' || 300 + j end as series_uid) as named
) as planned`;

const STUDY_ATTRIBUTES = `jsonb_build_object(
  '00080020', jsonb_build_object('vr', 'DA', 'Value', jsonb_build_array(to_char(moment, 'YYYYMMDD'))),
  '00080030', jsonb_build_object('vr', 'TM', 'Value', jsonb_build_array(to_char(moment, 'HH24MISS'))),
  '00080050', jsonb_build_object('vr', 'SH', 'Value', jsonb_build_array('A' || n)),
  '00100010', jsonb_build_object('vr', 'PN', 'Value', jsonb_build_array(jsonb_build_object('Alphabetic', name))),
  '00100020', jsonb_build_object('vr', 'LO', 'Value', jsonb_build_array('P' || patient)),
  '0020000D', jsonb_build_object('vr', 'UI', 'Value', jsonb_build_array(study_uid)))`;

const SOURCE = `to_char(moment, 'YYYY-MM-DD"T"HH24:MI:SS".000Z 0000000000 0000000000000512"')`;

export const INSERT_STUDIES = `
insert into study (study_key, institution, study_uid, source, issuer, patient_id, patient_name, patient_words,
  birth_date, sex, study_date, study_time, accession, study_id, referring_name, description, attributes, marks,
  modalities, series_count, instance_count, bytes, first_stored, last_stored)
select study_key, 'BENCH', study_uid, ${SOURCE}, 'BENCH', 'P' || patient, '=' || name || '=',
  ' ' || translate(name, '^', ' '), date '1930-01-01' + patient % 30000, (array['F', 'M'])[1 + patient % 2],
  moment::date, to_char(moment, 'HH24MISS'), 'A' || n, n::text, '', kind || ' DE CONTROL', ${STUDY_ATTRIBUTES}, 0,
  array[modality], series_count, held, held * $1::bigint, moment, moment
from (
  select *, generated.draw(n, 9, 1 + n / 3)::integer as patient,
    'PACIENTE ' || generated.draw(n, 10, 3000) || '^NOMBRE ' || generated.draw(n, 11, 500) as name
  from (select distinct on (n) *, (before + instances)::integer as held from plan order by n, j desc) as last
) as told order by n`;

export const INSERT_SERIES = `
insert into series (study_key, series_key, series_uid, source, modality, series_number, charset_default, attributes,
  instance_count, bytes, first_stored, last_stored)
select study_key, series_key, series_uid, ${SOURCE}, modality, j, '',
  jsonb_build_object('00080060', jsonb_build_object('vr', 'CS', 'Value', jsonb_build_array(modality)),
    '0020000E', jsonb_build_object('vr', 'UI', 'Value', jsonb_build_array(series_uid)),
    '00200011', jsonb_build_object('vr', 'IS', 'Value', jsonb_build_array(j))),
  instances, instances * $1::bigint, moment, moment
from plan order by n, j`;

/**
 * In the order in which they would arrive while eight devices send at once. Every row says that its bytes are those
 * of one object that was really stored: its integers take the room that any would take, and it can be read.
 * @see TEMPLATE the parameters
 */
export const INSERT_INSTANCES = `
insert into instance (study_key, series_key, sop_uid, version, segment, file_at, file_bytes, head_bytes, digest,
  transfer_syntax, sop_class, instance_number, marks)
select study_key, series_key,
  case maker when 4 then generated.uuid_uid(n * 5000 + before + k, 50) else sop_prefix || sop_from + k * 3 end,
  0, $1::integer, $2::bigint, $3::bigint, $4::integer, sha256(int8send(n * 5000 + before + k)), $5::integer,
  c.code, k, 0
from plan join uid_code c on c.uid = sop_class_uid, lateral generate_series(1, instances) as k
order by n / 8, before + k, n`;

/** The row of the object that was really stored, before the generated ones. */
export const TEMPLATE = `
select segment, file_at, file_bytes, head_bytes, transfer_syntax from instance limit 1`;

export const INSERT_CODES = `
insert into uid_code (uid) select distinct uid from unnest(array['1.2.840.10008.5.1.4.1.1.2',
  '1.2.840.10008.5.1.4.1.1.4', '1.2.840.10008.5.1.4.1.1.1.1', '1.2.840.10008.5.1.4.1.1.6.1',
  '1.2.840.10008.5.1.4.1.1.1.2']) as uid on conflict do nothing`;

/** What so many instances of half a megabyte would fill: sealed segments of 256 MiB. $1 instances, $2 node. */
export const INSERT_SEGMENTS = `
insert into segment (segment, writer, node, state, committed, records, chain, opened_at)
select number, $2::uuid, $2::uuid, 'sealed', 268435456, 128, encode(sha256(int8send(number)), 'hex'),
  timestamptz '2015-01-01' + number * interval '25 minutes'
from generate_series((select max(segment) + 1 from segment), $1::bigint / 500) as number`;

export const MOVE_SEGMENT_NUMBER = `
select setval('segment_number', (select max(segment) from segment))`;

/** One event of each study: the sealer numbers them and writes the journal's files when the archive is opened. */
export const INSERT_JOURNAL = `
insert into journal (id, at, kind, institution, actor, study, event)
select id, moment, 'instance.stored', 'BENCH', 'device', study_uid,
  '{"actor":{"id":"device","kind":"system"},"at":"' || to_char(moment, 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')
  || '","door":"dimse","facts":{"bytes":' || held * 500000 || ',"count":' || held || ',"instances":{"' || series_uid
  || '":[' || (select string_agg('"' || sop_prefix || sop_from + k * 3 || '"', ',') from generate_series(1, 4) as k)
  || ']},"system":"generated"},"id":"' || id || '","institution":"BENCH","kind":"instance.stored","op":"' || id
  || '","outcome":"success","purpose":"","study":"' || study_uid || '","v":1}'
from (select distinct on (n) *, before + instances as held, generated.uuid_of(sha256(int8send(n))) as id
  from plan order by n, j desc) as last`;

export const NOTE_CHUNK = `insert into generated.chunk select $1::bigint, sum(instances) from plan`;
export const CHUNKS_DONE = `select first, instances from generated.chunk order by first`;

/** Everything that makes a row of a table slower to add than to have: what INDEXES_AND_KEYS returns makes it again. */
export const INDEXES_AND_KEYS = `
select i.relname as name, t.relname as "table", c.conname as key,
  coalesce(pg_get_constraintdef(c.oid), pg_get_indexdef(i.oid)) as definition
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
  left join pg_constraint c on c.conindid = x.indexrelid and c.contype in ('p', 'u')
where t.relnamespace = 'public'::regnamespace and t.relname = any($1::text[])
order by t.relname, i.relname`;
