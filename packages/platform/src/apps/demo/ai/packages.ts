import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { packageFolder } from '../../../adapters/fs/package-folder.ts';
import { PIXEL_LIMITS, PixelPool } from '../../../adapters/pixel/pool.ts';
import { packModel } from '../../../features/models/pack.ts';
import { NATIONAL } from '../../../features/models/registry/owner.ts';
import { PackageFiles } from '../../../features/models/registry/package-files.ts';
import { listModels } from '../../../features/models/registry/show.ts';
import { listSigners, trustSigner } from '../../../features/models/registry/signers.ts';
import { submitPackage } from '../../../features/models/registry/submit.ts';
import type { Op } from '../../../ports/op.ts';
import type { Db } from '../../../ports/sql.ts';
import { blobStores } from '../../archive.ts';
import { copied } from '../../commands/model-registry.ts';
import type { Config } from '../../config.ts';
import { modelPortsOf } from '../../model-ports.ts';
import { signerIn } from '../../package-keys.ts';
import { demoPackages } from '../models/build.ts';
import { PLACED } from './committee.ts';

/** Where keys and packages lie. */
export type Desk = { config: Config; db: Db; op: Op; folder: string };

/**
 * Build, sign and submit the demo's packages as the nation's, as `acervo model pack`, `signer add` and `submit
 * --national` do; those that are there stay.
 * @throws {Failure} model/refused, with what stands against one
 */
export async function submitDemoPackages(desk: Desk): Promise<void> {
  const { db, op, config, folder } = desk;
  const known = new Set((await listModels(db, op)).map(({ id }) => id));
  if (PLACED.every(({ model }) => known.has(model))) return;
  const signer = await trustedSigner(desk);
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const packages = await demoPackages(imaging).finally(() => imaging.close());
  const ports = { db, files: new PackageFiles(blobStores(config).modelBlobs), ...modelPortsOf(config) };
  for (const { name, files } of packages) {
    const path = join(folder, 'paquetes', name);
    const of = packageFolder(path);
    for (const [file, bytes] of files) await of.write(file, bytes);
    await packModel(of, signer);
    const outcome = await submitPackage(ports, op, NATIONAL, (to) => copied(path, to));
    if (outcome.status !== 'refused') continue;
    const found = outcome.findings.map(({ code, where, what }) => `${code} ${where}: ${what}`);
    throw new Failure('model/refused', `${name}: ${found.join('; ')}`);
  }
}

/** Whose signature of a package counts: a key that the demo makes for itself. */
async function trustedSigner({ db, op, folder }: Desk) {
  const path = join(folder, 'firmante.pem');
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
  }
  const signer = await signerIn(path);
  const isTrusted = (await listSigners(db, op)).some(({ keyId }) => keyId === signer.keyId);
  if (isTrusted) return signer;
  const publicKey = createPublicKey(readFileSync(path)).export({ format: 'pem', type: 'spki' }).toString();
  await trustSigner(db, op, { publicKey, institution: NATIONAL, holder: 'Acervo (DEMOSTRACIÓN)' });
  return signer;
}
