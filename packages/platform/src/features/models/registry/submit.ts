import { createHash } from 'node:crypto';
import { Failure, type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import { ENVELOPE_FILE } from '@acervo/model/envelope.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import type { Finding } from '@acervo/model/onnx/check.ts';
import { envelopeOf } from '../../../journal/event.ts';
import { insertEvents } from '../../../journal/journal.repo.ts';
import type { Judge, Judgement, PackageStaging, StagedPackage } from '../../../ports/models.ts';
import type { Op } from '../../../ports/op.ts';
import type { PackageFolder } from '../../../ports/package-folder.ts';
import type { Db, Sql } from '../../../ports/sql.ts';
import { openEnvelope, PACKAGE_LIMITS } from '../intake.ts';
import { OWNER } from './owner.ts';
import type { PackageFiles } from './package-files.ts';
import { findModel, findPackage, findVersion, lockRegistry, recordReceived } from './registry.repo.ts';
import { signersFor } from './signers.repo.ts';
import { warningsOf } from './warnings.ts';

export type SubmitPorts = { db: Db; files: PackageFiles; staging: PackageStaging; judge: Judge };

/** `known`: it was there before, to the byte. */
export type Submitted =
  | { status: 'received' | 'known'; digest: string; model: string; version: string; warnings: readonly string[] }
  | { status: 'refused'; digest: string | undefined; findings: readonly Finding[] };

/** Findings that a refusal's event tells; the caller is told all. */
const TOLD_MAX = 50;

/**
 * Take a package into the registry, or say everything that stands against it. Its files are durable before its row; of
 * what is refused nothing stays but an event.
 * @param fill  brings the files
 * @throws {Failure} access/denied before anything is read; model/limit, model/no-sandbox, model/time,
 *   database/unavailable, store/out-of-space
 */
export async function submitPackage(
  ports: SubmitPorts,
  op: Op,
  owner: string,
  fill: (staged: StagedPackage) => Promise<void>,
): Promise<Submitted> {
  if (!OWNER.safeParse(owner).success) throw new Failure('request/invalid', 'owner: an institution code, or *');
  op.allow('submit-model', owner);
  const staged = await ports.staging.begin();
  try {
    await fill(staged);
    const judgement = await judged(ports, op, owner, staged);
    return await settled(ports, op, owner, staged, judgement);
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    if (code === 'model/limit')
      await tellRefused(ports.db, op, owner, { digest: undefined, files: [] }, [{ code, where: '', what: detail }]);
    throw thrown;
  } finally {
    await staged.remove();
  }
}

async function judged(ports: SubmitPorts, op: Op, owner: string, staged: StagedPackage): Promise<Judgement> {
  const keys = await signersFor(ports.db, owner);
  const named = await nameOf(staged.folder);
  // Bytes that were run once give what they gave; that they are the same bytes is judged all the same.
  const isKnown = named !== undefined && (await findPackage(ports.db, named)) !== undefined;
  const task = { folder: staged.path, keys, isRun: !isKnown && staged.findings.length === 0 };
  const judgement = await ports.judge.judge(task, op.signal);
  return { ...judgement, findings: [...staged.findings, ...judgement.findings] };
}

/** What the envelope calls the package; whether it is right to do so comes later. */
async function nameOf(folder: PackageFolder): Promise<string | undefined> {
  try {
    return openEnvelope(await folder.read(ENVELOPE_FILE, PACKAGE_LIMITS.jsonBytes * 2)).digest;
  } catch {
    return undefined; // The judge says why.
  }
}

async function settled(
  { db, files }: SubmitPorts,
  op: Op,
  owner: string,
  { folder }: StagedPackage,
  judgement: Judgement,
): Promise<Submitted> {
  const { digest, manifest: text } = judgement;
  const manifest = text === undefined ? undefined : (JSON.parse(text) as Manifest);
  if (judgement.findings.length > 0 || digest === undefined || manifest === undefined) {
    return refused(db, op, owner, judgement, judgement.findings);
  }
  const { id: model, version } = manifest;
  return db.transaction(async (sql): Promise<Submitted> => {
    await lockRegistry(sql);
    const warnings = warningsOf(manifest);
    const against = await standsAgainst(sql, owner, model, version, digest);
    if (against === 'known') {
      // What a disk lost since is brought back by whoever has the same bytes.
      for (const { path, sha256 } of judgement.files) await files.keep(sha256, folder.pieces(path, FILE_BYTES_MAX));
      return { status: 'known', digest, model, version, warnings };
    }
    if (against !== undefined) return refused(sql, op, owner, judgement, [against]);
    for (const { path, sha256 } of judgement.files) await files.keep(sha256, folder.pieces(path, FILE_BYTES_MAX));
    const sizeBytes = judgement.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const facts = {
      id: digest,
      model,
      version,
      owner,
      name: manifest.name,
      manifest: text ?? '',
      manifestDigest: createHash('sha256')
        .update(text ?? '')
        .digest('hex'),
      envelopeDigest: judgement.files.find(({ path }) => path === ENVELOPE_FILE)?.sha256 ?? '',
      signers: [...judgement.signedBy],
      sizeBytes,
      judgement: { golden: judgement.golden.map((each) => ({ ...each })), warnings },
      files: judgement.files.map((file) => ({ ...file })),
    };
    await recordReceived(sql, envelopeOf(op, 'model.received', {}, facts));
    return { status: 'received', digest, model, version, warnings };
  });
}

const FILE_BYTES_MAX = PACKAGE_LIMITS.fileBytes;

async function standsAgainst(
  sql: Sql,
  owner: string,
  model: string,
  version: string,
  digest: string,
): Promise<Finding | 'known' | undefined> {
  const say = (code: FailureCode, where: string, what: string): Finding => ({ code, where, what });
  const known = await findModel(sql, model);
  if (known !== undefined && known.owner !== owner) {
    return say('model/manifest', 'manifest.json#/id', 'a model of this name belongs to another owner');
  }
  const same = await findVersion(sql, model, version);
  if (same?.digest === digest) return 'known';
  if (same === undefined) return undefined;
  return say(
    'model/version',
    'manifest.json#/version',
    `${model}@${version} is ${same.digest}: give it another version`,
  );
}

async function refused(
  sql: Sql,
  op: Op,
  owner: string,
  judgement: Pick<Judgement, 'digest' | 'files'>,
  findings: readonly Finding[],
): Promise<Submitted> {
  await tellRefused(sql, op, owner, judgement, findings);
  return { status: 'refused', digest: judgement.digest, findings };
}

/** Digests and the names of rules: no text of a package gets into the journal by being wrong. */
async function tellRefused(
  sql: Sql,
  op: Op,
  owner: string,
  { digest, files }: Pick<Judgement, 'digest' | 'files'>,
  findings: readonly Finding[],
): Promise<void> {
  const facts = {
    ...(digest !== undefined && { id: digest }),
    owner,
    rules: [...new Set(findings.map(({ code }) => code))].sort(),
    findings: findings.length,
    files: files.slice(0, TOLD_MAX).map(({ sha256 }) => sha256),
  };
  await insertEvents(sql, [envelopeOf(op, 'model.refused', { outcome: 'failure' }, facts)]);
}
