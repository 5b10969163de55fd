import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import { ed25519Signer } from '@acervo/model/envelope.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { TestServer } from '@acervo/testkit/test-server.ts';
import { packageFolder } from '../../adapters/fs/package-folder.ts';
import { PIXEL_LIMITS, PixelPool } from '../../adapters/pixel/pool.ts';
import { demoPackages } from '../../apps/demo/models/build.ts';
import type { RunningServer } from '../../apps/server.ts';
import { committee, demonstrate, limit, SITE, worldOver } from '../governance/governance.fixture.ts';
import { sha256Of } from './intake.ts';
import { packModel } from './pack.ts';
import { trustSigner } from './registry/signers.ts';

/** The demonstration that looks for opacities in chests. */
export const DEMO_MODEL = { model: 'mx.acervo.demo.cr-opacidad', version: '1.0.0' };

/** The program that sends the package and the rule, by the name of its token. */
const SENDER = 'A';
const LATE_MS = 120_000;
const op = testOp({ actor: { kind: 'process', id: 'test' } });

export type Archive = Pick<TestServer, 'server' | 'url' | 'directory'>;
export type Submitted = {
  /** Sends the package again. */
  submit(who: string, owner: string): Promise<{ status: number; body: string }>;
  /** SHA-256 of one of its files. */
  file: string;
};

export const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString();

/** Gives an owner the package. @param holder  who holds the key that signed it */
export async function submitDemoModel(archive: Archive, owner: string, holder = 'Física Médica'): Promise<Submitted> {
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
  const described = { publicKey: pemOf(publicKey), institution: owner, holder };
  await trustSigner(archive.server.archive.database, op, described);
  const submit: Submitted['submit'] = async (who, by) => {
    const form = new FormData();
    for (const { path } of await folder.list(100)) {
      form.append('file', new Blob([new Uint8Array(await folder.read(path, 2 ** 24))]), path);
    }
    const headers = { authorization: `Bearer ${who}` };
    const response = await fetch(`${archive.url}/api/models?owner=${by}`, { method: 'POST', body: form, headers });
    return { status: response.status, body: await response.text() };
  };
  const first = await submit(SENDER, owner);
  assert.equal(first.status, 201, first.body);
  return { submit, file: sha256Of(await folder.read('card.json', 2 ** 20)) };
}

/** The server itself runs the model at the site so. */
export const stageIs = (t: TestContext, { modelStates }: RunningServer, stage: string): Promise<void> =>
  t.waitFor(() => assert.equal(modelStates.runningAt(SITE)[0]?.stage, stage), { timeout: LATE_MS });

/**
 * The package, signed for by a committee: silent at the site, or for a percentage of its studies.
 * @returns who signed, and in what world
 */
export async function useDemoModel(t: TestContext, archive: Archive, owner: string, percentage?: number) {
  await submitDemoModel(archive, owner);
  const world = worldOver(archive.server.archive.database, new Date());
  const people = await committee(world);
  await demonstrate(world, people, 'silencioso', DEMO_MODEL);
  if (percentage !== undefined) await limit(world, people, percentage, DEMO_MODEL);
  await stageIs(t, archive.server, percentage === undefined ? 'silencioso' : 'limitado');
  return { world, people };
}

/** From now on every chest of the site is for the model. */
export async function addChestRule({ url }: Archive): Promise<void> {
  const rule = { effect: 'run', id: 'torax', institution: SITE, model: DEMO_MODEL.model, scope: { modality: ['CR'] } };
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${SENDER}` };
  const added = await fetch(`${url}/api/ai/rules`, { method: 'POST', headers, body: JSON.stringify(rule) });
  assert.ok(added.ok, await added.text());
}
