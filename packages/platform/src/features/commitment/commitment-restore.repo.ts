import type { Sql } from '../../ports/sql.ts';
import type { Failures, References } from './references.ts';

/** A transaction as its events have it. `begun` is absent where an earlier batch has it. */
export type Restored = {
  id: string;
  begun:
    | {
        role: 'scp' | 'scu';
        aeTitle: string;
        transactionUid: string;
        institution: string;
        sees: readonly string[] | null;
        requestedAt: string;
        /** Hexadecimal. */
        digest: string;
        count: number;
        references: References;
      }
    | undefined;
  state: 'open' | 'reported' | 'abandoned' | 'asked' | 'refused' | 'answered';
  failures: Failures | null;
  endedAt: string | null;
  problem: string | null;
};

/** Rows that the journal tells of. Index: primary key. */
export async function restoreCommitments(sql: Sql, rows: readonly Restored[]): Promise<void> {
  const begun = rows.flatMap(({ id, begun: of }) => (of === undefined ? [] : [{ id, ...of }]));
  if (begun.length > 0) {
    await sql.query(
      `insert into commitment (id, role, ae_title, transaction_uid, institution, sees, requested_at, digest,
         reference_count, sop_references, state, due_at)
       select id, role, "aeTitle", "transactionUid", institution, sees, "requestedAt", decode(digest, 'hex'), count,
         "references", case role when 'scp' then 'open' else 'asked' end, "requestedAt"
       from jsonb_to_recordset($1::jsonb) as given (id uuid, role text, "aeTitle" text, "transactionUid" text,
         institution text, sees text[], "requestedAt" timestamptz, digest text, count integer, "references" jsonb)
       on conflict (id) do update set state = excluded.state, requested_at = excluded.requested_at,
         sop_references = excluded.sop_references, sees = excluded.sees, failures = null, ended_at = null,
         last_problem = null`,
      [JSON.stringify(begun)],
    );
  }
  const ended = rows.filter(({ endedAt }) => endedAt !== null);
  if (ended.length === 0) return;
  await sql.query(
    `update commitment c set state = given.state, failures = given.failures, ended_at = given."endedAt",
       last_problem = given.problem,
       sop_references = case when given.state in ('reported', 'answered') then null else c.sop_references end
     from jsonb_to_recordset($1::jsonb) as given (id uuid, state text, failures jsonb, "endedAt" timestamptz,
       problem text)
     where c.id = given.id`,
    [
      JSON.stringify(
        ended.map(({ id, state, failures, endedAt, problem }) => ({ id, state, failures, endedAt, problem })),
      ),
    ],
  );
}
