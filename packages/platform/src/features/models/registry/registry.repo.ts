import { type Envelope, type EventKind, eventText } from '../../../journal/event.ts';
import { insertEvents } from '../../../journal/journal.repo.ts';
import type { JournalProjection } from '../../../journal/projection.ts';
import type { PackageFile } from '../../../ports/models.ts';
import { rfc3339, type Sql } from '../../../ports/sql.ts';

/** Packages come one after the other, and nobody sweeps meanwhile. Held until the transaction ends. */
export async function lockRegistry(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo models'))`);
}

const KINDS = ['model.received'] as const satisfies readonly EventKind[];

/** Packages stand in no pack: their events bring the rows back, the files lie in a store of their own. */
export const modelPackages: JournalProjection = { kinds: KINDS, apply: applyReceived };

/** The fact and its rows, together. The caller holds `lockRegistry`. */
export async function recordReceived(sql: Sql, event: Envelope): Promise<void> {
  await insertEvents(sql, [event]);
  await applyReceived(sql, [event]);
}

async function applyReceived(sql: Sql, events: readonly Envelope[]): Promise<void> {
  for (const event of events) {
    const told = [eventText(event)];
    await sql.query(
      `insert into model (id, owner, name, received_at)
       select f ->> 'model', f ->> 'owner', f ->> 'name', (e ->> 'at')::timestamptz
       from (select $1::jsonb as e, $1::jsonb -> 'facts' as f) as told on conflict (id) do nothing`,
      told,
    );
    await sql.query(
      `insert into model_package (digest, model, version, manifest, manifest_digest, envelope_digest, signers,
         size_bytes, institution, received_at, received_by, judgement, event)
       select f ->> 'id', f ->> 'model', f ->> 'version', f ->> 'manifest', f ->> 'manifestDigest',
         f ->> 'envelopeDigest', array(select jsonb_array_elements_text(f -> 'signers')), (f ->> 'sizeBytes')::bigint,
         e ->> 'institution', (e ->> 'at')::timestamptz, e -> 'actor' ->> 'id', f -> 'judgement', (e ->> 'id')::uuid
       from (select $1::jsonb as e, $1::jsonb -> 'facts' as f) as told on conflict (digest) do nothing`,
      told,
    );
    await sql.query(
      `insert into model_package_file (package, path, sha256, size_bytes)
       select $1::jsonb -> 'facts' ->> 'id', path, sha256, "sizeBytes"
       from jsonb_to_recordset($1::jsonb -> 'facts' -> 'files') as file (path text, sha256 text, "sizeBytes" bigint)
       on conflict (package, path) do nothing`,
      told,
    );
  }
}

export type ModelRow = { id: string; owner: string; name: string };

/** Every model, by its id. There are as many as a nation has. */
export function allModels(sql: Sql): Promise<ModelRow[]> {
  return sql.query<ModelRow>('select id, owner, name from model order by id');
}

/** Index: primary key. */
export async function findModel(sql: Sql, id: string): Promise<ModelRow | undefined> {
  const [row] = await sql.query<ModelRow>('select id, owner, name from model where id = $1', [id]);
  return row;
}

export type PackageRow = {
  digest: string;
  model: string;
  version: string;
  owner: string;
  manifest: string;
  manifestDigest: string;
  envelopeDigest: string;
  signers: string[];
  sizeBytes: number;
  institution: string;
  receivedAt: string;
  receivedBy: string;
  judgement: { golden: unknown[]; warnings: string[] };
};

const COLUMNS = `p.digest, p.model, p.version, m.owner, p.manifest, p.manifest_digest as "manifestDigest",
  p.envelope_digest as "envelopeDigest", p.signers, p.size_bytes as "sizeBytes", p.institution,
  ${rfc3339('p.received_at')} as "receivedAt", p.received_by as "receivedBy", p.judgement`;
const FROM = 'from model_package p join model m on m.id = p.model';

/** Index: primary key. */
export async function findPackage(sql: Sql, digest: string): Promise<PackageRow | undefined> {
  const [row] = await sql.query<PackageRow>(`select ${COLUMNS} ${FROM} where p.digest = $1`, [digest]);
  return row;
}

/** Index: model_package_model_version_key. */
export async function findVersion(sql: Sql, model: string, version: string): Promise<PackageRow | undefined> {
  const [row] = await sql.query<PackageRow>(`select ${COLUMNS} ${FROM} where p.model = $1 and p.version = $2`, [
    model,
    version,
  ]);
  return row;
}

/** Packages of some models, the newest first. Index: model_package_model_version_key. */
export function packagesOf(sql: Sql, models: readonly string[]): Promise<PackageRow[]> {
  return sql.query<PackageRow>(
    `select ${COLUMNS} ${FROM} where p.model = any($1::text[]) order by p.model, p.received_at desc, p.version`,
    [models],
  );
}

/** Index: primary key. */
export function filesOf(sql: Sql, digest: string): Promise<PackageFile[]> {
  return sql.query<PackageFile>(
    `select path, sha256, size_bytes as "sizeBytes" from model_package_file where package = $1 order by path`,
    [digest],
  );
}

/** Of some files, those that a package refers to. Index: model_package_file_sha256. */
export async function referredTo(sql: Sql, names: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ sha256: string }>(
    'select distinct sha256 from model_package_file where sha256 = any($1::text[])',
    [names],
  );
  return new Set(rows.map(({ sha256 }) => sha256));
}

/** Where a package stands: empty site, the nation. What has expired is suspended, written down or not. */
export type Standing = { package: string; site: string; state: string };

/** Index: primary key of model_state. */
export function standingsOf(sql: Sql, packages: readonly string[]): Promise<Standing[]> {
  return sql.query<Standing>(
    `select package, site,
       case when expires_at <= now() and state not in ('rechazado', 'retirado') then 'suspendido' else state end
         as state
     from model_state where package = any($1::text[]) order by package, site`,
    [packages],
  );
}
