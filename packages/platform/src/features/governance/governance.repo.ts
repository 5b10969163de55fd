import type { State, Track } from '@acervo/model/lifecycle/states.ts';
import { rfc3339, type Sql } from '../../ports/sql.ts';

/** A package of the registry, as far as its life is decided by it. */
export type PackageRow = {
  /** Hexadecimal. */
  digest: string;
  model: string;
  version: string;
  /** An institution, or `*`: the nation. */
  owner: string;
  manifest: string;
  manifestDigest: string;
  receivedBy: string;
  judgement: unknown;
  /** SHA-256 of the risk file, hexadecimal; the manifest names it. */
  files: Readonly<Record<string, string>>;
};

export type KeyRow = {
  key: string;
  person: string;
  institution: string;
  enrolledAt: string;
  revokedAt: string | null;
  revision: number;
};

export type ApprovalRow = {
  id: string;
  package: string;
  document: string;
  signature: string;
  key: string;
  strength: string;
  receivedAt: string;
  revision: number;
  event: string;
};

/** An approval with whose key it is now, and whether it was used. */
export type HeldApproval = ApprovalRow & { keyOwner: string | null; isUsed: boolean };

export type StepRow = {
  revision: number;
  id: string;
  package: string;
  /** Empty: the nation. */
  site: string;
  track: Track;
  edge: string;
  scope: string;
  from: State;
  to: State;
  percentage: number | null;
  cause: Cause;
  actorKind: string;
  actor: string;
  at: string;
  statement: object;
  verdicts: unknown;
  approvals: readonly string[];
  reliesOn: number | null;
};
export type Cause = 'asked' | 'expired' | 'site-stop' | 'break-glass' | 'rollback' | 'replaced' | 'alarm';

export type StateRow = {
  package: string;
  site: string;
  model: string;
  track: Track;
  state: State;
  percentage: number | null;
  before: State | null;
  expiresAt: string | null;
  revision: number;
};

/** Changes are made one after the other, so that a revision is never visible before a lower one. */
export async function lockGovernance(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo governance'))`);
}

/** The number of the next change: of keys, approvals and steps alike. */
export async function nextRevision(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ revision: number }>(
    `select greatest((select max(revision) from approver_key), (select max(revision) from model_approval),
       (select max(revision) from model_transition), 0) + 1 as revision`,
  );
  return row?.revision ?? 1;
}

const PACKAGE = `select digest, model, version, (select owner from model where id = model) as owner, manifest,
  manifest_digest as "manifestDigest", received_by as "receivedBy", judgement,
  (select coalesce(jsonb_object_agg(path, sha256), '{}') from model_package_file where package = digest) as files
  from model_package`;

/** Index: model_package_model_version_key. */
export async function packageOf(sql: Sql, model: string, version: string): Promise<PackageRow | undefined> {
  const [row] = await sql.query<PackageRow>(`${PACKAGE} where model = $1 and version = $2`, [model, version]);
  return row;
}

export async function packagesBy(sql: Sql, digests: readonly string[]): Promise<PackageRow[]> {
  return sql.query<PackageRow>(`${PACKAGE} where digest = any($1::text[])`, [digests]);
}

/** Manifests of what a person has brought, newest first; whose supplier and models these are says who he is to them. */
export function broughtBy(sql: Sql, person: string, limit: number): Promise<{ model: string; manifest: string }[]> {
  return sql.query<{ model: string; manifest: string }>(
    `select model, manifest from model_package where received_by = $1 order by received_at desc limit $2`,
    [person, limit],
  );
}

const KEYS = `select key, person::text as person, institution, ${rfc3339('enrolled_at')} as "enrolledAt",
  ${rfc3339('revoked_at')} as "revokedAt", revision from approver_key`;

export async function keyBy(sql: Sql, key: string): Promise<KeyRow | undefined> {
  const [row] = await sql.query<KeyRow>(`${KEYS} where key = $1`, [key]);
  return row;
}

/** Index: approver_key_person. */
export function keysOf(sql: Sql, person: string): Promise<KeyRow[]> {
  return sql.query<KeyRow>(`${KEYS} where person = $1::uuid order by revision`, [person]);
}

export async function putKeys(sql: Sql, rows: readonly KeyRow[]): Promise<void> {
  await sql.query(
    `insert into approver_key (key, person, institution, enrolled_at, revoked_at, revision)
     select key, person, institution, "enrolledAt", "revokedAt", revision from jsonb_to_recordset($1::jsonb)
       as given (key text, person uuid, institution text, "enrolledAt" timestamptz, "revokedAt" timestamptz,
         revision bigint)
     on conflict (key) do update set revoked_at = excluded.revoked_at, revision = excluded.revision
       where approver_key.revision < excluded.revision`,
    [JSON.stringify(rows)],
  );
}

