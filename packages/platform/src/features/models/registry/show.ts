import { Failure } from '@acervo/kernel/failure.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import type { PackageFile } from '../../../ports/models.ts';
import type { Op } from '../../../ports/op.ts';
import type { Sql } from '../../../ports/sql.ts';
import { maySee, refuseBlind } from './owner.ts';
import { allModels, filesOf, findModel, findVersion, type PackageRow, packagesOf } from './registry.repo.ts';
import { type Provenance, provenanceOf } from './warnings.ts';

const MODEL_ID = /^[a-z0-9]+([.-][a-z0-9]+)*$/;
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const SHA256 = /^[0-9a-f]{64}$/;
const CHARS_MAX = 128;

/** What stands in lists of a package. */
export type PackageSummary = Pick<
  PackageRow,
  'digest' | 'model' | 'version' | 'owner' | 'signers' | 'sizeBytes' | 'institution' | 'receivedAt' | 'receivedBy'
> & {
  name: string;
  supplier: string;
  /** What it is for, in the manifest's Spanish. */
  intendedUse: string;
  regulatory: Manifest['regulatory'];
  provenance: Provenance;
  warnings: readonly string[];
};

export function summaryOf(row: PackageRow): PackageSummary {
  const { digest, model, version, owner, signers, sizeBytes, institution, receivedAt, receivedBy, judgement } = row;
  const manifest = JSON.parse(row.manifest) as Manifest;
  const { name, supplier, intendedUse, regulatory } = manifest;
  return {
    digest,
    model,
    version,
    owner,
    name,
    supplier: supplier.org,
    intendedUse: intendedUse.text_es,
    regulatory,
    signers,
    sizeBytes,
    institution,
    receivedAt,
    receivedBy,
    provenance: provenanceOf(manifest),
    warnings: judgement.warnings,
  };
}

/** Packages that the caller may see: the nation's, and those of its institutions. @throws {Failure} access/denied */
export async function seenPackages(sql: Sql, op: Op): Promise<PackageRow[]> {
  refuseBlind(op);
  const seen = (await allModels(sql)).filter(({ owner }) => maySee(op, owner));
  return packagesOf(
    sql,
    seen.map(({ id }) => id),
  );
}

export type ModelDescription = { id: string; owner: string; name: string; versions: PackageSummary[] };

/** Models with their versions. @throws {Failure} access/denied */
export async function listModels(sql: Sql, op: Op): Promise<ModelDescription[]> {
  const models = new Map<string, ModelDescription>();
  for (const row of await seenPackages(sql, op)) {
    const summary = summaryOf(row);
    const known = models.get(row.model) ?? { id: row.model, owner: row.owner, name: summary.name, versions: [] };
    known.versions.push(summary);
    models.set(row.model, known);
  }
  return [...models.values()];
}

/** @throws {Failure} request/not-found, also for what the caller may not see; access/denied */
export async function showModel(sql: Sql, op: Op, id: string): Promise<ModelDescription> {
  refuseBlind(op);
  const model = isShort(id) && MODEL_ID.test(id) ? await findModel(sql, id) : undefined;
  if (model === undefined || !maySee(op, model.owner)) throw new Failure('request/not-found', 'no such model');
  return { ...model, versions: (await packagesOf(sql, [id])).map(summaryOf) };
}

export type PackageDescription = PackageSummary & {
  manifestDigest: string;
  manifest: Manifest;
  golden: unknown[];
  files: PackageFile[];
};

/** All of one package but its files' bytes. @throws {Failure} request/not-found, access/denied */
export async function showVersion(sql: Sql, op: Op, id: string, version: string): Promise<PackageDescription> {
  const row = await seenVersion(sql, op, id, version);
  return {
    ...summaryOf(row),
    manifestDigest: row.manifestDigest,
    manifest: JSON.parse(row.manifest) as Manifest,
    golden: row.judgement.golden,
    files: await filesOf(sql, row.digest),
  };
}

/** A file of a package by its digest. @throws {Failure} request/not-found, access/denied */
export async function findFile(
  sql: Sql,
  op: Op,
  of: { id: string; version: string; sha256: string },
): Promise<PackageFile> {
  const row = await seenVersion(sql, op, of.id, of.version);
  const files = SHA256.test(of.sha256) ? await filesOf(sql, row.digest) : [];
  const file = files.find(({ sha256 }) => sha256 === of.sha256);
  if (file === undefined) throw new Failure('request/not-found', 'no such file in this package');
  return file;
}

async function seenVersion(sql: Sql, op: Op, id: string, version: string): Promise<PackageRow> {
  refuseBlind(op);
  const isNamed = isShort(id) && isShort(version) && MODEL_ID.test(id) && VERSION.test(version);
  const row = isNamed ? await findVersion(sql, id, version) : undefined;
  if (row === undefined || !maySee(op, row.owner)) throw new Failure('request/not-found', 'no such version');
  return row;
}

const isShort = (text: string): boolean => text.length <= CHARS_MAX;
