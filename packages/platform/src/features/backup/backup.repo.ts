import { type SegmentRow, segmentsAfter } from '../../holdings/segment.repo.ts';
import { lastSeal } from '../../journal/journal.repo.ts';
import type { Db, Sql } from '../../ports/sql.ts';

const PAGE = 10_000;

/** The first transaction id that is not given yet: whatever is committed now has a lower one. */
export async function nextTransactionId(sql: Sql): Promise<string> {
  const [row] = await sql.query<{ xid: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xid');
  return (row as { xid: string }).xid;
}

/** Whether a committed event of a transaction before this one has no number yet. Index: journal_order. */
export async function hasUnnumbered(sql: Sql, beforeXid: string): Promise<boolean> {
  const after = await lastSeal(sql);
  const [row] = await sql.query<{ found: boolean }>(
    `select exists (select from journal j where (xid, id) > ($1::text::xid8, $2::uuid) and xid < $3::text::xid8
       and not exists (select from journal_seal s where s.id = j.id)) as found`,
    [after.xid, after.id, beforeXid],
  );
  return row?.found === true;
}

/** Files of model packages, each once. */
export function modelFiles(sql: Sql): Promise<{ sha256: string; sizeBytes: number }[]> {
  return sql.query<{ sha256: string; sizeBytes: number }>(
    'select distinct sha256, size_bytes as "sizeBytes" from model_package_file where size_bytes > 0 order by sha256',
  );
}

/** Hash of a numbered event; undefined when the number is not given. Index: primary key of journal_seal. */
export async function sealHashAt(sql: Sql, seq: number): Promise<string | undefined> {
  const [row] = await sql.query<{ hash: string }>('select hash from journal_seal where seq = $1', [seq]);
  return row?.hash;
}

/** Segments that may still be written to, or were abandoned. Index: segment_unsealed. */
export async function unsealedSegments(sql: Sql): Promise<SegmentRow[]> {
  return sql.query<SegmentRow>(
    `select segment, writer, node, state, committed, records, chain, void_from from segment
     where state <> 'sealed' order by segment`,
  );
}

/** Every segment at one and the same moment, so that what a group refers to is there too. Index: primary key. */
export async function segmentsAtOnce(db: Db): Promise<SegmentRow[]> {
  return db.transaction(async (sql) => {
    await sql.query('set transaction isolation level repeatable read, read only');
    const rows: SegmentRow[] = [];
    for (;;) {
      const page = await segmentsAfter(sql, rows.at(-1)?.segment ?? -1, PAGE);
      rows.push(...page);
      if (page.length < PAGE) return rows;
    }
  });
}

/** Whether the index knows nothing at all. */
export async function isIndexEmpty(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ empty: boolean }>(
    'select not exists (select from segment) and not exists (select from journal) as empty',
  );
  return row?.empty === true;
}
