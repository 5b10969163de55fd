import { DATABASE, OWNER_ROLE } from '@acervo/platform/adapters/postgres/cluster.ts';
import { runDirectory, socketAddress } from '@acervo/platform/adapters/postgres/run-directory.ts';
import pg from 'pg';

/** Beside the archive, which must run: what only its database can tell. */
export async function askIndex<T>(dataDir: string, ask: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...socketAddress(runDirectory(dataDir)), user: OWNER_ROLE, database: DATABASE });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

export type Held = { study: string; series: string; sop: string };

/** Pages of the table are drawn, and one instance of each taken: neighbours would be found in the same page. */
const DRAWN = `
select distinct on ((i.ctid::text::point)[0]) s.study_uid as study, r.series_uid as series, i.sop_uid as sop
from instance i tablesample system ($1) join series r using (study_key, series_key) join study s using (study_key)
where s.institution = 'BENCH' and i.sop_uid not like '2.25.1%'`;

/** So many instances from anywhere, in no order. */
export async function drawInstances(client: pg.Client, count: number): Promise<Held[]> {
  const [pages] = (await client.query<{ pages: number }>(PAGES)).rows;
  const percent = Math.min(100, (130 * count) / (pages?.pages ?? 1));
  const { rows } = await client.query<Held>(DRAWN, [percent]);
  return rows
    .map((row) => ({ row, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ row }) => row);
}

const PAGES = `select greatest(relpages, 1) as pages from pg_class where relname = 'instance'`;

const SIZE = `
select reltuples::float8 as rows, pg_total_relation_size(oid)::float8 / reltuples as bytes, (
    select avg(length(sop_uid))::float8 from instance tablesample system (least(100, 200000.0 / relpages))
  ) as uid
from pg_class where relname = 'instance'`;

export type Size = { rows: number; bytes: number; uid: number };

/** Rows, bytes a row with all indexes, and characters of a UID on average. */
export async function sizeOfIndex(client: pg.Client): Promise<Size> {
  const [size] = (await client.query<Size>(SIZE)).rows;
  if (size === undefined) throw new Error('no table of instances');
  return size;
}

const GROWN_ROWS = 1_000_000;
/** Of one group commit. */
const GROUP = 8;

/**
 * Bytes a row of an index that grows: the first million rows again, in the order in which they would have come, into
 * a table that has its indexes from the beginning. Pages split, and are left fuller or emptier than when an index is
 * built over rows that are there.
 */
export async function grownBytes(client: pg.Client): Promise<number> {
  await client.query('begin');
  await client.query('create table grown (like instance including indexes)');
  await client.query(
    `insert into grown select * from (select * from instance limit ${GROWN_ROWS}) as i
     order by row_number() over () / ${GROUP}, study_key, series_key, sop_uid`,
  );
  const sizes = await client.query<{ bytes: number }>(
    `select pg_total_relation_size('grown')::float8 / (select count(*) from grown) as bytes`,
  );
  await client.query('rollback');
  return sizes.rows[0]?.bytes ?? Number.NaN;
}
