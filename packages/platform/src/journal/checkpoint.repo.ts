import type { Json } from '@acervo/kernel/canonical-json.ts';
import type { SignedCheckpoint } from '@acervo/kernel/journal/checkpoint.ts';
import { type KeyChange, keyChangeOf } from '@acervo/kernel/journal/key-change.ts';
import type { Sql } from '../ports/sql.ts';

/** A checkpoint as the database has it. `frontier`: hexadecimal. */
export type CheckpointRow = { number: number; size: number; at: string; line: string; frontier: readonly string[] };

const COLUMNS = 'number, size, at::text as at, line, frontier';

export async function lastCheckpoint(sql: Sql): Promise<CheckpointRow | undefined> {
  const [row] = await sql.query<CheckpointRow>(
    `select ${COLUMNS} from journal_checkpoint order by number desc limit 1`,
  );
  return row;
}

export async function findCheckpoint(sql: Sql, number: number): Promise<CheckpointRow | undefined> {
  const [row] = await sql.query<CheckpointRow>(`select ${COLUMNS} from journal_checkpoint where number = $1`, [number]);
  return row;
}

/** Adding one again changes nothing. */
export async function insertCheckpoints(sql: Sql, rows: readonly CheckpointRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql.query(
    `insert into journal_checkpoint (number, size, at, line, frontier)
     select number, size, at, line, array(select jsonb_array_elements_text(frontier))
     from jsonb_to_recordset($1::jsonb) as given (number bigint, size bigint, at timestamptz, line text, frontier jsonb)
     on conflict (number) do nothing`,
    [JSON.stringify(rows)],
  );
}

export const signedOf = ({ line }: CheckpointRow): SignedCheckpoint => JSON.parse(line) as SignedCheckpoint;

/** Hashes of numbered events behind a number, in their order. Index: primary key of journal_seal. */
export async function hashesAfter(sql: Sql, seq: number, limit: number): Promise<{ seq: number; hash: string }[]> {
  return sql.query('select seq, hash from journal_seal where seq > $1 order by seq limit $2', [seq, limit]);
}

/** Seconds since the last checkpoint, or since the first event where there is none; 0 when nothing waits for one. */
export async function checkpointAgeSeconds(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ seconds: number }>(
    `with last as (select coalesce(max(size), 0) as size, max(at) as at from journal_checkpoint),
       waiting as (select min(s.seq) as seq from journal_seal s where s.seq > (select size from last))
     select extract(epoch from now() - coalesce(last.at, j.at))::float8 as seconds
     from last, waiting join journal_seal s on s.seq = waiting.seq join journal j on j.id = s.id`,
  );
  return Math.max(0, row?.seconds ?? 0);
}

/** The changes of the key up to a number, in their order. Index: journal_trust. */
export async function keyChanges(sql: Sql, through: number): Promise<KeyChange[]> {
  const rows = await sql.query<{ event: string }>(
    `select j.event from journal j join journal_seal s on s.id = j.id
     where j.kind in ('key.rotated', 'key.replaced') and s.seq <= $1 order by s.seq`,
    [through],
  );
  return rows.flatMap(({ event }) => keyChangeOf(JSON.parse(event) as Json) ?? []);
}