/** A replay of one that is there changes nothing. */
export async function putApproval(sql: Sql, row: ApprovalRow): Promise<void> {
  await sql.query(
    `insert into model_approval (id, package, document, signature, key, strength, received_at, revision, event)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
    [row.id, row.package, row.document, row.signature, row.key, row.strength, row.receivedAt, row.revision, row.event],
  );
}

const APPROVALS = `select id::text as id, package, document, signature, model_approval.key, strength,
  ${rfc3339('received_at')} as "receivedAt", model_approval.revision, event::text as event,
  (select person::text from approver_key as own where own.key = model_approval.key and revoked_at is null)
    as "keyOwner",
  exists (select from model_transition_approval where approval = id) as "isUsed" from model_approval`;

/** For a step, whether they count or not, the newest first. Index: model_approval_step. */
export function approvalsFor(sql: Sql, of: { package: string; site: string; to: State }): Promise<HeldApproval[]> {
  return sql.query<HeldApproval>(
    `${APPROVALS} where package = $1 and site = $2 and to_state = $3 order by model_approval.revision desc`,
    [of.package, of.site, of.to],
  );
}

/** What a person handed in before under the same nonce. Index: model_approval_person_nonce_key. */
export async function approvalBy(sql: Sql, person: string, nonce: string): Promise<HeldApproval | undefined> {
  const [row] = await sql.query<HeldApproval>(`${APPROVALS} where person = $1::uuid and nonce = $2`, [person, nonce]);
  return row;
}

/** Of a package, the newest first. */
export function approvalsOf(sql: Sql, digest: string, limit: number): Promise<HeldApproval[]> {
  return sql.query<HeldApproval>(`${APPROVALS} where package = $1 order by model_approval.revision desc limit $2`, [
    digest,
    limit,
  ]);
}

/** The trigger judges it, moves the state, and says when it expires. A replay changes nothing. */
export async function putStep(sql: Sql, row: StepRow): Promise<void> {
  await sql.query(
    `insert into model_transition (revision, id, package, site, track, edge, scope, from_state, to_state, percentage,
       cause, actor_kind, actor, at, statement, verdicts, approvals, relies_on)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::jsonb, $16::jsonb, $17::uuid[], $18)`,
    [
      row.revision,
      row.id,
      row.package,
      row.site,
      row.track,
      row.edge,
      row.scope,
      row.from,
      row.to,
      row.percentage,
      row.cause,
      row.actorKind,
      row.actor,
      row.at,
      JSON.stringify(row.statement),
      JSON.stringify(row.verdicts),
      row.approvals,
      row.reliesOn,
    ],
  );
}

export async function hasStep(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query('select from model_transition where id = $1', [id]);
  return rows.length > 0;
}

/** Why the step was taken that led to a state. Index: primary key. */
export async function causeAt(sql: Sql, revision: number): Promise<Cause | undefined> {
  const [row] = await sql.query<{ cause: Cause }>('select cause from model_transition where revision = $1', [revision]);
  return row?.cause;
}

const STEPS = `select revision, id::text as id, package, site, track, edge, scope, from_state as "from",
  to_state as "to", percentage, cause, actor_kind as "actorKind", actor, ${rfc3339('at')} as at, statement, verdicts,
  approvals::text[] as approvals, relies_on as "reliesOn" from model_transition`;

/** The newest first. @param sites  undefined: of all. Index: model_transition_package */
export function stepsOf(
  sql: Sql,
  digest: string,
  sites: readonly string[] | undefined,
  limit: number,
): Promise<StepRow[]> {
  return sql.query<StepRow>(
    `${STEPS} where package = $1 and ($2::text[] is null or site = any($2::text[])) order by revision desc limit $3`,
    [digest, sites ?? null, limit],
  );
}

/** The last step to a state that was signed by itself: what a rollback may rest on. */
export async function signedStep(
  sql: Sql,
  of: { package: string; site: string; to: State },
): Promise<(StepRow & { until: string }) | undefined> {
  const [row] = await sql.query<StepRow & { until: string }>(
    `select *, (select min(expires) from model_approval where id::text = any(approvals)) as until
     from (${STEPS} where package = $1 and site = $2 and to_state = $3 and approvals <> '{}') as step
     order by revision desc limit 1`,
    [of.package, of.site, of.to],
  );
  return row;
}

const STATES = `select package, site, model, track, state, percentage, before_state as "before",
  ${rfc3339('expires_at')} as "expiresAt", revision from model_state`;

export async function stateOf(sql: Sql, digest: string, site: string): Promise<StateRow | undefined> {
  const [row] = await sql.query<StateRow>(`${STATES} where package = $1 and site = $2`, [digest, site]);
  return row;
}

/** @param sites  undefined: of all */
export function statesOf(sql: Sql, digest: string, sites: readonly string[] | undefined): Promise<StateRow[]> {
  return sql.query<StateRow>(
    `${STATES} where package = $1 and ($2::text[] is null or site = any($2::text[])) order by site`,
    [digest, sites ?? null],
  );
}

export function statesAt(sql: Sql, site: string): Promise<StateRow[]> {
  return sql.query<StateRow>(`${STATES} where site = $1 order by model, revision desc`, [site]);
}

/** Index: model_state_revision_key. */
export function statesAfter(sql: Sql, revision: number, limit: number): Promise<StateRow[]> {
  return sql.query<StateRow>(`${STATES} where revision > $1 order by revision limit $2`, [revision, limit]);
}

/** What stands by signatures that have expired. Index: model_state_expires. */
export function expiredStates(sql: Sql, at: string, limit: number): Promise<StateRow[]> {
  return sql.query<StateRow>(
    `${STATES} where expires_at <= $1::timestamptz and state in ('aprobado_nacional', 'en_revision', 'demostracion',
       'silencioso', 'limitado', 'general') order by expires_at limit $2`,
    [at, limit],
  );
}
