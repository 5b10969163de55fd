import type { InstanceKey } from '../../holdings/keys.ts';
import type { SegmentRow } from '../../holdings/segment.repo.ts';
import { Retired } from '../../journal/retired.ts';
import type { Db, Sql } from '../../ports/sql.ts';

export type Snapshot = {
  segments: SegmentRow[];
  /** Rows of instances by segment. */
  rows: Map<number, number>;
  /** The last number of the journal. */
  lastSeq: number;
  /** The last checkpoint's line; undefined when there is none. */
  lastCheckpoint: string | undefined;
  /** Months of the journal that are in its segments only. */
  retired: Retired;
  miscounted: { what: string; told: number; found: number }[];
};

/**
 * The index as it is at one moment. Each statement reads whole tables once, so it has no limit of time.
 * @param only  one segment; counts of studies and series are left out then
 */
export async function takeSnapshot(db: Db, only: number | undefined): Promise<Snapshot> {
  return db.transaction(async (sql) => {
    await sql.query('set transaction isolation level repeatable read, read only');
    await sql.query('set local statement_timeout = 0');
    const segments = await sql.query<SegmentRow>(
      `select segment, writer, node, state, committed, records, chain, void_from from segment
       where $1::integer is null or segment = $1 order by segment`,
      [only ?? null],
    );
    const rows = await sql.query<{ segment: number; count: number }>(
      `select segment, count(*)::integer as count from instance
       where $1::integer is null or segment = $1 group by segment`,
      [only ?? null],
    );
    const [last] = await sql.query<{ seq: number }>('select coalesce(max(seq), 0) as seq from journal_seal');
    const [checkpoint] = await sql.query<{ line: string }>(
      'select line from journal_checkpoint order by number desc limit 1',
    );
    return {
      segments,
      rows: new Map(rows.map(({ segment, count }) => [segment, count])),
      lastSeq: last?.seq ?? 0,
      lastCheckpoint: checkpoint?.line,
      retired: await Retired.of(sql),
      miscounted: only === undefined ? await miscounted(sql) : [],
    };
  });
}

const MISCOUNTED_MAX = 10_000;

/** Series and studies whose counts are not those of their instances. */
async function miscounted(sql: Sql): Promise<Snapshot['miscounted']> {
  return sql.query(
    `with held as (
       select study_key, series_key, (count(*) filter (where version = 0))::integer as instances from instance
       group by study_key, series_key
     ), of_series as (
       select coalesce(s.series_uid, 'series without a row') as what, coalesce(s.instance_count, 0) as told,
         coalesce(h.instances, 0) as found
       from series s full join held h using (study_key, series_key)
     ), of_study as (
       select coalesce(s.study_uid, 'study without a row') as what, coalesce(s.instance_count, 0) as told,
         coalesce(h.instances, 0)::integer as found
       from study s
       full join (select study_key, sum(instances) as instances from held group by study_key) h using (study_key)
     )
     select what, told, found from of_series where told <> found
     union all select what, told, found from of_study where told <> found limit $1`,
    [MISCOUNTED_MAX],
  );
}

export type MemberRow = InstanceKey & {
  version: number;
  segment: number;
  at: number;
  bytes: number;
  head: number;
  digest: string;
  transferSyntax: string;
  sopClass: string;
};

/** Every version held under these keys. Index: primary key of instance. */
export async function rowsUnder(sql: Sql, keys: readonly InstanceKey[]): Promise<MemberRow[]> {
  return sql.query<MemberRow>(
    `select i.study_key, i.series_key, i.sop_uid, i.version, i.segment, i.file_at as at, i.file_bytes as bytes,
       i.head_bytes as head, encode(i.digest, 'hex') as digest, t.uid as "transferSyntax", c.uid as "sopClass"
     from unnest($1::uuid[], $2::bigint[], $3::text[]) as k (study_key, series_key, sop_uid)
     join instance i on i.study_key = k.study_key and i.series_key = k.series_key and i.sop_uid = k.sop_uid
     left join uid_code t on t.code = i.transfer_syntax left join uid_code c on c.code = i.sop_class`,
    [keys.map((key) => key.study_key), keys.map((key) => key.series_key), keys.map((key) => key.sop_uid)],
  );
}

export type SegmentInstance = { sop: string; version: number; at: number };

/** Rows that a segment's members do not account for: reads the whole table, so only where counts differ. */
export async function rowsOfSegment(db: Db, segment: number): Promise<SegmentInstance[]> {
  return db.transaction(async (sql) => {
    await sql.query('set local statement_timeout = 0');
    return sql.query<SegmentInstance>(
      'select sop_uid as sop, version, file_at as at from instance where segment = $1 order by file_at',
      [segment],
    );
  });
}

/** Journal rows by their ids, as text. Index: primary key of journal. */
export async function eventsById(sql: Sql, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await sql.query<{ id: string; event: string }>(
    'select id::text as id, event from journal where id = any($1::uuid[])',
    [ids],
  );
  return new Map(rows.map(({ id, event }) => [id, event]));
}

/** The number and chain of events, whether their rows are there or were retired. Index: unique (id) of journal_seal. */
export async function sealsById(
  sql: Sql,
  ids: readonly string[],
): Promise<Map<string, { seq: number; prev: string; hash: string }>> {
  const rows = await sql.query<{ id: string; seq: number; prev: string; hash: string }>(
    `select s.id::text as id, s.seq, coalesce(p.hash, '') as prev, s.hash
     from journal_seal s left join journal_seal p on p.seq = s.seq - 1 where s.id = any($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export type SealRow = { seq: number; id: string; hash: string; event: string | null };

/** Numbers of the journal behind one, with their rows. Index: primary keys of journal_seal and journal. */
export async function sealsAfter(sql: Sql, after: number, until: number, limit: number): Promise<SealRow[]> {
  return sql.query<SealRow>(
    `select s.seq, s.id::text as id, s.hash, j.event from journal_seal s left join journal j on j.id = s.id
     where s.seq > $1 and s.seq <= $2 order by s.seq limit $3`,
    [after, until, limit],
  );
}
