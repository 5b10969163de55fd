import type { Sql } from '../ports/sql.ts';

export type SegmentRow = {
  segment: number;
  writer: string;
  node: string;
  state: 'open' | 'sealed' | 'abandoned';
  committed: number;
  records: number;
  chain: string;
  void_from: number | null;
};

const COLUMNS = 'segment, writer, node, state, committed, records, chain, void_from';

export async function nextSegmentNumber(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ number: number }>(`select nextval('segment_number')::integer as number`);
  return (row as { number: number }).number;
}

/** A number may be known already: a restored file found before the sequence reached it. */
export async function insertSegment(sql: Sql, segment: number, writer: string, node: string): Promise<void> {
  await sql.query(
    `insert into segment (segment, writer, node, state) values ($1, $2, $3, 'open') on conflict do nothing`,
    [segment, writer, node],
  );
}

/** Nothing from this offset on was ever stored, whatever the disk kept. */
export async function abandonSegment(sql: Sql, segment: number, voidFrom: number): Promise<void> {
  await sql.query(`update segment set state = 'abandoned', void_from = $2 where segment = $1`, [segment, voidFrom]);
}

/**
 * Segments of a node that may hold groups the index lacks: open ones, and abandoned ones that were not read up
 * to where they are void. Index: segment_unsealed.
 */
export async function unfinishedSegments(sql: Sql, node: string): Promise<SegmentRow[]> {
  return sql.query<SegmentRow>(
    `select ${COLUMNS} from segment
     where node = $1 and (state = 'open' or (state = 'abandoned' and committed < void_from))
     order by segment`,
    [node],
  );
}

/** Index: primary key. */
export async function findSegment(sql: Sql, segment: number): Promise<SegmentRow | undefined> {
  const [row] = await sql.query<SegmentRow>(`select ${COLUMNS} from segment where segment = $1`, [segment]);
  return row;
}

/** All segments, in pages by number. Index: primary key. */
export async function segmentsAfter(sql: Sql, after: number, limit: number): Promise<SegmentRow[]> {
  return sql.query<SegmentRow>(`select ${COLUMNS} from segment where segment > $1 order by segment limit $2`, [
    after,
    limit,
  ]);
}

export async function highestSegment(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ highest: number }>('select coalesce(max(segment), -1) as highest from segment');
  return (row as { highest: number }).highest;
}
