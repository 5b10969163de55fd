import { mkdirSync } from 'node:fs';
import { ed25519Signer } from '@acervo/model/envelope.ts';
import { packageFolder } from '@acervo/platform/adapters/fs/package-folder.ts';
import { PIXEL_LIMITS, PixelPool } from '@acervo/platform/adapters/pixel/pool.ts';
import { demoPackages } from '@acervo/platform/apps/demo/models/build.ts';
import { packModel } from '@acervo/platform/features/models/pack.ts';

/** The model of the demo's package for chests. */
export const CHEST_MODEL = { model: 'mx.acervo.demo.cr-opacidad', version: '1.0.0' } as const;

/** That package, signed by a key of the test. */
export async function signedChestPackage(folder: string): Promise<void> {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const demo = (await demoPackages(imaging)).find(({ name }) => name === 'cr-opacidad');
  await imaging.close();
  mkdirSync(folder);
  const target = packageFolder(folder);
  for (const [path, bytes] of demo?.files ?? []) await target.write(path, bytes);
  const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  await packModel(target, await ed25519Signer(privateKey, publicKey));
}
