import type { Envelope } from '../../journal/event.ts';
import { insertEvents, insertSeals } from '../../journal/journal.repo.ts';
import type { SealedLine } from '../../journal/segments.ts';
import type { Sql } from '../../ports/sql.ts';

/**
 * Journal rows with the numbers that they had. The sealer goes on behind (transaction id, id) of the last number, so
 * a number's transaction is the one that inserts it here: everything that is inserted later comes after.
 */
export async function insertNumbered(sql: Sql, lines: readonly SealedLine[]): Promise<void> {
  const [row] = await sql.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
  const { xid } = row as { xid: string };
  await insertEvents(
    sql,
    lines.map(({ event }) => event as Envelope),
  );
  await insertSeals(
    sql,
    lines.map(({ seq, hash, event }) => ({ seq, hash, xid, id: (event as { id: string }).id })),
  );
}
