import type { Sql } from '../ports/sql.ts';

/** `records`, and the `chain` hash of the last one, which is the seal; `bytes`: where that one ends. */
export type SealedSegment = { segment: number; records: number; chain: string; bytes: number };

/** Segments of which the journal does not know yet that they are sealed; now it does. Index: segment_unannounced. */
export async function takeUnannounced(sql: Sql, limit: number): Promise<SealedSegment[]> {
  const rows = await sql.query<SealedSegment>(
    `update segment set announced = true where segment in
       (select segment from segment where state = 'sealed' and not announced
        order by segment limit $1 for update skip locked)
     returning segment, records, chain, committed as bytes`,
    [limit],
  );
  return rows.sort((a, b) => a.segment - b.segment);
}

/** Index: primary key. */
export async function markAnnounced(sql: Sql, segments: readonly number[]): Promise<void> {
  await sql.query('update segment set announced = true where segment = any($1::integer[])', [segments]);
}
