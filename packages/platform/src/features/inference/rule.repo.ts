import type { Rule } from '@acervo/model/routing/rule.ts';
import { rfc3339, type Sql } from '../../ports/sql.ts';

/** One version of a rule, as it is kept. */
export type RuleRow = {
  institution: string;
  name: string;
  version: number;
  rule: Rule;
  addedAt: string;
  addedBy: string;
  removedAt: string | null;
};

const ROW = `institution, name, version, rule, added_by as "addedBy",
  ${rfc3339('added_at')} as "addedAt",
  ${rfc3339('removed_at')} as "removedAt"`;

/** One change at a time, so that versions have no gap. */
export async function lockRules(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo ai rules'))`);
}

/** Rules, by institution and name, the newest version first. Index: primary key. */
export async function listRules(
  sql: Sql,
  of: { institution: string | undefined; inForce: boolean },
  limit: number,
): Promise<RuleRow[]> {
  return sql.query<RuleRow>(
    `select ${ROW} from ai_rule where ($1::text is null or institution = $1) and (not $2 or removed_at is null)
     order by institution, name, version desc limit $3`,
    [of.institution ?? null, of.inForce, limit],
  );
}

/** The last version of a rule, in force or not. Index: primary key. */
export async function lastVersion(sql: Sql, institution: string, name: string): Promise<RuleRow | undefined> {
  const [row] = await sql.query<RuleRow>(
    `select ${ROW} from ai_rule where institution = $1 and name = $2 order by version desc limit 1`,
    [institution, name],
  );
  return row;
}

/** A version that came into force, in place of those before it; or one that did not go on. */
export type RuleChange = { event: string; at: string; by: string; institution: string; name: string } & (
  | { version: number; rule: Rule }
  | { rule?: undefined }
);

/** Apply changes in their order; one that was applied changes nothing. */
export async function applyRuleChanges(sql: Sql, changes: readonly RuleChange[]): Promise<void> {
  for (const change of changes) {
    await sql.query(
      `update ai_rule set removed_at = $3 where institution = $1 and name = $2 and removed_at is null
         and ($4::integer is null or version < $4)`,
      [change.institution, change.name, change.at, change.rule === undefined ? null : change.version],
    );
    if (change.rule === undefined) continue;
    await sql.query(
      `insert into ai_rule (institution, name, version, rule, added_at, added_by, event)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (institution, name, version) do nothing`,
      [
        change.institution,
        change.name,
        change.version,
        JSON.stringify(change.rule),
        change.at,
        change.by,
        change.event,
      ],
    );
  }
}
