import type { EventKind } from '../../journal/event.ts';
import { rfc3339, type Sql } from '../../ports/sql.ts';

/** A step of a package's life, with who signed for it. */
export type SignedStep = {
  /** Empty: the nation. */
  site: string;
  from: string;
  to: string;
  percentage: number | null;
  at: string;
  actor: string;
  signatures: { id: string; role: string; person: string; institution: string; key: string; expires: string }[];
};

/** Steps of a package for the nation and at a site, up to a moment. Index: model_transition_package. */
export async function signedSteps(
  sql: Sql,
  of: { package: string; institution: string; until: string },
): Promise<SignedStep[]> {
  return sql.query<SignedStep>(
    `select t.site, t.from_state as "from", t.to_state as "to", t.percentage, ${rfc3339('t.at')} as at, t.actor,
       coalesce((select jsonb_agg(jsonb_build_object('id', a.id, 'role', a.role, 'person', a.person, 'institution',
         a.institution, 'key', a.key, 'expires', a.expires) order by a.revision)
         from model_approval a where a.id = any(t.approvals)), '[]') as signatures
     from model_transition t where t.package = $1 and t.site in ('', $2) and t.at <= $3::timestamptz
     order by t.revision`,
    [of.package, of.institution, of.until],
  );
}

/** Path and digest of what lies in the store for a package. Index: primary key of model_package_file. */
export async function packageFiles(sql: Sql, digest: string): Promise<{ path: string; sha256: string }[]> {
  return sql.query('select path, sha256 from model_package_file where package = $1 order by path', [digest]);
}

/** A line of the journal; the number and the hash are null until it is numbered. */
export type ToldLine = {
  number: number | null;
  hash: string | null;
  id: string;
  at: string;
  kind: EventKind;
  actor: string;
};

/** What tells of a result. */
const KINDS: readonly EventKind[] = [
  'ai-task.made',
  'ai-task.ended',
  'ai.result-shown',
  'ai.result-decided',
  'ai.incident-reported',
  'ai.incident-stepped',
];

/** Lines of the journal that name a result, the first one first. Indexes: journal_study, unique id of journal_seal. */
export async function linesOfResult(
  sql: Sql,
  of: { institution: string; study: string; task: string },
  limit: number,
): Promise<ToldLine[]> {
  return sql.query<ToldLine>(
    `select s.seq as number, s.hash, j.id::text as id, ${rfc3339('j.at')} as at, j.kind, j.actor
     from journal j left join journal_seal s on s.id = j.id
     where j.study = $1 and j.institution = $2 and j.kind = any($3::text[]) and position($4 in j.event) > 0
     order by j.id limit $5`,
    [of.study, of.institution, KINDS, of.task, limit],
  );
}
