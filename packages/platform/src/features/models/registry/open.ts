import { Failure } from '@acervo/kernel/failure.ts';
import { ENVELOPE_FILE, signersOf } from '@acervo/model/envelope.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import { type Envelope, envelopeOf } from '../../../journal/event.ts';
import { insertEvents } from '../../../journal/journal.repo.ts';
import type { ModelPackages, OpenPackage, PackageFile } from '../../../ports/models.ts';
import type { Op } from '../../../ports/op.ts';
import type { Db } from '../../../ports/sql.ts';
import { openEnvelope } from '../intake.ts';
import { verifierOf } from '../verifier.ts';
import type { PackageFiles } from './package-files.ts';
import { filesOf, findPackage, type PackageRow } from './registry.repo.ts';
import { stillTrusted } from './signers.repo.ts';

type Ports = { db: Db; files: PackageFiles };

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * What others ask of the registry. Each load reads every byte of a package again: what a disk changed, or whose key was
 * stolen since, is not run, and the journal says so.
 */
export const packagesFor = (ports: Ports, op: Op): ModelPackages => ({
  open: (digest) => openPackage(ports, op, digest),
});

/** @throws {Failure} request/not-found, model/digest, model/signature */
async function openPackage(ports: Ports, op: Op, digest: string): Promise<OpenPackage> {
  const row = SHA256.test(digest) ? await findPackage(ports.db, digest) : undefined;
  if (row === undefined) throw new Failure('request/not-found', `no package ${digest}`);
  try {
    return await verified(ports, row);
  } catch (thrown) {
    if (!(thrown instanceof Failure) || !thrown.code.startsWith('model/')) throw thrown;
    await insertEvents(ports.db, [damagedEvent(op, row, thrown)]);
    throw thrown;
  }
}

const damagedEvent = (op: Op, { digest, model, version, institution }: PackageRow, why: Failure): Envelope =>
  envelopeOf(
    op,
    'model.damaged',
    { institution, outcome: 'failure' },
    { id: digest, model, version, reason: why.code },
  );

async function verified({ db, files }: Ports, row: PackageRow): Promise<OpenPackage> {
  const manifest = JSON.parse(row.manifest) as Manifest;
  const parts = await filesOf(db, row.digest);
  let envelope: Uint8Array | undefined;
  let model: Uint8Array | undefined;
  for (const { path, sha256 } of parts) {
    if (path === ENVELOPE_FILE) envelope = await files.bytes(sha256);
    else if (path === manifest.artifact.file) model = await files.bytes(sha256);
    else for await (const _ of files.read(sha256));
  }
  if (envelope === undefined || model === undefined) throw new Failure('model/digest', `${row.digest} lacks files`);
  await checkSigned({ db }, row, parts, envelope);
  return { digest: row.digest, manifest, model };
}

/** The envelope lists what the rows do, and somebody signed it who was trusted then and whose key nobody stole. */
async function checkSigned(
  { db }: Pick<Ports, 'db'>,
  row: PackageRow,
  parts: readonly PackageFile[],
  bytes: Uint8Array,
): Promise<void> {
  const { envelope, listed, digest } = openEnvelope(bytes);
  const signed = parts.filter(({ path }) => path !== ENVELOPE_FILE);
  const isSame = listed.size === signed.length && signed.every(({ path, sha256 }) => listed.get(path) === sha256);
  if (digest !== row.digest || !isSame) throw new Failure('model/digest', `${row.digest} is not what was signed`);
  const trusted = await stillTrusted(db, row.signers, row.receivedAt);
  const good = await signersOf(envelope, await Promise.all(trusted.map(verifierOf)));
  if (good.length === 0) throw new Failure('model/signature', `${row.digest}: no signer is trusted any more`);
}
