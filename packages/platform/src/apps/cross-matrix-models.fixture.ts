import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { newId } from '@acervo/kernel/id.ts';
import { ed25519Signer } from '@acervo/model/envelope.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { packageFolder } from '../adapters/fs/package-folder.ts';
import { PIXEL_LIMITS, PixelPool } from '../adapters/pixel/pool.ts';
import { sha256Of } from '../features/models/intake.ts';
import { packModel } from '../features/models/pack.ts';
import { addExternal } from '../features/models/registry/external.ts';
import { trustSigner } from '../features/models/registry/signers.ts';
import type { TestArchive } from '../features/retrieve/retrieve.fixture.ts';
import type { Answer } from './cross-matrix.fixture.ts';
import { demoPackages } from './demo/models/build.ts';

/** The package that the institution of the matrix has; `file` is one of it. */
export const MODEL = { id: 'mx.acervo.demo.cr-opacidad', version: '1.0.0', file: '' };
export const EXTERNAL = {
  name: 'CAD',
  version: '1',
  vendor: 'V',
  host: 'pacs',
  intendedUse: 'matrix',
  role: 'triage',
} as const;

const op = testOp({ actor: { kind: 'process', id: 'matrix' } });
const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString();

/** A key that nobody has seen yet, for an institution. */
export const freshKey = (institution: string, holder = 'matrix') => ({
  institution,
  holder,
  publicKey: pemOf(generateKeyPairSync('ed25519').publicKey),
});

export async function freshSigner({ server }: TestArchive, institution: string): Promise<string> {
  return (await trustSigner(server.archive.database, op, freshKey(institution))).keyId;
}

export async function freshExternal({ server }: TestArchive, institution: string): Promise<string> {
  return (await addExternal(server.archive.database, op, { ...EXTERNAL, institution })).id;
}

/** Gives an institution a package. @returns what sends it again @param secret  who holds the key that signed it */
export async function modelsOf(archive: TestArchive, institution: string, secret: string) {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const demo = await demoPackages(imaging).finally(() => imaging.close());
  const folder = packageFolder(join(archive.directory, `package-${newId()}`));
  for (const [path, bytes] of demo.find(({ files }) => files.size < 20)?.files ?? []) await folder.write(path, bytes);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const pkcs8 = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
  const { subtle } = crypto;
  const signer = await ed25519Signer(
    await subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
    await subtle.importKey('spki', spki, 'Ed25519', true, ['verify']),
  );
  await packModel(folder, signer);
  const described = { publicKey: pemOf(publicKey), institution, holder: secret };
  await trustSigner(archive.server.archive.database, op, described);
  MODEL.file = sha256Of(await folder.read('card.json', 2 ** 20));
  const submit = async (who: string, owner: string): Promise<Answer> => {
    const form = new FormData();
    for (const { path } of await folder.list(100)) {
      form.append('file', new Blob([new Uint8Array(await folder.read(path, 2 ** 24))]), path);
    }
    const headers = { authorization: `Bearer ${who}` };
    const response = await fetch(`${archive.url}/api/models?owner=${owner}`, { method: 'POST', body: form, headers });
    return { status: response.status, body: await response.text() };
  };
  const first = await submit('A', institution);
  assert.equal(first.status, 201, first.body);
  return submit;
}
